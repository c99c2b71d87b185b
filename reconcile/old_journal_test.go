package reconcile_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// inherit puts a journal in place that an earlier version of the program left.
func (w *world) inherit(file string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	must(w.t, err)
	must(w.t, w.journal.Close())
	path := filepath.Join(w.t.TempDir(), "dutyward.db")
	must(w.t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", path)
	must(w.t, err)
	_, err = db.ExecContext(context.Background(), string(text))
	must(w.t, err)
	must(w.t, db.Close())
	w.reopen(path)
}

// A process of an earlier version was killed with a base role and an edit of turns
// in hand; both had reached PagerDuty, the edit by half. The file is what that version
// wrote, before changes had kinds.
func TestS32_WhatAnEarlierVersionLeftOpenIsSettledByThisOne(t *testing.T) {
	ctx := context.Background()
	w := newRota(t, "", "ann bob cat dan")
	w.inherit("journal_v7.sql")
	edits, err := w.journal.PendingEdits(ctx)
	must(t, err)
	if len(edits) != 1 || len(edits[0].Steps) == 0 {
		t.Fatalf("open edits: %+v", edits)
	}
	must(t, w.client.WriteStep(ctx, edits[0].Was, edits[0].Steps[0]))
	eve, err := w.client.User(ctx, "eve")
	must(t, err)
	must(t, w.client.SetBaseRole(ctx, eve, "admin"))

	w.clock = w.clock.Add(3 * time.Minute)
	done := w.mustApply()
	if len(done.Completed) != 1 {
		t.Errorf("said %q", done.Completed)
	}
	i := slices.IndexFunc(done.Recovered, func(o apply.Outcome) bool { return o.Change.ID == "account/eve/user/admin" })
	if i < 0 || done.Recovered[i].Status != apply.Done || !done.Recovered[i].Wrote || len(done.Recovered) != 2 {
		t.Errorf("recovered %+v", done.Recovered)
	}
	w.covered(8)
	w.clock = w.clock.Add(3 * time.Minute)
	w.mustApply()
	w.covered(8)
	if people := oncall.People(w.follow(), w.clock); !slices.Contains(people, "dan") || !slices.Contains(people, "bob") {
		t.Errorf("turns are taken by %v", people)
	}
	memory, err := w.journal.Memory(ctx, w.clock)
	must(t, err)
	if got := memory.Raised[desired.Pair{User: "eve", Resource: inventory.AccountRef}]; got != "user" {
		t.Errorf("eve was %q before she was raised, want user", got)
	}
	open, err := w.journal.Pending(ctx)
	must(t, err)
	if edits, err = w.journal.PendingEdits(ctx); err != nil || len(open)+len(edits) > 0 {
		t.Errorf("still open: %+v, %+v, %v", open, edits, err)
	}
}
