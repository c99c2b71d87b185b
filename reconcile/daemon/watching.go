package daemon

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// watching is what a daemon knows between rounds of who is on call, and what it
// costs to know it. But for what is under its lock it belongs to the rounds.
type watching struct {
	base *base
	// accepted are answers at odds with what was read, by the id of a schedule or
	// policy, which reading again did not end.
	accepted map[string]string
	// took is how long the last whole reading took, behind how far PagerDuty's
	// clock is behind the account's as it is known here.
	took, behind time.Duration
	// looked is when all on-calls that matter were last looked at, awaited the moment at which access
	// changes next.
	looked, awaited time.Time
	// still is when time alone lets something through that is held.
	still time.Time

	watchingMu sync.Mutex
	costs      Costs
}

// Costs are what rounds of each kind cost since the start, and how long
// hand-overs took.
type Costs struct {
	// Requests are those sent to PagerDuty, by kind of round: whole, handover,
	// oncalls.
	Requests map[string]int
	// Rounds count those of each kind.
	Rounds map[string]int
	// Delays are, of each moment at which access was to change, the time until the
	// last of its writes was acknowledged: counts up to each of DelayBounds, and
	// all of them.
	Delays   []uint64
	Delayed  uint64
	DelaySum time.Duration
	// Interval is how often on-calls are looked at, and Configured how often they
	// should be; zero for never.
	Interval, Configured time.Duration
}

// The kinds of rounds, by what they read.
const (
	KindWhole    = "whole"
	KindHandover = "handover"
	KindOnCalls  = "oncalls"
)

// delayBounds are the bounds up to which delays are counted.
var delayBounds = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// DelayBounds are the bounds of Costs.Delays.
func DelayBounds() []time.Duration { return delayBounds }

// Costs says what rounds cost so far. It may be asked at any time.
func (d *Daemon) Costs() Costs {
	d.watchingMu.Lock()
	defer d.watchingMu.Unlock()
	c := d.costs
	c.Requests, c.Rounds = maps.Clone(c.Requests), maps.Clone(c.Rounds)
	c.Delays = append([]uint64(nil), c.Delays...)
	return c
}

// pollShare is the part of PagerDuty's request budget that looking at on-calls
// may take: one in so many.
const (
	pollShare     = 10
	requestBudget = 960 // a minute
)

// quiet looks at on-calls, and says whether there is nothing to do about them.
// Where there is, the round has what was read.
func (r *reading) quiet(ctx context.Context) bool {
	d := r.d
	if d.unfit() != "" || r.refresh(ctx) != nil || r.because != "" || len(r.refreshed.Changed) > 0 {
		return false
	}
	if !d.awaited.IsZero() && !r.snapshot.Now.Before(d.awaited) {
		return false
	}
	next := *d.base
	next.snapshot = r.snapshot
	d.base = &next
	r.count(KindOnCalls)
	return true
}

// outlook says what comes after a round, whose result is nil if it made no plan.
func (d *Daemon) outlook(r *reading, result *reconcile.Result) Outlook {
	if r.sought != nil || r.refreshed != nil && r.why == WhyOnCalls { // a hand-over looks at a part only
		d.looked = r.began
	}
	if result != nil {
		d.awaited = time.Time{}
		if result.Expansion != nil {
			d.awaited, _ = result.Expansion.NextBoundary(result.Snapshot.Now, nil)
		}
	}
	o := Outlook{Boundary: d.boundary(r), Still: d.stillAt(result), Whole: r.sought != nil, Takes: d.took}
	interval := d.interval()
	if interval > 0 {
		o.Poll = d.looked.Add(interval)
	}
	d.watchingMu.Lock()
	defer d.watchingMu.Unlock()
	d.costs.Interval, d.costs.Configured = interval, d.OnCallInterval
	return o
}

// stillAt is when an edit that lowers will have held still; zero if none waits. A
// round that found nothing out when that was due is followed by another.
func (d *Daemon) stillAt(result *reconcile.Result) time.Time {
	now := d.Now()
	if result != nil {
		d.still = firstToAct(result.Plan.Held, "S32", "S37")
		if !d.still.IsZero() {
			d.still = now.Add(max(time.Second, d.still.Sub(result.Plan.Now)))
		}
	}
	if !d.still.IsZero() && !d.still.After(now) {
		return now.Add(retryFirst)
	}
	return d.still
}

