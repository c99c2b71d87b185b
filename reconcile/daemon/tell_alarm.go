package daemon

import (
	"context"
	"slices"

	"github.com/dutyward/dutyward/reconcile/apply"
)

// tellAlarms tells alarms about edits of schedules when they begin and when they
// end, also where another process raised them, and keeps those that stand for
// health checks and metrics.
func (d *Daemon) tellAlarms(ctx context.Context) error {
	standing, err := d.Record.Alarms(context.WithoutCancel(ctx), false)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	known := func(list []apply.EditAlarmed, a apply.EditAlarmed) bool {
		return slices.ContainsFunc(list, func(b apply.EditAlarmed) bool { return a.Edit == b.Edit && a.Why == b.Why })
	}
	for _, a := range standing {
		if !known(d.told.Alarms, a) {
			d.alarm(a.Why, "schedule", a.Name, "since", a.Since)
		}
	}
	for _, a := range d.told.Alarms {
		if !slices.ContainsFunc(standing, func(b apply.EditAlarmed) bool { return a.Edit == b.Edit }) {
			d.Log.Info("the alarm about a schedule has ended", "schedule", a.Name, "since", a.Since, "alarm", a.Why)
			delete(d.told.alarmed, a.Why)
		}
	}
	d.told.Alarms, d.status.Alarms = standing, standing
	return nil
}

// alarm tells an alarm, once a process. The lock is held.
func (d *Daemon) alarm(why string, about ...any) {
	if d.told.alarmed[why] {
		return
	}
	if d.told.alarmed == nil {
		d.told.alarmed = map[string]bool{}
	}
	d.told.alarmed[why] = true
	d.Log.Error("a schedule needs a person's look", append(about, "alarm", why)...)
}

// tellCompleted tells what became of edits and writes that were open, and what can't
// be brought to an end yet when that begins.
func (d *Daemon) tellCompleted(sentences []string) {
	now := map[string]bool{}
	for _, said := range sentences {
		now[said] = true
		if !d.told.open[said] && !d.told.alarmed[said] {
			d.Log.Warn("what an earlier run left open", "outcome", said)
		}
	}
	d.told.open = now
}
