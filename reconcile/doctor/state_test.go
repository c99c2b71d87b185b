package doctor_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/doctor"
	"github.com/dutyward/dutyward/reconcile/journal"
)

func options() journal.Options {
	return journal.Options{Now: func() time.Time { return noon }, Account: "acme", Command: "dutyward run", Host: "here"}
}

func TestWhoHoldsTheWritersLockIsNamed(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "dutyward.db")
	j, err := journal.Open(ctx, path, options())
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	unlock, err := j.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	got := doctor.State(ctx, path, options())
	if len(got) != 2 || got[1].Status != doctor.Warn || !strings.HasPrefix(got[1].Text, `changes are made by "dutyward run" (process `) {
		t.Errorf("while the lock is held: %+v", got)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	want(t, doctor.State(ctx, path, options()),
		"ok state: "+filepath.ToSlash(path)+" can be read, is of this account and private to its owner",
		"ok writer: nobody is making changes")
}

func TestAStateThatCantServeIsSaid(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte("buy milk, and then some more of it, for the week is long"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, text string }{
		"its directory is missing":    {filepath.Join(dir, "no", "dutyward.db"), "can't be made: "},
		"its directory is a file":     {filepath.Join(file, "dutyward.db"), "not a directory"},
		"it is something else's file": {file, "not a journal"},
	} {
		t.Run(name, func(t *testing.T) {
			got := doctor.State(context.Background(), c.path, options())
			if len(got) != 1 || got[0].Status != doctor.Fail || got[0].Remedy == "" || !strings.Contains(got[0].Text, c.text) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
