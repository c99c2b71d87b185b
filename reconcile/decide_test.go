package reconcile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func (w *world) applying() *decide.Applying {
	return &decide.Applying{Round: w.round(), Journal: w.journal, Account: w.client}
}

func TestS18_WhatMovedSinceAPersonAgreedIsProposedAnewAndNotCarriedOut(t *testing.T) {
	w := newWorld(t)
	a := w.applying()
	began := 0
	a.Tell.Begins = func(*plan.Plan) { began++ }
	first, err := a.Propose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.client.RemoveTeamMember(t.Context(), "PTSEARC", "PPLAT04"); err != nil {
		t.Fatal(err)
	}
	done, next, err := a.Agreed(t.Context(), first)
	if err != nil || next == nil || done.Report != nil || began != 0 {
		t.Fatalf("%v; next %v, report %v, %d begun: want the next proposal alone", err, next, done.Report, began)
	}
	if moved := strings.Join(next.Moved, "\n"); !strings.Contains(moved, "paula.grant@acme.test on team:Search") {
		t.Errorf("moved %q, want Paula's change", moved)
	}
	done, again, err := w.applying().Agreed(t.Context(), next) // as another request would
	if err != nil || again != nil {
		t.Fatalf("%v; proposed again: %+v", err, again)
	}
	if n := done.Report.Counts.Done; n != len(next.Plan.Changes) || n == 0 {
		t.Errorf("%d of %d changes done", n, len(next.Plan.Changes))
	}
}

func TestARoundIsNotUndoneWhileTheDaemonWouldMakeItAgain(t *testing.T) {
	w := newWorld(t)
	w.mustApply()
	r, err := decide.Round(t.Context(), w.journal, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := w.applying()
	a.Undo = &decide.Reverting{Round: r, Stop: reconcile.StopFile(filepath.Join(t.TempDir(), "paused")), Now: w.now}
	p, err := a.Propose(t.Context())
	if err != nil || !p.NeedsPause {
		t.Fatalf("%v, needs a pause: %v", err, p.NeedsPause)
	}
	before := w.writes()
	if _, _, err := a.Agreed(t.Context(), p); err != decide.ErrRepeated || w.writes() != before {
		t.Fatalf("%v and %d writes, want a refusal and none", err, w.writes()-before)
	}
	a.Undo.PauseFirst = true
	if done, next, err := a.Agreed(t.Context(), p); err != nil || next != nil || done.Report.Counts.Done == 0 {
		t.Fatalf("%v, next %v, %+v", err, next, done.Report)
	}
	if a.Undo.Stop.Paused() == nil {
		t.Error("the daemon is not paused")
	}
}