// firstToAct is when time alone lets through the first of what some rules hold; zero
// if it does so with nothing.
func firstToAct(held []plan.Held, rules ...string) time.Time {
	var first time.Time
	for _, h := range held {
		if h.Acts != nil && slices.Contains(rules, h.Rule) && (first.IsZero() || h.Acts.Before(first)) {
			first = *h.Acts
		}
	}
	return first
}

// soon is when a round is made that is due at once.
const soon = 100 * time.Millisecond

// boundary is when access changes by itself next; zero if nothing is foreseen.
// Where PagerDuty's clock is behind, it is when that will have come there.
func (d *Daemon) boundary(r *reading) time.Time {
	next, now := d.awaited, d.Now()
	if next.IsZero() || next.After(now) || r.snapshot == nil {
		return next
	}
	behind := max(0, r.began.Sub(r.snapshot.Now))
	return now.Add(min(10*time.Second, max(soon, next.Add(behind).Sub(now))))
}

// interval is how often on-calls are looked at: as configured, or more rarely
// where that would take too much of the request budget. Zero is never.
func (d *Daemon) interval() time.Duration {
	if d.OnCallInterval <= 0 || d.unfit() != "" || d.base.uses.None() {
		return 0
	}
	requests := pagerduty.RefreshCost(d.base.snapshot, d.refreshOptions(WhyOnCalls))
	least := time.Duration(requests) * time.Minute * pollShare / requestBudget
	interval := max(least, d.OnCallInterval)
	d.announce(func(t *events.Told) []events.Event { return t.Polling(d.Now(), requests, interval, d.OnCallInterval) })
	return interval
}

// tell counts what a round that made a plan cost, and how long a hand-over took.
func (r *reading) tell(done *reconcile.Applied) {
	kind := KindWhole
	if r.refreshed != nil && r.sought == nil {
		kind = KindHandover
		if r.why == WhyOnCalls {
			kind = KindOnCalls
		}
	}
	requests := r.count(kind)
	read := events.Reading{At: r.d.Now(), Trigger: r.why, Kind: kind, Requests: requests}
	if last, ok := lastWrite(done); ok && !r.awaited.IsZero() && !done.Plan.Now.Before(r.awaited) {
		delay := max(0, last.Sub(r.awaited))
		r.delayed(delay)
		r.d.announceOne(events.HandedOff(read, r.awaited, delay))
		return
	}
	r.d.announceOne(events.Read(read))
}

// lastWrite is when the last write was acknowledged that access changing by
// itself made due.
func lastWrite(done *reconcile.Applied) (last time.Time, ok bool) {
	if done == nil || done.Report == nil {
		return last, false
	}
	for _, o := range done.Report.Outcomes {
		byItself := o.Change.Cause == plan.CauseHandover || o.Change.Cause == plan.CauseExpiry
		if o.Status == apply.Done && byItself && o.At.After(last) {
			last, ok = o.At, true
		}
	}
	return last, ok
}

// count counts the round among its kind, and returns its requests.
func (r *reading) count(kind string) int {
	d := r.d
	n := 0
	if d.Requests != nil {
		n = d.Requests() - r.requests
	}
	d.watchingMu.Lock()
	defer d.watchingMu.Unlock()
	if d.costs.Requests == nil {
		d.costs.Requests, d.costs.Rounds, d.costs.Delays = map[string]int{}, map[string]int{}, make([]uint64, len(delayBounds))
	}
	d.costs.Requests[kind] += n
	d.costs.Rounds[kind]++
	return n
}

func (r *reading) delayed(delay time.Duration) {
	d := r.d
	d.watchingMu.Lock()
	defer d.watchingMu.Unlock()
	d.costs.Delayed++
	d.costs.DelaySum += delay
	for i, bound := range delayBounds {
		if delay <= bound {
			d.costs.Delays[i]++
		}
	}
}
