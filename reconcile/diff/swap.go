package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// unit are changes of turns that are made together or not at all: a swap, or one
// alone.
type unit []plan.Change

// units are the changes of turns of one schedule as units: who leaves alone, whose
// turns somebody takes over with who does, and who joins alone.
func (b *builder) units(s inventory.Schedule, changes []plan.Change) (leaves, swaps, joins []unit) {
	done := map[string]bool{}
	for _, r := range b.revisionsOf(s, changes) {
		for leaver, joiner := range b.takenBy(s, r) {
			var u unit
			for _, c := range changes {
				if c.Layer == r.Part && (c.User == leaver || c.User == joiner) {
					u, done[c.ID] = append(u, c), true
				}
			}
			swaps = append(swaps, u)
		}
	}
	slices.SortFunc(swaps, func(x, y unit) int { return cmp.Compare(x[0].ID, y[0].ID) })
	for _, c := range changes {
		switch {
		case c.Kind != plan.Rotation || done[c.ID]:
		case c.After == inventory.None:
			leaves = append(leaves, unit{c})
		default:
			joins = append(joins, unit{c})
		}
	}
	return leaves, swaps, joins
}

// takenBy says of who leaves a layer or event who takes over their turns: newcomers
// do, the first for the next turn. Where everybody is on call at once nobody does.
func (b *builder) takenBy(s inventory.Schedule, r oncall.Revision) map[string]string {
	if len(r.Join) == 0 || len(r.Leave) == 0 || everybodyAtOnce(s, r.Part) {
		return nil
	}
	revised, err := oncall.Revise(s, []oncall.Revision{r}, b.in.Now)
	if err != nil || len(revised.Changes) == 0 {
		return nil
	}
	by, join := map[string]string{}, r.Join
	for _, user := range revised.Changes[0].Before {
		if _, known := by[user]; !known && len(join) > 0 && slices.Contains(r.Leave, user) {
			by[user], join = join[0], join[1:]
		}
	}
	return by
}

// everybodyAtOnce says that all members of an event are on call at the same time.
func everybodyAtOnce(s inventory.Schedule, event string) bool {
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if e.ID == event {
				return e.Assignment.ShiftsPerMember == nil
			}
		}
	}
	return false
}

// keepTogether takes out the one half of a swap where the other is held or blocked,
// whichever rule does that: else those who stay would have other turns, and then
// others again (S23).
func (b *builder) keepTogether() {
	bySchedule := map[string][]plan.Change{}
	for _, c := range slices.Concat(b.proposed, heldChanges(b.plan.Held), blockedChanges(b.plan.Blocked), b.untargeted) {
		if c.Kind == plan.Rotation {
			bySchedule[c.Resource.ID] = append(bySchedule[c.Resource.ID], c)
		}
	}
	out := map[string]bool{}
	for id, changes := range bySchedule {
		_, swaps, _ := b.units(b.in.Snapshot.Schedules[id], changes)
		for _, u := range swaps {
			if len(u) == 2 && !b.emptied(u[0]) {
				b.keepHalves(u[0], u[1], out)
				b.keepHalves(u[1], u[0], out)
			}
		}
	}
	b.proposed = slices.DeleteFunc(b.proposed, func(c plan.Change) bool { return out[c.ID] })
}

func heldChanges(held []plan.Held) []plan.Change {
	var changes []plan.Change
	for _, h := range held {
		changes = append(changes, h.Change)
	}
	return changes
}

func blockedChanges(blocked []plan.Blocked) []plan.Change {
	var changes []plan.Change
	for _, x := range blocked {
		changes = append(changes, x.Change)
	}
	return changes
}

// emptied says that what is proposed would leave a change's layer or event without
// anybody, which is reported otherwise (S25).
func (b *builder) emptied(c plan.Change) bool {
	line, ok := oncall.LineOf(b.in.Snapshot.Schedules[c.Resource.ID], c.Layer)
	left := slices.Clone(line.Members)
	for _, p := range b.proposed {
		if p.Resource != c.Resource || p.Layer != c.Layer {
			continue
		}
		left = slices.DeleteFunc(left, func(user string) bool { return user == p.User })
		if p.After != inventory.None {
			left = append(left, p.User)
		}
	}
	return ok && len(left) == 0
}

// keepHalves takes out a half of a swap that is proposed, where the other half is not.
func (b *builder) keepHalves(half, other plan.Change, out map[string]bool) {
	is := func(c plan.Change) bool { return c.ID == half.ID }
	if !slices.ContainsFunc(b.proposed, is) || slices.ContainsFunc(b.proposed, func(c plan.Change) bool { return c.ID == other.ID }) || out[half.ID] {
		return
	}
	why := fmt.Sprintf("%s and %s change places, together or not at all, and the other half is ", b.userName(half.User), b.userName(other.User))
	for _, h := range b.plan.Held {
		if h.ID == other.ID {
			h.Change, h.Why, h.Releasable = half, why+"held: "+h.Why, false
			b.plan.Held = append(b.plan.Held, h)
			out[half.ID] = true
			return
		}
	}
	for _, x := range b.plan.Blocked {
		if x.ID == other.ID {
			b.block(half, obstacle{x.Code, why + "blocked: " + x.Why, x.Unblock})
			out[half.ID] = true
			return
		}
	}
	b.block(half, obstacle{codes.BlockedNotTargeted, why + "not targeted", "target that as well: --target " + other.ID})
	out[half.ID] = true
}

