package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Overrides is what overrides and custom shifts are written on.
type Overrides interface {
	// Schedule reads one schedule, rendered over a window.
	Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error)
	AddOverride(ctx context.Context, was inventory.Schedule, o inventory.Override) (inventory.Override, error)
	RemoveOverride(ctx context.Context, was inventory.Schedule, id string) error
	AddCustomShift(ctx context.Context, was inventory.Schedule, s inventory.CustomShift) (inventory.CustomShift, error)
	RemoveCustomShift(ctx context.Context, was inventory.Schedule, id string) error
}

// overrides are made one after another on each schedule.
type overrides struct {
	account Overrides
	look    *look
}

func (overrides) unit(_ []plan.Change, i int) []int { return alone(i) }

func (overrides) lane(c plan.Change) string { return laneOf(c.Resource) }

func (k overrides) held(ctx context.Context, c plan.Change) (string, plan.OverrideShift, error) {
	_, made, err := k.there(ctx, c)
	if err != nil || made.ID == "" {
		return inventory.None, made, err
	}
	return desired.OverrideRole, made, nil
}

func (k overrides) settle(ctx context.Context, x *recovery, in Intent) (Result, error) {
	return x.look(ctx, in, k.held)
}

func (k overrides) carryOut(ctx context.Context, x *run, unit []plan.Change) ([]Outcome, error) {
	o, err := k.override(ctx, x, unit[0])
	return []Outcome{o}, err
}

// override makes an override or custom shift, or takes back one of ours, if the
// schedule is as the plan saw it (S8, S24).
func (k overrides) override(ctx context.Context, x *run, c plan.Change) (Outcome, error) {
	o := Outcome{Change: c}
	s, held, err := k.there(ctx, c)
	switch {
	case err != nil:
	case held.ID != "":
		o.Found = desired.OverrideRole
	default:
		o.Found = inventory.None
	}
	if o, ended := x.unneeded(ctx, o, err); ended {
		return o, nil
	}
	return x.recorded(ctx, o, func(ctx context.Context) error {
		if c.After == inventory.None {
			return k.takeBack(ctx, s, held)
		}
		made, err := k.write(ctx, s, *c.Override)
		if err == nil {
			o.Change.Override = &made
		}
		return err
	}, &o)
}

// unsent is why a write was not even begun.
type unsent struct{ error }

func (unsent) Unwritten() bool { return true }

// write writes an override; one whose time has begun starts with the next
// minute, for the past stays as it is.
func (k overrides) write(ctx context.Context, s inventory.Schedule, p plan.OverrideShift) (plan.OverrideShift, error) {
	if now := k.look.now().UTC(); p.Start.Before(now) {
		p.Start = now.Truncate(time.Minute).Add(time.Minute)
	}
	if !p.Start.Before(p.End) {
		return p, unsent{fmt.Errorf("it would end at %s, before it could begin", stamp(p.End))}
	}
	if p.Kind == plan.AsCustomShift {
		made, err := k.account.AddCustomShift(ctx, s, inventory.CustomShift{User: &p.User, Start: p.Start, End: p.End})
		p.ID = made.ID
		return p, err
	}
	o := inventory.Override{User: &p.User, Start: p.Start, End: p.End}
	if s.Kind == inventory.ScheduleOfShifts {
		o.Replaces, o.Rotation = &p.Replaces, &p.Rotation
	}
	made, err := k.account.AddOverride(ctx, s, o)
	p.ID = made.ID
	return p, err
}

func (k overrides) takeBack(ctx context.Context, s inventory.Schedule, held plan.OverrideShift) error {
	if held.Kind == plan.AsCustomShift {
		return k.account.RemoveCustomShift(ctx, s, held.ID)
	}
	return k.account.RemoveOverride(ctx, s, held.ID)
}

// there reads the schedule of a change of an override, and the override that
// it holds now: the one that the change makes, or is to take back. It has no id
// if there is none.
func (k overrides) there(ctx context.Context, c plan.Change) (inventory.Schedule, plan.OverrideShift, error) {
	p, now := *c.Override, k.look.now().UTC()
	w := inventory.Window{Since: now.Truncate(time.Minute), Until: now.Add(time.Hour)}
	if p.End.After(w.Until) {
		w.Until = p.End.Add(time.Minute)
	}
	s, err := k.account.Schedule(ctx, c.Resource.ID, w)
	if err != nil {
		return s, plan.OverrideShift{}, fmt.Errorf("look at schedule %s: %w", c.Resource.ID, err)
	}
	there := plan.OverridesOn(s, now)
	i := slices.IndexFunc(there, func(have plan.OverrideShift) bool {
		if p.ID != "" {
			return have.ID == p.ID && have.Kind == p.Kind
		}
		return p.On(s).Same(have, now)
	})
	if i < 0 {
		return s, plan.OverrideShift{}, nil
	}
	return s, there[i], nil
}
