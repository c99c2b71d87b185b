package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newApply(a *app) *cobra.Command {
	var f roundFlags
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "apply [PLANFILE]",
		Short: "Make the changes of a fresh plan, or of a saved one",
		Long: "Plan, ask, and make the changes. Each is looked at just before it is written, and recorded before and after.\n" +
			"With a plan that `plan --out` saved, its changes are made and no others; if the account, the policies or the\n" +
			"time moved since so that they are not due any more, nothing is done.",
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			x := application{app: a, yes: yes, asJSON: asJSON}
			if len(args) == 1 {
				if len(f.targets) > 0 {
					return errors.New("--target narrows a fresh plan; a saved plan is made whole")
				}
				if err := x.load(args[0]); err != nil {
					return err
				}
			}
			s, err := a.forWriting(cmd.Context(), f)
			if err != nil {
				return err
			}
			defer s.close()
			return x.run(cmd, s)
		},
	}
	f.addPolicies(cmd)
	f.addTarget(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "make the changes without asking")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON, and neither plan nor progress; needs --yes or a saved plan")
	return cmd
}

// application is one apply, as its user asked for it.
type application struct {
	*app
	yes, asJSON bool
	// quiet leaves out the plan, which was shown before.
	quiet bool
	// pause follows each step that is told; nil for none.
	pause func(time.Duration)
	saved *plan.Plan
	// undo makes another plan of a fresh round, and shows it; nil for the round's
	// own.
	undo     func(*reconcile.Result) (*plan.Plan, error)
	approved *plan.Plan
	// tell writes a step; made with the first, since its columns need the plan.
	tell func(apply.Step)
}

// load reads the plan that is to be applied.
func (x *application) load(file string) (err error) {
	x.saved, err = readPlan(file)
	return err
}

// readPlan reads a saved plan.
func readPlan(file string) (*plan.Plan, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	var p *plan.Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%s is not a plan that `dutyward plan --out` saved: %w", file, err)
	}
	if p == nil || p.Version != plan.Version {
		return nil, fmt.Errorf("%s is not a plan of version %d: make a new one with `dutyward plan --out`", file, plan.Version)
	}
	return p, nil
}

func (x *application) run(cmd *cobra.Command, s *session) error {
	if x.yes && x.saved == nil {
		if why := policies.AtWork(cmd.Context(), s.config.Policies, openFor); why != "" {
			return fmt.Errorf("the policies are being changed: %s; nothing was done, run it again once that is finished", why)
		}
	}
	// Whoever says yes looked at what will be lowered.
	s.Stillness = &reconcile.Stillness{Settle: s.config.settle(), Decided: true, Record: s.journal}
	execution := reconcile.Execution{
		Record: s.journal, Account: s.client, Approve: x.approve,
		Options: apply.Options{Now: s.Now, Progress: x.progress},
	}
	done, err := s.Apply(cmd.Context(), execution)
	if done != nil && len(done.Recovered) > 0 {
		fmt.Fprintf(x.stderr, "note: an earlier run left %s open; what became of it is recorded now\n", counted(len(done.Recovered), "write"))
	}
	if done != nil {
		for _, said := range done.Completed {
			fmt.Fprintf(x.stderr, "note: %s\n", said)
		}
		for _, alarm := range done.Alarms {
			fmt.Fprintf(x.stderr, "ALARM: %s\n", alarm.Why)
		}
	}
	if done == nil || done.Report == nil {
		return err
	}
	if x.asJSON {
		err = errors.Join(err, report.JSON(x.stdout, done.Report))
	} else if len(done.Report.Outcomes) > 0 {
		err = errors.Join(err, report.ApplyText(x.stdout, x.approved, done.Report, x.style(x.stdout)))
	}
	switch {
	case err != nil:
		return err
	case len(done.Alarms) > 0:
		return exit{exitPartial, errors.New("a schedule needs a person's look: `dutyward holds` shows the alarm until it is right again")}
	case done.Report.Failed():
		return exit{exitPartial, errors.New("not every change came about; what remains is planned again by the next round")}
	}
	return partial(done.Result)
}

// approve shows the plan and asks whether to carry it out. A plan without
// changes is carried out too, so that the round is remembered.
func (x *application) approve(fresh *reconcile.Result) (*plan.Plan, error) {
	x.approved = fresh.Plan
	if x.saved != nil {
		p, err := reconcile.Saved(x.saved)(fresh)
		x.approved = p
		return p, err
	}
	switch {
	case x.undo != nil:
		p, err := x.undo(fresh)
		if err != nil {
			return nil, err
		}
		x.approved = p
	case !x.asJSON && !x.quiet:
		if err := x.printPlan(fresh, false); err != nil {
			return nil, err
		}
	}
	switch {
	case x.yes || len(x.approved.Changes) == 0:
		return x.approved, nil
	case x.asJSON || !isTerminal(x.stdin):
		return nil, errors.New("nobody can be asked here: say --yes to make these changes; nothing was done")
	}
	ok, err := x.confirm("Make these changes?")
	if err == nil && !ok {
		err = errors.New("declined; nothing was done")
	}
	if err != nil {
		return nil, err
	}
	return x.approved, nil
}

// progress is told of each step of carrying out what was approved.
func (x *application) progress(step apply.Step) {
	if x.asJSON {
		return
	}
	if x.tell == nil {
		fmt.Fprintln(x.stdout)
		x.tell = report.Progress(x.stdout, x.approved, x.style(x.stdout))
	}
	x.tell(step)
	if x.pause != nil && step.Outcome != nil {
		x.pause(80 * time.Millisecond)
	}
}
