// Package serve is the service: the daemon's rounds with a configuration that changes
// meanwhile, and what is answered to those who ask how it stands.
package serve

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
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/policies/worker"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Service is `dutyward run` while it runs.
type Service struct {
	Process *session.Process
	// Load loads the configuration as it stands, flags over it.
	Load func() (*config.Config, error)
	// Version is that of the program.
	Version string
	// Verbose logs rounds in which nothing happened too.
	Verbose bool

	// Daemon makes the rounds, and Loop makes them due; nil before they begin.
	Daemon *daemon.Daemon
	Loop   *daemon.Loop

	// output is what log writes to.
	output session.LogOutput
	log    *slog.Logger
	// sink gets what happens, be it to the account or to the process.
	sink events.Sink

	client  atomic.Pointer[pagerduty.Client]
	standby standby
	// inForce is the configuration in force, for whoever asks.
	inForce atomic.Pointer[config.Config]
	opened  rounds
	beside  sync.WaitGroup
	sending sending

	// What follows belongs to the goroutine that reloads.

	// config is in force, and asked is what the file said last: they differ in
	// what can't change without a restart.
	config, asked *config.Config
	// kept are limits and freezes of the former configuration that stay in force until a
	// moment by the local clock, and lookedAt is when that was looked at last.
	kept     plan.KeptGuards
	lookedAt time.Time
	// noticed is when it was last noticed that the policies were committed.
	noticed time.Time
	// unwatch ends the watch of the policies.
	unwatch context.CancelFunc
}

// lastLines is how long the last lines of the log may take to be written.
const lastLines = 5 * time.Second

// Run makes rounds until ctx ends, or until nobody reads the log any more: a
// supervisor finds that the process ended, and nobody would that it works in
// silence. The change in hand is finished then as on any end.
func (r *Service) Run(ctx context.Context) error {
	log := terminal.NewBehind(r.Process.Stderr, r.output.Failed) // who stops reading it stops no round
	defer log.Finish(lastLines)
	r.output.W, r.output.Redact = log, r.redact
	r.log = r.Process.Logger(&r.output, r.Verbose)
	r.sink = eventlog.Log{Logger: r.log}
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
func (r *Service) run(ctx context.Context) error {
	c, err := r.Load()
	if err != nil {
		return err
	}
	schedule, err := config.ParseSchedule(c.Run.Schedule)
	if err != nil {
		return fmt.Errorf("run.schedule: %w", err)
	}
	r.config, r.asked = c, c
	r.inForce.Store(c)
	r.Process.Bind(c)
	var listener net.Listener
	if c.Run.Listen != "" {
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Run.Listen); err != nil {
			return fmt.Errorf("listen for health checks and metrics (run.listen): %w", err)
		}
	}
	if r.opened.Session, err = r.Process.Unattended(ctx, c, r.sink); err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	defer r.opened.Close()
	r.opened.reread = r.Load
	now := r.opened.Now // which a reload keeps
	r.client.Store(r.opened.Client)
	r.opened.worker = newWorker(c)
	defer func() { r.opened.worker.Close() }() // the one in use by then
	r.Daemon = r.opened.daemon(r.sink)
	r.sink = r.Daemon // which counts them
	r.Loop = &daemon.Loop{Schedule: schedule, Run: r.round, Sink: r.sink, Now: now}
	r.sending.outbox = r.opened.Journal
	r.beside.Go(func() { r.reloads(ctx) })
	address := ""
	if listener != nil {
		address = listener.Addr().String()
		r.beside.Go(func() {
			if err := Serve(ctx, listener, r.statusHandler(), slog.NewLogLogger(r.log.Handler(), slog.LevelDebug), 30*time.Second); err != nil {
				r.sink.Tell(events.Unserve(now(), err))
			}
		})
	}
	r.sink.Tell(events.Start{
		Account: c.Account.Name, Schedule: c.Run.Schedule, Policies: c.Policies, State: c.StateName(), Listen: address, Version: r.Version,
	}.Event(now()))
	r.lead(ctx)
	r.beside.Wait()
	r.sink.Tell(events.End(now()))
	return nil
}

// statusHandler answers whoever asks how the daemon stands.
func (r *Service) statusHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", newStatusHandler(r.Daemon, r.client.Load, r.output.Lost.Load, r.standby.Load))
	token := heldToken{inUse: r.inForce.Load, fetch: func() (*config.Config, string, error) {
		c := r.inForce.Load()
		text, err := c.GroupsToken(context.Background()) // also for those who ask after the first
		return c, text, err
	}}
	groups := groupsHandler{groups: r.Daemon.Groups, token: token.get}
	mux.Handle("GET /groups", groups)
	mux.Handle("GET /groups/{name}", groups)
	return redacting(mux, r.redact)
}

// redact takes out of a text the tokens of the client and of the process.
func (r *Service) redact(text string) string {
	text = r.Process.Secrets.Redact(text)
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

// NewDaemon makes the rounds of an unattended session, in this process.
func NewDaemon(s *session.Session, sink events.Sink) *daemon.Daemon {
	return rounds{Session: s}.daemon(sink)
}

// daemon makes the rounds of an unattended session.
func (s rounds) daemon(sink events.Sink) *daemon.Daemon {
	d := &daemon.Daemon{Record: s.Journal, Paused: s.Stop().Paused, Sink: sink}
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
	d.Reader, d.Account, d.Settings, d.Risks = s.Reader, s.Client, s.Settings, s.Risks
	d.Now, d.Self, d.ClockDoubt = s.Now, s.Self, s.ClockDoubt
	d.Requests = func() int { return s.Client.Cost().Requests }
	d.OnCallInterval, d.MaxAge = c.Watching()
	d.Audit = c.Run.Audit
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
func (r *Service) reloads(ctx context.Context) {
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
			r.settleGuards(ctx)
		case <-hangup:
			r.reload(ctx)
			r.Loop.Trigger("signal")
		case <-changed:
			if ctx.Err() == nil && r.reload(ctx) {
				r.Loop.Trigger("configuration changed")
			}
		}
	}
}

// watch is a channel that tells changes of files; nil, which tells nothing, if
// there is nothing to watch or it can't be.
func (r *Service) watch(ctx context.Context, roots []string, what string) <-chan struct{} {
	roots = slices.DeleteFunc(roots, func(root string) bool { return root == "" })
	if len(roots) == 0 {
		return nil
	}
	changed, err := source.Watch(ctx, roots, func(err error) { r.sink.Tell(events.Unwatch(r.Process.Now(), what, false, err)) })
	if err != nil {
		r.sink.Tell(events.Unwatch(r.Process.Now(), what, true, err))
		return nil
	}
	return changed
}

// watchPolicies makes changes of the policies rounds, and of the schemas of
// their data, instead of those watched before.
func (r *Service) watchPolicies(ctx context.Context) {
	if r.unwatch != nil {
		r.unwatch()
	}
	ctx, r.unwatch = context.WithCancel(ctx)
	files := slices.Concat(r.config.Policies, slices.Sorted(maps.Values(r.config.Schemas)))
	if changed := r.watch(ctx, files, "the policies"); changed != nil {
		r.beside.Go(func() {
			for range changed {
				r.Loop.Trigger("policies changed")
			}
		})
	}
}
