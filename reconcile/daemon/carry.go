package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// carryOut makes the round with the policies as they stand or, if these are
// broken, with the last good ones. Policies are good once they loaded and were
// evaluated without error on the account as it is; good ones stay so (S5). Both
// tries see the same snapshot, and policies that are new a whole one.
func (d *Daemon) carryOut(ctx context.Context, r *round) (*reconcile.Applied, error) {
	revision, source, err := d.Record.GoodPolicies(ctx)
	if err != nil {
		return nil, err
	}
	set, err := d.Load(ctx)
	if err == nil {
		good := set.Revision() == revision
		if !good {
			r.fullReason = "the policies changed"
		}
		var done *reconcile.Applied
		var wrong *reconcile.PolicyError
		done, err = d.with(ctx, r, set, good, false)
		if good || !errors.As(err, &wrong) {
			if err == nil {
				d.announcePolicies(nil, true)
			}
			return done, err
		}
	}
	if ctx.Err() != nil {
		return nil, err
	}
	d.announcePolicies(err, revision != "")
	if revision == "" {
		return nil, fmt.Errorf("the policies are broken and there are no earlier ones: nothing is planned until they are fixed: %w", err)
	}
	last, lastErr := (&reconcile.Round{LoadSource: d.LoadSource}).Kept(ctx, source)
	if lastErr != nil {
		return nil, fmt.Errorf("the policies are broken, and so are the last good ones as they were kept: %w", lastErr)
	}
	return d.with(ctx, r, last, true, true)
}

// with makes the round with these policies, which were good already or not, and
// stand in the files or are superseded there by broken ones.
func (d *Daemon) with(ctx context.Context, r *round, set reconcile.Policies, good, superseded bool) (*reconcile.Applied, error) {
	x := &reconcile.Round{
		Read: r.snapshot, Policies: set, Memory: d.Record, Settings: d.Settings, Risks: d.Risks, Now: d.Now, Good: good,
		LoadSource: d.LoadSource, ClockDoubt: r.doubt,
		Stillness: &reconcile.Stillness{Settle: d.Settle, Now: d.Local, Look: d.Look, Superseded: superseded, Record: d.Record},
	}
	if d.Self != nil {
		x.Self = r.whose
	}
	if r.paused {
		result, err := x.Plan(ctx)
		if err == nil && !good {
			err = faults(result)
		}
		return &reconcile.Applied{Result: result}, err
	}
	var approved *plan.Plan
	var err error
	return x.Apply(ctx, reconcile.Execution{
		Record: d.Record, Account: d.Account, Completed: d.announceCompleted,
		Approve: func(fresh *reconcile.Result) (*plan.Plan, error) {
			if !d.cache.covers(*r.read, fresh) {
				return nil, errUncovered
			}
			if approved, err = r.fresh(ctx, set, fresh); err != nil {
				return nil, err
			}
			if good {
				return approved, nil
			}
			return approved, faults(fresh)
		},
		Options: apply.Options{
			Now:      d.Now,
			Stop:     func() bool { return d.Paused() != nil },
			Progress: func(s apply.Step) { d.announceStep(approved, s) },
		},
	})
}

// faults are the errors that rules had on this snapshot, as a PolicyError; nil
// if there are none.
func faults(r *reconcile.Result) error {
	var errs []error
	for _, s := range []*policies.Statements{r.Statements, r.Risk} {
		for _, f := range s.Failures {
			errs = append(errs, fmt.Errorf("%s:%d: %s: %s", f.Origin.File, f.Origin.Line, f.Rule, f.Text()))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &reconcile.PolicyError{Err: errors.Join(errs...)}
}

// unfinished is the error of a round whose changes did not all come about,
// unless somebody stopped it. An edit that PagerDuty refused, and of which nothing
// is left, is none: it was reported, and is held until it is tried again (S32).
func unfinished(r *apply.Report) error {
	if r == nil || !r.Failed() {
		return nil
	}
	n := r.Counts
	if r.Stopped != "" {
		if n.Failed+n.Conflict == 0 {
			return nil
		}
		return fmt.Errorf("%d of %d changes did not come about: %s", n.Conflict+n.Failed+n.Skipped, len(r.Outcomes), r.Stopped)
	}
	for _, o := range r.Outcomes {
		if !o.Status.Succeeded() && !o.Waits {
			return fmt.Errorf("%d of %d changes did not come about, first %s: %s",
				n.Conflict+n.Failed+n.Skipped, len(r.Outcomes), o.Change.ID, o.Why)
		}
	}
	return nil
}
