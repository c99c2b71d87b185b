package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newPlan(a *app) *cobra.Command {
	var f roundFlags
	var out, printInput, base, format string
	var asJSON, detailed, watch bool
	var refresh time.Duration
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change, and why; change nothing",
		Long: "Take a snapshot, evaluate the policies and show the difference: what apply would change and why, and what\n" +
			"is only observed, blocked, held, unknown or left alone. Nothing is changed, neither in PagerDuty nor in the state.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.At != "" && out != "" {
				return errors.New("--at and --out don't go together: a plan for another moment is not one to apply")
			}
			if base != "" {
				return a.planBase(cmd.Context(), f, base, cmp.Or(format, map[bool]string{true: "json", false: "text"}[asJSON]), out, detailed)
			}
			switch format {
			case "", "text":
			case "json":
				asJSON = true
			case "markdown":
				return errors.New("--format markdown goes with --base; a plan alone is text or json")
			default:
				return fmt.Errorf("--format %s: expected text or json, or markdown with --base", format)
			}
			if watch {
				return a.watchPlan(cmd.Context(), f, refresh)
			}
			s, err := a.ForReading(cmd.Context(), f.Options)
			if err != nil {
				return err
			}
			defer s.Close()
			if printInput != "" {
				return a.printInput(cmd, s, printInput)
			}
			result, err := s.Plan(cmd.Context())
			if err != nil {
				return err
			}
			if out != "" {
				save := func(w io.Writer) error { return report.PlanJSON(w, result.Plan) }
				if err := a.WriteFile(out, 0o600, save); err != nil {
					return err
				}
			}
			if err := a.printPlan(result, asJSON); err != nil {
				return err
			}
			if out != "" && !asJSON {
				fmt.Fprintf(a.Stdout, "Saved. To make these changes and no others: dutyward apply %s\n", out)
			}
			if err := partial(result); err != nil {
				return err
			}
			if detailed && len(result.Plan.Changes) > 0 {
				return exit.Status{Code: exit.Changes}
			}
			return nil
		},
	}
	f.add(cmd)
	f.addAt(cmd)
	f.addTarget(cmd)
	cmd.Flags().StringVar(&out, "out", "", "save the plan to this `file`, for `dutyward apply FILE`; with --base, the report")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON; the same as --format json")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 if there are changes that apply would make; with --base, if there is a difference")
	cmd.Flags().StringVar(&printInput, "print-input", "", "print what policies of a `phase`, access or risk, see as input, and no plan")
	cmd.Flags().BoolVar(&watch, "watch", false, "whenever a policy or its data is saved, show what that makes to the plan")
	cmd.Flags().DurationVar(&refresh, "refresh", 0, "the `interval` at which to read the account again with --watch, such as 5m; it is read once without it")
	cmd.Flags().StringVar(&base, "base", "", "show what the policies do that those at this git `revision`, or in this directory, do not")
	cmd.Flags().StringVar(&format, "format", "", "text or json; with --base also markdown, for a comment on a pull request")
	for _, other := range []string{"print-input", "watch"} {
		cmd.MarkFlagsMutuallyExclusive("base", other)
	}
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	for _, other := range []string{"out", "json", "format", "print-input", "detailed-exitcode"} {
		cmd.MarkFlagsMutuallyExclusive("watch", other)
	}
	return cmd
}

func (a *app) printPlan(result *reconcile.Result, asJSON bool) error {
	if asJSON {
		return report.PlanJSON(a.Stdout, result.Plan)
	}
	return report.PlanText(a.Stdout, result.Plan, a.Style(a.Stdout))
}

// planned opens a session that changes nothing, plans, lets show tell what of it
// was asked for, and says if the round did not do all it was asked to.
func (a *app) planned(ctx context.Context, f roundFlags, show func(*session.Session, *reconcile.Result) error) error {
	s, err := a.ForReading(ctx, f.Options)
	if err != nil {
		return err
	}
	defer s.Close()
	result, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if err := show(s, result); err != nil {
		return err
	}
	return partial(result)
}

// partial is the error of a round that did not do all it was asked to.
func partial(result *reconcile.Result) error {
	if err := incomplete(result.Snapshot); err != nil {
		return err
	}
	if n := len(result.Plan.Errors); n > 0 {
		return exit.With(exit.Partial, fmt.Errorf("%s kept the plan from being whole; what it concerns is left as it is", report.Counted(n, "error")))
	}
	return nil
}

// printInput prints the input document of a phase.
func (a *app) printInput(cmd *cobra.Command, s *session.Session, phase string) error {
	var input *eval.Input
	switch phase {
	case string(policies.PhaseAccess):
		snapshot, err := s.Snapshot(cmd.Context(), nil)
		if err != nil {
			return err
		}
		if input, err = eval.NewInput(snapshot); err != nil {
			return err
		}
	case string(policies.PhaseRisk):
		result, err := s.Plan(cmd.Context())
		if err != nil {
			return err
		}
		input = result.Input
	default:
		return fmt.Errorf("--print-input %s: expected access or risk", phase)
	}
	data, err := input.JSON()
	if err != nil {
		return err
	}
	_, err = a.Stdout.Write(data)
	return err
}
