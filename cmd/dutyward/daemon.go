package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/spf13/cobra"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
)

func newRun(a *app) *cobra.Command {
	var f roundFlags
	var schedule, listen string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Keep the account as the policies say, until told to end",
		Long: "Make rounds: at once, on a schedule, when a policy is saved, whenever access changes by itself (a shift ends, a\n" +
			"grant's time is up), and on SIGHUP. Each reads the account, plans, and does what is due without asking, as far as\n" +
			"`manage` in the configuration lets it. On SIGINT and SIGTERM it finishes the changes in hand and ends.\n\n" +
			"Policies that break leave the last good ones in force. An error is logged, and tried again. The configuration is\n" +
			"read once, at the start. `dutyward pause` stops all changes, and `dutyward resume` lets them go on.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.config()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("schedule") {
				c.Run.Schedule = schedule
			}
			if cmd.Flags().Changed("listen") {
				c.Run.Listen = listen
			}
			if len(f.policies) > 0 {
				c.Policies = f.policies
			}
			return a.runDaemon(cmd.Context(), c, a.logger(verbose))
		},
	}
	f.addPolicies(cmd)
	cmd.Flags().StringVar(&schedule, "schedule", "", "when rounds are due, a cron `expression`, over run.schedule")
	cmd.Flags().StringVar(&listen, "listen", "", "the `address` for health checks and metrics, over run.listen; empty for none")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log rounds in which nothing happened too")
	return cmd
}

// logger logs to standard error: as text for a person, else as JSON.
func (a *app) logger(verbose bool) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if verbose {
		o.Level = slog.LevelDebug
	}
	if isTerminal(a.stderr) {
		return slog.New(slog.NewTextHandler(a.stderr, o))
	}
	return slog.New(slog.NewJSONHandler(a.stderr, o))
}

// runDaemon makes rounds until ctx ends.
func (a *app) runDaemon(ctx context.Context, c *config, log *slog.Logger) error {
	schedule, err := parseSchedule(c.Run.Schedule)
	if err != nil {
		return fmt.Errorf("run.schedule: %w", err)
	}
	var listener net.Listener
	if c.Run.Listen != "" {
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Run.Listen); err != nil {
			return fmt.Errorf("listen for health checks and metrics (run.listen): %w", err)
		}
	}
	s, err := a.unattended(ctx, c, log)
	if err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	defer s.close()

	daemon := s.daemon(log)
	loop := &reconcile.Loop{Schedule: schedule, Run: daemon.Round, Log: log, Now: s.Now}
	var beside sync.WaitGroup
	beside.Go(func() { triggerOnHangup(ctx, loop) })
	if err := triggerOnChange(ctx, &beside, loop, c.Policies, log); err != nil {
		log.Warn("policies are not watched; changes are seen by the next round", "error", err)
	}
	address := ""
	if listener != nil {
		address = listener.Addr().String()
		beside.Go(func() {
			if err := serve(ctx, listener, newStatusHandler(daemon, s.client)); err != nil {
				log.Error("health checks and metrics are not served any more", "error", err)
			}
		})
	}
	log.Info("started", "account", c.Account.Name, "schedule", c.Run.Schedule, "policies", c.Policies, "state", c.State, "listen", address, "version", version())
	loop.Start(ctx)
	beside.Wait()
	log.Info("ended")
	return nil
}

// unattended opens a session that may write, and whose policies are loaded by
// each round.
func (a *app) unattended(ctx context.Context, c *config, log *slog.Logger) (*session, error) {
	quiet := *a
	quiet.stderr = struct{ io.Writer }{a.stderr} // not a terminal: no progress among the log
	s := &session{config: c, Round: &reconcile.Round{Settings: c.settings(), Now: a.now}}
	var err error
	if s.Reader, err = quiet.connect(ctx, s); err != nil {
		return nil, err
	}
	if s.journal, err = journal.Open(ctx, c.State, a.journalOptions(s)); err != nil {
		return nil, err
	}
	for _, n := range s.journal.Notices() {
		log.Warn(n)
	}
	return s, nil
}

func (s *session) daemon(log *slog.Logger) *reconcile.Daemon {
	d := &reconcile.Daemon{
		Load: func(ctx context.Context) (*policies.Set, error) {
			return policies.Load(ctx, s.config.policyOptions(nil))
		},
		Reader: s.Reader, Record: s.journal, Account: s.client, Settings: s.Settings,
		Now: s.Now, Self: s.Self, ClockDoubt: s.ClockDoubt, Paused: s.config.stopFile().Paused, Log: log,
		Requests: func() int { return s.client.Cost().Requests },
	}
	d.OnCallInterval, d.MaxAge = s.config.watching()
	if d.MaxAge > 0 {
		d.Refresher = s.client
	}
	return d
}

// triggerOnHangup makes SIGHUP a round, until ctx ends.
func triggerOnHangup(ctx context.Context, loop *reconcile.Loop) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			loop.Trigger("signal")
		}
	}
}

// triggerOnChange makes changes of the policies rounds, until ctx ends.
func triggerOnChange(ctx context.Context, beside *sync.WaitGroup, loop *reconcile.Loop, roots []string, log *slog.Logger) error {
	changed, err := policies.Watch(ctx, roots, func(err error) { log.Warn("some policies may not be watched", "error", err) })
	if err != nil {
		return err
	}
	beside.Go(func() {
		for range changed {
			loop.Trigger("policies changed")
		}
	})
	return nil
}

// parseSchedule reads a cron expression, which may begin with a time zone.
func parseSchedule(text string) (reconcile.Schedule, error) {
	if zone, _, more := strings.Cut(text, " "); strings.Contains(zone, "TZ=") && !more {
		return nil, fmt.Errorf("%q has a time zone and nothing else; expected such as \"CRON_TZ=Europe/Berlin 0 7 * * *\"", text)
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a cron expression: %w; expected such as \"*/5 * * * *\"", text, err)
	}
	if schedule.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("%q never comes", text)
	}
	return schedule, nil
}
