package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

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
			c, err := a.config()
			if err != nil {
				return err
			}
			o := c.PagerDuty()
			o.Transport = a.transport
			progress, stop := a.readingProgress()
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
			if err := a.write(out, 0o600, s.Encode); err != nil {
				return err
			}
			if err := report.CostText(a.stderr, client.Cost(), a.style(a.stderr)); err != nil {
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
	return exit{exitPartial, errors.New("the snapshot is incomplete; nothing may be lowered on its strength:" + strings.Join(missing, ""))}
}

// write writes to a file, whole or not at all, or to standard output. What is
// there and is no regular file, such as /dev/null or a pipe, is written to and
// never replaced.
func (a *app) write(file string, mode os.FileMode, encode func(io.Writer) error) error {
	if file == "" || file == "-" {
		return encode(a.stdout)
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return writeThrough(file, a.redacted(encode))
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".dutyward-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer os.Remove(f.Name())
	err = errors.Join(a.redacted(encode)(f), f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// redacted is an encoding without the secrets of the process.
func (a *app) redacted(encode func(io.Writer) error) func(io.Writer) error {
	return func(to io.Writer) error {
		w := a.secrets.Writer(to)
		return errors.Join(encode(w), w.Flush())
	}
}

func writeThrough(file string, encode func(io.Writer) error) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := errors.Join(encode(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
