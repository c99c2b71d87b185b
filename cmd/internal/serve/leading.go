package serve

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
)

// standby says who makes the rounds while this instance waits to; nil while it makes them.
type standby struct{ atomic.Pointer[journal.Holder] }

// lead makes rounds while this instance leads, and waits otherwise, until ctx ends. One
// that lost the lead follows like any other: what it had begun is settled by the next.
func (r *Service) lead(ctx context.Context) {
	for ctx.Err() == nil {
		leading, resign, err := r.opened.Journal.Lead(ctx, func(leader journal.Holder) {
			r.standby.Store(&leader)
			r.sink.Tell(events.StandBy(r.opened.Now(), leader.String()))
		})
		if err != nil {
			return // ctx ended
		}
		if r.standby.Swap(nil) != nil {
			r.sink.Tell(events.Lead(r.opened.Now(), ""))
		}
		r.Daemon.Relearn() // another may have led since
		r.sending.begin(leading, r.sendersOf(r.inForce.Load()))
		r.Loop.Start(leading)
		r.sending.end()
		if ctx.Err() != nil { // it ends in the lead, and has not lost it
			r.Daemon.Keep(ctx)
		}
		if err := resign(); err != nil && ctx.Err() == nil {
			r.sink.Tell(events.StateNotice(r.opened.Now(), err.Error()))
		}
		if ctx.Err() == nil {
			cause := context.Cause(leading)
			r.standby.Store(&journal.Holder{})
			if !errors.Is(cause, context.Canceled) {
				r.sink.Tell(events.LoseLead(r.opened.Now(), cause))
			}
		}
	}
}
