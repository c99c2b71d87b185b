package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// desk is PagerDuty with one schedule, in memory. Its reads lag behind its writes.
type desk struct {
	apply.Account // for what else there is to write on, which these tests don't
	clock         *clock
	lag           time.Duration
	// before, if set, is asked before each call, which then fails with its error and
	// does nothing; after is asked once it is done.
	before, after func(call string) error
	// preview and shows, if set, change what PagerDuty renders.
	preview, shows func(*inventory.Schedule)

	is    inventory.Schedule
	was   []shown
	made  int
	calls []string
}

type shown struct {
	until time.Time
	s     inventory.Schedule
}

func copied(s inventory.Schedule) inventory.Schedule {
	s.Layers, s.Rotations = slices.Clone(s.Layers), slices.Clone(s.Rotations)
	for i := range s.Rotations {
		s.Rotations[i].Events = slices.Clone(s.Rotations[i].Events)
		for j := range s.Rotations[i].Events {
			a := &s.Rotations[i].Events[j].Assignment
			a.Members = slices.Clone(a.Members)
		}
	}
	s.Overrides, s.CustomShifts = slices.Clone(s.Overrides), slices.Clone(s.CustomShifts)
	return s
}

// call makes a call that changes the schedule, unless told otherwise.
func (d *desk) call(name string, change func(*inventory.Schedule)) error {
	d.calls = append(d.calls, name)
	if d.before != nil {
		if err := d.before(name); err != nil {
			return err
		}
	}
	if change != nil {
		d.was = append(d.was, shown{d.clock.Now().Add(d.lag), copied(d.is)})
		change(&d.is)
	}
	if d.after != nil {
		return d.after(name)
	}
	return nil
}

// id is a new id.
func (d *desk) id(kind string) string {
	d.made++
	return fmt.Sprintf("%s%d", kind, d.made)
}

func (d *desk) Schedule(_ context.Context, _ string, w inventory.Window) (inventory.Schedule, error) {
	if err := d.call("read", nil); err != nil {
		return inventory.Schedule{}, err
	}
	s := d.is
	if i := slices.IndexFunc(d.was, func(v shown) bool { return d.clock.Now().Before(v.until) }); i >= 0 {
		s = d.was[i].s
	}
	s, err := oncall.Rerender(copied(s), w)
	if d.shows != nil {
		d.shows(&s)
	}
	return s, err
}

func (d *desk) PreviewSchedule(_ context.Context, s inventory.Schedule, w inventory.Window) ([]inventory.Shift, error) {
	if err := d.call("preview", nil); err != nil {
		return nil, err
	}
	if s = copied(s); d.preview != nil {
		d.preview(&s)
	}
	return oncall.Render(s, w.Since, w.Until)
}

func (d *desk) WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(oncall.Remaining(d.is, []oncall.Step{step})) == 0 && !step.Again {
		return nil
	}
	name := string(step.Does)
	if step.Does == oncall.DeleteRotation && step.Rotation == "" {
		net, there := oncall.NetOf(d.is, was, *step.Event)
		if !there {
			return nil
		}
		step.Rotation = net.ID
	}
	if step.Rotation != "" {
		name += " " + step.Rotation
	}
	return d.call(name, func(s *inventory.Schedule) {
		if step.Does == oncall.DeleteRotation {
			s.Rotations = slices.DeleteFunc(s.Rotations, func(r inventory.Rotation) bool { return r.ID == step.Rotation })
			return
		}
		if step.Does == oncall.EndEvent { // which changes the end alone
			for _, r := range s.Rotations {
				for j := range r.Events {
					if r.Events[j].ID == step.Event.ID {
						r.Events[j].EffectiveUntil = step.Event.EffectiveUntil
					}
				}
			}
			return
		}
		*s = copied(oncall.States(*s, []oncall.Step{step})[1])
		now := d.clock.Now()
		for i := range s.Layers {
			if s.Layers[i].ID == "" {
				s.Layers[i].ID = d.id("L")
			}
		}
		for i := range s.Rotations {
			r := &s.Rotations[i]
			if r.ID == "" {
				r.ID = d.id("NET")
			}
			for j := range r.Events {
				if r.Events[j].ID == "" {
					r.Events[j].ID = d.id("EV")
					if r.Events[j].EffectiveSince.Before(now) {
						r.Events[j].EffectiveSince = now // an event can't begin in the past
					}
				}
			}
		}
	})
}

