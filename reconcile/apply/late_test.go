package apply_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
)

// throttled is an account on which a write waits for its turn before it is sent,
// as for the end of a rate limit's window.
type throttled struct {
	*account
	wait time.Duration
}

func (a throttled) PutTeamMember(ctx context.Context, team, user, role string) error {
	select {
	case <-time.After(a.wait):
		return a.account.PutTeamMember(ctx, team, user, role)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestS18_AWriteThatWaitsBeyondThePlansEndIsNotSent(t *testing.T) {
	for name, c := range map[string]struct {
		wait   time.Duration
		status apply.Status
	}{
		"one that waits until just before it is": {29 * time.Second, apply.Done},
		"one that waits longer is not":           {31 * time.Second, apply.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := throttled{newAccount(newClock(), nil), c.wait}
				p := planOf(change(onTeam("ann", "T1"), "none", "observer"))
				ends := time.Now().Add(30 * time.Second)
				p.Expires = &ends
				var l ledger
				report, err := apply.Run(t.Context(), p, a, &l, apply.Options{Now: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				o := report.Outcomes[0]
				if o.Status != c.status || (a.count("put") == 1) != (c.status == apply.Done) || len(l.results) != 1 {
					t.Errorf("%s (%s), calls %v", o.Status, o.Why, a.calls)
				}
				if o.Status == apply.Failed && (!o.Uncertain || !strings.Contains(o.Why, "the plan ended at")) {
					t.Errorf("uncertain %t, why %q", o.Uncertain, o.Why)
				}
			})
		})
	}
}
