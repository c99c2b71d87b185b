//go:build unix

package journal_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/reconcile/journal"
)

// TestS29_TheLockSaysWhoseItIsWhateverIsSigned has the signature of a process that
// was killed, and lock files that say nothing.
func TestS29_TheLockSaysWhoseItIsWhateverIsSigned(t *testing.T) {
	path := file(t)
	holder := open(t, path, journal.Options{Host: "here", Command: "dutyward run"})
	unlock, err := holder.Lock(t.Context())
	must(t, err)
	defer unlock()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(`UPDATE writer SET pid = 1, command = 'dutyward of yesterday'`)
	must(t, errors.Join(err, db.Close()))
	other := open(t, path, journal.Options{Host: "here", Command: "dutyward apply"})
	for name, c := range map[string]struct{ text, want string }{
		"what the holder wrote": {"", `"dutyward run" (process `},
		"nothing":               {"\n", "dutyward of yesterday"},
		"what can't be read":    {"{\"PID\": \x00", "dutyward of yesterday"},
		"too much":              {strings.Repeat("x", 1<<20), "dutyward of yesterday"},
	} {
		kept, err := os.ReadFile(path + ".lock")
		must(t, err)
		if c.text != "" {
			must(t, os.WriteFile(path+".lock", []byte(c.text), 0o600))
		}
		_, err = other.Lock(t.Context())
		var locked *journal.LockedError
		if !errors.As(err, &locked) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, os.WriteFile(path+".lock", kept, 0o600))
	}
}

func TestALockFileThatIsALinkIsLeftAlone(t *testing.T) {
	path := file(t)
	j := open(t, path, journal.Options{})
	precious := filepath.Join(t.TempDir(), "precious")
	must(t, os.WriteFile(precious, []byte("precious"), 0o600))
	must(t, os.Symlink(precious, path+".lock"))
	if _, err := j.Lock(t.Context()); err == nil {
		t.Error("a lock was taken through a link")
	}
	if text, _ := os.ReadFile(precious); string(text) != "precious" {
		t.Errorf("the link's target holds %q", text)
	}
}
