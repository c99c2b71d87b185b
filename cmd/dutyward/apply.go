package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory/regular"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newApply(a *app) *cobra.Command {
	var f roundFlags
	var yes, asJSON, duringPause, full bool
	var reason string
	cmd := &cobra.Command{
		Use:   "apply [PLANFILE]",
		Short: "Make the changes of a fresh plan, or of a saved one",
		Long: "Plan, ask, and make the changes. Each is looked at just before it is written, and recorded before and after.\n" +
			"While it asks, nobody else is kept from writing: after a \"yes\" the plan is made again, and what moved is shown and\n" +
			"asked about again.\n" +
			"With a plan that `plan --out` saved, its changes are made and no others; if the account, the policies or the\n" +
			"time moved since so that they are not due any more, nothing is done.\n\n" +
			"While `dutyward pause` holds, it refuses: --during-pause with a --reason makes the changes all the same. The history\n" +
			"keeps the reason, and who applied.",
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if duringPause && strings.TrimSpace(reason) == "" {
				return errors.New("--during-pause needs a --reason, for whoever paused")
			}
			a.Reason = reason
			x := application{app: a, yes: yes, asJSON: asJSON, duringPause: duringPause, full: full, roots: f.Policies}
			if len(args) == 1 {
				if len(f.Targets) > 0 {
					return errors.New("--target narrows a fresh plan; a saved plan is made whole")
				}
				if err := x.load(args[0]); err != nil {
					return err
				}
			}
			s, err := a.ForWriting(cmd.Context(), f.Options)
			if err != nil {
				return err
			}
			defer s.Close()
			return x.run(cmd.Context(), s)
		},
	}
	f.addPolicies(cmd)
	f.addTarget(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "make the changes without asking")
	cmd.Flags().BoolVar(&duringPause, "during-pause", false, "make the changes though changes are paused; needs --reason")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the history")
	addFull(cmd, &full)
	addFormat(cmd, &asJSON, "print the report as JSON, and neither plan nor progress; needs --yes or a saved plan")
	return cmd
}

// application is one apply, as its user asked for it.
type application struct {
	*app
	yes, asJSON, full bool
	// duringPause goes on though changes are paused.
	duringPause bool
	// quiet leaves out the plan, which was shown before.
	quiet bool
	// pause follows each step that is reported; nil for none.
	pause func(time.Duration)
	saved *plan.Plan
	// roots are those of the policies; none for the configured ones. keepPolicies
	// says that the session's are not those that stand there.
	roots        []string
	keepPolicies bool
	// undo is the round that is undone; nil for what the policies want.
	undo     *decide.Reverting
	approved *plan.Plan
	// tell writes a step; made with the first, since its columns need the plan.
	tell func(apply.Step)
}

// load reads the plan that is to be applied.
func (x *application) load(file string) (err error) {
	x.saved, err = readPlan(file)
	return err
}

// maxPlan bounds a saved plan.
const maxPlan = 1 << 30

// readPlan reads a saved plan.
func readPlan(file string) (*plan.Plan, error) {
	data, err := regular.ReadFile(file, maxPlan)
	if err != nil {
		return nil, fmt.Errorf("read the plan: open %s: %w%s", file, err, regular.Near(file, err))
	}
	p, err := plan.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s is not a plan as `dutyward plan --out` saved it: %w; nothing was done, make a new one", file, err)
	}
	return p, nil
}

func (x *application) run(ctx context.Context, s *session.Session) error {
	a := x.applying(s)
	if err := x.refusedByPause(a); err != nil {
		return err
	}
	switch {
	case x.saved != nil:
		return x.told(x.unhindered(func() (*reconcile.Applied, error) { return a.Saved(ctx, x.saved) }))
	case !x.yes:
		return x.ask(ctx, s, a)
	}
	if why := eval.AtWork(ctx, s.Config.Policies, session.OpenFor); why != "" {
		return fmt.Errorf("the policies are being changed: %s; nothing was done, run it again once that is finished", why)
	}
	return x.told(x.unhindered(func() (*reconcile.Applied, error) {
		return a.AtOnce(ctx, func(p *decide.Proposal) error { return x.show(ctx, a, p) })
	}))
}

