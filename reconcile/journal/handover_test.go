package journal_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// handOvers is how often the lead goes from one instance to another.
func handOvers(t *testing.T) int64 {
	text := os.Getenv("DUTYWARD_HANDOVERS")
	if text == "" {
		return 6
	}
	n, err := strconv.ParseInt(text, 10, 64)
	must(t, err)
	return n
}

// Three instances lead by turns and record a round each time; at no moment do two lead,
// and no round is lost or recorded twice.
func TestS29_OverManyHandOversNoTwoInstancesLeadAndNoRoundIsLost(t *testing.T) {
	t.Parallel()
	path, most := inPostgres(t), handOvers(t)
	var leaders, turns, overlaps atomic.Int64
	var group sync.WaitGroup
	var mu sync.Mutex
	others := sync.NewCond(&mu)
	last := -1 // who led last
	rounds := map[int64]bool{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for me := range 3 {
		j := open(t, path, journal.Options{Now: time.Now})
		group.Go(func() {
			for turns.Load() < most {
				_, resign, err := j.Lead(ctx, func(journal.Holder) {})
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					return
				}
				if leaders.Add(1) > 1 {
					overlaps.Add(1)
				}
				unlock, err := j.Lock(ctx)
				if err != nil {
					t.Error(err)
				} else {
					round, err := j.Begin(ctx, &plan.Plan{Version: plan.Version})
					mu.Lock()
					if err != nil || rounds[round] {
						t.Errorf("round %d, error %v", round, err)
					}
					rounds[round] = true
					last = me
					others.Broadcast()
					mu.Unlock()
					if err := unlock(); err != nil {
						t.Error(err)
					}
				}
				leaders.Add(-1)
				turns.Add(1)
				if err := resign(); err != nil {
					t.Error(err)
				}
				mu.Lock()
				for last == me && turns.Load() < most && !t.Failed() {
					others.Wait() // or it would be no hand-over
				}
				mu.Unlock()
			}
			cancel() // those that wait have no turn any more
			others.Broadcast()
		})
	}
	group.Wait()
	if n := overlaps.Load(); n > 0 {
		t.Errorf("two instances led at once, %d times", n)
	}
	if n := int64(len(rounds)); n != turns.Load() || n < most {
		t.Errorf("%d rounds in %d turns", n, turns.Load())
	}
	if _, err := open(t, path, journal.Options{Now: time.Now}).Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
