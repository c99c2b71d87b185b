package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// standin makes an override or custom shift, or takes back one of ours, if the
// schedule is as the plan saw it (S8, S24).
func (x *run) standin(ctx context.Context, c plan.Change) (Outcome, error) {
	o := Outcome{Change: c}
	s, held, err := x.look.standin(ctx, c)
	stop := x.mustStop(ctx)
	switch {
	case err != nil && stop == "":
		return failed(o, err), nil
	case stop != "":
		o.Status, o.Why = Skipped, "not started: "+stop
		return o, nil
	}
	o.Found = inventory.None
	if held.ID != "" {
		o.Found = desired.Standin
	}
	if o.Found == c.After {
		o.Status, o.Why = Already, "already so"
		return o, nil
	}
	return x.recorded(ctx, o, func(ctx context.Context) error {
		if c.After == inventory.None {
			return x.takeBack(ctx, s, held)
		}
		made, err := x.standIn(ctx, s, *c.Override)
		if err == nil {
			o.Change.Override = &made
		}
		return err
	}, &o)
}

// standIn writes a stand-in; one whose time has begun starts with the next
// minute, for the past stays as it is.
func (x *run) standIn(ctx context.Context, s inventory.Schedule, p plan.Standin) (plan.Standin, error) {
	if now := x.options.Now().UTC(); p.Start.Before(now) {
		p.Start = now.Truncate(time.Minute).Add(time.Minute)
	}
	if !p.Start.Before(p.End) {
		return p, fmt.Errorf("it would end at %s, before it could begin", stamp(p.End))
	}
	if p.Kind == plan.AsCustomShift {
		made, err := x.account.AddCustomShift(ctx, s, inventory.CustomShift{User: &p.User, Start: p.Start, End: p.End})
		p.ID = made.ID
		return p, err
	}
	o := inventory.Override{User: &p.User, Start: p.Start, End: p.End}
	if s.Kind == inventory.ScheduleOfShifts {
		o.Replaces, o.Rotation = &p.Replaces, &p.Rotation
	}
	made, err := x.account.AddOverride(ctx, s, o)
	p.ID = made.ID
	return p, err
}

func (x *run) takeBack(ctx context.Context, s inventory.Schedule, held plan.Standin) error {
	if held.Kind == plan.AsCustomShift {
		return x.account.RemoveCustomShift(ctx, s, held.ID)
	}
	return x.account.RemoveOverride(ctx, s, held.ID)
}

// standin reads the schedule of a change of an override, and the stand-in that
// it holds now: the one that the change makes, or is to take back. It has no id
// if there is none.
func (l *look) standin(ctx context.Context, c plan.Change) (inventory.Schedule, plan.Standin, error) {
	p, now := *c.Override, l.now().UTC()
	w := inventory.Window{Since: now.Truncate(time.Minute), Until: now.Add(time.Hour)}
	if p.End.After(w.Until) {
		w.Until = p.End.Add(time.Minute)
	}
	s, err := l.account.Schedule(ctx, c.Resource.ID, w)
	if err != nil {
		return s, plan.Standin{}, fmt.Errorf("look at schedule %s: %w", c.Resource.ID, err)
	}
	there := plan.StandinsOn(s, now)
	i := slices.IndexFunc(there, func(have plan.Standin) bool {
		if p.ID != "" {
			return have.ID == p.ID && have.Kind == p.Kind
		}
		return p.On(s).Same(have, now)
	})
	if i < 0 {
		return s, plan.Standin{}, nil
	}
	return s, there[i], nil
}

// turn says whether the person of a change takes turns now, as a role.
func (l *look) turn(ctx context.Context, c plan.Change) (string, error) {
	now := l.now().UTC()
	s, err := l.account.Schedule(ctx, c.Resource.ID, inventory.Window{Since: now, Until: now.Add(time.Hour)})
	if err != nil {
		return "", fmt.Errorf("look at schedule %s: %w", c.Resource.ID, err)
	}
	if line, ok := oncall.LineOf(s, c.Layer); ok && line.Includes(c.User) {
		return desired.Rotation, nil
	}
	return inventory.None, nil
}