// refusedByPause is the error of a pause that stops this, before anything is read.
func (x *application) refusedByPause(a *decide.Applying) error {
	err := a.Refused()
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: `dutyward resume` ends the pause, --during-pause with a --reason applies all the same", err)
}

// applying is what is decided. What is reported goes to whatever the streams are then.
func (x *application) applying(s *session.Session) *decide.Applying {
	paused := s.Stop().Paused
	if x.duringPause {
		paused = nil
	}
	return &decide.Applying{
		Round: s.Round, Journal: s.Journal, Account: s.Client, Settle: s.Config.Settle(), Undo: x.undo, Paused: paused,
		Tell: decide.Told{
			Waiting: func(err error) { fmt.Fprintf(x.Stderr, "note: %v; waiting\n", err) },
			Paused: func() {
				fmt.Fprintln(x.Stderr, "Paused: nothing is changed until `dutyward resume`.")
			},
			Completed: func(sentences []string) {
				for _, said := range sentences {
					x.Note("%s", said)
				}
			},
			Begins: func(p *plan.Plan) { x.approved = p }, Progress: x.progress,
		},
	}
}

// told tells what came of a round.
func (x *application) told(done *reconcile.Applied, err error) error {
	if done != nil && len(done.Recovered) > 0 {
		x.Note("an earlier run left %s open; what became of it is recorded now", report.Counted(len(done.Recovered), "write"))
	}
	if done != nil {
		for _, alarm := range done.Alarms {
			fmt.Fprintf(x.Stderr, "ALARM: %s\n", report.Text(alarm.Why))
		}
	}
	if done == nil || done.Report == nil {
		return err
	}
	if x.asJSON {
		err = errors.Join(err, report.JSON(x.Stdout, done.Report))
	} else if len(done.Report.Outcomes) > 0 {
		err = errors.Join(err, report.ApplyText(x.Stdout, x.approved, done.Report, x.Style(x.Stdout)))
	}
	switch {
	case err != nil:
		return err
	case len(done.Alarms) > 0:
		return exit.With(exit.Partial, errors.New("a schedule needs attention: `dutyward holds` shows the alarm until it is right again"))
	case done.Report.Failed():
		return exit.With(exit.Partial, errors.New("not every change came about; what remains is planned again by the next round"))
	}
	if err := partial(done.Result); err != nil {
		return err
	}
	return x.nothingMade()
}

// nothingMade is an error where all that was to be done waits or is blocked: who asked
// for it must not take it for done. A revert was asked for what is not enforced, too.
func (x *application) nothingMade() error {
	p := x.approved
	if p == nil || len(p.Changes) > 0 {
		return nil
	}
	var why []string
	add := func(n int, how string) {
		if n > 0 {
			why = append(why, fmt.Sprintf("%s %s", report.Counted(n, "change"), how))
		}
	}
	add(len(p.Held), "held (`dutyward holds` says what lets them through)")
	add(len(p.Blocked), "blocked")
	if x.undo != nil {
		add(len(p.Unenforced), "not enforced")
	}
	if len(why) == 0 {
		return nil
	}
	return exit.With(exit.Partial, errors.New("nothing was changed: "+strings.Join(why, ", ")))
}

// show shows what is proposed, and says what speaks against carrying it out.
func (x *application) show(ctx context.Context, a *decide.Applying, p *decide.Proposal) error {
	var err error
	switch {
	case x.asJSON:
	case x.undo != nil:
		err = x.showReversal(p)
	case !x.quiet:
		err = x.printPlan(ctx, p.Fresh, false, x.full)
	}
	if err != nil {
		return err
	}
	if err := a.Objection(p); errors.Is(err, decide.ErrRepeated) {
		return errors.New("`dutyward run` would make again what this undoes: say --pause to pause it first; nothing was done")
	}
	return nil
}

// progress is called with each step of carrying out what was approved.
func (x *application) progress(step apply.Step) {
	if x.asJSON {
		return
	}
	if x.tell == nil {
		fmt.Fprintln(x.Stdout)
		x.tell = report.Progress(x.Stdout, x.approved, x.Style(x.Stdout))
	}
	x.tell(step)
	if x.pause != nil && step.Outcome != nil {
		x.pause(80 * time.Millisecond)
	}
}
