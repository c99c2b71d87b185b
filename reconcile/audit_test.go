package reconcile_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/daemon"
)

// audited is a vigil that reads the audit trail.
func audited(t *testing.T) *vigil {
	t.Helper()
	v := newVigil(t)
	v.Audit = true
	v.at(v.clock, "start")
	return v
}

// colleague is a client with another token on the same account.
func (v *vigil) colleague() *pagerduty.Client {
	v.t.Helper()
	c, err := pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "dan.weber@acme.test", Transport: v.sim.Transport(), Now: v.now,
		Token: func(context.Context) (string, error) { return "a-token-of-a-colleague", nil },
	})
	must(v.t, err)
	return c
}

func TestQuietRoundsOfTheScheduleCostWhatChanged(t *testing.T) {
	v := audited(t)
	whole := len(v.sent)
	for minutes := 5; minutes < 15; minutes += 5 {
		v.at(v.clock.Add(5*time.Minute), "schedule")
		if reads, writes, by := v.took(); by["GET /audit/records"] != 1 || by["GET /users"] > 0 || writes > 0 || reads > 12 {
			t.Errorf("after %d minutes: %d reads, %d writes: %v (a full refresh asks %d endpoints)", minutes, reads, writes, by, whole)
		}
	}
	v.at(v.clock.Add(6*time.Minute), "schedule")
	if _, _, by := v.took(); by["GET /users"] == 0 {
		t.Errorf("%v, want that the account is read in full once that is older than run.max_age", by)
	}
	if c := v.Costs(); c.Rounds[daemon.KindChanges] != 2 {
		t.Errorf("rounds %v, want two that read what changed", c.Rounds)
	}
}

func TestWhatOthersChangeIsPutRightWithinAMinuteForAFewRequests(t *testing.T) {
	v := audited(t)
	team, user, role := v.tamperAs(v.colleague())
	v.at(v.clock.Add(time.Minute), "on-calls")
	if got := v.role(team, user); got != role {
		t.Errorf("%s is %q on %s, want %s again\n%s", user, got, team, role, v.log)
	}
	v.sent["GET /teams/{id}/members"]++ // asked by the line above
	if reads, writes, by := v.took(); reads > 15 || writes != 1 {
		t.Errorf("%d reads, %d writes: %v", reads, writes, by)
	}
	// What it wrote itself is no news.
	v.at(v.clock.Add(time.Minute), "on-calls")
	if reads, _, by := v.took(); by["GET /users"]+by["GET /users/{id}"] > 0 || by["GET /audit/records"] > 1 {
		t.Errorf("%d reads afterwards: %v", reads, by)
	}
}

func TestWithoutAnAuditTrailRoundsReadInFullAndTellWhy(t *testing.T) {
	v := newVigil(t)
	v.Audit = true
	v.sim.Inject(fault(t, "403:GET /audit/records:*"))
	v.at(v.clock, "start")
	for range 3 {
		v.at(v.clock.Add(5*time.Minute), "schedule")
	}
	if _, _, by := v.took(); by["GET /users"] == 0 || by["GET /audit/records"] > 0 {
		t.Errorf("%v, want a full refresh, and that the trail is not asked again", by)
	}
	v.told("the audit trail can't be read", 1)
}

// A quiet hour of 1,000 people, 100 teams and 50 schedules costs at most so many requests
// a minute, looks at on-calls included.
func TestAQuietHourCostsFewRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour of rounds; run without -short")
	}
	for name, c := range map[string]struct {
		audit bool
		most  float64 // requests a minute
	}{"with the audit trail": {true, 12}, "without": {false, 27}} {
		t.Run(name, func(t *testing.T) {
			v := newVigil(t, func(s *inventory.Snapshot) { *s = *bigAccount(1_000) })
			must(t, os.RemoveAll(v.folder))
			must(t, os.MkdirAll(filepath.Join(v.folder, "people"), 0o755))
			v.edit("access.rego", bigPolicy)
			v.edit("people/people.json", rosterOfMany(1_000, "Team 0"))
			v.Audit = c.audit
			v.at(v.clock, "start")
			before := v.client.Cost().Requests
			began := v.clock
			for minute := 1; minute <= 60; minute++ {
				why := daemon.WhyOnCalls
				if minute%5 == 0 {
					why = "schedule"
				}
				v.at(began.Add(time.Duration(minute)*time.Minute), why)
			}
			per := float64(v.client.Cost().Requests-before) / 60
			t.Logf("%.1f requests a minute: %v", per, v.Costs().Requests)
			if per > c.most {
				t.Errorf("%.1f requests a minute, want at most %.0f: %v", per, c.most, v.Costs().Requests)
			}
		})
	}
}
