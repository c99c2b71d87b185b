package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// forgetAfter is how long an intent stays open that PagerDuty does not let be
// looked at.
const forgetAfter = 24 * time.Hour

// Recovered is what became of units of work that an earlier run left open.
type Recovered struct {
	// Outcomes are those of the changes that could be settled.
	Outcomes []Outcome
	// Said are sentences for a person: what was done about units of several steps, and
	// of which changes it can't be known any more what became of them.
	Said []string
}

// recovery is what kinds settle open intents with.
type recovery struct {
	recorder Recorder
	options  Options
}

// Recover settles the intents that an earlier run left open, each as its kind does,
// before a new snapshot is planned on. What is written in one step is only looked at;
// what stands half done is brought to an end. What is still due is planned again.
//
// An intent whose write does not show yet stays open until PagerDuty must show
// it (S9), so that a raise which lands late is still known as ours. One about what
// somebody deleted meanwhile ends then too. One that PagerDuty does not let be looked
// at for another reason stays open for a day, and through an outage or a token that
// is not accepted for as long as that takes; the error, an UnsettledError, says so.
func Recover(ctx context.Context, open []Intent, a Account, r Recorder, o Options) (Recovered, error) {
	o = o.withDefaults()
	x := &recovery{recorder: r, options: o}
	kinds := kindsOf(a, newLook(o.Now, o.Overlay))
	done := Recovered{Outcomes: []Outcome{}}
	var errs []error
	for _, in := range halfDoneFirst(open) {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		k, ok := kinds[in.Kind]
		if !ok {
			errs = append(errs, fmt.Errorf("an earlier run left access of kind %q half changed, which this version can't settle: run the version that changed it", in.Kind))
			continue
		}
		res, err := k.settle(ctx, x, in)
		if err != nil {
			errs = append(errs, err)
		}
		if err := x.record(ctx, in, res); err != nil {
			return done, err
		}
		done.note(res)
	}
	if len(errs) > 0 {
		return done, &UnsettledError{errors.Join(errs...)}
	}
	return done, nil
}

// record records what became of an intent, if there is anything to say.
func (x *recovery) record(ctx context.Context, in Intent, res Result) error {
	if res.Status == "" && len(res.Outcomes) == 0 {
		return nil
	}
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := x.recorder.Finish(recording, in.ID, res); err != nil {
		return fmt.Errorf("record what became of a change of an earlier run: %w", err)
	}
	return nil
}

// halfDoneFirst puts units of several steps before those that are only looked at, for
// one that stands half done may leave a schedule without anybody.
func halfDoneFirst(open []Intent) []Intent {
	steps := func(in Intent) int { return min(len(in.Payload), 1) }
	return slices.SortedStableFunc(slices.Values(open), func(a, b Intent) int { return steps(b) - steps(a) })
}

func (done *Recovered) note(res Result) {
	done.Outcomes = append(done.Outcomes, res.Outcomes...)
	if res.Why != "" {
		done.Said = append(done.Said, res.Why)
	}
	for _, o := range res.Outcomes {
		if o.err != nil {
			done.Said = append(done.Said, fmt.Sprintf("%s: %s", o.Change.ID, o.Why))
		}
	}
}

// UnsettledError says what keeps some intents from being settled, a line each. They
// stay open.
type UnsettledError struct{ error }

func (e *UnsettledError) Unwrap() error { return e.error }

// look says what became of the changes of an intent, as far as that can be known now,
// by looking at each; nothing is written. held is what a change is about now, as a role,
// and of an override what is there.
func (x *recovery) look(ctx context.Context, in Intent, held func(context.Context, plan.Change) (string, plan.OverrideShift, error)) (Result, error) {
	var res Result
	var errs []error
	for _, c := range in.Changes {
		found, made, err := held(ctx, c)
		if made.ID != "" && c.After != inventory.None {
			c.Override = &made
		}
		out, known, err := x.outcome(c, in.At, found, err)
		if err != nil {
			errs = append(errs, err)
		}
		if known {
			res.Outcomes = append(res.Outcomes, out)
		}
	}
	return res, errors.Join(errs...)
}

// outcome says what became of a change that was about to be written at a time, by what
// was found of it, if that can be known now.
func (x *recovery) outcome(c plan.Change, at time.Time, found string, err error) (Outcome, bool, error) {
	out, now := Outcome{Change: c}, x.options.Now()
	age := now.Sub(at)
	switch {
	case gone(err) && age >= inventory.StaleFor:
		out = failed(out, fmt.Errorf("interrupted, and what it was about is gone: %w", err))
		out.At = now
	case err != nil && (age < forgetAfter || !final(err)):
		return out, false, fmt.Errorf("look at what became of %s: %w", c.ID, err)
	case err != nil:
		out = failed(out, fmt.Errorf("its outcome could not be determined within a day: %w", err))
		out.At = now
	case found == c.After:
		out.Status, out.Wrote, out.Found, out.At = Done, true, c.Before, at
		out.Why = "found done after an interruption"
	case found == c.Before && age < inventory.StaleFor:
		return out, false, nil
	default:
		out.Status, out.Found, out.At = Failed, found, now
		out.Why = "interrupted before it took effect"
		if found != c.Before && found != inventory.None {
			out.Why = "interrupted, and changed by others since: PagerDuty now holds " + found
		}
	}
	return out, true, nil
}

// final says that PagerDuty answered, and that asking again is in vain.
func final(err error) bool {
	var e interface{ Final() bool }
	return errors.As(err, &e) && e.Final()
}

// gone says that PagerDuty answered that what was asked for is not there.
func gone(err error) bool {
	var e interface{ Gone() bool }
	return errors.As(err, &e) && e.Gone()
}
