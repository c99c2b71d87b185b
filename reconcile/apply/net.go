package apply

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// drop takes a net away. What it alone has stays: a turn under way as a custom shift,
// and the overrides that others made on it where the turns go on (S24).
func (e *editing) drop(ctx context.Context, in editIntent, was inventory.Schedule, net oncall.Step) error {
	is, err := e.look(ctx, in)
	if err != nil {
		return err
	}
	if rotation, there := oncall.NetOf(is, in.Was, *net.Event); there {
		turns, err := e.fill(ctx, in, is, rotation.ID, net)
		if err != nil {
			return err
		}
		if err := e.carry(ctx, in, is, rotation.ID, net, turns); err != nil {
			return err
		}
	}
	return e.write(ctx, in, was, net)
}

// fill fills what a net has of a turn under way: a successor that was made after its
// time begins with its next turn. It returns the custom shifts that do, those of an
// earlier try too.
func (e *editing) fill(ctx context.Context, in editIntent, is inventory.Schedule, rotation string, net oncall.Step) ([]inventory.CustomShift, error) {
	now := e.now()
	if net.Event.EffectiveSince.After(now) {
		return nil, nil
	}
	net.Does = oncall.CreateEvent
	shifts, err := oncall.MissedByLate(net, now)
	if err != nil {
		return nil, err
	}
	w := inventory.Window{Since: now.UTC(), Until: now.UTC().Add(time.Minute)}
	without, err := oncall.Without(is, rotation, w)
	if err != nil {
		return nil, err
	}
	if len(oncall.At(without.Shifts, w.Since)) == 0 {
		return e.addShifts(ctx, in, is, shifts)
	}
	return slices.DeleteFunc(slices.Clone(is.CustomShifts), func(x inventory.CustomShift) bool {
		return !slices.ContainsFunc(shifts, func(s inventory.CustomShift) bool { return same(x.User, s.User) && x.End.Equal(s.End) })
	}), nil
}

// carry makes the overrides that others made on a net again, from now on, where its
// turns go on. They stay theirs.
func (e *editing) carry(ctx context.Context, in editIntent, is inventory.Schedule, rotation string, net oncall.Step, turns []inventory.CustomShift) error {
	pairs := oncall.Pairs(in.Steps)
	i := slices.IndexFunc(pairs, func(p oncall.Pair) bool { return oncall.SameEvent(p.New, *net.Event) })
	if i < 0 {
		return nil
	}
	for _, o := range is.Overrides {
		if o.Rotation == nil || *o.Rotation != rotation {
			continue
		}
		on := o
		on.Rotation = &pairs[i].Rotation
		anew := []inventory.Override{on}
		for _, turn := range turns {
			if same(turn.User, o.Replaces) {
				on := o
				on.Rotation, on.CustomShift = nil, &turn.ID
				on.Start, on.End = plan.Later(o.Start, turn.Start), earliest(o.End, turn.End)
				anew = append(anew, on)
			}
		}
		for _, on := range anew {
			if err := e.again(ctx, in, is, on); err != nil {
				return err
			}
		}
	}
	return nil
}

// again makes an override of somebody's again, unless it is there already. One that
// PagerDuty does not take is reported.
func (e *editing) again(ctx context.Context, in editIntent, is inventory.Schedule, o inventory.Override) error {
	o.Start = plan.Later(o.Start, e.now().UTC().Truncate(time.Second))
	there := slices.ContainsFunc(is.Overrides, func(x inventory.Override) bool {
		return same(x.User, o.User) && same(x.Replaces, o.Replaces) && same(x.Rotation, o.Rotation) &&
			same(x.CustomShift, o.CustomShift) && !x.Start.After(o.Start) && !x.End.Before(o.End)
	})
	if there || !o.Start.Before(o.End) {
		return nil
	}
	err := e.within(ctx, in, func(ctx context.Context) error {
		_, err := e.account.AddOverride(ctx, is, o)
		return err
	})
	if !final(err) {
		return err
	}
	e.told = append(e.told, fmt.Sprintf("%s's override in place of %s on schedule %s from %s to %s was on the edit's temporary rotation, and PagerDuty refuses it on the rotation that takes over: %v; add it again in PagerDuty if it is still needed",
		cmp.Or(plan.Text(o.User), "nobody"), cmp.Or(plan.Text(o.Replaces), "nobody"), in.Was.Name, stamp(o.Start), stamp(o.End), err))
	return nil
}

// tell adds to what came of an edit what else is to be said of it.
func (e *editing) tell(end ending) ending {
	if len(e.told) > 0 {
		end.why = strings.TrimPrefix(end.why+"; "+strings.Join(e.told, "; "), "; ")
	}
	e.told = nil
	return end
}

// same says that two optional texts are equal.
func same(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
