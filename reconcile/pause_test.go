package reconcile_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile"
)

func TestAPauseIsKeptForItsOwnerUntilItIsResumed(t *testing.T) {
	file := reconcile.StopFile(filepath.Join(t.TempDir(), "stop"))
	first := reconcile.Pause{Since: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Reason: "incident"}
	if before, err := file.Pause(first); before != nil || err != nil {
		t.Fatal(before, err)
	}
	info, err := os.Stat(string(file))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if before, err := file.Pause(reconcile.Pause{Reason: "second"}); err != nil || !cmp.Equal(before, &first) {
		t.Errorf("a second pause found %+v, %v; want the first", before, err)
	}
	if before, err := file.Resume(); err != nil || !cmp.Equal(before, &first) || file.Paused() != nil {
		t.Errorf("resumed %+v, %v; now %+v", before, err, file.Paused())
	}
	if before, err := file.Resume(); before != nil || err != nil {
		t.Errorf("a second resume gave %+v, %v", before, err)
	}
}

func TestAnyStopFileStopsWrites(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "not JSON": "stop!"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "stop")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if p := reconcile.StopFile(file).Paused(); p == nil || p.Since.IsZero() {
				t.Errorf("pause %+v, want one since the file was written", p)
			}
		})
	}
}
