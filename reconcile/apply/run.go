package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// recordTimeout bounds the record of a result.
const recordTimeout = 30 * time.Second

// run is one run of a plan. Its fields belong to the goroutine that runs all;
// changes in hand touch only look, kinds, recorder and options.
type run struct {
	plan     *plan.Plan
	graph    *graph
	kinds    map[plan.Kind]kind
	recorder Recorder
	options  Options
	look     *look
	report   *Report

	ready   []int // changes whose requirements have succeeded, in the plan's order
	inHand  int
	lanes   map[string]bool // those in which a unit is in hand
	settled int
	denials denials
	broken  error // the record could not be kept

	looks chan struct{}  // one in it for each look that is fetched ahead
	ahead sync.WaitGroup // those
}

// settlement is what a change in hand comes to, or several that are made
// together.
type settlement struct {
	indices  []int
	outcomes []Outcome
	// unrecorded is why the record of it could not be kept; nil if it was.
	unrecorded error
}

// all settles every change, in the order of the graph.
func (x *run) all(ctx context.Context) {
	for i, n := range x.graph.waits {
		if id := x.graph.absent[i]; id != "" {
			x.skip(i, fmt.Sprintf("it requires %s, which is not among the plan's changes", id))
		} else if n == 0 {
			x.ready = append(x.ready, i)
		}
	}
	ahead, enough := context.WithCancel(ctx)
	defer x.ahead.Wait()
	defer enough()
	results := make(chan settlement)
	for {
		x.start(ctx, results)
		x.foresee(ahead)
		if x.inHand == 0 {
			break
		}
		s := <-results
		x.inHand--
		first := s.outcomes[0]
		delete(x.lanes, x.kinds[first.Change.Kind].lane(first.Change))
		if s.unrecorded != nil && x.broken == nil {
			x.broken = s.unrecorded
			x.report.Stopped = "could not write to the state file"
		}
		if first.Status == Skipped && x.report.Stopped == "" {
			x.report.Stopped = x.mustStop(ctx)
		}
		if stop := x.denials.note(first); stop != "" && x.report.Stopped == "" {
			x.report.Stopped = stop
		}
		for k, i := range s.indices {
			x.settle(i, s.outcomes[k])
		}
	}
	for i := range x.report.Outcomes {
		x.skip(i, "not started: "+x.report.Stopped)
	}
}

// start takes ready changes in hand as far as concurrency and their lanes allow.
func (x *run) start(ctx context.Context, results chan<- settlement) {
	for x.inHand < x.options.Concurrency && x.report.Stopped == "" {
		k := slices.IndexFunc(x.ready, x.free)
		if k < 0 {
			return
		}
		if x.report.Stopped = x.mustStop(ctx); x.report.Stopped != "" {
			return
		}
		i := x.ready[k]
		c := x.graph.changes[i]
		mates := x.kinds[c.Kind].unit(x.graph.changes, i)
		x.ready = slices.DeleteFunc(x.ready, func(r int) bool { return slices.Contains(mates, r) })
		if why := x.denials.forbidden[c.Resource]; why != "" {
			for _, i := range mates {
				x.skip(i, "not tried, since another change there was refused: "+why)
			}
			continue
		}
		x.inHand++
		if lane := x.kinds[c.Kind].lane(c); lane != "" {
			x.lanes[lane] = true
		}
		var changes []plan.Change
		for _, i := range mates {
			changes = append(changes, x.graph.changes[i])
			x.options.Progress(Step{Change: x.graph.changes[i], Settled: x.settled, Total: len(x.graph.changes)})
		}
		go func() {
			results <- x.guarded(ctx, mates, changes)
		}()
	}
}

// free says whether a ready change may be taken in hand: its lane is, and all that is
// made with it is ready.
func (x *run) free(i int) bool {
	c := x.graph.changes[i]
	k := x.kinds[c.Kind]
	if x.lanes[k.lane(c)] {
		return false
	}
	return !slices.ContainsFunc(k.unit(x.graph.changes, i), func(m int) bool {
		return x.report.Outcomes[m].Status == "" && !slices.Contains(x.ready, m)
	})
}

// guarded makes a change, or several together. A panic is their failure, and the
// record of their intents says that they may have taken effect.
func (x *run) guarded(ctx context.Context, indices []int, changes []plan.Change) (s settlement) {
	s.indices = indices
	defer func() {
		if p := recover(); p != nil {
			s.outcomes = nil
			for _, c := range changes {
				s.outcomes = append(s.outcomes, failed(Outcome{Change: c, Uncertain: true}, fmt.Errorf("internal error, please report it: %v", p)))
			}
		}
	}()
	s.outcomes, s.unrecorded = x.kinds[changes[0].Kind].carryOut(ctx, x, changes)
	return s
}

