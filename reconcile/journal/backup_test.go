package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestABackupIsMadeWhileOthersWriteAndIsTheOwnersAlone(t *testing.T) {
	w := recorded(t, file)
	backup := filepath.Join(t.TempDir(), "backup.db")
	other := open(t, w.path, journal.Options{})
	must(t, other.Backup(t.Context(), backup))
	w.done(change(team, "none", "manager", plan.CausePolicy))
	info, err := os.Stat(backup)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	says(t, other.Backup(t.Context(), backup), "is there already")
	j, err := journal.OpenReadOnly(t.Context(), backup, journal.Options{Now: time.Now})
	must(t, err)
	defer j.Close()
	if _, err := j.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestS4_ARestoredStateLowersNothingForWhatItCannotKnow(t *testing.T) {
	w := newWriter(t, file)
	w.done(change(base, "user", "admin", plan.CauseHandoff))
	must(t, w.Release(t.Context(), "a key", "because"))
	w.finished()
	w.intent(change(team, "none", "manager", plan.CausePolicy)) // and no result
	backup := filepath.Join(t.TempDir(), "backup.db")
	must(t, w.Backup(t.Context(), backup))
	must(t, w.Close())
	for name, path := range map[string]string{"in its place": w.path, "on another machine": filepath.Join(t.TempDir(), "dutyward.db")} {
		t.Run(name, func(t *testing.T) {
			kept, err := journal.Restore(t.Context(), path, backup, journal.Options{Now: w.clock.Now})
			must(t, err)
			if _, err := os.Stat(kept); (kept != "") != (path == w.path) || kept != "" && err != nil {
				t.Errorf("what was there is kept as %q, error %v", kept, err)
			}
			r := &writer{t: t, clock: w.clock, path: path}
			r.open()
			if m := memory(t, r.Journal, w.clock.at); !strings.Contains(m.Restored, "was restored") || len(m.Released) > 0 || m.Raised[base] != "user" {
				t.Errorf("memory %+v", m)
			}
			if open := r.pending(); len(open) > 0 {
				t.Errorf("open %v", open)
			}
			r.finished()
			if m := memory(t, r.Journal, w.clock.at); m.Restored != "" {
				t.Errorf("restored after a round that ended: %s", m.Restored)
			}
			if _, err := r.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatIsNoBackupIsNotRestored(t *testing.T) {
	w := recorded(t, file)
	nonsense := filepath.Join(t.TempDir(), "nonsense")
	must(t, os.WriteFile(nonsense, []byte(strings.Repeat("no", 1000)), 0o600))
	forged := filepath.Join(t.TempDir(), "forged.db")
	must(t, w.Backup(t.Context(), forged))
	execute(t, forged, `UPDATE changes SET person = 'U9'`)
	for backup, want := range map[string]string{nonsense: "not a journal", forged: "was altered", filepath.Join(t.TempDir(), "none"): "no such file", w.path: "in use"} {
		_, err := journal.Restore(t.Context(), w.path, backup, journal.Options{Now: time.Now})
		says(t, err, want)
	}
	if _, err := w.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAStateInPostgreSQLThatWasPutBackIsNotedAsOne(t *testing.T) {
	w := newWriter(t, inPostgres)
	w.finished()
	says(t, w.Backup(t.Context(), "backup.db"), "pg_dump")
	must(t, w.Close())
	j := open(t, w.path, journal.Options{Now: w.clock.Now})
	must(t, j.Restored(t.Context()))
	must(t, j.Close())
	w.open()
	if got := memory(t, w.Journal, w.clock.at).Restored; !strings.Contains(got, "was restored") {
		t.Errorf("restored %q", got)
	}
}
