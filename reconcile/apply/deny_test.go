package apply_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// refusing is an account that answers some calls with an error status.
func refusing(status func(call string) int) *account {
	a := newAccount(newClock(), nil)
	a.before = func(call string) error {
		if n := status(call); n != 0 {
			return &pagerduty.Error{Status: n, Method: "PUT", Endpoint: call, Message: "no"}
		}
		return nil
	}
	return a
}

func everywhere(teams, people int) *plan.Plan {
	var changes []plan.Change
	for t := range teams {
		for p := range people {
			changes = append(changes, change(onTeam(fmt.Sprintf("u%d", p), fmt.Sprintf("T%d", t)), "none", "observer"))
		}
	}
	return planOf(changes...)
}

func TestATokenThatIsRevokedMidwayStopsTheRestWithOneReason(t *testing.T) {
	puts := 0
	a := refusing(func(call string) int {
		if strings.HasPrefix(call, "put") {
			if puts++; puts > 2 {
				return 401
			}
		}
		return 0
	})
	report := run(t, everywhere(2, 10), a, &ledger{}, apply.Options{Concurrency: 1})
	if n := report.Counts; n.Done != 2 || n.Failed != 1 || n.Skipped != 17 || !strings.Contains(report.Stopped, "does not accept the token any more") {
		t.Errorf("%+v, stopped %q; want two done, one failed and the rest not tried", n, report.Stopped)
	}
}

func TestATokenThatMayWriteNowhereIsFoundOutSoon(t *testing.T) {
	a := refusing(func(call string) int {
		if strings.HasPrefix(call, "put") {
			return 403
		}
		return 0
	})
	report := run(t, everywhere(6, 5), a, &ledger{}, apply.Options{Concurrency: 1})
	if n := report.Counts; n.Failed != 3 || n.Skipped != 27 || !strings.Contains(report.Stopped, "write nowhere") {
		t.Errorf("%+v, stopped %q; want one try on each of three teams", n, report.Stopped)
	}
}

func TestATeamWhereTheTokenMayNotWriteKeepsNothingElseFromBeingDone(t *testing.T) {
	a := refusing(func(call string) int {
		if strings.HasPrefix(call, "put T0") || strings.HasPrefix(call, "put T3") {
			return 403
		}
		return 0
	})
	report := run(t, everywhere(6, 5), a, &ledger{}, apply.Options{Concurrency: 1})
	if n := report.Counts; n.Done != 20 || n.Failed != 2 || n.Skipped != 8 || report.Stopped != "" {
		t.Errorf("%+v, stopped %q; want all done but what is on the two teams", n, report.Stopped)
	}
}

func TestAPanicIsTheFailureOfOneChange(t *testing.T) {
	a := newAccount(newClock(), nil)
	a.before = func(call string) error {
		if call == "put T0 u1 observer" {
			panic("out of range")
		}
		return nil
	}
	report := run(t, everywhere(1, 3), a, &ledger{}, apply.Options{Concurrency: 1})
	if n := report.Counts; n.Done != 2 || n.Failed != 1 || !strings.Contains(report.Outcomes[1].Why, "please report it: out of range") {
		t.Errorf("%+v, %q; want one failure", n, report.Outcomes[1].Why)
	}
}
