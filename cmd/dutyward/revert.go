package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newRevert(a *app) *cobra.Command {
	var f roundFlags
	var yes, pause, asJSON bool
	cmd := &cobra.Command{
		Use:   "revert [ROUND]",
		Short: "Undo what a round changed",
		Long: "Undo what a recorded round changed, the last one that changed something unless a number from `dutyward history` says\n" +
			"which. The plan for that is shown and asked about like any other: who has moved on since is left alone, each change\n" +
			"is looked at just before it is written, and what lowers is under the same limits, protections and modes.\n\n" +
			"The policies stay as they are. Where they still ask for what is undone, the next round would make it again, so that\n" +
			"`dutyward run` must be paused first, or with --pause at the same time. Then mend the policies, see with\n" +
			"`dutyward plan` that they want what you want, and `dutyward resume`.",
		Example: "  dutyward revert --pause\n  dutyward revert 42",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.ForReverting(cmd.Context(), f.Options)
			if err != nil {
				return err
			}
			defer s.Close()
			r, err := recordedRound(cmd, s, args)
			if err != nil {
				return err
			}
			x := application{app: a, yes: yes, asJSON: asJSON, roots: f.Policies, keepPolicies: s.Good}
			x.undo = &reverting{application: &x, Reverting: decide.Reverting{Round: r, Stop: s.Config.StopFile()}, pause: pause}
			return x.run(cmd.Context(), s)
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "make the changes without asking")
	cmd.Flags().BoolVar(&pause, "pause", false, "pause dutyward run first, as dutyward pause does")
	addFormat(cmd, &asJSON, "print the report as JSON, and neither plan nor progress; needs --yes")
	return cmd
}

// reverting is one revert, as its user asked for it.
type reverting struct {
	*application
	decide.Reverting
	pause bool
	// pauses says that the policies want the contrary of what was shown.
	pauses bool
}

// show shows what undoes the round.
func (v *reverting) show(fresh *reconcile.Result) (*plan.Plan, error) {
	reversal := v.Reversal(fresh)
	if !v.asJSON {
		title := fmt.Sprintf("Undo round %d", v.Round.Round)
		if err := report.MadeText(v.Stdout, v.Round.Plan, v.Round.Made, title, v.Round.Began, v.Style(v.Stdout)); err != nil {
			return nil, err
		}
		if err := report.ReversalText(v.Stdout, reversal, v.Style(v.Stdout)); err != nil {
			return nil, err
		}
	}
	v.pauses = v.NeedsPause(reversal)
	if v.pauses && !v.pause {
		return nil, errors.New("`dutyward run` would make again what this undoes: say --pause to pause it first; nothing was done")
	}
	return reversal.Plan, nil
}

// agreed pauses the daemon if it would make again what is undone. There may be
// nothing to undo.
func (v *reverting) agreed() error {
	if v == nil || !v.pauses {
		return nil
	}
	v.pauses = false
	err := v.Pause(v.Now())
	if err == nil {
		fmt.Fprintln(v.Stderr, "Paused: `dutyward run` changes nothing until `dutyward resume`.")
	}
	return err
}
