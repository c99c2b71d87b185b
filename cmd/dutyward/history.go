package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newHistory(a *app) *cobra.Command {
	var asJSON bool
	var most int
	cmd := &cobra.Command{
		Use:   "history [ROUND]",
		Short: "List the rounds that changed something, or what one of them changed",
		Long: "List the recorded rounds that changed something, the latest first, or with a round's number what it changed, in the\n" +
			"order of the writes. PagerDuty is not asked. `dutyward revert ROUND` undoes a round.",
		Example: "  dutyward history\n  dutyward history 42",
		Args:    arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.ForState(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			if len(args) == 0 {
				past, err := s.Journal.Past(cmd.Context(), most)
				if err != nil {
					return err
				}
				if asJSON {
					return report.JSON(a.Stdout, past)
				}
				return report.HistoryText(a.Stdout, historyOf(past), a.Style(a.Stdout))
			}
			r, err := recordedRound(cmd, s, args)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.Stdout, r)
			}
			return report.MadeText(a.Stdout, r.Plan, r.Made, r.Released, fmt.Sprintf("Round %d", r.Round), r.Began, a.Style(a.Stdout))
		},
	}
	cmd.Flags().IntVar(&most, "limit", 20, "list at most this many `rounds`")
	renamed(cmd, "most", "limit")
	addFormat(cmd, &asJSON, "print JSON")
	return cmd
}

func historyOf(past []journal.Past) []report.Past {
	list := make([]report.Past, len(past))
	for i, p := range past {
		list[i] = report.Past{Round: p.Round, Began: p.Began, Interrupted: p.Finished == nil, Actor: p.Actor, Command: p.Command, Reason: p.Reason, Made: plan.Tally{Add: p.Added, Change: p.Changed, Remove: p.Removed}, Alarms: p.Alarms}
	}
	return list
}

// recordedRound is the round that an argument names; without one it is the last
// that changed something.
func recordedRound(cmd *cobra.Command, s *session.Session, args []string) (*journal.Recorded, error) {
	var number int64
	if len(args) > 0 {
		var err error
		if number, err = strconv.ParseInt(args[0], 10, 64); err != nil || number == 0 {
			return nil, fmt.Errorf("%q is not the number of a round: `dutyward history` lists them", args[0])
		}
	}
	return decide.Round(cmd.Context(), s.Journal, number)
}
