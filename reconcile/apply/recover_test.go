package apply_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// goneError is PagerDuty's word that something is not there.
type goneError struct{ error }

func (goneError) Final() bool { return true }
func (goneError) Gone() bool  { return true }

// refusedError is PagerDuty's word that this is not for this token.
type refusedError struct{ error }

func (refusedError) Final() bool { return true }

func TestRecoverLooksAtWhatBecameOfAnIntentAndWritesNothing(t *testing.T) {
	gone, refused, outage := goneError{errors.New("no such team")}, refusedError{errors.New("not for you")}, errors.New("no answer")
	for name, c := range map[string]struct {
		age    time.Duration
		holds  string
		broken error
		status apply.Status // empty if it stays open
		wrote  bool
		err    bool
	}{
		"a write that took effect is done":             {age: time.Second, holds: "manager", status: apply.Done, wrote: true},
		"a young one that does not show stays open":    {age: time.Minute, holds: "observer"},
		"an old one that does not show did not happen": {age: 2 * time.Minute, holds: "observer", status: apply.Failed},
		"what others wrote since is left to the plan":  {age: time.Second, holds: "responder", status: apply.Failed},
		"what is about something gone is over":         {age: 2 * time.Minute, broken: gone, status: apply.Failed},
		"though it may not show yet":                   {age: time.Minute, broken: gone, err: true},
		"what can't be looked at stays open":           {age: time.Hour, broken: refused, err: true},
		"but not longer than a day":                    {age: 24 * time.Hour, broken: refused, status: apply.Failed},
		"except for an outage that lasts":              {age: 72 * time.Hour, broken: outage, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), roles{onTeam("ann", "T1"): c.holds})
			a.before = func(string) error { return c.broken }
			var l ledger
			in := apply.Intent{
				ID: 7, Kind: plan.TeamRole, Changes: []plan.Change{change(onTeam("ann", "T1"), "observer", "manager")}, At: start.Add(-c.age),
			}
			done, err := apply.Recover(t.Context(), []apply.Intent{in}, a, &l, apply.Options{Now: a.clock.Now})
			if (err != nil) != c.err {
				t.Fatalf("error %v", err)
			}
			out, recorded := l.results[7]
			if recorded != (c.status != "") || len(done.Outcomes) != len(l.results) || out.Status != c.status || out.Wrote != c.wrote {
				t.Errorf("recorded %v: %+v", recorded, out)
			}
			if c.wrote && !out.At.Equal(in.At) {
				t.Errorf("dated %s, want the intent's time", out.At)
			}
			if strings.Join(a.calls, "; ") != "members T1" {
				t.Errorf("calls %v", a.calls)
			}
		})
	}
}
