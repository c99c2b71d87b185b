package apply

import (
	"context"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Looks for the changes that come next are fetched while others are written: then a write
// waits for no look, and each still builds on one that is fresh when it is sent (S8).
const (
	// aheadChanges is how many changes are looked through for what to look at next.
	aheadChanges = 64
	// aheadLooks is how many such looks are under way at most.
	aheadLooks = 8
	// aheadInLane is how many of them are of what is written one after another.
	aheadInLane = 2
)

// foreseer is a kind whose looks can be fetched ahead.
type foreseer interface {
	// foresee begins the look that a change needs, unless it is there or under way, and
	// says that it did. Done is called at its end.
	foresee(ctx context.Context, c plan.Change, done func()) bool
}

// foresee begins the looks of the changes that come next.
func (x *run) foresee(ctx context.Context) {
	if x.report.Stopped != "" {
		return
	}
	next := map[string]int{} // of what is written one after another, how many were looked through
	for _, i := range x.ready[:min(len(x.ready), aheadChanges)] {
		c := x.graph.changes[i]
		k, able := x.kinds[c.Kind].(foreseer)
		if !able {
			continue
		}
		if lane := x.kinds[c.Kind].lane(c); lane != "" {
			if next[lane]++; next[lane] > aheadInLane {
				continue
			}
		}
		select {
		case x.looks <- struct{}{}:
		default:
			return
		}
		x.ahead.Add(1)
		done := func() { <-x.looks; x.ahead.Done() }
		if !k.foresee(ctx, c, done) {
			done()
		}
	}
}
