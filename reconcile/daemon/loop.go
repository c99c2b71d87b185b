package daemon

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/reconcile/events"
)

// Schedule says when rounds are due; a cron expression is one.
type Schedule interface {
	// Next is the first moment after t at which a round is due.
	Next(t time.Time) time.Time
}

// Retry bounds: how soon after a failed round the next one is tried, at first and at
// most, but never sooner than the failed one took: one that fails late costs requests
// that others may need. What is due earlier comes earlier.
const (
	retryFirst = 30 * time.Second
	retryMost  = time.Minute
)

// quietPeriod is how long before a boundary nothing begins that can wait: a look at
// on-calls that is under way would put it off.
const quietPeriod = 5 * time.Second

// What makes a round due for which a part of the account may suffice: of one of the
// schedule only where the audit trail tells what others changed. Every other cause is one
// for a full refresh.
const (
	WhyBoundary = "boundary"
	WhyOnCalls  = "on-calls"
	WhySchedule = "schedule"
)

// whyStill is what makes the round due that does what time alone lets through.
const whyStill = "held still"

// Loop runs rounds, one at a time, until its context ends. One timer drives it:
// the nearest of the schedule's next moment, the next boundary, the next look at
// on-calls, the end of what an edit has to hold still for and, after a failed
// round, the next try. Every other trigger
// coalesces into it, and says nothing about what changed. An error changes the
// next moment, never the process's life.
//
// A boundary goes before the schedule: reading the whole account takes minutes
// where it is large, so a round of the schedule waits for a boundary that comes
// at the same moment, or before it would be done. It stays due until a round has
// read the whole account.
type Loop struct {
	Schedule Schedule
	// Run makes a round. Why says what triggered it.
	Run func(ctx context.Context, why string) (Next, error)
	// Sink gets failures: one that repeats only when its text changes.
	Sink events.Sink
	// Now is the clock, by which the timer is set.
	Now func() time.Time
	// Until makes a channel that yields at t or later; time.After of the
	// difference if nil.
	Until func(t time.Time) <-chan time.Time

	// scheduled is when the schedule's round is due; zero before a whole one.
	scheduled time.Time

	mu     sync.Mutex
	causes []string
	wake   chan struct{}
	once   sync.Once
}

// Trigger asks for a round as soon as none is running. Triggers that arrive
// meanwhile become one.
func (l *Loop) Trigger(why string) {
	l.init()
	l.mu.Lock()
	if !slices.Contains(l.causes, why) {
		l.causes = append(l.causes, why)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Loop) init() {
	l.once.Do(func() { l.wake = make(chan struct{}, 1) })
}

// Reschedule makes rounds due by another schedule, after the next one.
func (l *Loop) Reschedule(s Schedule) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Schedule = s
}

func (l *Loop) schedule() Schedule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Schedule
}

// Start runs the first round at once, and then on, until ctx ends. A round in
// hand is finished first, its own context being ctx.
func (l *Loop) Start(ctx context.Context) {
	l.init()
	var failing events.Failing
	why := "start"
	for ctx.Err() == nil {
		began := l.Now()
		next, err := l.Run(ctx, why)
		took := l.Now().Sub(began)
		failing.Count(err)
		if next.Full || !partial(why) || l.scheduled.IsZero() {
			l.scheduled = l.schedule().Next(l.Now())
		}
		at, because := l.due(next, failing.Failures, took)
		for _, e := range failing.Ended(l.Now(), at, err) {
			l.Sink.Tell(e)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.until(at):
		case <-l.wake:
		}
		if why = l.take(); why == "" {
			why = because
		}
	}
}

// due is the moment of the next round, and what makes it due. Took is how long the last
// one did.
func (l *Loop) due(n Next, failures int, took time.Duration) (time.Time, string) {
	now := l.Now()
	next, why := l.scheduled, WhySchedule
	if next.Before(now) {
		next = now
	}
	if b := n.At; b.After(now) && !b.After(next.Add(n.FullTook)) {
		next, why = b, WhyBoundary
	}
	if p := n.Poll; !p.IsZero() && p.Before(next) && (why != WhyBoundary || p.Before(next.Add(-quietPeriod))) {
		next, why = p, WhyOnCalls
	}
	if at := n.Still; at.After(now) && at.Before(next) && (why != WhyBoundary || at.Before(next.Add(-quietPeriod))) {
		next, why = at, whyStill
	}
	if failures > 0 {
		wait := max(took, min(retryMost, retryFirst<<min(failures-1, 10)))
		if retry := now.Add(wait); retry.Before(next) {
			next, why = retry, "retry"
		}
	}
	return next, why
}

func (l *Loop) until(t time.Time) <-chan time.Time {
	if l.Until != nil {
		return l.Until(t)
	}
	return time.After(max(0, t.Sub(l.Now())))
}

// take is what triggered the round that is due, and forgets it.
func (l *Loop) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.wake:
	default:
	}
	why := strings.Join(l.causes, ", ")
	l.causes = nil
	return why
}
