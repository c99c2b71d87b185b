package diff

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The cases of a person and a layer or event. The first line that fits decides;
// members are those of the last of its line, who take turns for good.
//
//	asked      member   and                          then
//	--------   ------   --------------------------   ----------------------------
//	any        any      the schedule is unknown      nothing; the unknown is listed
//	rotation   yes                                   nothing
//	any        any      a protection covers it       protected
//	rotation   no       a stakeholder                blocked (S13)
//	rotation   no                                    grant
//	none       yes      nothing names the layer,     drift, left alone (S1, S24)
//	                    and no limit is broken
//	none       yes                                   revoke
//	any        any      we render the schedule       blocked (S22)
//	                    otherwise than PagerDuty
//
// What became a change then goes through enforcement, constraints and holds;
// all changes of one schedule become one edit of it.

// schedules compares turns and overrides on every schedule that policies name, on
// which this program made overrides, or on which somebody is beyond a limit.
func (b *builder) schedules() {
	for _, id := range b.concerned() {
		s, ok := b.in.Snapshot.Schedules[id]
		if !ok {
			continue
		}
		b.contain(b.ref(inventory.KindSchedule, id), "*", func() {
			for _, line := range oncall.Lines(s, b.in.Now) {
				if line.ID != "" {
					b.turns(s, line)
				}
			}
			b.standins(s)
		})
	}
}

// concerned are the ids of the schedules that are compared, sorted.
func (b *builder) concerned() []string {
	if b.scope != nil {
		return slices.Sorted(maps.Keys(b.scope.schedules))
	}
	concerned := map[string]bool{}
	for target := range b.access.Named {
		if target.Resource.Kind == inventory.KindSchedule {
			concerned[target.Resource.ID] = true
		}
	}
	for _, o := range b.in.Memory.Standins {
		concerned[o.Schedule] = true
	}
	if capped := b.access.Capped(inventory.KindSchedule); len(capped) > 0 {
		for id, s := range b.in.Snapshot.Schedules {
			b.contain(b.ref(inventory.KindSchedule, id), "*", func() {
				if !concerned[id] && len(b.beyondOn(s, capped)) > 0 {
					concerned[id] = true
				}
			})
		}
	}
	return slices.Sorted(maps.Keys(concerned))
}

// turnsInScope are the pairs of turns on the schedules in scope that policies
// name: who takes them, and who is to.
func (b *builder) turnsInScope(each func(desired.Pair)) {
	for _, id := range b.concerned() {
		s := b.in.Snapshot.Schedules[id]
		for _, line := range oncall.Lines(s, b.in.Now) {
			target := desired.Target{Resource: b.ref(inventory.KindSchedule, id), Layer: line.ID}
			if _, named := b.access.Named[target]; !named {
				continue
			}
			users := map[string]bool{}
			for user := range b.granted(target) {
				users[user] = true
			}
			for _, user := range line.Members {
				users[user] = true
			}
			for user := range users {
				each(desired.Pair{User: user, Resource: target.Resource, Layer: target.Layer})
			}
		}
	}
}

// turns compares who takes turns on a layer or event.
func (b *builder) turns(s inventory.Schedule, line oncall.Line) {
	target := desired.Target{Resource: b.ref(inventory.KindSchedule, s.ID), Layer: line.ID}
	_, named := b.access.Named[target]
	users := map[string]bool{}
	for _, user := range line.Members {
		users[user] = true
	}
	for user := range b.granted(target) {
		users[user] = true
	}
	for _, user := range slices.Sorted(maps.Keys(users)) {
		if _, read := b.in.Snapshot.Users[user]; !read {
			continue
		}
		pair := desired.Pair{User: user, Resource: target.Resource, Layer: line.ID}
		held, asked := inventory.None, inventory.None
		if line.Includes(user) {
			held = desired.Rotation
		}
		if b.grants(pair) {
			asked = desired.Rotation
		}
		b.turn(s, pair, held, asked, named)
	}
}

// turn compares one person on a layer or event.
func (b *builder) turn(s inventory.Schedule, pair desired.Pair, held, asked string, named bool) {
	switch {
	case held == asked, b.access.UnknownReason(pair) != "":
		return
	}
	limit, beyond := b.beyond(pair, held)
	switch {
	case !named && (!beyond || b.mode(pair.Resource) == plan.Unmanaged):
		b.drift(pair, held, b.unnamed(partName(s)))
		return
	case b.protected(pair, held, asked):
		return
	}
	c := b.change(pair, held, asked)
	if !named {
		c = b.limitedTo(pair, held, limit)
	}
	if o := b.unschedulable(pair.User, asked); !o.none() {
		b.block(c, o)
		return
	}
	if why := b.ground.rendersOtherwise(s.ID); why != "" {
		b.block(c, obstacle{plan.BlockedRendering, why, "see the finding dutyward.rendering-differs; change the rotation in PagerDuty until it is mended"})
		return
	}
	b.propose(c)
}

