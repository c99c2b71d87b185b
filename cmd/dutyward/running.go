package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/policies/worker"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
)

// running is `dutyward run` while it runs.
type running struct {
	app *app
	// load loads the configuration as it stands, flags over it.
	load func() (*config.Config, error)
	// output is what log writes to.
	output session.LogOutput
	log    *slog.Logger

	client  atomic.Pointer[pagerduty.Client]
	session rounds
	daemon  *daemon.Daemon
	loop    *daemon.Loop
	beside  sync.WaitGroup

	// What follows belongs to the goroutine that reloads.

	// config is in force, and asked is what the file said last: they differ in
	// what can't change without a restart.
	config, asked *config.Config
	// noticed is when it was last noticed that the policies were committed.
	noticed time.Time
	// unwatch ends the watch of the policies.
	unwatch context.CancelFunc
}

// whileRead makes rounds until ctx ends, or until nobody reads the log any more: a
// supervisor finds that the process ended, and nobody would that it works in
// silence. The change in hand is finished then as on any end.
func (r *running) whileRead(ctx context.Context) error {
	signal.Ignore(syscall.SIGPIPE) // which would end the process in the midst of a line
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.output.Gone = func(err error) {
		cancel(fmt.Errorf("nobody reads the log any more, so that the rounds ended: start it again with its log going to where it is kept (%w)", err))
	}
	err := r.run(ctx)
	if cause := context.Cause(ctx); err == nil && errors.Is(cause, syscall.EPIPE) {
		return cause
	}
	return err
}

// run makes rounds until ctx ends.
func (r *running) run(ctx context.Context) error {
	c, err := r.load()
	if err != nil {
		return err
	}
	schedule, err := config.ParseSchedule(c.Run.Schedule)
	if err != nil {
		return fmt.Errorf("run.schedule: %w", err)
	}
	r.config, r.asked = c, c
	var listener net.Listener
	if c.Run.Listen != "" {
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Run.Listen); err != nil {
			return fmt.Errorf("listen for health checks and metrics (run.listen): %w", err)
		}
	}
	if r.session.Session, err = r.app.Unattended(ctx, c, r.log); err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	defer r.session.Close()
	r.session.reread = r.load
	r.client.Store(r.session.Client)
	r.session.worker = newWorker(c)
	defer func() { r.session.worker.Close() }() // the one in use by then
	r.daemon = r.session.daemon(eventlog.Log{Logger: r.log})
	r.loop = &daemon.Loop{Schedule: schedule, Run: r.daemon.Round, Sink: eventlog.Log{Logger: r.log}, Now: r.session.Now}
	r.beside.Go(func() { r.reloads(ctx) })
	address := ""
	if listener != nil {
		address = listener.Addr().String()
		r.beside.Go(func() {
			if err := serve(ctx, listener, r.statusHandler(), slog.NewLogLogger(r.log.Handler(), slog.LevelDebug), 30*time.Second); err != nil {
				r.log.Error("health checks and metrics are not served any more", "error", err)
			}
		})
	}
	r.log.Info("started", "account", c.Account.Name, "schedule", c.Run.Schedule, "policies", c.Policies, "state", c.State, "listen", address, "version", version())
	r.loop.Start(ctx)
	r.beside.Wait()
	r.log.Info("ended")
	return nil
}

// statusHandler answers whoever asks how the daemon stands.
func (r *running) statusHandler() http.Handler {
	return redacting(newStatusHandler(r.daemon, r.client.Load, r.output.Lost.Load), r.redact)
}

// redact takes out of a text the tokens of the client and of the process.
func (r *running) redact(text string) string {
	text = r.app.Secrets.Redact(text)
	if c := r.client.Load(); c != nil {
		return c.Redact(text)
	}
	return text
}

// rounds is what a daemon's rounds are made with.
type rounds struct {
	*session.Session
	// reread reads the configuration as it stands in the file; nil where nobody asks
	// whether it is committed.
	reread func() (*config.Config, error)
	// worker holds the policies in a process of its own; nil where they are in this one.
	worker *worker.Worker
}

