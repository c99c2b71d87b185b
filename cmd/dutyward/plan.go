package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/blame"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// planFlags are the flags of plan beside those of every round.
type planFlags struct {
	roundFlags
	out, printInput, base, format string
	asJSON, detailed, watch, full bool
	refresh                       time.Duration
	days                          int
	// daysAsked says that the days are not the default.
	daysAsked bool
}

func newPlan(a *app) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change, and why; change nothing",
		Long: "Take a snapshot, evaluate the policies and show the difference: what apply would change and why, and what\n" +
			"is not enforced, blocked, held, unknown or left alone. Nothing is changed, neither in PagerDuty nor in the state.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.plan(cmd, f) },
	}
	f.add(cmd)
	f.addAt(cmd)
	f.addTarget(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "save the plan to this `file`, for `dutyward apply FILE`; with --base, the report")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the plan as JSON; the same as --format json")
	addFull(cmd, &f.full)
	cmd.Flags().BoolVar(&f.detailed, "detailed-exitcode", false, "exit with 2 if there are changes that apply would make; with --base, if there is a difference")
	cmd.Flags().StringVar(&f.printInput, "print-input", "", "print what policies of a `phase`, access or risk, see as input, and no plan")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "whenever a policy or its data is saved, show what that makes to the plan")
	cmd.Flags().DurationVar(&f.refresh, "refresh", 0, "the `interval` at which to read the account again with --watch, such as 5m; it is read once without it")
	cmd.Flags().StringVar(&f.base, "base", "", "show what the policies do that those at this git `revision`, or in this directory, do not")
	cmd.Flags().IntVar(&f.days, "days", 14, "with --base, compare what happens in this many `days` too")
	cmd.Flags().StringVar(&f.format, "format", "", "text or json; with --base also markdown, for a comment on a pull request")
	for _, other := range []string{"print-input", "watch"} {
		cmd.MarkFlagsMutuallyExclusive("base", other)
	}
	cmd.MarkFlagsMutuallyExclusive("format", "json")
	for _, other := range []string{"out", "json", "format", "print-input", "detailed-exitcode"} {
		cmd.MarkFlagsMutuallyExclusive("watch", other)
	}
	return cmd
}

// plan does what the flags of plan ask for.
func (a *app) plan(cmd *cobra.Command, f planFlags) error {
	ctx := cmd.Context()
	if f.At != "" && f.out != "" {
		return errors.New("--at and --out don't go together: a plan for another moment is not one to apply")
	}
	f.daysAsked = cmd.Flags().Changed("days")
	if f.base != "" {
		if f.days < 1 {
			return fmt.Errorf("--days %d: expected 1 or more", f.days)
		}
		return a.planBase(ctx, f, cmp.Or(f.format, map[bool]string{true: "json", false: "text"}[f.asJSON]))
	}
	if f.daysAsked {
		return errors.New("--days goes with --base; `dutyward forecast --days` looks ahead with the policies here")
	}
	switch f.format {
	case "", "text":
	case "json":
		f.asJSON = true
	case "markdown":
		return errors.New("--format markdown goes with --base; a plan alone is text or json")
	default:
		return fmt.Errorf("--format %s: expected text or json, or markdown with --base", f.format)
	}
	if f.watch {
		return a.watchPlan(ctx, f.roundFlags, f.refresh)
	}
	s, err := a.ForReading(ctx, f.Options)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.printInput != "" {
		return a.printInput(cmd, s, f.printInput)
	}
	result, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if err := s.NoteIdleRows(ctx, result); err != nil {
		return err
	}
	a.notePause(s)
	return a.showPlan(ctx, result, f)
}

// notePause says that what is shown is not made for now.
func (a *app) notePause(s *session.Session) {
	if p := s.Stop().Paused(); p != nil {
		a.Note("changes are paused, %s; `dutyward resume` ends that", p.By())
	}
}

// showPlan saves and prints a plan, and says by its error what the exit code tells.
func (a *app) showPlan(ctx context.Context, result *reconcile.Result, f planFlags) error {
	if f.out != "" {
		save := func(w io.Writer) error { return report.PlanJSON(w, result.Plan) }
		if err := a.WriteFile(f.out, 0o600, save); err != nil {
			return err
		}
	}
	if err := a.printPlan(ctx, result, f.asJSON, f.full); err != nil {
		return err
	}
	if f.out != "" && !f.asJSON {
		fmt.Fprintf(a.Stdout, "Saved. To make these changes and no others: dutyward apply %s\n", f.out)
	}
	if err := partial(result); err != nil {
		return err
	}
	if f.detailed && len(result.Plan.Changes) > 0 {
		return exit.Status{Code: exit.Changes}
	}
	return nil
}

func (a *app) printPlan(ctx context.Context, result *reconcile.Result, asJSON, full bool) error {
	if asJSON {
		return report.PlanJSON(a.Stdout, result.Plan)
	}
	commit, stop := blame.CommitsOf(ctx, result.Plan)
	defer stop()
	return report.PlanView{Style: a.Style(a.Stdout), Full: full, Commit: commit}.Write(a.Stdout, result.Plan)
}

// addFull adds the flag that shows each change of a long plan.
func addFull(cmd *cobra.Command, full *bool) {
	cmd.Flags().BoolVar(full, "full", false, "show each line of what is long, which is summed up without it")
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
