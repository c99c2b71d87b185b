// Package apply carries out a plan against PagerDuty.
//
// Run looks before each write, writes only where it finds what the plan saw,
// records the intent before and the result after, and follows the plan's graph:
// a change starts when all it requires has succeeded, and one that fails stops
// what requires it and nothing else, unless PagerDuty refuses the token. Recover settles
// the units of work that an interrupted run left open.
//
// The package knows neither PagerDuty's API nor how the record is kept: it asks
// for an Account and a Recorder.
package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Recorder keeps what was intended and what became of it. Its methods return once the
// record is durable, and are used from several goroutines at once.
type Recorder interface {
	// Begin records a unit of work before its first write is sent, and returns the
	// intent's number. If it errs, nothing is sent.
	Begin(ctx context.Context, in Intent) (int64, error)
	// Step records before each write of a unit of several steps that it is about to be
	// sent, with the payload as it is now, and renews the lease of the writer's lock.
	// If it errs, the write is not sent.
	Step(ctx context.Context, in Intent) error
	// Finish records what became of a unit, as far as it is known: one whose status is
	// open, or with a change of which the outcome is uncertain, stays open. What is
	// certain stands.
	Finish(ctx context.Context, intent int64, r Result) error
}

// Options are how a plan is carried out. Now is required.
type Options struct {
	// Now is the clock, by which plans expire and reads grow old.
	Now func() time.Time
	// Progress is called at each change's start and end, one call at a time; may be
	// nil.
	Progress func(Step)
	// Concurrency bounds the changes in hand at once; 8 if zero.
	Concurrency int
	// WriteTimeout bounds one change's write and record, and each step of an edit,
	// which outlive a cancelled context; 100 seconds if zero, enough to wait out a
	// rate limit's minute. It must be shorter than the lease of the writer's lock
	// (S29), which is renewed before each.
	WriteTimeout time.Duration
	// Overlay are the acknowledged writes of earlier runs, oldest first (S9).
	Overlay []plan.Write
	// Stop is asked before each change and each write, from several goroutines;
	// once it says true nothing new is started. May be nil.
	Stop func() bool
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = 100 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(Step) {}
	}
	if o.Stop == nil {
		o.Stop = func() bool { return false }
	}
	return o
}

// ErrExpired is wrapped by Run's error for a plan whose end has passed (S18).
var ErrExpired = errors.New("the plan has expired")

// Run carries out p's changes and reports on every one of them.
//
// It errs, with a nil report, if the plan has expired or is not sound, and then
// nothing was done. It errs beside a report if the record could not be kept:
// nothing was started after that. That changes failed, or that ctx ended, is
// for the report to say.
//
// When ctx ends, changes in hand are finished and recorded, and nothing new is
// started.
func Run(ctx context.Context, p *plan.Plan, a Account, r Recorder, o Options) (*Report, error) {
	o = o.withDefaults()
	if expired(p, o.Now()) {
		return nil, fmt.Errorf("%w: it was made at %s for the time until %s, when desired access changes; nothing was done; make a new plan",
			ErrExpired, stamp(p.Now), stamp(*p.Expires))
	}
	l := newLook(o.Now, o.Overlay)
	kinds := kindsOf(a, l)
	g, err := newGraph(p.Changes, kinds)
	if err != nil {
		return nil, fmt.Errorf("plan is not sound, nothing was done: %w", err)
	}
	x := &run{
		plan: p, graph: g, kinds: kinds, recorder: r, options: o, look: l, lanes: map[string]bool{}, looks: make(chan struct{}, aheadLooks),
		report: &Report{Began: o.Now(), Outcomes: make([]Outcome, len(p.Changes))},
	}
	x.all(inventory.Urgent(ctx))
	x.report.Ended = o.Now()
	x.report.count()
	return x.report, x.broken
}

func expired(p *plan.Plan, now time.Time) bool {
	return p.Expires != nil && !now.Before(*p.Expires)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