// newDaemon makes the rounds of an unattended session, in this process.
func newDaemon(s *session.Session, sink events.Sink) *daemon.Daemon {
	return rounds{Session: s}.daemon(sink)
}

// daemon makes the rounds of an unattended session.
func (s rounds) daemon(sink events.Sink) *daemon.Daemon {
	d := &daemon.Daemon{Record: s.Journal, Paused: s.Config.StopFile().Paused, Sink: sink}
	s.give(d)
	return d
}

// give gives a daemon what follows from the session's configuration.
func (s rounds) give(d *daemon.Daemon) {
	c := s.Config
	if s.worker == nil {
		var loader eval.Loader
		d.Load = func(ctx context.Context) (reconcile.Policies, error) { return loader.Load(ctx, c.PolicyOptions(nil)) }
	} else {
		d.Load = func(ctx context.Context) (reconcile.Policies, error) { return s.worker.Load(ctx, c.PolicyOptions(nil)) }
		d.LoadSource = func(ctx context.Context, source []byte) (reconcile.Policies, error) {
			return s.worker.LoadSource(ctx, source)
		}
	}
	d.Reader, d.Account, d.Settings = s.Reader, s.Client, s.Settings
	d.Now, d.Self, d.ClockDoubt = s.Now, s.Self, s.ClockDoubt
	d.Requests = func() int { return s.Client.Cost().Requests }
	d.OnCallInterval, d.MaxAge = c.Watching()
	d.Settle, d.Local = c.Settle(), s.Local
	d.Look = func(ctx context.Context, set reconcile.Policies, configuration bool) reconcile.Sight {
		return s.look(ctx, set, configuration)
	}
	d.Refresher = nil
	if d.MaxAge > 0 {
		d.Refresher = s.Client
	}
}

// newWorker evaluates policies in a process of its own.
func newWorker(c *config.Config) *worker.Worker {
	return &worker.Worker{Memory: c.MemoryLimit(), Time: c.TimeLimit()}
}

// reloads makes rounds of changed policies and of SIGHUP, and takes up changes
// of the configuration, until ctx ends.
func (r *running) reloads(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	r.watchPolicies(ctx)
	changed := r.watch(ctx, []string{r.config.File}, "the configuration")
	commits := time.NewTicker(commitInterval)
	defer commits.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-commits.C:
			r.notice(ctx)
		case <-hangup:
			r.reload(ctx)
			r.loop.Trigger("signal")
		case <-changed:
			if ctx.Err() == nil && r.reload(ctx) {
				r.loop.Trigger("configuration changed")
			}
		}
	}
}

// watch is a channel that tells changes of files; nil, which tells nothing, if
// there is nothing to watch or it can't be.
func (r *running) watch(ctx context.Context, roots []string, what string) <-chan struct{} {
	roots = slices.DeleteFunc(roots, func(root string) bool { return root == "" })
	if len(roots) == 0 {
		return nil
	}
	changed, err := source.Watch(ctx, roots, func(err error) { r.log.Warn("some of "+what+" may not be watched", "error", err) })
	if err != nil {
		r.log.Warn(what+" can't be watched: changes are seen by the next round, or on SIGHUP", "error", err)
		return nil
	}
	return changed
}

// watchPolicies makes changes of the policies rounds, and of the schemas of
// their data, instead of those watched before.
func (r *running) watchPolicies(ctx context.Context) {
	if r.unwatch != nil {
		r.unwatch()
	}
	ctx, r.unwatch = context.WithCancel(ctx)
	files := slices.Concat(r.config.Policies, slices.Sorted(maps.Values(r.config.Schemas)))
	if changed := r.watch(ctx, files, "the policies"); changed != nil {
		r.beside.Go(func() {
			for range changed {
				r.loop.Trigger("policies changed")
			}
		})
	}
}
