package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newTest(a *app) *cobra.Command {
	var run, format string
	var watch, asJSON bool
	var o eval.TestOptions
	cmd := &cobra.Command{
		Use:   "test [DIRECTORY...]",
		Short: "Run the tests of the policies",
		Long: "Run the test_ rules of the configured policies, or of those of the directories given, with the library and\n" +
			"its fixtures in place. A test that fails is shown with its failing expression and the values in it. A function\n" +
			"that fails, such as a date that does not parse, is an error, and so is that there is no test to run.",
		Example: "  dutyward test\n  dutyward test --run on_call --coverage\n  dutyward test --watch\n  dutyward test --format junit policies > tests.xml",
		RunE: func(cmd *cobra.Command, roots []string) error {
			if asJSON {
				format = "json"
			}
			write, err := a.testWriter(format)
			if err != nil {
				return err
			}
			if run != "" {
				if o.Run, err = regexp.Compile(run); err != nil {
					return fmt.Errorf("--run: %w", err)
				}
			}
			c, err := a.Config()
			if err != nil {
				return err
			}
			if watch {
				if format != "text" {
					return fmt.Errorf("--watch shows text, and --format %s is for programs: leave out one of them", format)
				}
				return a.watchTests(cmd.Context(), c, roots, o)
			}
			set, err := session.LoadPolicies(cmd.Context(), c, roots)
			if err != nil {
				return err
			}
			r, err := set.Test(cmd.Context(), o)
			if err != nil {
				return err
			}
			if len(r.Tests) == 0 {
				return noTests(o.Run)
			}
			if err := write(r); err != nil {
				return err
			}
			if !r.Passed() {
				return exit.Status{Code: exit.Error}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "only tests whose package and name, such as access_test.test_somebody, match this regular `expression`")
	cmd.Flags().BoolVar(&o.Coverage, "coverage", false, "say which lines of the policies no test reaches; in text and JSON")
	cmd.Flags().StringVar(&format, "format", "text", "text, json or junit")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	cmd.Flags().BoolVar(&watch, "watch", false, "run them again whenever a policy is saved, until Ctrl-C")
	return cmd
}

// testWriter is how a report is written in a format.
func (a *app) testWriter(format string) (func(*eval.TestReport) error, error) {
	switch format {
	case "text":
		return func(r *eval.TestReport) error { return report.TestsText(a.Stdout, r, a.Style(a.Stdout)) }, nil
	case "json":
		return func(r *eval.TestReport) error { return report.JSON(a.Stdout, r) }, nil
	case "junit":
		return func(r *eval.TestReport) error { return report.TestsJUnit(a.Stdout, r) }, nil
	}
	return nil, fmt.Errorf("--format %s: expected text, json or junit", format)
}

func noTests(run *regexp.Regexp) error {
	if run != nil {
		return fmt.Errorf("no test's package and name match --run %s", run)
	}
	return errors.New("the policies have no tests: they are rules whose names begin with test_, in files that end in _test.rego")
}

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
