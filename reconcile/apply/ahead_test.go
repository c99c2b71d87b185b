package apply_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// slowly makes each call of the account take 50 ms, of a bubble's time.
func slowly(a *account) {
	a.before = func(string) error {
		time.Sleep(50 * time.Millisecond)
		return nil
	}
}

// What is looked at next is fetched while others are written, so that writes wait for no
// look.
func TestAThousandChangesAreNotWaitingForLooks(t *testing.T) {
	for name, c := range map[string]struct {
		teams  int // 0 changes base roles
		within time.Duration
	}{
		"ten changes on each of a hundred teams": {100, 7 * time.Second},
		"one change on each of a thousand teams": {1000, 9 * time.Second},
		"base roles, one after another":          {0, 55 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held, changes := roles{}, []plan.Change{}
				for i := range 1000 {
					pair, before, after := onAccount(fmt.Sprintf("u%04d", i)), "limited_user", "user"
					if c.teams > 0 {
						pair = onTeam(fmt.Sprintf("u%04d", i), fmt.Sprintf("T%04d", i*c.teams/1000))
						before, after = "responder", "manager"
					}
					held[pair] = before
					changes = append(changes, change(pair, before, after))
				}
				a := newAccount(newClock(), held)
				slowly(a)
				began := time.Now()
				report := run(t, planOf(changes...), a, &ledger{}, apply.Options{Now: time.Now})
				if took := time.Since(began); took > c.within {
					t.Errorf("took %v, want at most %v", took, c.within)
				}
				if report.Counts.Done != 1000 {
					t.Errorf("%+v", report.Counts)
				}
				looks, most := a.count("members")+a.count("user"), c.teams
				if c.teams == 0 {
					most = 1000
				}
				if looks > most {
					t.Errorf("%d looks, want at most %d", looks, most)
				}
			})
		})
	}
}

// What somebody changes after a look was fetched ahead is found as ever: a look that is
// not fresh any more when its change's turn comes is taken again.
func TestALookThatWasFetchedAheadIsTakenAgainWhenItIsOld(t *testing.T) {
	for kind, pairs := range map[string][]string{"base role": {"account"}, "team role": {"T1", "T2"}} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first, second := onAccount("ann"), onAccount("bob")
				before, after, other := "limited_user", "user", "admin"
				if len(pairs) > 1 {
					first, second = onTeam("ann", "T1"), onTeam("bob", "T2")
					before, after, other = "responder", "manager", "observer"
				}
				a := newAccount(newClock(), roles{first: before, second: before})
				a.after = func(call string) error {
					if call == "set ann user" || call == "put T1 ann manager" {
						time.Sleep(30 * time.Second) // the first write takes long, the second is looked at ahead
						a.mu.Lock()
						a.write(second, other)
						a.mu.Unlock()
					}
					return nil
				}
				report := run(t, planOf(change(first, before, after), change(second, before, after)), a, &ledger{}, apply.Options{Now: time.Now, Concurrency: 1})
				if got := report.Outcomes[1]; got.Status != apply.Conflict || got.Found != other {
					t.Errorf("the second change: %s, found %s; want a conflict with %s", got.Status, got.Found, other)
				}
			})
		})
	}
}
