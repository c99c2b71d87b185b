package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Side are policies, and the settings that they are planned under.
type Side struct {
	// Called is what messages call the policies, such as "the policies here".
	Called   string
	Policies *eval.Set
	Settings plan.Settings
}

// Sides are what a comparison sets side by side: policies before an edit and after it, each
// under its own configuration.
type Sides struct {
	Before, After Side
	// Configured are the keys of the configuration with other values.
	Configured []compare.Setting
}

// Span is how far ahead a comparison looks.
type Span struct {
	// Until is its end, given the moment at which it begins.
	Until func(now time.Time) time.Time
	// Asked says that somebody asked for that end: where the snapshot's shifts do not
	// reach it, that is an error, and else the span ends sooner.
	Asked bool
}

// UncertainError says that nothing was compared, since the plan of a side is not whole:
// who reads a comparison takes it for all that there is.
type UncertainError struct{ Why string }

func (e *UncertainError) Error() string { return e.Why }

// Compare plans with both sides on one snapshot, and tells what the second does that the
// first does not, now and later. It changes nothing. What lies in the account or the
// policies and keeps it from being certain is an *UncertainError.
func (r *Round) Compare(ctx context.Context, sides Sides, span Span) (*compare.Difference, error) {
	once := r.comparing()
	was, err := once.whole(ctx, sides.Before)
	if err != nil {
		return nil, err
	}
	then, err := once.whole(ctx, sides.After)
	if err != nil {
		return nil, err
	}
	d := compare.Compare(&was.Result, &then.Result)
	before, after, _, err := once.forecasts(ctx, sides, span)
	var ahead *aheadError
	switch {
	case ctx.Err() != nil, err != nil && (span.Asked || !errors.As(err, &ahead)):
		return nil, err
	case err != nil:
		d.NotForeseen = err.Error()
	default:
		d.Foresee(before, after)
	}
	d.Say(saidBy(was, sides.Before.Policies), saidBy(then, sides.After.Policies), sides.After.Policies.DataUnlike(sides.Before.Policies))
	d.Configured(sides.Configured)
	return d, nil
}

// CompareForecasts foresees with both sides on one snapshot, narrowed where narrow is not
// nil, and tells where these forecasts differ.
func (r *Round) CompareForecasts(ctx context.Context, sides Sides, span Span, narrow func(*inventory.Snapshot, ...*forecast.Forecast) error) (*compare.Course, error) {
	once := r.comparing()
	before, after, snapshot, err := once.forecasts(ctx, sides, span)
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		side Side
		f    *forecast.Forecast
	}{{sides.Before, before}, {sides.After, after}} {
		if err := certain(snapshot, "forecast", x.side, x.f.Errors, x.f.Suspended); err != nil {
			return nil, err
		}
	}
	if narrow != nil {
		if err := narrow(snapshot, before, after); err != nil {
			return nil, err
		}
	}
	return compare.Courses(before, after, sides.Configured), nil
}

// comparing is the round with what several plans of one snapshot have in common.
func (r *Round) comparing() *Round {
	once := *r
	once.Reader = &ReadOnce{Reader: r.Reader}
	if once.Evaluator == nil {
		once.Evaluator = &eval.Evaluator{}
	}
	if once.Cache == nil {
		once.Cache = &diff.Cache{}
	}
	return &once
}

// with is the round with a side's policies and settings.
func (r *Round) with(side Side) *Round {
	other := *r
	other.Policies, other.Settings = side.Policies, side.Settings
	return &other
}

// ReadOnce reads the account once, until it is to forget.
type ReadOnce struct {
	Reader
	snapshot *inventory.Snapshot
}

// Snapshot is the account as it was read first.
func (r *ReadOnce) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	if r.snapshot != nil {
		return r.snapshot, nil
	}
	var err error
	r.snapshot, err = r.Reader.Snapshot(ctx, schedules)
	return r.snapshot, err
}

// Forget makes the next snapshot a fresh one.
func (r *ReadOnce) Forget() { r.snapshot = nil }

func saidBy(r *Result, set *eval.Set) compare.Said {
	return compare.Said{Access: r.Statements, Risk: r.Risk, Rules: set.RuleTexts()}
}

// aheadError is why a side can't be foreseen.
type aheadError struct {
	side string
	err  error
}

func (e *aheadError) Error() string { return fmt.Sprintf("with %s: %v", e.side, e.err) }
func (e *aheadError) Unwrap() error { return e.err }

// forecasts are those of both sides, of the same span: the shifts that the snapshot holds
// may end sooner than asked for, and for one side sooner than for the other.
func (r *Round) forecasts(ctx context.Context, sides Sides, span Span) (before, after *forecast.Forecast, s *inventory.Snapshot, err error) {
	var until time.Time
	choose := func(now, reach time.Time) time.Time {
		end := span.Until(now)
		if span.Asked {
			return end // which is an error where the shifts do not reach it
		}
		for _, sooner := range []time.Time{reach, until} {
			if !sooner.IsZero() && sooner.Before(end) {
				end = sooner
			}
		}
		until = end
		return end
	}
	foresee := func(side Side) (*forecast.Forecast, error) {
		f, snapshot, err := r.with(side).Forecast(ctx, choose)
		if err != nil {
			return nil, &aheadError{side.Called, err}
		}
		s = snapshot
		return f, nil
	}
	if before, err = foresee(sides.Before); err != nil {
		return nil, nil, nil, err
	}
	if after, err = foresee(sides.After); err != nil {
		return nil, nil, nil, err
	}
	if !before.Until.Equal(after.Until) {
		if before, err = foresee(sides.Before); err != nil {
			return nil, nil, nil, err
		}
	}
	return before, after, s, nil
}

// whole plans with a side. An incomplete plan is an error.
func (r *Round) whole(ctx context.Context, with Side) (*Result, error) {
	result, err := r.with(with).Plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("no report, since planning with %s failed: %w", with.Called, err)
	}
	return result, certain(result.Snapshot, "plan", with, result.Plan.Errors, result.Plan.Suspended)
}

// certain is the error of a side whose plan or forecast is not whole.
func certain(s *inventory.Snapshot, what string, side Side, errs, suspended []desired.Notice) error {
	if missing := Incomplete(s); missing != "" {
		return &UncertainError{"no report: " + missing}
	}
	if len(errs)+len(suspended) == 0 {
		return nil
	}
	lines := desired.Messages(suspended)
	if len(errs) > 0 {
		lines = nil
	}
	for _, e := range errs {
		at := policies.Problem{Code: e.Code, File: e.Origin.File, Line: e.Origin.Line, Message: e.Message}
		lines = append(lines, at.String())
	}
	return &UncertainError{fmt.Sprintf("no report, since the %s with %s is incomplete:\n%s", what, side.Called, strings.Join(lines, "\n"))}
}

// Incomplete says what a snapshot lacks; empty if it lacks nothing.
func Incomplete(s *inventory.Snapshot) string {
	if s.Account.Complete {
		return ""
	}
	var missing []string
	for _, m := range s.Account.Missing {
		missing = append(missing, "\n  "+m.What+": "+m.Reason)
	}
	return "the snapshot is incomplete; nothing may be lowered on its strength:" + strings.Join(missing, "")
}
