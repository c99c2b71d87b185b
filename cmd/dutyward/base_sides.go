package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/base"
	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// sides are the two that `plan --base` compares: those of the base, and those here.
type sides struct {
	before, after side
	unlike        []config.Unlike
}

// side are policies with the settings that they are planned under.
type side struct {
	called   string
	set      *eval.Set
	settings plan.Settings
}

// loadSides loads the policies here and those of the base, each with its own
// configuration where the base has one: a mode or an operator may differ as well.
func (a *app) loadSides(ctx context.Context, s *session.Session, f planFlags) (*sides, error) {
	roots := f.Policies
	if len(roots) == 0 {
		roots = s.Config.Policies
	}
	var loader eval.Loader
	set, err := session.LoadPoliciesWith(ctx, s.Config, &loader, roots)
	if err != nil {
		return nil, err
	}
	both := &sides{after: side{"the policies here", set, s.Settings}}
	both.before.settings = s.Settings
	options := s.Config.PolicyOptions(roots)
	text, err := base.Configuration(ctx, f.base, s.Config.File)
	if err != nil {
		return nil, err
	}
	if text != nil {
		former, err := s.Config.Before(text)
		if err != nil {
			return nil, fmt.Errorf("the configuration at %s can't be compared with: %w", f.base, err)
		}
		both.unlike = s.Config.Unlike(former)
		both.before.settings = former.Settings()
		both.before.settings.Targets = s.Settings.Targets
		if len(f.Policies) == 0 {
			options.Roots = former.Policies
		}
	}
	old, err := base.Find(ctx, f.base, options)
	if err != nil {
		return nil, err
	}
	defer old.Remove()
	both.before.called = "the policies at " + old.Called
	if both.before.set, err = loader.Load(ctx, old.Options); err != nil {
		return nil, fmt.Errorf("%s can't be compared with: %w", both.before.called, session.PolicyFault(err))
	}
	return both, nil
}

// compare plans with both sides, and foresees what comes of them.
func (b *sides) compare(ctx context.Context, s *session.Session, f planFlags) (*compare.Difference, error) {
	was, err := whole(ctx, s, b.before)
	if err != nil {
		return nil, err
	}
	then, err := whole(ctx, s, b.after)
	if err != nil {
		return nil, err
	}
	d := compare.Compare(&was.Result, &then.Result)
	if err := b.foresee(ctx, s, f, d); err != nil {
		return nil, err
	}
	d.Say(saidBy(was, b.before.set), saidBy(then, b.after.set), b.after.set.DataUnlike(b.before.set))
	var settings []compare.Setting
	for _, u := range b.unlike {
		settings = append(settings, compare.Setting{Key: u.Key, Before: u.Before, After: u.After})
	}
	d.Configured(settings)
	return d, nil
}

func saidBy(r *reconcile.Result, set *eval.Set) compare.Said {
	return compare.Said{Access: r.Statements, Risk: r.Risk, Rules: set.RuleTexts()}
}

// foresee adds what differs later. The shifts that the snapshot holds may end sooner than
// asked for, and for one side sooner than for the other.
func (b *sides) foresee(ctx context.Context, s *session.Session, flags planFlags, d *compare.Difference) error {
	var until time.Time
	choose := func(now, reach time.Time) time.Time {
		end := now.AddDate(0, 0, flags.days)
		if flags.daysAsked {
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
	forecasts := [2]*forecast.Forecast{}
	for _, i := range []int{0, 1, 0} {
		if f := forecasts[i]; f != nil && (flags.daysAsked || f.Until.Equal(until)) {
			continue
		}
		with := []side{b.before, b.after}[i]
		s.Policies, s.Settings = with.set, with.settings
		f, _, err := s.Forecast(ctx, choose)
		switch {
		case ctx.Err() != nil, err != nil && flags.daysAsked:
			return err
		case err != nil:
			d.NotForeseen = fmt.Sprintf("with %s: %v", with.called, err)
			return nil
		}
		forecasts[i] = f
	}
	d.Foresee(forecasts[0], forecasts[1])
	return nil
}

// whole plans with a side. An incomplete plan is an error.
func whole(ctx context.Context, s *session.Session, with side) (*reconcile.Result, error) {
	s.Policies, s.Settings = with.set, with.settings
	result, err := s.Plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("no report, since planning with %s failed: %w", with.called, err)
	}
	if err := incomplete(result.Snapshot); err != nil {
		var coded exit.Status
		if errors.As(err, &coded) {
			return nil, exit.With(coded.Code, fmt.Errorf("no report: %w", coded.Err))
		}
		return nil, err
	}
	p := result.Plan
	if len(p.Errors)+len(p.Suspended) == 0 {
		return result, nil
	}
	var lines []string
	for _, e := range p.Errors {
		at := policies.Problem{File: e.Origin.File, Line: e.Origin.Line, Message: e.Message}
		lines = append(lines, at.String())
	}
	if len(p.Errors) == 0 {
		lines = desired.Messages(p.Suspended)
	}
	return nil, exit.With(exit.Partial, fmt.Errorf("no report, since the plan with %s is incomplete:\n%s", with.called, strings.Join(lines, "\n")))
}
