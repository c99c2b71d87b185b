package journal_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// finished ends the round in hand and begins the next.
func (w *writer) finished() {
	w.t.Helper()
	must(w.t, w.Finish(w.t.Context(), w.round, plan.Round{At: w.clock.at}, nil))
	w.clock.at = w.clock.at.Add(time.Hour)
	w.begin()
}

// copied is the file as it is now.
func (w *writer) copied() []byte {
	w.t.Helper()
	must(w.t, w.Close())
	text, err := os.ReadFile(w.path)
	must(w.t, err)
	return text
}

func (w *writer) putBack(text []byte) {
	w.t.Helper()
	must(w.t, w.Close())
	for _, beside := range []string{"-wal", "-shm"} {
		_ = os.Remove(w.path + beside)
	}
	must(w.t, os.WriteFile(w.path, text, 0o600))
}

func TestS4_ACopyThatIsPutBackKnowsThatItIsOne(t *testing.T) {
	w := newWriter(t, file)
	w.finished()
	w.intent(change(base, "user", "admin", plan.CauseHandoff)) // and no result
	old := w.copied()
	w.open()
	w.finished()
	w.finished()
	w.putBack(old)

	for what, reopen := range map[string]func() *journal.Journal{
		"to read": func() *journal.Journal {
			j, err := journal.OpenReadOnly(t.Context(), w.path, journal.Options{Now: w.clock.Now})
			must(t, err)
			return j
		},
		"to write": func() *journal.Journal { w.open(); return w.Journal },
	} {
		j := reopen()
		if got := memory(t, j, w.clock.at).Restored; !strings.Contains(got, "is a copy from") {
			t.Errorf("opened %s: restored %q", what, got)
		}
		if what == "to read" {
			must(t, j.Close())
		}
	}
	if open, err := w.Pending(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("%v, open %+v, want that what a copy has open is forgotten", err, open)
	}
	w.finished()
	if got := memory(t, w.Journal, w.clock.at).Restored; got != "" {
		t.Errorf("restored %q, after a round that ended", got)
	}
}

func TestAJournalThatWasOnlyStoppedIsNoCopy(t *testing.T) {
	for name, between := range map[string]func(w *writer){
		"stopped":                    func(w *writer) { w.clock.at = w.clock.at.AddDate(0, 0, 7) },
		"killed amid a round":        func(w *writer) { w.intent(change(base, "user", "admin", plan.CausePolicy)) },
		"without the file beside it": func(w *writer) { must(w.t, os.Remove(w.path+".seen")) },
		"with nonsense in its place": func(w *writer) { must(w.t, os.WriteFile(w.path+".seen", []byte("{"), 0o600)) },
		"with what an earlier round wrote": func(w *writer) {
			before, err := os.ReadFile(w.path + ".seen")
			must(w.t, err)
			w.finished()
			must(w.t, os.WriteFile(w.path+".seen", before, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t, file)
			w.finished()
			between(w)
			must(t, w.Close())
			w.open()
			if got := memory(t, w.Journal, w.clock.at).Restored; got != "" {
				t.Errorf("restored %q", got)
			}
		})
	}
}

func TestAJournalThatIsNewWhereOneWasSaysSo(t *testing.T) {
	w := newWriter(t, file)
	w.finished()
	must(t, w.Close())
	must(t, os.Remove(w.path))
	w.open()
	if got := strings.Join(w.Notices(), "; "); !strings.Contains(got, "is new, though a round ended here") {
		t.Errorf("notices %q", got)
	}
	if got := memory(t, w.Journal, w.clock.at).Restored; got != "" {
		t.Errorf("restored %q, and it knows nothing", got)
	}
}
