package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ending is where runs end.
type ending struct {
	State   map[[2]string]string
	Raised  map[string]string
	Open    int
	Changes int
}

// Promise: killed at any instant, the next run ends at the same state. The round
// hands over between people, and undoes what somebody did.
func TestKilledAtAnyRequestTheNextRoundEndsAtTheSameState(t *testing.T) {
	revisions, sets, err := loadRevisions(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, n := t.TempDir(), 0
	run := func(k *kill) (ending, int) {
		n++
		at := filepath.Join(dir, fmt.Sprint(n))
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		w := newTrial(t, at, revisions, sets)
		defer func() { _ = w.journal.Close() }()
		return w.killedOnce(k)
	}
	whole, calls := run(nil)
	if calls < 40 || whole.Changes > 0 {
		t.Fatalf("an undisturbed round takes %d calls, and leaves %d changes", calls, whole.Changes)
	}
	ways, swept := []kill{{hard: true}, {hard: true, after: true}, {}}, 0
	for at := 1; at <= calls; at++ {
		for i, k := range ways {
			k.at = at
			// An ordinary run takes one in fifteen: every fifth call, in one way.
			if os.Getenv("DUTYWARD_LONG") == "" && (at%5 != 0 || at/5%len(ways) != i) {
				continue
			}
			swept++
			if d := cmp.Diff(whole, first(run(&k))); d != "" {
				t.Errorf("%+v: the next run ends elsewhere (-undisturbed +killed):\n%s", k, d)
			}
		}
	}
	t.Logf("killed in %d ways, at %d calls", swept, calls)
}

func first(e ending, _ int) ending { return e }

// killedOnce is a round that is killed, and the next ones, to the end.
func (w *trial) killedOnce(k *kill) (ending, int) {
	w.Helper()
	if _, err := w.round(); err != nil {
		w.fail("the first round: %v", err)
	}
	w.advance(weekly.first.AddDate(0, 0, 16).Sub(w.now())) // P1 takes over from P0
	w.sim.SetMember("TA", "P9", "manager")
	w.sim.SetMember("TB", "P6", "")
	w.sim.SetMember("TC", "P2", "manager")
	w.kill = k
	_, err := w.round()
	if k == nil && err != nil {
		w.fail("%v", err)
	}
	calls := w.calls
	for _, later := range []time.Duration{10 * time.Second, 3 * time.Minute} {
		w.advance(later)
		if _, err := w.round(); err != nil {
			w.fail("a round after the kill: %v", err)
		}
	}
	last, err := w.round()
	if err != nil {
		w.fail("a further round: %v", err)
	}
	memory, err := w.journal.Memory(context.Background(), w.now())
	if err != nil {
		w.fail("%v", err)
	}
	open, err := w.journal.Pending(context.Background())
	if err != nil {
		w.fail("%v", err)
	}
	e := ending{State: w.state(), Raised: map[string]string{}, Open: len(open), Changes: len(last.Plan.Changes)}
	for pair, before := range memory.Raised {
		e.Raised[pair.User+" "+pair.Resource.String()] = before
	}
	return e, calls
}
