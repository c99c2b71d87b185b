package serve

import (
	"context"
	"reflect"
	"slices"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
)

// reload takes up the configuration as it stands, from the next round on, and
// says whether it differs from the one in force. One that is broken leaves the
// last good one in force.
func (r *Service) reload(ctx context.Context) bool {
	asked, err := r.Load()
	if err != nil {
		r.Daemon.TellConfiguration(err)
		r.Daemon.Keep(ctx)
		return false
	}
	if reflect.DeepEqual(asked, r.asked) {
		r.Daemon.TellConfiguration(nil)
		return false
	}
	next := *asked
	fixed := next.Keep(r.config)
	if waits := fixed; len(waits) > 0 && !slices.Equal(waits, r.asked.Differing(r.config)) {
		r.sink.Tell(events.NeedRestart(r.opened.Now(), waits))
	}
	if err := r.take(ctx, &next); err != nil {
		r.Daemon.TellConfiguration(err)
		return false
	}
	r.asked = asked
	r.Daemon.TellConfiguration(nil)
	return true
}

// take makes a configuration the one in force.
func (r *Service) take(ctx context.Context, c *config.Config) error {
	schedule, err := config.ParseSchedule(c.Run.Schedule)
	if err != nil {
		return err
	}
	before := r.config
	s := r.opened
	opened, round := *s.Session, *s.Round
	s.Session = &opened
	s.Round, s.Config = &round, c
	s.Settings, s.Risks = c.Settings(), c.RisksInPlan()
	if !reflect.DeepEqual(c.Account, before.Account) || c.Window != before.Window {
		if s.Reader, err = r.Process.Quietly().Connect(ctx, s.Session); err != nil {
			return err
		}
	}
	r.config, r.opened = c, s
	r.Process.Bind(c)
	r.client.Store(s.Client)
	old := s.worker
	if c.MemoryLimit() != before.MemoryLimit() || c.TimeLimit() != before.TimeLimit() {
		s.worker = newWorker(c)
	}
	r.Daemon.Change(func(d *daemon.Daemon) {
		if old != s.worker {
			old.Close()
		}
		s.give(d)
	})
	r.Loop.Reschedule(schedule)
	r.notifies(ctx, before)
	if !slices.Equal(c.Policies, before.Policies) || !reflect.DeepEqual(c.Schemas, before.Schemas) {
		r.watchPolicies(ctx)
	}
	r.sink.Tell(events.Reconfigure(s.Now(), c.Run.Schedule, c.Policies, c.Manage.Default))
	return nil
}
