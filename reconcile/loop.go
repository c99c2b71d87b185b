package reconcile

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Schedule says when rounds are due; a cron expression is one.
type Schedule interface {
	// Next is the first moment after t at which a round is due.
	Next(t time.Time) time.Time
}

// Retry bounds: how soon after a failed round the next one is tried, at first
// and at most. What is due earlier comes earlier.
const (
	retryFirst = 30 * time.Second
	retryMost  = 10 * time.Minute
)

// Outlook is what a round knows of what comes.
type Outlook struct {
	// Boundary is the next moment at which desired access changes by itself; zero
	// if none is known.
	Boundary time.Time
}

// Loop runs rounds, one at a time, until its context ends. One timer drives it:
// the nearer of the schedule's next moment, the next boundary and, after a
// failed round, the next try. Every other trigger coalesces into it, and says
// nothing about what changed. An error changes the next moment, never the
// process's life.
type Loop struct {
	Schedule Schedule
	// Run makes a round. Why says what triggered it, for the log alone.
	Run func(ctx context.Context, why string) (Outlook, error)
	// Log tells failures: one that repeats only when its text changes.
	Log *slog.Logger
	// Now is the clock, by which the timer is set.
	Now func() time.Time
	// Until makes a channel that yields at t or later; time.After of the
	// difference if nil.
	Until func(t time.Time) <-chan time.Time

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

// Start runs the first round at once, and then on, until ctx ends. A round in
// hand is finished first, its own context being ctx.
func (l *Loop) Start(ctx context.Context) {
	l.init()
	said, failures := "", 0
	why := "start"
	for ctx.Err() == nil {
		outlook, err := l.Run(ctx, why)
		failures = l.tell(err, &said, failures)
		next, because := l.next(outlook, failures)
		select {
		case <-ctx.Done():
			return
		case <-l.until(next):
		case <-l.wake:
		}
		if why = l.take(); why == "" {
			why = because
		}
	}
}

// tell logs a failure when its text is new, and its end, and counts failures in
// a row.
func (l *Loop) tell(err error, said *string, failures int) int {
	if err == nil {
		if *said != "" {
			l.Log.Info("rounds succeed again", "after_failures", failures)
		}
		*said = ""
		return 0
	}
	if text := err.Error(); text != *said {
		l.Log.Error("the round failed", "error", text)
		*said = text
	}
	return failures + 1
}

// next is the moment of the next round, and what makes it due.
func (l *Loop) next(o Outlook, failures int) (time.Time, string) {
	now := l.Now()
	next, why := l.Schedule.Next(now), "schedule"
	if b := o.Boundary; b.After(now) && b.Before(next) {
		next, why = b, "boundary"
	}
	if failures > 0 {
		wait := min(retryMost, retryFirst<<min(failures-1, 10))
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
