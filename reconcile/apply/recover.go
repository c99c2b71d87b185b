package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// forgetAfter is how long an intent stays open that PagerDuty does not let be
// looked at.
const forgetAfter = 24 * time.Hour

// Intent is a change that was about to be written and whose result is not
// known: the process was killed, or the answer never came.
type Intent struct {
	ID int64
	// Round is the round it belongs to.
	Round  int64
	Change plan.Change
	// At is when it was recorded, just before the write.
	At time.Time
}

// Recover looks at what became of open intents and records it, before a new
// snapshot is planned on. Nothing is written to PagerDuty: what is still due is
// planned again. It returns the outcomes it could settle.
//
// An intent whose write does not show yet stays open until PagerDuty must show
// it (S9), so that a raise which lands late is still known as ours. One about what
// somebody deleted meanwhile ends then too. One that PagerDuty does not let be looked
// at for another reason stays open for a day, and through an outage or a token that
// is not accepted for as long as that takes; the error says so.
func Recover(ctx context.Context, open []Intent, a Account, r Recorder, o Options) ([]Outcome, error) {
	l := newLook(o.Now, o.Overlay)
	kinds := kindsOf(a, l)
	settled := []Outcome{}
	var errs []error
	for _, in := range open {
		out, known, err := l.settle(ctx, kinds, in)
		if err != nil {
			errs = append(errs, err)
		}
		if !known {
			continue
		}
		if err := r.Result(ctx, in.ID, out); err != nil {
			return settled, fmt.Errorf("record what became of %s: %w", in.Change.ID, err)
		}
		settled = append(settled, out)
	}
	if len(errs) > 0 {
		return settled, &UnseenError{errors.Join(errs...)}
	}
	return settled, nil
}

// UnseenError says that PagerDuty did not let it be looked at what became of some
// intents, which stay open.
type UnseenError struct{ error }

func (e *UnseenError) Unwrap() error { return e.error }

// settle says what became of an intent, if that can be known now.
func (l *look) settle(ctx context.Context, kinds map[plan.Kind]kind, in Intent) (Outcome, bool, error) {
	out := Outcome{Change: in.Change}
	age := l.now().Sub(in.At)
	found, made, err := held(ctx, kinds, in.Change)
	if made.ID != "" && in.Change.After != inventory.None {
		out.Change.Override = &made
	}
	switch {
	case gone(err) && age >= staleFor:
		out = failed(out, fmt.Errorf("interrupted, and what it was about is gone: %w", err))
		out.At = l.now()
	case err != nil && (age < forgetAfter || !final(err)):
		return out, false, fmt.Errorf("look at what became of %s: %w", in.Change.ID, err)
	case err != nil:
		out = failed(out, fmt.Errorf("in a day it could not be told what became of it: %w", err))
		out.At = l.now()
	case found == in.Change.After:
		out.Status, out.Wrote, out.Found, out.At = Done, true, in.Change.Before, in.At
		out.Why = "found done after an interruption"
	case found == in.Change.Before && age < staleFor:
		return out, false, nil
	default:
		out.Status, out.Found, out.At = Failed, found, l.now()
		out.Why = "interrupted before it took effect"
		if found != in.Change.Before && found != inventory.None {
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

// held is what a change is about now.
func held(ctx context.Context, kinds map[plan.Kind]kind, c plan.Change) (string, plan.OverrideShift, error) {
	k, ok := kinds[c.Kind]
	if !ok {
		return "", plan.OverrideShift{}, fmt.Errorf("access to %s can't be changed by this version", c.Resource)
	}
	return k.held(ctx, c)
}
