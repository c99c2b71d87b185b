package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
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
		says   string
	}{
		"a write that took effect is done":             {age: time.Second, holds: "manager", status: apply.Done, wrote: true, says: "found done after an interruption"},
		"a young one that does not show stays open":    {age: time.Minute, holds: "observer"},
		"an old one that does not show did not happen": {age: 2 * time.Minute, holds: "observer", status: apply.Failed, says: "interrupted before it took effect"},
		"nor did one about somebody who is off it":     {age: 2 * time.Minute, holds: "none", status: apply.Failed, says: "interrupted before it took effect"},
		"what others wrote since is left to the plan":  {age: time.Second, holds: "responder", status: apply.Failed, says: "interrupted, and changed by others since: PagerDuty now holds responder"},
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
			if recorded != (c.status != "") || len(done.Outcomes) != len(l.results) || out.Status != c.status || out.Wrote != c.wrote || c.says != "" && out.Why != c.says {
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

// absent is an account that has no schedule to show, and notes what is asked for.
type absent struct {
	*account
	asked []string
}

func (a *absent) Schedule(_ context.Context, id string, _ inventory.Window) (inventory.Schedule, error) {
	a.asked = append(a.asked, "schedule "+id)
	return inventory.Schedule{}, goneError{errors.New("no such schedule")}
}

func (a *absent) TeamMembers(ctx context.Context, team string) (map[string]string, error) {
	a.asked = append(a.asked, "team "+team)
	return a.account.TeamMembers(ctx, team)
}

func TestRecoverGoesThroughOpenIntentsByKindAndFirstThroughThoseThatStandHalfDone(t *testing.T) {
	a := &absent{account: newAccount(newClock(), roles{onTeam("ann", "T1"): "manager"})}
	role := change(onTeam("ann", "T1"), "observer", "manager")
	turns := change(desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindSchedule, "S1"), Layer: "L1"}, "none", "rotation")
	edit, err := json.Marshal(apply.Edit{Was: inventory.Schedule{ID: "S1", Name: "Night"}})
	if err != nil {
		t.Fatal(err)
	}
	old := start.Add(-time.Hour)
	open := []apply.Intent{
		{ID: 1, Kind: "badge", At: old},
		{ID: 2, Kind: plan.TeamRole, Changes: []plan.Change{role}, At: old},
		{ID: 3, Kind: plan.Rotation, Changes: []plan.Change{turns}, Payload: edit, At: old},
	}
	var l ledger
	done, err := apply.Recover(t.Context(), open, a, &l, apply.Options{Now: a.clock.Now})
	var unsettled *apply.UnsettledError
	if !errors.As(err, &unsettled) || !strings.Contains(err.Error(), `kind "badge"`) {
		t.Errorf("of the kind that it does not know: %v", err)
	}
	if !slices.Equal(a.asked, []string{"schedule S1", "schedule S1", "team T1"}) {
		t.Errorf("looked at %v", a.asked)
	}
	if l.results[2].Status != apply.Done || l.results[3].Status != apply.Failed || len(done.Outcomes) != 2 {
		t.Errorf("recorded %+v", l.results)
	}
	if len(done.Said) != 2 || !strings.Contains(done.Said[0], "schedule Night, whose edit was interrupted, is gone") {
		t.Errorf("said %q", done.Said)
	}
}

func TestOfAnEditThatHasEndedOrWasNeverRecordedOnlyItsChangesAreLookedAt(t *testing.T) {
	for name, in := range map[string]apply.Intent{
		"ended":          {Status: apply.IntentWritten, Payload: json.RawMessage(`{"was": {"id": "S1"}}`)},
		"never recorded": {},
	} {
		t.Run(name, func(t *testing.T) {
			a := &absent{account: newAccount(newClock(), nil)}
			turns := change(desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindSchedule, "S1"), Layer: "L1"}, "none", "rotation")
			in.ID, in.Kind, in.Changes, in.At = 5, plan.Rotation, []plan.Change{turns}, start.Add(-time.Hour)
			var l ledger
			done, err := apply.Recover(t.Context(), []apply.Intent{in}, a, &l, apply.Options{Now: a.clock.Now})
			if err != nil || len(done.Outcomes) != 1 || l.results[5].Status != apply.Failed {
				t.Errorf("error %v, recorded %+v", err, l.results)
			}
			if len(a.asked) != 1 {
				t.Errorf("looked at %v", a.asked)
			}
		})
	}
}
