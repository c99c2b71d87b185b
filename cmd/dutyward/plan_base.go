package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/report"
)

// planBase says what the policies do that those of a base do not, on one
// snapshot: now, and later. Where either can't be known for certain it says why and
// writes no report: a reviewer would take an incomplete one for the whole.
func (a *app) planBase(ctx context.Context, f planFlags, format string) error {
	write, err := a.differenceWriter(format, f.base)
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
