package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/session"
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
			return report.MadeText(a.Stdout, r.Plan, r.Made, fmt.Sprintf("Round %d", r.Round), r.Began, a.Style(a.Stdout))
		},
	}
	cmd.Flags().IntVar(&most, "most", 20, "list so many `rounds` at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func historyOf(past []journal.Past) []report.Past {
	list := make([]report.Past, len(past))
	for i, p := range past {
		list[i] = report.Past{Round: p.Round, Began: p.Began, Interrupted: p.Finished == nil, Raised: p.Raised, Lowered: p.Lowered, Alarms: p.Alarms}
	}
	return list
}

// recordedRound is the round that an argument names; without one it is the last
// that changed something.
func recordedRound(cmd *cobra.Command, s *session.Session, args []string) (*journal.Recorded, error) {
	var round int64
	if len(args) == 0 {
		past, err := s.Journal.Past(cmd.Context(), 1)
		if err != nil {
			return nil, err
		}
		if len(past) == 0 {
			return nil, errors.New("no recorded round has changed anything yet")
		}
		round = past[0].Round
	} else {
		n, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not the number of a round: `dutyward history` lists them", args[0])
		}
		round = n
	}
	r, err := s.Journal.Round(cmd.Context(), round)
	if err != nil {
		return nil, err
	}
	if r == nil || len(r.Made) == 0 {
		return nil, fmt.Errorf("round %d is not recorded or changed nothing: `dutyward history` lists those that did", round)
	}
	return r, nil
}

// changesOf are the changes that a round wrote.
func changesOf(r *journal.Recorded) []plan.Change {
	changes := make([]plan.Change, len(r.Made))
	for i, o := range r.Made {
		changes[i] = o.Change
	}
	return changes
}
