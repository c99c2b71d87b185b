package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/base"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/report"
)

// planBase says what the policies do that those of a base do not, on one
// snapshot: now, and later. Where either can't be known for certain it says why and
// writes no report: a reviewer would take an incomplete one for the whole.
func (a *app) planBase(ctx context.Context, f planFlags, format string) error {
	write, err := a.differenceWriter(format, f.base, f.full)
	if err != nil {
		return err
	}
	if err := removeOld(f.out); err != nil {
		return err
	}
	s, sides, err := a.comparing(ctx, f.Options, f.base)
	if err != nil {
		return err
	}
	defer s.Close()
	span := reconcile.Span{Asked: f.daysAsked, Until: func(now time.Time) time.Time { return now.AddDate(0, 0, f.days) }}
	d, err := s.Compare(ctx, sides, span)
	if err != nil {
		return uncertain(err)
	}
	if err := a.WriteFile(f.out, 0o644, func(w io.Writer) error { return write(w, d) }); err != nil {
		return err
	}
	if f.detailed && !d.Empty() {
		return exit.Status{Code: exit.Changes}
	}
	return nil
}

// differenceWriter is how a difference is written in a format.
func (a *app) differenceWriter(format, base string, full bool) (func(io.Writer, *compare.Difference) error, error) {
	switch format {
	case "text":
		return func(w io.Writer, d *compare.Difference) error {
			return report.DifferenceView{Style: a.Style(w), Full: full}.Write(w, d)
		}, nil
	case "json":
		return report.DifferenceJSON, nil
	case "markdown":
		return func(w io.Writer, d *compare.Difference) error { return report.DifferenceMarkdown(w, d, base) }, nil
	}
	return nil, fmt.Errorf("--format %s: expected text, json or markdown", format)
}

// removeOld removes an earlier report, which would be taken for this one's if
// there comes to be none.
func removeOld(file string) error {
	info, err := os.Stat(file)
	if file == "" || file == "-" || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("remove the earlier report: %w", err)
	}
	return nil
}

// comparing opens a session and the two sides that --base compares: the policies there and
// those here, each under its own configuration.
func (a *app) comparing(ctx context.Context, o session.Options, at string) (*session.Session, reconcile.Sides, error) {
	a.CollectRarely()
	snapshot := a.BeginReading(o.Snapshot)
	s, err := a.Configured(o)
	if err != nil {
		return nil, reconcile.Sides{}, err
	}
	sides, err := loadSides(ctx, s, o.Policies, at)
	if err != nil {
		return nil, sides, err
	}
	return s, sides, a.Read(ctx, s, snapshot)
}

// loadSides loads the policies here and those of the base, each with its own
// configuration where the base has one: a mode or an operator may differ as well.
func loadSides(ctx context.Context, s *session.Session, roots []string, at string) (sides reconcile.Sides, err error) {
	asked := len(roots) > 0
	if !asked {
		roots = s.Config.Policies
	}
	var loader eval.Loader
	sides.After = reconcile.Side{Called: "the policies here", Settings: s.Settings}
	if sides.After.Policies, err = session.LoadPoliciesWith(ctx, s.Config, &loader, roots); err != nil {
		return sides, err
	}
	sides.Before.Settings = s.Settings
	options := s.Config.PolicyOptions(roots)
	text, err := base.Configuration(ctx, at, s.Config.File)
	if err != nil {
		return sides, err
	}
	if text != nil {
		former, err := s.Config.Before(text)
		if err != nil {
			return sides, fmt.Errorf("the configuration at %s can't be compared with: %w", at, err)
		}
		for _, u := range s.Config.Unlike(former) {
			sides.Configured = append(sides.Configured, compare.Setting{Key: u.Key, Before: u.Before, After: u.After})
		}
		sides.Before.Settings = former.Settings()
		sides.Before.Settings.Targets = s.Settings.Targets
		if !asked {
			options.Roots = former.Policies
		}
	}
	old, err := base.Find(ctx, at, options)
	if err != nil {
		return sides, err
	}
	defer old.Remove()
	sides.Before.Called = "the policies at " + old.Called
	if sides.Before.Policies, err = loader.Load(ctx, old.Options); err != nil {
		return sides, fmt.Errorf("%s can't be compared with: %w", sides.Before.Called, session.PolicyFault(err))
	}
	return sides, nil
}

// uncertain is the error of a comparison, with the exit code of what is not whole.
func uncertain(err error) error {
	var not *reconcile.UncertainError
	if errors.As(err, &not) {
		return exit.With(exit.Partial, err)
	}
	return err
}

// forecastBase says what happens with the policies here that does not with those of a base,
// and the other way round, moment by moment.
func (a *app) forecastBase(cmd *cobra.Command, f roundFlags, ff forecastFlags, span reconcile.Span) error {
	write, err := a.courseWriter(ff)
	if err != nil {
		return err
	}
	s, sides, err := a.comparing(cmd.Context(), f.Options, ff.base)
	if err != nil {
		return err
	}
	defer s.Close()
	c, err := s.CompareForecasts(cmd.Context(), sides, span, func(snapshot *inventory.Snapshot, both ...*forecast.Forecast) error {
		var declared []string
		for _, x := range both {
			declared = append(declared, x.Declared...)
		}
		slices.Sort(declared)
		narrowing, err := ff.narrowing(snapshot, slices.Compact(declared))
		if err != nil {
			return err
		}
		for _, x := range both {
			x.Narrow(narrowing)
		}
		return nil
	})
	if err != nil {
		return uncertain(err)
	}
	c.Narrowed = len(ff.people)+len(ff.resources)+len(ff.groups) > 0
	if err := write(a.Stdout, c); err != nil {
		return err
	}
	if ff.detailed && !c.Empty() {
		return exit.Status{Code: exit.Changes}
	}
	return nil
}

// courseWriter is how the difference of two forecasts is written in a format.
func (a *app) courseWriter(ff forecastFlags) (func(io.Writer, *compare.Course) error, error) {
	switch ff.format {
	case "text":
		return func(w io.Writer, c *compare.Course) error { return report.CourseText(w, c, ff.base, a.Style(w)) }, nil
	case "json":
		return report.CourseJSON, nil
	case "markdown":
		return func(w io.Writer, c *compare.Course) error { return report.CourseMarkdown(w, c, ff.base) }, nil
	}
	return nil, fmt.Errorf("--format %s: expected text, json or markdown", ff.format)
}
