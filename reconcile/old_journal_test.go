package reconcile_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
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
	edits, err := openEdits(w.journal)
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
	if edits, err = openEdits(w.journal); err != nil || len(open)+len(edits) > 0 {
		t.Errorf("still open: %+v, %+v, %v", open, edits, err)
	}
}

// The file is what version 8 wrote, which kept an intent for each change and edits of
// turns beside them: a base role raised and lowered again, an alarm that ended, and a
// process that was killed with a base role, an edit of Follow and one of Weekly in hand.
// The role had reached PagerDuty, the first edit by half, the second whole and recorded,
// but not what became of its change.
func TestS32_WhatVersion8LeftOpenIsSettledByThisOne(t *testing.T) {
	ctx := context.Background()
	w := newRota(t, "ann bob cat dan", "ann bob cat dan")
	w.clock = handoff.Add(5 * time.Hour)
	w.inherit("journal_v8.sql")
	open, err := w.journal.Pending(ctx)
	must(t, err)
	if len(open) != 3 {
		t.Fatalf("open: %+v", open)
	}
	edits, err := openEdits(w.journal)
	must(t, err)
	if len(edits) != 1 || len(edits[0].Steps) != 4 {
		t.Fatalf("open edits: %+v", edits)
	}
	must(t, w.client.WriteStep(ctx, edits[0].Was, edits[0].Steps[0]))
	w.edit("WEEKLY", oncall.Revision{Part: "LDAY", Join: []string{"dan"}})
	eve, err := w.client.User(ctx, "eve")
	must(t, err)
	must(t, w.client.SetBaseRole(ctx, eve, "admin"))

	w.clock = w.clock.Add(3 * time.Minute)
	done := w.mustApply()
	if len(done.Completed) != 1 || !strings.Contains(done.Completed[0], "schedule Follow was not completed") {
		t.Errorf("said %q", done.Completed)
	}
	became := map[string]apply.Status{}
	for _, o := range done.Recovered {
		became[o.Change.ID] = o.Status
	}
	want := map[string]apply.Status{
		"account/eve/user/admin": apply.Done, "schedule/FOLLOW/EWEEK/dan/none/rotation": apply.Failed,
		"schedule/WEEKLY/LDAY/dan/none/rotation": apply.Done,
	}
	if d := cmp.Diff(want, became); d != "" {
		t.Errorf("recovered (-want +got):\n%s", d)
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
	for pair, before := range map[desired.Pair]string{
		{User: "eve", Resource: inventory.AccountRef}:                                            "user",
		{User: "dan", Resource: inventory.ByID(inventory.KindSchedule, "WEEKLY"), Layer: "LDAY"}: "none",
	} {
		if got := memory.Raised[pair]; got != before {
			t.Errorf("%+v was %q before it was raised, want %s", pair, got, before)
		}
	}
	if open, err = w.journal.Pending(ctx); err != nil || len(open) > 0 {
		t.Errorf("still open: %+v, %v", open, err)
	}
}

// What version 8 itself said of that file stands in journal_v8.json.
func TestAJournalOfVersion8SaysTheSameOfWhatWasAsBefore(t *testing.T) {
	ctx := context.Background()
	w := newRota(t, "", "")
	w.inherit("journal_v8.sql")
	w.clock = handoff.Add(5*time.Hour + time.Minute)
	m, err := w.journal.Memory(ctx, w.clock)
	must(t, err)
	lowered := []any{} // in the form of then
	for _, r := range m.Recent {
		if r.Effect == plan.Lower && w.clock.Sub(r.At) < 24*time.Hour {
			lowered = append(lowered, struct {
				Kind  inventory.Kind
				Cause plan.Cause
				At    time.Time
			}{r.Resource.Kind, r.Cause, r.At})
		}
	}
	said := map[string]any{"overlay": m.Overlay, "made": m.Made, "lowered": lowered, "edited": m.Edited}
	raised, ends := map[string]string{}, map[string]plan.Ending{}
	for p, before := range m.Raised {
		raised[p.User+" "+p.Resource.String()+" "+p.Layer] = before
	}
	for p, end := range m.Ends {
		ends[p.User+" "+p.Resource.String()+" "+p.Layer] = end
	}
	said["raised"], said["ends"] = raised, ends
	said["past"], err = w.journal.Past(ctx, 100)
	must(t, err)
	said["alarms"], err = w.journal.Alarms(ctx, true)
	must(t, err)
	rounds := make([][]apply.Outcome, 5)
	for i := range rounds {
		r, err := w.journal.Round(ctx, int64(i+1))
		must(t, err)
		rounds[i] = r.Made
	}
	said["rounds"] = rounds
	got, err := json.MarshalIndent(said, "", "  ")
	must(t, err)
	for _, since := range []string{"actor", "command", "reason"} { // nobody recorded them then
		got = regexp.MustCompile(`\n +"`+since+`": "",`).ReplaceAll(got, nil)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "journal_v8.json"))
	must(t, err)
	if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
		t.Errorf("what it says (-version 8 +this one):\n%s", d)
	}
}
