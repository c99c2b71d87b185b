package diff

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// overrides are overrides and custom shifts on schedules. Only what this program
// made is ever taken back (S24).
type overrides struct{}

func (overrides) name() plan.Kind { return plan.Override }

func (overrides) on() inventory.Kind { return inventory.KindSchedule }

// held is none: a person may have several, and an override is compared with the ones
// there by its time.
func (overrides) held(*inventory.Snapshot, desired.Pair) string { return inventory.None }

func (overrides) traits() traits { return traits{several: true} }

func (overrides) compare(b *builder) { b.eachSchedule(b.overrides) }

// overrides compares the overrides that policies ask for on a schedule with those
// that it holds.
func (b *builder) overrides(s inventory.Schedule) {
	ours, theirs := b.ourOverrides(s)
	var wanted []plan.OverrideShift
	for _, o := range b.access.Overrides {
		if o.Schedule == s.ID && !b.unknown(o.Pair()) {
			wanted = append(wanted, b.override(s, o, ours)...)
		}
	}
	asked := func(have plan.OverrideShift) bool {
		return slices.ContainsFunc(wanted, func(w plan.OverrideShift) bool { return w.Same(have, b.in.Now) })
	}
	for _, have := range ours {
		at := situation{pair: desired.Pair{User: have.User, Resource: b.ref(inventory.KindSchedule, s.ID)}, held: desired.OverrideRole, asked: inventory.None}
		if !asked(have) && !b.unknown(at.pair) {
			b.settle(at, b.unasked(at, have))
		}
	}
	if b.in.Memory.Last != nil {
		return
	}
	// After a lost state what is as policies ask is taken for ours.
	for _, have := range slices.Concat(ours, theirs) {
		if asked(have) {
			b.adopted = append(b.adopted, plan.OurOverride{Schedule: s.ID, OverrideShift: have, At: b.in.Now})
		}
	}
}

// unasked is about an override of ours that no policy asks for.
func (b *builder) unasked(s situation, have plan.OverrideShift) verdict {
	limit, beyond := b.access.Beyond(s.pair, s.held)
	if _, named := b.access.Named[s.pair.Target()]; !named && !beyond {
		return verdict{extra: left{codes.ExtraOverride, "this program made it, and no policy names this schedule's overrides any more"}}
	}
	if v, ok := b.protects(s, inventory.None); ok {
		return v
	}
	c := b.overrideChange(s.pair, have, desired.Override{}, s.held, inventory.None)
	if beyond {
		c.LimitedBy, c.By = limit.By, rulesOf(limit)
		c.Reason = fmt.Sprintf("limited to %s: %s", limit.AtMost, limit.By[0].Reason)
	}
	return due(c)
}

// override is what an override that policies ask for comes to on a schedule; what
// is missing of it is proposed, or blocked.
func (b *builder) override(s inventory.Schedule, o desired.Override, ours []plan.OverrideShift) []plan.OverrideShift {
	if len(o.Limited) > 0 {
		return nil
	}
	if _, read := b.in.Snapshot.Users[o.User]; !read {
		return nil
	}
	pieces, barred := b.pieces(s, o, ours)
	if !barred.none() {
		c := b.overrideChange(o.Pair(), plan.OverrideShift{Kind: plan.AsOverride, User: o.User, Start: o.From, End: o.Until, Replaces: o.Replaces}, o, inventory.None, desired.OverrideRole)
		b.block(c, barred)
		return nil
	}
	existing := b.overridesThere(s)
	for _, p := range pieces {
		key := overrideKey(o.Pair(), p.Key())
		b.asks[key] = true
		if slices.ContainsFunc(existing, func(have plan.OverrideShift) bool { return p.On(s).Same(have, b.in.Now) }) {
			continue
		}
		at := situation{pair: o.Pair(), held: inventory.None, asked: desired.OverrideRole}
		v, kept := b.protects(at, desired.OverrideRole)
		if kept {
			b.asks[key] = false
		} else {
			v = due(b.overrideChange(o.Pair(), p, o, inventory.None, desired.OverrideRole))
			v.barred = b.unschedulable(o.User, desired.OverrideRole)
		}
		b.settle(at, v)
	}
	for i, p := range pieces {
		pieces[i] = p.On(s)
	}
	return pieces
}

// overridesThere are the overrides on a schedule, with those that this program made a
// moment ago: PagerDuty may not show them yet (S9).
func (b *builder) overridesThere(s inventory.Schedule) []plan.OverrideShift {
	there := plan.OverridesOn(s, b.in.Now)
	for _, o := range b.in.Memory.Overrides {
		if o.Schedule == s.ID && !o.Gone && b.fresh(o.At) {
			there = append(there, o.OverrideShift)
		}
	}
	return there
}

func (overrides) refused(*builder, *plan.Change, *room) obstacle { return obstacle{} }

// require has people be on a team before they are on its schedule, and what takes the
// place of an override be there before that is taken back.
func (overrides) require(b *builder, c *plan.Change, o others) {
	if c.After != inventory.None {
		b.requirePresence(c, o)
		return
	}
	for _, made := range o.overrides {
		if made.Resource == c.Resource && overlap(*made.Override, *c.Override) {
			c.Requires = append(c.Requires, made.ID)
		}
	}
}