// firstOf are the changes of the first kind of units that there is, but for those that a
// person released.
func (b *builder) firstOf(kinds ...[]unit) []plan.Change {
	var first []plan.Change
	for _, units := range kinds {
		for _, u := range units {
			if !slices.ContainsFunc(u, b.released) {
				first = append(first, u...)
			}
		}
		if len(units) > 0 {
			break
		}
	}
	return first
}

// waitFor says why units wait. Advice leads to the command that releases one.
func waitFor(why, advice string) func(plan.Change) wait {
	return func(c plan.Change) wait { return wait{why, advice + ": " + letThrough(c), nil} }
}

// voidedOverride holds what would void somebody's override: turns are swapped for a
// reason, and other people's overrides are theirs (S24).
var voidedOverride = editGuard{hold{code: plan.HoldVoidedOverride, rule: "S24", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	var ends []plan.OverrideShift
	for _, c := range e.changes {
		if c.Kind == plan.Override && c.After == inventory.None {
			ends = append(ends, *c.Override)
		}
	}
	lost, err := oncall.LostCovers(without(e.schedule, ends), without(e.revised.Schedule, ends), b.in.Now)
	if err != nil || len(lost) == 0 {
		return nil, nil
	}
	leaves, swaps, joins := b.units(e.schedule, e.changes)
	var theirs []unit
	var covers []string
	for _, o := range lost {
		covers = append(covers, b.tellCover(o))
		for _, u := range slices.Concat(leaves, swaps) {
			if slices.ContainsFunc(u, func(c plan.Change) bool { return c.User == plan.Text(o.Replaces) && c.After == inventory.None }) {
				theirs = append(theirs, u)
			}
		}
	}
	kinds := [][]unit{leaves, swaps, joins}
	if len(theirs) > 0 {
		kinds = [][]unit{theirs}
	}
	return b.firstOf(kinds...), waitFor(strings.Join(covers, "; ")+" would be void",
		"it goes on once that is over; to have it before, release it, and create the override again in PagerDuty for whoever has the turn then")
}}

// tellCover names an override.
func (b *builder) tellCover(o inventory.Override) string {
	who, whom := "the open turn", "nobody"
	if o.User != nil {
		who = b.userName(*o.User) + "'s override"
	}
	if o.Replaces != nil {
		whom = b.userName(*o.Replaces)
	}
	return fmt.Sprintf("%s in place of %s from %s to %s", who, whom, clock(plan.Later(o.Start, b.in.Now)), clock(o.End))
}

// What becomes of people who were deleted and whom PagerDuty leaves on schedules and
// escalation policies as stubs: their turns are nobody's.

// dropStubs takes stubs off a layer or event that is edited anyway, since PagerDuty
// refuses to take them: who joins takes over their turns. On an event where
// nobody else leaves, the rest of their turns stay empty, as they are.
func (b *builder) dropStubs(s inventory.Schedule, r *oncall.Revision) {
	line, known := oncall.LineOf(s, r.Part)
	if !known {
		return
	}
	alone := len(r.Leave) == 0
	for _, user := range line.Members {
		if b.in.Snapshot.Gone(user) {
			r.Leave, r.Gone = append(r.Leave, user), append(r.Gone, user)
			r.LeaveEmpty = alone && s.Kind == inventory.ScheduleOfShifts
		}
	}
}

// blockStubs blocks an edit of layers one of which, though it is not edited, has a
// stub on it: all layers of a schedule are written at once.
func (b *builder) blockStubs(revised oncall.Revised, changes []plan.Change) map[string]bool {
	s := revised.Schedule
	if len(revised.Steps) == 0 || s.Kind != inventory.ScheduleOfLayers {
		return nil
	}
	out := map[string]bool{}
	for _, l := range s.Layers {
		ended := l.End != nil && !l.End.After(b.in.Now)
		i := slices.IndexFunc(l.Users, b.in.Snapshot.Gone)
		if ended || i < 0 || len(out) > 0 {
			continue
		}
		for _, c := range changes {
			if c.Kind != plan.Rotation {
				continue
			}
			b.block(c, obstacle{codes.BlockedDeletedPerson, fmt.Sprintf("on schedule %s layer %q has turns of #%s, who was deleted, and PagerDuty takes no change of a schedule that names such people", s.Name, l.Name, l.Users[i]),
				"take them off that layer in PagerDuty, or let somebody join it by a policy, who takes over their turns"})
			out[c.ID] = true
		}
	}
	return out
}
