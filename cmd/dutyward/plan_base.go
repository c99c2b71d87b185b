package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/report"
)

// planBase says what the policies do that those of a base do not, on one
// snapshot. Where either can't be told for certain it says why and writes no
// report: a reviewer would take an incomplete one for the whole.
func (a *app) planBase(ctx context.Context, f roundFlags, base, format, out string, detailed bool) error {
	write, err := a.differenceWriter(format, base)
	if err != nil {
		return err
	}
	if err := removeOld(out); err != nil {
		return err
	}
	a.CollectRarely()
	snapshot := a.BeginReading(f.Snapshot)
	s, err := a.Configured(f.Options)
	if err != nil {
		return err
	}
	roots := f.Policies
	if len(roots) == 0 {
		roots = s.Config.Policies
	}
	var loader eval.Loader
	set, err := session.LoadPoliciesWith(ctx, s.Config, &loader, roots)
	if err != nil {
		return err
	}
	old, err := findBase(ctx, base, s.Config.PolicyOptions(roots))
	if err != nil {
		return err
	}
	defer old.remove()
	before, err := loader.Load(ctx, old.options)
	if err != nil {
		return fmt.Errorf("the policies at %s can't be compared with: %w", old.called, session.PolicyFault(err))
	}
	if err := a.Read(ctx, s, snapshot); err != nil {
		return err
	}
	defer s.Close()
	s.Reader, s.Evaluator, s.Cache = &keptReader{Reader: s.Reader}, &eval.Evaluator{}, &diff.Cache{}
	was, err := whole(ctx, s, before, "the policies at "+old.called)
	if err != nil {
		return err
	}
	then, err := whole(ctx, s, set, "the policies here")
	if err != nil {
		return err
	}
	d := compare.Compare(&was.Result, &then.Result)
	if err := a.WriteFile(out, 0o644, func(w io.Writer) error { return write(w, d) }); err != nil {
		return err
	}
	if detailed && !d.Empty() {
		return exit.Status{Code: exit.Changes}
	}
	return nil
}

// differenceWriter is how a difference is written in a format.
func (a *app) differenceWriter(format, base string) (func(io.Writer, *compare.Difference) error, error) {
	switch format {
	case "text":
		return func(w io.Writer, d *compare.Difference) error { return report.DifferenceText(w, d, a.Style(w)) }, nil
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

// whole plans with some policies, and errs unless the plan is whole.
func whole(ctx context.Context, s *session.Session, set *eval.Set, called string) (*reconcile.Result, error) {
	s.Policies = set
	result, err := s.Plan(ctx)
	if err != nil {
		return nil, fmt.Errorf("no report, for %s can't be planned with: %w", called, err)
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
	return nil, exit.With(exit.Partial, fmt.Errorf("no report, for with %s the plan is not whole:\n%s", called, strings.Join(lines, "\n")))
}