func overlap(a, b plan.OverrideShift) bool { return a.Start.Before(b.End) && b.Start.Before(a.End) }

// members are none: overrides are remembered by their windows.
func (overrides) members(*inventory.Snapshot, desired.Target) iter.Seq[string] { return nobody }

// capped tells of nobody: overrides are remembered by their windows.
func (overrides) capped(*inventory.Snapshot, map[string]bool, time.Time, func(desired.Pair, string)) {
}

// make does nothing: overrides follow from edits of schedules.
func (overrides) make(*inventory.Edit, plan.Change) {}

// ourOverrides are the overrides on a schedule that this program made, and the
// others, of those that have not ended. One that it took back a moment ago is
// neither: PagerDuty may still show it (S9).
func (b *builder) ourOverrides(s inventory.Schedule) (ours, theirs []plan.OverrideShift) {
	for _, have := range plan.OverridesOn(s, b.in.Now) {
		i := slices.IndexFunc(b.in.Memory.Overrides, func(o plan.OurOverride) bool {
			return o.Schedule == s.ID && o.ID == have.ID && o.Kind == have.Kind
		})
		switch {
		case i < 0:
			theirs = append(theirs, have)
		case !b.in.Memory.Overrides[i].Gone:
			ours = append(ours, have)
		}
	}
	return ours, theirs
}

// fresh says that a write is so young that PagerDuty may not show it yet (S9).
func (b *builder) fresh(at time.Time) bool { return b.in.Now.Sub(at) < inventory.StaleFor }

// overrideChange describes the change that makes an override, or takes one back.
func (b *builder) overrideChange(pair desired.Pair, p plan.OverrideShift, o desired.Override, before, after string) plan.Change {
	c := plan.Change{
		ID: plan.Key(pair, before, after) + "/" + p.Key(), Kind: plan.Override, Action: plan.ActionGrant, Effect: plan.Raise,
		User: pair.User, Resource: pair.Resource, Before: before, After: after, By: o.By, Override: &p,
	}
	span := fmt.Sprintf("from %s to %s", clock(p.Start), clock(p.End))
	if p.Replaces != "" {
		span += " in place of " + b.userName(p.Replaces)
	}
	c.Cause = b.overrideCause(p.Key(), pair, after)
	if after == inventory.None {
		c.Action, c.Effect = plan.ActionRevoke, plan.Lower
		c.Reason = "no rule asks for it any more: " + span
	} else {
		c.Reason = span
		end := p.End
		c.Until = &end
		if c.Cause == plan.CauseDrift {
			c.Reason = "taken away in PagerDuty: " + span
		}
	}
	if len(c.By) == 0 {
		c.By = b.naming(pair.Target())
	}
	return c
}

// overrideCause is why an override is made or taken back now (S14).
func (b *builder) overrideCause(key string, pair desired.Pair, after string) plan.Cause {
	last := b.in.Memory.Last
	if last == nil {
		return plan.CausePolicy
	}
	id := overrideKey(pair, key)
	then, now := slices.Contains(last.Overrides, id), after != inventory.None
	switch {
	case then && now && slices.Contains(last.PendingOverrides, id):
		return plan.CausePolicy
	case then && now:
		return plan.CauseDrift
	case b.in.Revision != last.Revision:
		return plan.CausePolicy
	}
	return plan.CauseFacts
}

// overrideKey identifies an override that policies ask for in what a round leaves.
func overrideKey(pair desired.Pair, key string) string {
	return pair.Resource.ID + "/" + pair.User + "/" + key
}

