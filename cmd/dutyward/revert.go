package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/reconcile/decide"
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
			"`dutyward run` must be paused first, or with --pause at the same time. Then fix the policies, see with\n" +
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
			x := application{
				app: a, yes: yes, asJSON: asJSON, roots: f.Policies, keepPolicies: s.Good,
				undo: &decide.Reverting{Round: r, Stop: s.Stop(), PauseFirst: pause, Now: a.Now, Actor: a.Actor},
			}
			return x.run(cmd.Context(), s)
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "make the changes without asking")
	cmd.Flags().BoolVar(&pause, "pause", false, "pause dutyward run first, as dutyward pause does")
	addFormat(cmd, &asJSON, "print the report as JSON, and neither plan nor progress; needs --yes")
	return cmd
}

// showReversal shows what undoes the round.
func (x *application) showReversal(p *decide.Proposal) error {
	r := x.undo.Round
	title := fmt.Sprintf("Undo round %d", r.Round)
	if err := report.MadeText(x.Stdout, r.Plan, r.Made, r.Released, title, r.Began, x.Style(x.Stdout)); err != nil {
		return err
	}
	return report.ReversalText(x.Stdout, p.Reversal, x.Style(x.Stdout))
}