// settle notes an outcome and frees or skips what waits for it.
func (x *run) settle(i int, o Outcome) {
	if o.At.IsZero() {
		o.At = x.options.Now()
	}
	x.report.Outcomes[i] = o
	x.settled++
	x.options.Progress(Step{Change: o.Change, Outcome: &o, Settled: x.settled, Total: len(x.graph.changes)})
	for _, e := range x.graph.dependents[i] {
		d := e.to
		x.graph.waits[d]--
		switch {
		case !e.order && !o.Status.Succeeded():
			x.skipFor(d, Outcome{Waits: o.Waits, Why: fmt.Sprintf("it requires %s, which did not succeed: %s", o.Change.ID, o.Why)})
		case x.graph.waits[d] == 0 && x.report.Outcomes[d].Status == "":
			at, _ := slices.BinarySearch(x.ready, d)
			x.ready = slices.Insert(x.ready, at, d)
		}
	}
}

// skip settles a change that has no outcome yet, and what waits for it.
func (x *run) skip(i int, why string) { x.skipFor(i, Outcome{Why: why}) }

func (x *run) skipFor(i int, o Outcome) {
	if x.report.Outcomes[i].Status == "" {
		o.Change, o.Status = x.graph.changes[i], Skipped
		x.settle(i, o)
	}
}

// unintended is said of changes that were not tried, for nothing is written that
// is not recorded before. What kept the record from being written is reported once,
// as what ended the run.
const unintended = "not started: that it was about to be made could not be recorded"

// mustStop says why nothing new may be started; empty if it may.
func (x *run) mustStop(ctx context.Context) string {
	switch {
	case ctx.Err() != nil:
		return "the run was interrupted"
	case x.options.Stop():
		return "writing has been paused"
	case expired(x.plan, x.options.Now()):
		x.report.ended = true
		return "the plan ended at " + stamp(*x.plan.Expires) + ", when desired access changes"
	}
	return ""
}

// recorded records the intent, sends the write and records its result. It is
// finished even if ctx ends meanwhile, but not sent any more once the plan has
// ended: it may wait long for its turn, and what was due may not be due then.
// The write may fill in what it made at made, which is then what is recorded.
func (x *run) recorded(ctx context.Context, o Outcome, send func(context.Context) error, made *Outcome) (Outcome, error) {
	c := o.Change
	whole := context.WithoutCancel(ctx)
	intending, cancel := context.WithTimeout(whole, x.options.WriteTimeout)
	defer cancel()
	intent, err := x.recorder.Begin(intending, Intent{Kind: c.Kind, Changes: []plan.Change{c}, At: x.options.Now()})
	if err != nil {
		o.Status, o.Why = Skipped, unintended
		return o, fmt.Errorf("record the intent of %s: %w", c.ID, err)
	}
	sending, cancel := x.sending(intending)
	defer cancel()
	if err := send(sending); err != nil {
		if sending.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(sending), err)
		}
		o = failed(o, err)
		o.Uncertain = !unwritten(err)
	} else {
		if made != nil {
			o.Change = made.Change
		}
		o.Status, o.Wrote = Done, true
	}
	o.At = x.options.Now()
	recording, cancel := context.WithTimeout(whole, recordTimeout)
	defer cancel()
	if err := x.recorder.Finish(recording, intent, Result{Outcomes: []Outcome{o}}); err != nil {
		return o, fmt.Errorf("record the result of %s (%s): %w", c.ID, o.Status, err)
	}
	return o, nil
}

// sending ends with the plan.
func (x *run) sending(ctx context.Context) (context.Context, context.CancelFunc) {
	if x.plan.Expires == nil {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, x.plan.Expires.Sub(x.options.Now()),
		endedError{*x.plan.Expires})
}

// endedError is why a write is not sent any more. It is ErrExpired.
type endedError struct{ at time.Time }

func (e endedError) Error() string {
	return fmt.Sprintf("the plan ended at %s, before PagerDuty took it", stamp(e.at))
}

func (endedError) Is(target error) bool { return target == ErrExpired }

func failed(o Outcome, err error) Outcome {
	o.Status, o.Why, o.err = Failed, err.Error(), err
	return o
}

// refused says that PagerDuty answered and refused, so that nothing was
// written. Errors that don't say so are uncertain.
func refused(err error) bool {
	var r interface{ Refused() bool }
	return errors.As(err, &r) && r.Refused()
}

// unwritten says that nothing was written, since it was refused, or since already
// what was to be read before it failed.
func unwritten(err error) bool {
	var u interface{ Unwritten() bool }
	return refused(err) || errors.As(err, &u) && u.Unwritten()
}
