package main

import (
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/serve"
)

func newRun(a *app) *cobra.Command {
	var f roundFlags
	var schedule, listen string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Continuously reconcile the account with the policies",
		Long: "Make rounds: at once, on a schedule, when a policy or the configuration is saved, whenever access changes on its own\n" +
			"(a shift ends, a grant's time is up), and on SIGHUP. Each reads the account, plans, and does what is due without\n" +
			"asking, as far as `manage` in the configuration lets it. On SIGINT and SIGTERM it finishes the changes in progress and\n" +
			"ends.\n\n" +
			"Policies that break leave the last good ones in force, and so does a configuration that does. An error is logged,\n" +
			"and tried again. `dutyward pause` stops all changes, and `dutyward resume` lets them go on.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			load := func() (*config.Config, error) {
				c, err := a.ReadConfig()
				if err != nil {
					return nil, err
				}
				if cmd.Flags().Changed("schedule") {
					c.Run.Schedule = schedule
				}
				if cmd.Flags().Changed("listen") {
					c.Run.Listen = listen
				}
				if len(f.Policies) > 0 {
					c.Policies = f.Policies
				}
				return c, nil
			}
			service := serve.Service{Process: a.Process, Load: load, Version: version(), Verbose: verbose}
			return service.Run(cmd.Context())
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().StringVar(&schedule, "schedule", "", "when rounds are due, a cron `expression`, over run.schedule")
	cmd.Flags().StringVar(&listen, "listen", "", "the `address` for health checks and metrics, over run.listen; empty for none")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log rounds in which nothing happened too")
	return cmd
}
