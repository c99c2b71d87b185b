package daemon

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Next is what a round knows of what comes.
type Next struct {
	// At is the next moment at which desired access changes by itself; zero if none is
	// known.
	At time.Time
	// Poll is when on-calls are to be looked at next; zero for never.
	Poll time.Time
	// Still is when an edit that lowers will have held still; zero if none waits.
	Still time.Time
	// Full says that the round read the account in full though a part might have done.
	Full bool
	// FullTook is how long a full refresh took last.
	FullTook time.Duration
}

// soon is when a round is made that is due at once.
const soon = 100 * time.Millisecond

// pollShare is the part of PagerDuty's request budget that looking at on-calls
// may take: one in so many.
const (
	pollShare     = 10
	requestBudget = 960 // a minute
)

// foresee notes when access changes by itself next, and when what is held goes on by
// itself. A round that made no plan learns neither.
func (d *Daemon) foresee(done *reconcile.Applied) {
	if done == nil || done.Result == nil {
		return
	}
	result := done.Result
	d.dueAt, d.stillAt = time.Time{}, time.Time{}
	if result.Expansion != nil {
		d.dueAt, _ = result.Expansion.NextBoundary(result.Snapshot.Now, nil)
	}
	if at := firstToAct(result.Plan.Held, plan.HoldRefusedEdit, plan.HoldEditSettling, plan.HoldFrozen); !at.IsZero() {
		d.stillAt = d.Now().Add(max(time.Second, at.Sub(result.Plan.Now)))
	}
}

// next says what comes after a round.
func (d *Daemon) next(r *round) Next {
	next := Next{At: d.boundary(r), Still: d.still(), Full: r.full(), FullTook: d.cache.fullTook}
	if interval := d.pollInterval(); interval > 0 {
		next.Poll = d.cache.polledAt.Add(interval)
	}
	return next
}

// boundary is when access changes by itself next; zero if nothing is foreseen.
// Where PagerDuty's clock is behind, it is when that will have come there.
func (d *Daemon) boundary(r *round) time.Time {
	next, now := d.dueAt, d.Now()
	if next.IsZero() || next.After(now) || r.read == nil {
		return next
	}
	behind := max(0, r.read.began.Sub(r.read.snapshot.Now))
	return now.Add(min(10*time.Second, max(soon, next.Add(behind).Sub(now))))
}

// still is when an edit that lowers will have held still; zero if none waits. A round
// that found nothing out when that was due is followed by another.
func (d *Daemon) still() time.Time {
	if now := d.Now(); !d.stillAt.IsZero() && !d.stillAt.After(now) {
		return now.Add(retryFirst)
	}
	return d.stillAt
}

// firstToAct is when time alone lets through the first of what is held for some reasons; zero
// if it does so with nothing.
func firstToAct(held []plan.Held, reasons ...code.Code) time.Time {
	var first time.Time
	for _, h := range held {
		if h.Acts != nil && slices.Contains(reasons, h.Code) && (first.IsZero() || h.Acts.Before(first)) {
			first = *h.Acts
		}
	}
	return first
}

// pollInterval is how often on-calls are looked at: as configured, or more rarely
// where that would take too much of the request budget. Zero is never.
func (d *Daemon) pollInterval() time.Duration {
	requests, ok := d.cache.pollCost()
	if !ok {
		return 0
	}
	return max(d.OnCallInterval, time.Duration(requests)*time.Minute*pollShare/requestBudget)
}

// pace notes and tells how often on-calls are looked at, and whether the audit trail is.
func (d *Daemon) pace() {
	d.announce(func(t *events.Told) []events.Event { return t.Auditing(d.Now(), d.cache.trail.off) })
	interval := d.pollInterval()
	d.ledger.pace(interval, d.OnCallInterval)
	if interval > 0 {
		requests, _ := d.cache.pollCost()
		d.announce(func(t *events.Told) []events.Event { return t.Polling(d.Now(), requests, interval, d.OnCallInterval) })
	}
}
