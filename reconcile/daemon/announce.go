package daemon

import (
	"context"
	"encoding/json"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// announce hands on what happened, in the order in which it was found out. It is asked
// under the lock, so that what was reported and the status go together; the sink is not, and
// may ask for the status.
func (d *Daemon) announce(happened func(*events.Told) []events.Event) {
	d.announcing.Lock()
	defer d.announcing.Unlock()
	for _, e := range d.note(happened) {
		d.Sink.Tell(e)
	}
}

func (d *Daemon) note(happened func(*events.Told) []events.Event) []events.Event {
	d.mu.Lock()
	defer d.mu.Unlock() // also where that panics
	all := happened(&d.told)
	for _, e := range all {
		d.status.count(e)
		if events.Published(e) && !recorded(e) {
			d.happened = append(d.happened, e)
		}
	}
	return all
}

// recorded says that the record tells receivers of an event when it records what it tells
// of: a write may be recorded that nobody announced, such as a killed run's.
func recorded(e events.Event) bool {
	return e.Code == events.AccessRaised || e.Code == events.AccessLowered
}

// Tell hands on an event that nothing has to be remembered of.
func (d *Daemon) Tell(e events.Event) {
	d.announce(func(*events.Told) []events.Event { return []events.Event{e} })
}

// TellConfiguration tells that the configuration as it stands is broken, so that
// the last good one stays in force, or with nil that it is in force.
func (d *Daemon) TellConfiguration(err error) {
	d.announce(func(t *events.Told) []events.Event { return t.Configures(d.Now(), err) })
}

func (d *Daemon) announcePause(p *reconcile.Pause) {
	var paused *events.Pause
	if p != nil {
		paused = &events.Pause{Since: p.Since, Reason: p.Reason}
	}
	d.announce(func(t *events.Told) []events.Event { return t.Pausing(d.Now(), paused) })
}

// announcePolicies tells that the policies as they stand are in force, with nil, or why
// not. Earlier says that there are good ones.
func (d *Daemon) announcePolicies(err error, earlier bool) {
	d.announce(func(t *events.Told) []events.Event { return t.Policies(d.Now(), err, earlier) })
}

func (d *Daemon) announceStep(p *plan.Plan, s apply.Step) {
	d.announce(func(t *events.Told) []events.Event { return t.Step(d.Now(), p, s) })
}

func (d *Daemon) announceCompleted(sentences []string) {
	d.announce(func(t *events.Told) []events.Event { return t.Completed(d.Now(), sentences) })
}

// announceAlarms tells the alarms that stand, also those of another process.
func (d *Daemon) announceAlarms(ctx context.Context) error {
	standing, err := d.Record.Alarms(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	d.announce(func(t *events.Told) []events.Event { return t.Standing(d.Now(), standing) })
	return nil
}

// announceRound tells a round that made a plan.
func (d *Daemon) announceRound(done *reconcile.Applied, why string, err error) {
	if done == nil || done.Result == nil {
		return
	}
	r := events.Round{
		At: d.Now(), Trigger: why, Plan: done.Plan, Snapshot: done.Snapshot, Groups: done.Access.Groups, ClockDoubt: done.ClockDoubt,
		Settled: len(done.Recovered), Failed: err != nil,
	}
	if done.Report != nil {
		r.Counts = done.Report.Counts
	}
	d.announce(func(t *events.Told) []events.Event { return t.Round(r) })
}

// Relearn has the next round learn again what was reported, since another process may
// have made rounds meanwhile. It is called between rounds.
func (d *Daemon) Relearn() { d.recalled = false }

// recall learns what the process before this one reported.
func (d *Daemon) recall(ctx context.Context) error {
	if d.recalled {
		return nil
	}
	text, err := d.Record.Told(ctx)
	if err != nil {
		return err
	}
	if text == nil {
		d.recalled = true
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.told.Recall(text); err != nil {
		return err
	}
	d.kept, d.recalled = string(text), true
	return nil
}

// Keep gives the record what happened since it last got it; for what happens outside
// of rounds, such as their end.
func (d *Daemon) Keep(ctx context.Context) { d.keep(ctx) }

// mostUnkept bounds what waits for a record that can't be written.
const mostUnkept = 10_000

// keep keeps what was reported for the process after this one, and gives the outbox what
// happened. If it can't, the worst is that something is reported twice.
func (d *Daemon) keep(ctx context.Context) {
	d.keeping.Lock()
	defer d.keeping.Unlock()
	d.mu.Lock()
	text, err := json.Marshal(d.told)
	happened := d.happened
	d.happened = nil
	kept := d.kept
	d.mu.Unlock()
	if err == nil && (string(text) != kept || len(happened) > 0) {
		err = d.Record.SaveTold(context.WithoutCancel(ctx), text, happened)
	}
	d.mu.Lock()
	if err == nil {
		d.kept = string(text)
	} else {
		d.happened = append(happened, d.happened...)
		d.happened = d.happened[max(0, len(d.happened)-mostUnkept):]
	}
	d.mu.Unlock()
	d.announce(func(t *events.Told) []events.Event { return t.Keeping(d.Now(), err) })
}
