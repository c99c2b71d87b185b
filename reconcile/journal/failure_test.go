package journal

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// A full disk is made here by a limit on the file's pages, which SQLite reports
// as it does a full disk.
func TestAFullDiskIsAClearErrorAndLosesNothing(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := Open(ctx, path, Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := j.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	round, err := j.Begin(ctx, &plan.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	c := plan.Change{
		ID: "key", Kind: plan.TeamRole, User: "U1", Resource: inventory.ByID(inventory.KindTeam, "T1"), Effect: plan.Raise,
		Before: "none", After: "manager", Reason: strings.Repeat("because ", 1000),
	}
	in := apply.Intent{Kind: c.Kind, Changes: []plan.Change{c}}
	if _, err := j.Recorder(round).Begin(ctx, in); err != nil {
		t.Fatal(err)
	}

	limit := func(pages string) {
		t.Helper()
		if _, err := j.db.ExecContext(ctx, "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1")   // as many as there are
	written := 1 // until the pages are used that migrations left free
	for ; err == nil && written < 50; written++ {
		_, err = j.Recorder(round).Begin(ctx, in)
	}
	written--
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), path) {
		t.Fatalf("error %v", err)
	}

	limit("1000000")
	open, err := j.Pending(ctx)
	if err != nil || len(open) != written {
		t.Fatalf("open intents %v, error %v", open, err)
	}
	done := apply.Outcome{Change: c, Status: apply.Done, Wrote: true, At: time.Now()}
	if err := j.Recorder(round).Finish(ctx, open[0].ID, apply.Result{Outcomes: []apply.Outcome{done}}); err != nil {
		t.Fatal(err)
	}
}
