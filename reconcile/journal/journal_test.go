package journal_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)

// clock is set by the test.
type clock struct{ at time.Time }

func (c *clock) Now() time.Time { return c.at }

func open(t *testing.T, path string, o journal.Options) *journal.Journal {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return start }
	}
	j, err := journal.Open(t.Context(), path, in(path, o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func memory(t *testing.T, j *journal.Journal, now time.Time) plan.Memory {
	t.Helper()
	m, err := j.Memory(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// must fails the test if a call that must work does not.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// says fails the test unless err says all of the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that says %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(statement)
	must(t, err)
	must(t, db.Close())
}

func TestTheJournalIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a journal? 100% #1.db")
	j := open(t, path, journal.Options{})
	must(t, j.Pin(t.Context(), map[string]string{"team:Payments": "P1"}))
	_, err := j.Lock(t.Context())
	must(t, err)
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	names := []string{}
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		names = append(names, strings.TrimPrefix(e.Name(), filepath.Base(path)))
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", e.Name(), info.Mode().Perm())
		}
	}
	if d := cmp.Diff([]string{"", "-shm", "-wal", ".lock"}, names); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

func TestALooserModeIsMendedWhenWritingAndToldWhenReading(t *testing.T) {
	path := file(t)
	must(t, open(t, path, journal.Options{}).Close())
	must(t, os.Chmod(path, 0o644))

	j, err := journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now})
	must(t, err)
	if n := j.Notices(); len(n) != 1 || !strings.Contains(n[0], "mode 0644") || !strings.Contains(n[0], "chmod 600") {
		t.Errorf("notices of a reader: %q", n)
	}
	must(t, j.Close())

	// The reader made SQLite's files beside it, as readable as the journal was.
	if n := open(t, path, journal.Options{}).Notices(); len(n) != 3 || !strings.Contains(n[0], "mode 0644") {
		t.Errorf("notices of a writer: %q", n)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s is still %04o", name, info.Mode().Perm())
		}
	}
}

func TestAMissingJournalIsAnEmptyMemoryForReaders(t *testing.T) {
	empty := func(t *testing.T, j *journal.Journal) {
		t.Helper()
		m := memory(t, j, start)
		if m.Last != nil || len(m.Pinned)+len(m.Raised)+len(m.Overlay)+len(m.Recent)+len(m.Released) > 0 {
			t.Errorf("memory %+v", m)
		}
		revision, _, err := j.GoodPolicies(t.Context())
		if err != nil || revision != "" {
			t.Errorf("policies %q, error %v", revision, err)
		}
		if pending, err := j.Pending(t.Context()); err != nil || len(pending) > 0 {
			t.Errorf("pending %v, error %v", pending, err)
		}
		if err := j.Pin(t.Context(), map[string]string{"team:A": "P1"}); !errors.Is(err, journal.ErrReadOnly) {
			t.Errorf("binding: %v", err)
		}
		if _, err := j.Lock(t.Context()); !errors.Is(err, journal.ErrReadOnly) {
			t.Errorf("locking: %v", err)
		}
		must(t, j.Close())
	}
	t.Run("no file", func(t *testing.T) {
		path := file(t)
		j, err := journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now, Account: "acme"})
		must(t, err)
		empty(t, j)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("reading made a file: %v", err)
		}
	})
	t.Run("an empty file", func(t *testing.T) {
		path := file(t)
		must(t, os.WriteFile(path, nil, 0o600))
		j, err := journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now})
		must(t, err)
		empty(t, j)
	})
	t.Run("a database without tables", func(t *testing.T) {
		path := file(t)
		execute(t, path, "PRAGMA journal_mode = WAL")
		j, err := journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now, Account: "acme"})
		must(t, err)
		empty(t, j)
	})
	t.Run("no journal at all", func(t *testing.T) { empty(t, nil) })
}

func TestAReaderSeesWhatAWriterRecordedMeanwhile(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		w := open(t, path, journal.Options{})
		_, err := w.Lock(t.Context())
		must(t, err)
		r, err := journal.OpenReadOnly(t.Context(), path, in(path, journal.Options{Now: time.Now}))
		must(t, err)
		defer r.Close()
		must(t, w.Pin(t.Context(), map[string]string{"team:Payments": "P1"}))
		if d := cmp.Diff(map[string]string{"team:Payments": "P1"}, memory(t, r, start).Pinned); d != "" {
			t.Errorf("pinned (-want +got):\n%s", d)
		}
	})
}

func TestAJournalBelongsToOneAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		must(t, open(t, path, journal.Options{Account: "acme"}).Close())
		must(t, open(t, path, journal.Options{Account: "acme"}).Close())
		_, err := journal.Open(t.Context(), path, in(path, journal.Options{Now: time.Now, Account: "acme-eu"}))
		says(t, err, nameOf(path), `"acme"`, `"acme-eu"`)
		_, err = journal.OpenReadOnly(t.Context(), path, in(path, journal.Options{Now: time.Now, Account: "acme-eu"}))
		says(t, err, nameOf(path), `"acme"`, `"acme-eu"`)
	})
}

func TestWhatIsNotAJournalIsRefusedAndLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"text": {func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("account: acme\n", 100)), 0o600))
		}, "it is not a journal"},
		"another program's database": {func(t *testing.T, path string) {
			execute(t, path, "CREATE TABLE songs (title TEXT)")
		}, "a database of another program"},
		"a newer version's journal": {func(t *testing.T, path string) {
			must(t, open(t, path, journal.Options{}).Close())
			execute(t, path, "PRAGMA user_version = 99")
		}, "has schema version 99"},
		"a folder": {func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			c.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := journal.Open(t.Context(), path, journal.Options{Now: time.Now})
			says(t, err, path, c.says)
			_, err = journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now})
			says(t, err, path, c.says)
			if after, _ := os.ReadFile(path); name == "text" && string(before) != string(after) {
				t.Error("the file was written to")
			}
		})
	}
}

func TestAJournalOfAnOlderVersionIsReadAsItIsAndBroughtUpToDateByAWriter(t *testing.T) {
	texts, err := filepath.Glob("schema/sqlite/*.sql")
	must(t, err)
	for n := range texts[1:] {
		t.Run(texts[n], func(t *testing.T) {
			path, temp := file(t), t.TempDir()
			t.Setenv("TMPDIR", temp)
			for _, name := range texts[:n+1] {
				text, err := os.ReadFile(name)
				must(t, err)
				execute(t, path, string(text))
			}
			execute(t, path, fmt.Sprintf(`PRAGMA application_id = 0x44747957; PRAGMA user_version = %d;
				INSERT INTO bindings (ref, id, at) VALUES ('team:Payments', 'T1', '2026-03-02T09:00:00.000000000Z')`, n+1))
			must(t, os.Chmod(path, 0o600))
			before, err := os.ReadFile(path)
			must(t, err)
			j, err := journal.OpenReadOnly(t.Context(), path, journal.Options{Now: time.Now, Account: "acme"})
			must(t, err)
			if got := memory(t, j, start).Pinned["team:Payments"]; got != "T1" {
				t.Errorf("the binding read is %q", got)
			}
			if err := j.Pin(t.Context(), map[string]string{"team:Ops": "T2"}); !errors.Is(err, journal.ErrReadOnly) {
				t.Errorf("writing to a copy: %v", err)
			}
			must(t, j.Close())
			after, err := os.ReadFile(path)
			must(t, err)
			if !bytes.Equal(before, after) {
				t.Error("reading changed the file")
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("copies are left: %v", left)
			}
			if got := memory(t, open(t, path, journal.Options{}), start).Pinned["team:Payments"]; got != "T1" {
				t.Errorf("the binding after the upgrade is %q", got)
			}
		})
	}
}

func TestAFolderThatIsNotThereIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nowhere", "journal.db")
	_, err := journal.Open(t.Context(), path, journal.Options{Now: time.Now})
	says(t, err, path, "no such file or directory")
}

func TestProcessesThatMakeTheJournalAtOnceAllGetIt(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		var group sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			group.Go(func() {
				j, err := journal.Open(t.Context(), path, in(path, journal.Options{Now: time.Now, Account: "acme"}))
				if err == nil {
					err = j.Close()
				}
				errs[i] = err
			})
		}
		group.Wait()
		must(t, errors.Join(errs...))
	})
}