// unschedulable says why PagerDuty would not take a person on a schedule.
// Source: PagerDuty's Terraform provider, issue 759.
func (b *builder) unschedulable(user, asked string) obstacle {
	if base := b.baseAfter(user); asked != inventory.None && inventory.Stakeholder(base) {
		return obstacle{plan.BlockedStakeholder, fmt.Sprintf("%s is a stakeholder (%s), and stakeholders can't be on schedules", b.userName(user), base),
			"grant a base role such as limited_user"}
	}
	return obstacle{}
}

// rendersOtherwise says why the turns of a schedule can't be foreseen (S22);
// empty if they can.
func rendersOtherwise(s inventory.Schedule, window inventory.Window, now time.Time, gone []string) (why string) {
	defer func() {
		if p := recover(); p != nil {
			why = fmt.Sprintf("%s rendering schedule %s: %s", desired.Fault, s.Name, faultOf(p))
		}
	}()
	window.Since = plan.Later(window.Since, now) // an edit in place may render the past anew
	diffs, err := oncall.Compare(s, window, gone...)
	switch {
	case err != nil:
		return fmt.Sprintf("schedule %s can't be rendered here: %v", s.Name, err)
	case len(diffs) > 0:
		return fmt.Sprintf("schedule %s renders otherwise here than in PagerDuty, first %s: where PagerDuty's on-calls do not confirm it, what is reached through it is unknown, and its rotations are not changed", s.Name, diffs[0])
	}
	return ""
}

// partName is what a schedule of its kind has turns on.
func partName(s inventory.Schedule) string {
	if s.Kind == inventory.ScheduleOfShifts {
		return "event"
	}
	return "layer"
}

// unsettled are the schedules of which an edit is open (S32), and those that this
// program edited a moment ago and that PagerDuty still shows as they were before
// (S9).
func unsettled(s *inventory.Snapshot, m plan.Memory, now time.Time) []desired.Unknown {
	var unknown []desired.Unknown
	for _, e := range m.Edited {
		why := e.Open
		if why == "" && now.Sub(e.At) < overlaidFor && oncall.Matches(s.Schedules[e.Schedule], e.Was, now) {
			why = "its turns were edited less than two minutes ago and are read back as before"
		}
		known := slices.ContainsFunc(unknown, func(u desired.Unknown) bool { return u.Resource.ID == e.Schedule })
		if why != "" && !known {
			unknown = append(unknown, desired.Unknown{Code: plan.CodeSettling, User: "*", Resource: inventory.ByID(inventory.KindSchedule, e.Schedule), Reason: why})
		}
	}
	return unknown
}

// targetName is what people call a target.
func (b *builder) targetName(t desired.Target) string { return targetName(b.in.Snapshot, b.index, t) }

func targetName(s *inventory.Snapshot, x *inventory.Index, t desired.Target) string {
	name := x.Named(t.Resource)
	if t.Resource.Kind != inventory.KindSchedule {
		return name
	}
	if t.Layer == "" {
		return "the overrides of " + name
	}
	schedule := s.Schedules[t.Resource.ID]
	if line, ok := oncall.LineOf(schedule, t.Layer); ok && line.Name != "" {
		return fmt.Sprintf("%s %s of %s", partName(schedule), line.Name, name)
	}
	return fmt.Sprintf("%s #%s of %s", partName(schedule), t.Layer, name)
}

// follow brings what is remembered of layers and events to those that took over
// from them, which have other ids.
func follow(s *inventory.Snapshot, m plan.Memory) plan.Memory {
	if m.Last == nil {
		return m
	}
	concerned := map[string]bool{}
	for _, p := range m.Last.Pairs {
		concerned[p.Resource.ID] = concerned[p.Resource.ID] || p.Layer != ""
	}
	for _, n := range m.Last.Named {
		concerned[n.Resource.ID] = concerned[n.Resource.ID] || n.Layer != ""
	}
	current := map[desired.Target]string{}
	for id, layers := range concerned {
		if !layers {
			continue
		}
		for _, l := range oncall.Lines(s.Schedules[id], s.Now) {
			for _, part := range l.IDs {
				current[desired.Target{Resource: inventory.ByID(inventory.KindSchedule, id), Layer: part}] = l.ID
			}
		}
	}
	last := *m.Last
	last.Pairs, last.Named = slices.Clone(last.Pairs), slices.Clone(last.Named)
	for i, p := range last.Pairs {
		if now, ok := current[p.Target()]; ok {
			last.Pairs[i].Layer = now
		}
	}
	for i, n := range last.Named {
		if now, ok := current[n.Target]; ok {
			last.Named[i].Layer = now
		}
	}
	m.Last = &last
	return m
}