// pieces are what an override by policy comes to, in the window that the
// snapshot knows: one for its whole window, or where somebody is replaced, one
// for each of their turns on layers or each of their rotations.
func (b *builder) pieces(s inventory.Schedule, o desired.Override, ours []plan.OverrideShift) (pieces []plan.OverrideShift, barred obstacle) {
	whole := plan.OverrideShift{
		Kind: plan.AsOverride, User: o.User, Replaces: o.Replaces,
		Start: o.From.Truncate(time.Minute), End: o.Until.Truncate(time.Minute),
	}
	if !whole.Start.Before(b.horizon()) || !whole.End.After(b.in.Now) {
		return nil, obstacle{} // its time has not come, or is over
	}
	switch {
	case s.Kind == inventory.ScheduleOfLayers && o.Replaces == "":
		return []plan.OverrideShift{whole}, obstacle{}
	case s.Kind == inventory.ScheduleOfLayers:
		return b.turnsReplaced(s, whole, ours)
	case o.Replaces == "":
		return b.gap(s, whole, ours)
	}
	for _, l := range s.Rotations {
		p := whole
		p.Rotation = l.ID
		made := slices.ContainsFunc(ours, func(have plan.OverrideShift) bool { return p.On(s).Same(have, b.in.Now) })
		if slices.ContainsFunc(l.Events, func(e inventory.Event) bool { return covers(e, whole) }) && (made || b.hasTurns(s, l, whole)) {
			pieces = append(pieces, p)
		}
	}
	if len(pieces) == 0 {
		return nil, obstacle{codes.BlockedNobodyReplaced, fmt.Sprintf("%s takes no turns on schedule %s from %s to %s, and so can't be replaced there",
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

// covers says whether the person whom an override replaces has turns on an event
// in its window.
func covers(e inventory.Event, p plan.OverrideShift) bool {
	member := slices.ContainsFunc(e.Assignment.Members, func(m *string) bool { return m != nil && *m == p.Replaces })
	return member && e.EffectiveSince.Before(p.End) && (e.EffectiveUntil == nil || e.EffectiveUntil.After(p.Start))
}

// hasTurns says whether the person whom an override replaces has turns in a rotation
// within its window, overrides apart. One of hours in which nobody is on call there would
// show nowhere, and be made again and again. Where PagerDuty renders the schedule in
// another way, it counts that they take turns at all.
func (b *builder) hasTurns(s inventory.Schedule, in inventory.Rotation, p plan.OverrideShift) bool {
	if b.cache.rendersOtherwise(s.ID) != "" {
		return true
	}
	s.Overrides, s.CustomShifts, s.Rotations = nil, nil, []inventory.Rotation{in}
	shifts, err := oncall.Render(s, p.Start, p.End)
	return err != nil || slices.ContainsFunc(shifts, func(shift inventory.Shift) bool { return shift.User == p.Replaces })
}

// turnsReplaced are the turns of the person replaced as they are without this
// program's overrides, one piece for each.
func (b *builder) turnsReplaced(s inventory.Schedule, whole plan.OverrideShift, ours []plan.OverrideShift) (pieces []plan.OverrideShift, barred obstacle) {
	if why := b.cache.rendersOtherwise(s.ID); why != "" {
		return nil, obstacle{codes.BlockedRendering, why, "leave `replaces` out, or make the override in PagerDuty"}
	}
	shifts, err := oncall.Render(without(s, ours), whole.Start, whole.End)
	if err != nil {
		return nil, obstacle{codes.BlockedRendering, err.Error(), "report it with the schedule's JSON"}
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
func (b *builder) gap(s inventory.Schedule, whole plan.OverrideShift, ours []plan.OverrideShift) (pieces []plan.OverrideShift, barred obstacle) {
	whole.Kind = plan.AsCustomShift
	shifts, err := oncall.Render(without(s, ours), plan.Later(whole.Start, b.in.Now), whole.End)
	switch {
	case err != nil:
		return nil, obstacle{codes.BlockedRendering, err.Error(), "report it with the schedule's JSON"}
	case len(shifts) > 0:
		return nil, obstacle{codes.BlockedNoGap, fmt.Sprintf("%s is on call on schedule %s from %s: on a shift-based schedule an override replaces somebody, and only a gap can be filled without",
			b.userName(shifts[0].User), s.Name, clock(shifts[0].Start)), "say in `replaces` whom it replaces, or narrow it to the gap"}
	}
	return []plan.OverrideShift{whole}, obstacle{}
}

// without is a schedule without some of its overrides.
func without(s inventory.Schedule, ours []plan.OverrideShift) inventory.Schedule {
	out := func(kind plan.OverrideKind, id string) bool {
		return slices.ContainsFunc(ours, func(o plan.OverrideShift) bool { return o.Kind == kind && o.ID == id })
	}
	s.Overrides = slices.DeleteFunc(slices.Clone(s.Overrides), func(o inventory.Override) bool { return out(plan.AsOverride, o.ID) })
	s.CustomShifts = slices.DeleteFunc(slices.Clone(s.CustomShifts), func(c inventory.CustomShift) bool { return out(plan.AsCustomShift, c.ID) })
	return s
}

// hidingOverride holds overrides that would hide one that a person made: on a
// layer-based schedule the last one made wins, and other people's overrides are
// theirs (S24).
var hidingOverride = guard{hold: hold{code: plan.HoldHidingOverride, rule: "S24", releasable: true}, judge: func(b *builder) judge {
	return func(c plan.Change) (wait, bool) {
		if c.Kind != plan.Override || c.After != desired.OverrideRole || b.released(c) {
			return wait{}, false
		}
		s := b.in.Snapshot.Schedules[c.Resource.ID]
		if s.Kind != inventory.ScheduleOfLayers {
			return wait{}, false
		}
		hidden := b.hiddenBy(s, *c.Override)
		return wait{
			why:     "PagerDuty lets the override made last win, which would hide " + strings.Join(hidden, " and "),
			release: "it goes on once that is over or taken away; to have it before: " + letThrough(c),
		}, len(hidden) > 0
	}
}}

// hiddenBy names the overrides of other people that one would hide, wholly or in part.
func (b *builder) hiddenBy(s inventory.Schedule, p plan.OverrideShift) []string {
	var hidden []string
	_, theirs := b.ourOverrides(s)
	for _, o := range theirs {
		if o.Kind == plan.AsOverride && o.User != p.User && overlap(o, p) {
			hidden = append(hidden, fmt.Sprintf("%s's from %s to %s", b.userName(o.User), clock(o.Start), clock(o.End)))
		}
	}
	return hidden
}
