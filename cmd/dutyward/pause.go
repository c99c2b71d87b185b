package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/reconcile"
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
			"pause is a file next to the state, its name with `.paused`, or in PostgreSQL a note in it, for all instances. It lasts\n" +
			"until `dutyward resume`, also across a restart.",
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			stop, done, err := a.stop(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			before, err := decide.Pause(stop, a.Now(), a.Actor, a.Redact(reason))
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			stop, done, err := a.stop(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			before, err := decide.Resume(stop)
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

// stop is what stops changes, unless this is the wrong directory: a pause that is
// written where nothing reads it would stop nothing. A file needs no state that can be
// opened.
func (a *app) stop(ctx context.Context) (stop reconcile.Stop, done func() error, err error) {
	c, err := a.Config()
	if err == nil {
		err = c.NoState()
	}
	if err != nil {
		return nil, nil, err
	}
	if c.Database() == nil {
		return c.StopFile(), func() error { return nil }, nil
	}
	s, err := a.ForState(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s.Stop(), s.Close, nil
}
