package diff

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// rotations are turns on layers and events; members are those of the last of its
// line, who take turns permanently.
//
//	asked      member   and                          then
//	--------   ------   --------------------------   ----------------------------
//	any        any      the schedule is unknown      nothing; the unknown is listed
//	rotation   yes                                   nothing
//	any        any      a protection covers it       protected
//	rotation   no       a stakeholder                blocked (S13)
//	rotation   no                                    grant
//	none       yes      nothing names the layer,     extra, left alone (S1, S24)
//	                    and no limit is broken
//	none       yes                                   revoke
//	rotation   yes      the weight asked for is      another number of turns
//	                    not how often they stand
//	any        any      we render the schedule       blocked (S22)
//	                    differently from PagerDuty
//
// The first line that fits decides. What became a change then goes through
// enforcement, constraints and holds; all changes of one schedule become one edit
// of it.
type rotations struct{}

func (rotations) name() plan.Kind { return plan.Rotation }

func (rotations) on() inventory.Kind { return inventory.KindSchedule }

func (rotations) held(s *inventory.Snapshot, p desired.Pair) string {
	return oncall.RoleOn(s.Schedules[p.Resource.ID], p.Layer, p.User)
}

func (rotations) traits() traits { return traits{} }

func (rotations) compare(b *builder) {
	b.eachSchedule(func(s inventory.Schedule) {
		for _, line := range oncall.Lines(s, b.in.Now) {
			if line.ID != "" {
				b.turns(s, line)
			}
		}
	})
}

// eachSchedule compares something on each schedule that policies name, on which this
// program made overrides, or on which somebody is beyond a limit.
func (b *builder) eachSchedule(compare func(inventory.Schedule)) {
	for _, id := range b.onSchedules {
		resource := b.ref(inventory.KindSchedule, id)
		if s, ok := b.in.Snapshot.Schedules[id]; ok && !b.faulty(resource) {
			b.contain(resource, "*", func() { compare(s) })
		}
	}
}

func (rotations) refused(*builder, *plan.Change, *room) obstacle { return obstacle{} }

// require has people be on a team before they are on its schedule.
func (rotations) require(b *builder, c *plan.Change, o others) {
	if c.After != inventory.None {
		b.requirePresence(c, o)
	}
}

// requirePresence has somebody's base role and teams allow them on a schedule before
// they are on it.
func (b *builder) requirePresence(c *plan.Change, o others) {
	if base, ok := b.bases[c.User]; ok && inventory.Stakeholder(base.Before) {
		c.Requires = append(c.Requires, base.ID)
	}
	for _, team := range b.in.Snapshot.Schedules[c.Resource.ID].Teams {
		if id, ok := o.teamGrants[desired.Pair{User: c.User, Resource: b.ref(inventory.KindTeam, team)}]; ok {
			c.Requires = append(c.Requires, id)
		}
	}
}

func (rotations) members(s *inventory.Snapshot, t desired.Target) iter.Seq[string] {
	line, _ := oncall.LineOf(s.Schedules[t.Resource.ID], t.Layer)
	return slices.Values(line.Members)
}

func (rotations) capped(s *inventory.Snapshot, people map[string]bool, now time.Time, tell func(desired.Pair, string)) {
	for id, schedule := range s.Schedules {
		for _, line := range oncall.Lines(schedule, now) {
			for _, user := range line.Members {
				if people[user] && line.ID != "" {
					tell(desired.Pair{User: user, Resource: inventory.ByID(inventory.KindSchedule, id), Layer: line.ID}, desired.Rotation)
				}
			}
		}
	}
}

// make does nothing: turns follow from edits of schedules.
func (rotations) make(*inventory.Edit, plan.Change) {}

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
	for _, o := range b.in.Memory.Overrides {
		concerned[o.Schedule] = true
	}
	if capped := b.access.Capped(inventory.KindSchedule); len(capped) > 0 {
		for id, s := range b.in.Snapshot.Schedules {
			b.contain(b.ref(inventory.KindSchedule, id), "*", func() {
				if !concerned[id] && len(findings.UnderLimit(b.access, s, capped, b.in.Now)) > 0 {
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
	for _, id := range b.onSchedules {
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
		at := situation{pair: pair, held: inventory.None, asked: inventory.None, named: named}
		if line.Includes(user) {
			at.held = oncall.RoleOn(s, line.ID, user)
		}
		if b.grants(pair) {
			at.asked = b.turnsAsked(pair, at.held)
		}
		b.settle(at, b.turn(s, at))
	}
	b.otherOrder(s, line)
}

// turn is about one person on a layer or event.
func (b *builder) turn(schedule inventory.Schedule, s situation) verdict {
	if s.held == s.asked || b.unknown(s.pair) {
		return verdict{}
	}
	limit, beyond := b.access.Beyond(s.pair, s.held)
	if !s.named && (!beyond || b.mode(s.pair.Resource) == plan.Unmanaged) {
		return verdict{extra: b.unnamed(partName(schedule))}
	}
	if v, ok := b.protects(s, s.asked); ok {
		return v
	}
	var v verdict
	if s.named {
		v = due(b.change(s.pair, s.held, s.asked))
	} else {
		v = due(b.limitedTo(s.pair, s.held, limit))
	}
	if v.barred = b.unschedulable(s.pair.User, s.asked); !v.barred.none() {
		return v
	}
	if why := b.cache.rendersOtherwise(schedule.ID); why != "" {
		v.barred = obstacle{codes.BlockedRendering, why, "see the finding dutyward.rendering-differs; change the rotation in PagerDuty until it is fixed"}
	}
	return v
}

// unschedulable says why PagerDuty would not take a person on a schedule.
// Source: PagerDuty's Terraform provider, issue 759.
func (b *builder) unschedulable(user, asked string) obstacle {
	if base := b.baseAfter(user); asked != inventory.None && inventory.Stakeholder(base) {
		return obstacle{codes.BlockedStakeholder, fmt.Sprintf("%s is a stakeholder (%s), and stakeholders can't be on schedules", b.userName(user), base),
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
	window.Since = plan.Later(window.Since, now) // an edit in place may render the past again
	diffs, err := oncall.Compare(s, window, gone...)
	switch {
	case err != nil:
		return fmt.Sprintf("schedule %s can't be rendered here: %v", s.Name, err)
	case len(diffs) > 0:
		return fmt.Sprintf("schedule %s renders differently here than in PagerDuty, first %s: where PagerDuty's on-calls do not confirm it, what is reached through it is unknown, and its rotations are not changed", s.Name, diffs[0])
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
		if why == "" && now.Sub(e.At) < inventory.StaleFor && oncall.Matches(s.Schedules[e.Schedule], e.Was, now) {
			why = "its turns were edited less than two minutes ago and are read back as before"
		}
		known := slices.ContainsFunc(unknown, func(u desired.Unknown) bool { return u.Resource.ID == e.Schedule })
		if why != "" && !known {
			unknown = append(unknown, desired.Unknown{Code: codes.Settling, User: "*", Resource: inventory.ByID(inventory.KindSchedule, e.Schedule), Reason: why})
		}
	}
	return unknown
}
