package journal_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// found ends the round in hand with these findings, an hour later begins the next.
func (w *writer) found(seen *plan.RisksSeen) {
	w.t.Helper()
	must(w.t, w.Finish(w.t.Context(), w.round, plan.Round{At: w.clock.at, Risks: seen}, nil))
	w.clock.at = w.clock.at.Add(time.Hour)
	w.begin()
}

func TestFindingsAreKnownSinceTheyWereFirstSeenUntilTheyAreGone(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		first := w.clock.at
		one, packed := plan.RiskSeen{ID: "R1", Rule: "own", Severity: "high", Message: "one"}, plan.RiskSeen{ID: "R2", Rule: "dutyward.x", Severity: "low", Message: "two", Packed: true}
		both := &plan.RisksSeen{Whole: true, Packs: true, List: []plan.RiskSeen{one, packed}}
		known := func(id string) plan.RiskKnown {
			t.Helper()
			all, err := w.Risks(t.Context())
			must(t, err)
			return all[id]
		}
		w.found(both)
		w.found(both)
		if r := known("R1"); !r.First.Equal(first) || !r.Last.After(first) || r.Gone != nil || r.Reopened != 0 {
			t.Errorf("after two rounds: %+v", r)
		}
		// A round that could not look everywhere, or not for packs, ends nothing that it may
		// have missed.
		w.found(&plan.RisksSeen{Packs: true})
		w.found(nil)
		if known("R1").Gone != nil || known("R2").Gone != nil {
			t.Error("a round that is not whole ended a finding")
		}
		w.found(&plan.RisksSeen{Whole: true})
		if known("R1").Gone == nil || known("R2").Gone != nil {
			t.Errorf("a round without packs: %+v, %+v", known("R1"), known("R2"))
		}
		back := w.clock.at
		w.found(both)
		if r := known("R1"); !r.First.Equal(first) || !r.Opened.Equal(back) || r.Reopened != 1 || r.Gone != nil {
			t.Errorf("it is back: %+v", r)
		}
	})
}

func TestAFindingThatAChangeEndedSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		c := plan.Change{ID: "team/PAY/ANN/manager/none", Kind: plan.TeamRole, User: "ANN", Resource: inventory.ByID(inventory.KindTeam, "PAY"), Before: "manager", After: "none", Effect: plan.Lower}
		w.done(c) // before it was found: not by this
		w.finished()
		found := plan.RiskSeen{ID: "R1", Rule: "own", Severity: "high", Message: "one", Mends: []string{c.ID}}
		w.found(&plan.RisksSeen{Whole: true, List: []plan.RiskSeen{found, {ID: "R2", Rule: "own", Severity: "low", Mends: []string{"another"}}}})
		w.done(c)
		w.found(&plan.RisksSeen{Whole: true})
		known, err := w.Risks(t.Context())
		must(t, err)
		if r := known["R1"]; r.Gone == nil || r.GoneBy != c.ID {
			t.Errorf("R1 is %+v", r)
		}
		if r := known["R2"]; r.Gone == nil || r.GoneBy != "" {
			t.Errorf("R2 is %+v", r)
		}
	})
}
