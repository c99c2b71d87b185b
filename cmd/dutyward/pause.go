package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/report"
)

func newPause(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Stop all changes",
		Long: "Stop all changes, at once: a change in progress is finished and no other begun. `dutyward run` goes on to read, plan\n" +
			"and report; `dutyward apply` refuses, unless it says --during-pause with a reason; `dutyward revert` is not stopped. The\n" +
			"pause is a file next to the state, its name with `.paused`, and lasts until `dutyward resume`, also across a restart.",
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.withState()
			if err != nil {
				return err
			}
			before, err := decide.Pause(c.StopFile(), a.Now(), a.Actor, a.Redact(reason))
			if err != nil {
				return err
			}
			if before != nil {
				fmt.Fprintf(a.Stdout, "Paused already, %s.\n", report.Line(before.By()))
				return nil
			}
			fmt.Fprintln(a.Stdout, "Paused: nothing is changed until `dutyward resume`.")
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever looks")
	return cmd
}

func newResume(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Let changes go on after `dutyward pause`",
		Long:  "Let changes go on after `dutyward pause`, from the next round on; SIGHUP makes that one now.",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			c, err := a.withState()
			if err != nil {
				return err
			}
			before, err := decide.Resume(c.StopFile())
			if err != nil {
				return err
			}
			if before == nil {
				fmt.Fprintln(a.Stdout, "Nothing was paused.")
				return nil
			}
			fmt.Fprintf(a.Stdout, "Resumed: it was paused %s.\n", report.Line(before.By()))
			return nil
		},
	}
}

// withState is the configuration, unless this is the wrong directory: a pause that is
// written where nothing reads it would stop nothing.
func (a *app) withState() (*config.Config, error) {
	c, err := a.Config()
	if err != nil {
		return nil, err
	}
	return c, c.NoState()
}