func (d *desk) AddOverride(_ context.Context, _ inventory.Schedule, o inventory.Override) (inventory.Override, error) {
	o.ID = d.id("O")
	err := d.call(fmt.Sprintf("add override of %s%s from %s to %s", *o.User, on(o), short(o.Start), short(o.End)), func(s *inventory.Schedule) { s.Overrides = append(s.Overrides, o) })
	return o, err
}

func on(o inventory.Override) string {
	out := ""
	if o.Replaces != nil {
		out += " for " + *o.Replaces
	}
	if o.Rotation != nil {
		out += " on " + *o.Rotation
	}
	if o.CustomShift != nil {
		out += " on a custom shift"
	}
	return out
}

func (d *desk) RemoveOverride(_ context.Context, _ inventory.Schedule, id string) error {
	return d.call("remove override "+id, func(s *inventory.Schedule) {
		s.Overrides = slices.DeleteFunc(s.Overrides, func(o inventory.Override) bool { return o.ID == id })
	})
}

func (d *desk) AddCustomShift(_ context.Context, _ inventory.Schedule, c inventory.CustomShift) (inventory.CustomShift, error) {
	c.ID = d.id("C")
	err := d.call(fmt.Sprintf("add custom shift of %s from %s to %s", *c.User, short(c.Start), short(c.End)), func(s *inventory.Schedule) { s.CustomShifts = append(s.CustomShifts, c) })
	return c, err
}

func (d *desk) RemoveCustomShift(_ context.Context, _ inventory.Schedule, id string) error {
	return d.call("remove custom shift "+id, func(s *inventory.Schedule) {
		s.CustomShifts = slices.DeleteFunc(s.CustomShifts, func(c inventory.CustomShift) bool { return c.ID == id })
	})
}

func short(t time.Time) string { return t.UTC().Format("01-02 15:04") }

// writes are the calls that write.
func (d *desk) writes() []string {
	return slices.DeleteFunc(slices.Clone(d.calls), func(c string) bool { return c == "read" || c == "preview" })
}

// turns say who takes turns on what, and what else there is.
func (d *desk) turns() string {
	var out []string
	until := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return " until " + short(*t)
	}
	for _, l := range d.is.Layers {
		out = append(out, l.ID+": "+strings.Join(l.Users, " ")+until(l.End))
	}
	for _, r := range d.is.Rotations {
		if len(r.Events) == 0 {
			out = append(out, r.ID+": nothing")
		}
		for _, e := range r.Events {
			var members []string
			for _, m := range e.Assignment.Members {
				if m == nil {
					m = new("-")
				}
				members = append(members, *m)
			}
			out = append(out, r.ID+": "+strings.Join(members, " ")+" from "+short(e.EffectiveSince)+until(e.EffectiveUntil))
		}
	}
	for _, o := range d.is.Overrides {
		out = append(out, "override of "+*o.User+on(o)+" from "+short(o.Start)+until(&o.End))
	}
	for _, c := range d.is.CustomShifts {
		out = append(out, "custom shift of "+*c.User+" from "+short(c.Start)+until(&c.End))
	}
	return strings.Join(out, "; ")
}

// book keeps intents in memory as the journal does.
type book struct {
	mu   sync.Mutex
	kept []*apply.Intent
	// refuses, if set, is asked before each record, which then fails with its error.
	refuses func(what string) error
}

var errUnkept = errors.New("the disk is full")

func (b *book) ask(what string) error {
	if b.refuses == nil {
		return nil
	}
	return b.refuses(what)
}

func (b *book) Begin(_ context.Context, in apply.Intent) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ask("begin"); err != nil {
		return 0, err
	}
	in.ID = int64(len(b.kept) + 1)
	b.kept = append(b.kept, &in)
	return in.ID, nil
}

func (b *book) Step(_ context.Context, in apply.Intent) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ask("step"); err != nil {
		return err
	}
	b.kept[in.ID-1].Payload = in.Payload
	return nil
}

func (b *book) Finish(_ context.Context, id int64, r apply.Result) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ask("finish"); err != nil {
		return err
	}
	in := b.kept[id-1]
	if r.Status != "" {
		in.Status = r.Status
	}
	for _, o := range r.Outcomes {
		if !o.Uncertain {
			in.Changes = slices.DeleteFunc(slices.Clone(in.Changes), func(c plan.Change) bool { return c.ID == o.Change.ID })
		}
	}
	return nil
}

// open are the intents that are open.
func (b *book) open() []apply.Intent {
	var open []apply.Intent
	for _, in := range b.kept {
		if len(in.Payload) > 0 && in.Status.Open() || len(in.Changes) > 0 {
			open = append(open, *in)
		}
	}
	return open
}
