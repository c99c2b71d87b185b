package diff

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// pieces are the stand-ins that an override comes to, in the window that the
// snapshot knows: one for its whole window, or where somebody is replaced, one
// for each of their turns on layers or each of their rotations.
func (b *builder) pieces(s inventory.Schedule, o desired.Override, ours []plan.Standin) (pieces []plan.Standin, barred obstacle) {
	whole := plan.Standin{
		Kind: plan.AsOverride, User: o.User, Replaces: o.Replaces,
		Start: o.From.Truncate(time.Minute), End: o.Until.Truncate(time.Minute),
	}
	if !whole.Start.Before(b.horizon()) || !whole.End.After(b.in.Now) {
		return nil, obstacle{} // its time has not come, or is over
	}
	switch {
	case s.Kind == inventory.ScheduleOfLayers && o.Replaces == "":
		return []plan.Standin{whole}, obstacle{}
	case s.Kind == inventory.ScheduleOfLayers:
		return b.turnsReplaced(s, whole, ours)
	case o.Replaces == "":
		return b.gap(s, whole, ours)
	}
	for _, l := range s.Rotations {
		if slices.ContainsFunc(l.Events, func(e inventory.Event) bool { return covers(e, whole) }) {
			p := whole
			p.Rotation = l.ID
			pieces = append(pieces, p)
		}
	}
	if len(pieces) == 0 {
		return nil, obstacle{plan.BlockedNobodyReplaced, fmt.Sprintf("%s takes no turns on schedule %s from %s to %s, and so can't be replaced there",
			b.userName(o.Replaces), s.Name, clock(whole.Start), clock(whole.End)), "name somebody who does, or leave `replaces` out to fill a gap"}
	}
	return pieces, obstacle{}
}

// horizon is the moment before which overrides must begin to be made now.
func (b *builder) horizon() time.Time {
	if !b.in.Horizon.IsZero() {
		return b.in.Horizon
	}
	return b.in.Snapshot.Account.Window.Until
}

// covers says whether the person whom a stand-in replaces has turns on an event
// in its window.
func covers(e inventory.Event, p plan.Standin) bool {
	member := slices.ContainsFunc(e.Assignment.Members, func(m *string) bool { return m != nil && *m == p.Replaces })
	return member && e.EffectiveSince.Before(p.End) && (e.EffectiveUntil == nil || e.EffectiveUntil.After(p.Start))
}

// turnsReplaced are the turns of the person replaced as they are without this
// program's overrides, one stand-in for each.
func (b *builder) turnsReplaced(s inventory.Schedule, whole plan.Standin, ours []plan.Standin) (pieces []plan.Standin, barred obstacle) {
	if why := b.ground.rendersOtherwise(s.ID); why != "" {
		return nil, obstacle{plan.BlockedRendering, why, "leave `replaces` out, or make the override in PagerDuty"}
	}
	shifts, err := oncall.Render(without(s, ours), whole.Start, whole.End)
	if err != nil {
		return nil, obstacle{plan.BlockedRendering, err.Error(), "report it with the schedule's JSON"}
	}
	for _, shift := range shifts {
		if shift.User != whole.Replaces || !shift.End.After(b.in.Now) || !shift.Start.Before(b.horizon()) {
			continue
		}
		if n := len(pieces); n > 0 && pieces[n-1].End.Equal(shift.Start) {
			pieces[n-1].End = shift.End
			continue
		}
		p := whole
		p.Start, p.End = shift.Start, shift.End
		pieces = append(pieces, p)
	}
	return pieces, obstacle{}
}

// gap is a custom shift for a window in which nobody is on call.
func (b *builder) gap(s inventory.Schedule, whole plan.Standin, ours []plan.Standin) (pieces []plan.Standin, barred obstacle) {
	whole.Kind = plan.AsCustomShift
	shifts, err := oncall.Render(without(s, ours), plan.Later(whole.Start, b.in.Now), whole.End)
	switch {
	case err != nil:
		return nil, obstacle{plan.BlockedRendering, err.Error(), "report it with the schedule's JSON"}
	case len(shifts) > 0:
		return nil, obstacle{plan.BlockedNoGap, fmt.Sprintf("%s is on call on schedule %s from %s: on a shift-based schedule an override replaces somebody, and only a gap can be filled without",
			b.userName(shifts[0].User), s.Name, clock(shifts[0].Start)), "say in `replaces` whom it replaces, or narrow it to the gap"}
	}
	return []plan.Standin{whole}, obstacle{}
}

// without is a schedule without some of its stand-ins.
func without(s inventory.Schedule, ours []plan.Standin) inventory.Schedule {
	out := func(kind plan.StandinKind, id string) bool {
		return slices.ContainsFunc(ours, func(o plan.Standin) bool { return o.Kind == kind && o.ID == id })
	}
	s.Overrides = slices.DeleteFunc(slices.Clone(s.Overrides), func(o inventory.Override) bool { return out(plan.AsOverride, o.ID) })
	s.CustomShifts = slices.DeleteFunc(slices.Clone(s.CustomShifts), func(c inventory.CustomShift) bool { return out(plan.AsCustomShift, c.ID) })
	return s
}
