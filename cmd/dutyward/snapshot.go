package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newSnapshot(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Read the account and print it as JSON, the policies' input",
		Long: "Read users, teams, schedules, escalation policies, services and on-calls, and print them as one JSON\n" +
			"document: the policies' input, the same bytes for the same account at the same clock. Requests, time\n" +
			"and bytes are told on standard error. An incomplete snapshot is printed too; the exit code is then 3.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.Config()
			if err != nil {
				return err
			}
			o := c.PagerDuty()
			o.Transport = a.Transport
			progress, stop := a.ReadingProgress()
			o.Progress = progress
			client, err := pagerduty.New(o)
			if err != nil {
				return err
			}
			s, err := client.Snapshot(cmd.Context(), pagerduty.SnapshotOptions{})
			stop()
			if err != nil {
				return err
			}
			if err := a.WriteFile(out, 0o600, s.Encode); err != nil {
				return err
			}
			if err := report.CostText(a.Stderr, client.Cost(), a.Style(a.Stderr)); err != nil {
				return err
			}
			return incomplete(s)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this `file` instead of standard output")
	return cmd
}

// incomplete is the error of a snapshot that is not complete.
func incomplete(s *inventory.Snapshot) error {
	if s.Account.Complete {
		return nil
	}
	var missing []string
	for _, m := range s.Account.Missing {
		missing = append(missing, "\n  "+m.What+": "+m.Reason)
	}
	return exit.With(exit.Partial, errors.New("the snapshot is incomplete; nothing may be lowered on its strength:"+strings.Join(missing, "")))
}
