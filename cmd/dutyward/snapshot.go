package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newSnapshot(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Read the account and print it as JSON, the policies' input",
		Long: "Read users, teams, schedules, escalation policies, services and on-calls, and print them as one JSON\n" +
			"document: the policies' input, the same bytes for the same account at the same clock. Requests, time\n" +
			"and bytes are printed on standard error. An incomplete snapshot is printed too; the exit code is then 3.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, cost, err := a.ReadAccount(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.WriteFile(out, 0o600, s.Encode); err != nil {
				return err
			}
			if err := report.CostText(a.Stderr, cost, a.Style(a.Stderr)); err != nil {
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
	if missing := reconcile.Incomplete(s); missing != "" {
		return exit.With(exit.Partial, errors.New(missing))
	}
	return nil
}
