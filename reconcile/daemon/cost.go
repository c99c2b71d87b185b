package daemon

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Costs are what rounds of each kind cost since the start, and how long
// handoffs took.
type Costs struct {
	// Requests are those sent to PagerDuty, by kind of round: whole, handoff,
	// oncalls, changes.
	Requests map[string]int
	// Rounds count those of each kind.
	Rounds map[string]int
	// Delays are, of each moment at which access was to change, the time until the
	// last of its writes was acknowledged: counts up to each of DelayBounds.
	Delays []uint64
	// Delayed counts these moments.
	Delayed uint64
	// DelaySum is the sum of these times.
	DelaySum time.Duration
	// Interval is how often on-calls are looked at; zero for never.
	Interval time.Duration
	// Configured is how often they should be; zero for never.
	Configured time.Duration
}

// The kinds of rounds, by what they read.
const (
	KindFull    = "full"
	KindHandoff = "handoff"
	KindOnCalls = "oncalls"
	KindChanges = "changes"
)

// delayBounds are the bounds up to which delays are counted.
var delayBounds = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}

// DelayBounds are the bounds of Costs.Delays.
func DelayBounds() []time.Duration { return delayBounds }

// ledger adds up costs.
type ledger struct {
	mu    sync.Mutex
	costs Costs
}

// Costs says what rounds cost so far. It may be asked at any time.
func (d *Daemon) Costs() Costs {
	d.ledger.mu.Lock()
	defer d.ledger.mu.Unlock()
	c := d.ledger.costs
	c.Requests, c.Rounds = maps.Clone(c.Requests), maps.Clone(c.Rounds)
	c.Delays = slices.Clone(c.Delays)
	return c
}

// add adds a round to those of its kind.
func (l *ledger) add(kind string, requests int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.costs
	if c.Requests == nil {
		c.Requests, c.Rounds, c.Delays = map[string]int{}, map[string]int{}, make([]uint64, len(delayBounds))
	}
	c.Requests[kind] += requests
	c.Rounds[kind]++
}

// delay adds a moment at which access changed.
func (l *ledger) delay(delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.costs.Delayed++
	l.costs.DelaySum += delay
	for i, bound := range delayBounds {
		if delay <= bound {
			l.costs.Delays[i]++
		}
	}
}

// pace notes how often on-calls are looked at.
func (l *ledger) pace(interval, configured time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.costs.Interval, l.costs.Configured = interval, configured
}

// count counts a round that read this much.
func (r *round) count(kind string) events.Reading {
	n := 0
	if r.d.Requests != nil {
		n = r.d.Requests() - r.requestsBefore
	}
	r.d.ledger.add(kind, n)
	return events.Reading{At: r.d.Now(), Trigger: r.trigger, Kind: kind, Requests: n}
}

// announceCost counts and tells what a round cost, and how long a handoff took.
func (r *round) announceCost(done *reconcile.Applied) {
	kind := KindFull
	if r.read != nil && r.read.refreshed != nil {
		kind = KindHandoff
		switch r.trigger {
		case WhyOnCalls:
			kind = KindOnCalls
		case WhySchedule:
			kind = KindChanges
		}
	}
	cost := r.count(kind)
	last, wrote := lastWrite(done)
	if !wrote || r.dueAt.IsZero() || done.Plan.Now.Before(r.dueAt) {
		r.d.Tell(events.Read(cost))
		return
	}
	delay := max(0, last.Sub(r.dueAt))
	r.d.ledger.delay(delay)
	r.d.Tell(events.HandedOff(cost, r.dueAt, delay))
}

// lastWrite is when the last write was acknowledged that access changing by
// itself made due.
func lastWrite(done *reconcile.Applied) (last time.Time, ok bool) {
	if done == nil || done.Report == nil {
		return last, false
	}
	for _, o := range done.Report.Outcomes {
		byItself := o.Change.Cause == plan.CauseHandoff || o.Change.Cause == plan.CauseExpiry
		if o.Status == apply.Done && byItself && o.At.After(last) {
			last, ok = o.At, true
		}
	}
	return last, ok
}
