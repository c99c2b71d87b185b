package main

import (
	"context"
	"strings"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/report"
)

// watchTests runs the tests of the policies whenever one is saved, until ctx
// ends. What the tests come to is shown and never ends it.
func (a *app) watchTests(ctx context.Context, c *config.Config, roots []string, o eval.TestOptions) error {
	if len(roots) == 0 {
		roots = c.Policies
	}
	saved, err := source.WatchSaves(ctx, roots, func(err error) { a.Note("%v", err) })
	if err != nil {
		return err
	}
	view := newWatchView(a)
	view.begin(roots, false)
	for {
		began := time.Now()
		heading, body := a.testsNow(ctx, c, roots, o)
		if ctx.Err() == nil {
			if err := view.show(heading, body, took(time.Since(began))); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return view.end()
		case <-saved:
		}
	}
}

// testsNow is what the tests come to, or why they can't be run.
func (a *app) testsNow(ctx context.Context, c *config.Config, roots []string, o eval.TestOptions) (heading, body string) {
	set, err := session.LoadPolicies(ctx, c, roots)
	var r *eval.TestReport
	if err == nil {
		r, err = set.Test(ctx, o)
	}
	switch {
	case err != nil:
		return "broken", strings.TrimRight(err.Error(), "\n") + "\n"
	case len(r.Tests) == 0:
		return "no tests", noTests(o.Run).Error() + "\n"
	}
	heading = "passed"
	if !r.Passed() {
		heading = "failed"
	}
	var b strings.Builder
	if err := report.TestsText(&b, r, a.Style(a.Stdout)); err != nil {
		return "broken", err.Error() + "\n"
	}
	return heading, b.String()
}
