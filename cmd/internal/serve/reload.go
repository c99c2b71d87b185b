package serve

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// reload takes up the configuration as it stands, from the next round on, and
// says whether it differs from the one in force. One that is broken leaves the
// last good one in force.
func (r *Service) reload(ctx context.Context) bool {
	asked, err := r.Load()
	if err != nil {
		r.Daemon.TellConfiguration(err)
		return false
	}
	same := reflect.DeepEqual(asked, r.asked)
	if same && r.kept.Until.IsZero() {
		r.Daemon.TellConfiguration(nil)
		return false
	}
	next := *asked
	fixed := next.Keep(r.config)
	told := r.keepGuards(ctx, &next, same)
	if same && !r.kept.Until.IsZero() {
		r.Daemon.TellConfiguration(nil)
		return false
	}
	if waits := fixed; len(waits) > 0 && !slices.Equal(waits, r.asked.Differing(r.config)) {
		r.sink.Tell(events.NeedRestart(r.opened.Now(), waits))
	}
	if err := r.take(ctx, &next); err != nil {
		r.Daemon.TellConfiguration(err)
		return false
	}
	r.asked = asked
	r.Daemon.TellConfiguration(nil)
	if told != nil {
		r.sink.Tell(*told)
	}
	return true
}

// guardsSettle is how many times run.settle a configuration must stay as it is before it
// may do without limits and freezes that it had.
const guardsSettle = 10

// keepGuards has limits, freezes and bounds of edits stay in force that a configuration
// has no more, or looser ones, until it has been so for a while or is what a commit holds:
// a file that was saved halfway looks like that. It returns what is to be told of it.
func (r *Service) keepGuards(ctx context.Context, next *config.Config, same bool) *events.Event {
	now := r.opened.Local()
	keys := next.Weakened(r.config, now)
	until := now.Add(guardsSettle * r.config.Settle())
	if same {
		until = r.kept.Until
	}
	switch {
	case len(keys) == 0:
		r.kept = plan.KeptGuards{}
		return nil
	case !now.Before(until) || r.committed(ctx):
		r.kept = plan.KeptGuards{}
		told := events.WeakenGuards(r.opened.Now(), keys)
		return &told
	}
	told := events.KeepGuards(r.opened.Now(), keys, r.opened.Now().Add(until.Sub(now)))
	next.KeepGuards(r.config, keys, r.opened.Now().Add(until.Sub(now)))
	r.kept = plan.KeptGuards{Keys: keys, Until: until}
	return &told
}

// committed says whether the configuration's file and the policies are what a git commit
// holds.
func (r *Service) committed(ctx context.Context) bool {
	if r.config.File == "" {
		return false
	}
	files, err := eval.ReadFiles(r.config.PolicyOptions(nil))
	return err == nil && files.Committed(ctx, r.config.File)
}

// settleGuards takes up a configuration whose former limits and freezes have been kept
// for long enough.
func (r *Service) settleGuards(ctx context.Context) {
	if r.kept.Until.IsZero() || time.Since(r.lookedAt) < noticedFor/6 && r.opened.Local().Before(r.kept.Until) {
		return
	}
	r.lookedAt = time.Now()
	if r.reload(ctx) {
		r.Loop.Trigger("configuration changed")
	}
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
	r.inForce.Store(c)
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
	r.notifies(before)
	if !slices.Equal(c.Policies, before.Policies) || !reflect.DeepEqual(c.Schemas, before.Schemas) {
		r.watchPolicies(ctx)
	}
	r.sink.Tell(events.Reconfigure(s.Now(), c.Run.Schedule, c.Policies, c.Manage.Default))
	return nil
}
