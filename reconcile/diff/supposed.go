package diff

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What a forecast takes for made of a plan: roles, seats, turns and overrides, and
// what PagerDuty does by itself with them.

// suppose takes a plan's changes for made. What is not enforced on a team is as
// well, so that its further course shows; none of it is enforced.
func (c *course) suppose(p *plan.Plan) {
	c.edit.SetNow(p.Now)
	c.supposeSeats(p)
	for _, change := range p.Changes {
		Suppose(c.edit, change)
	}
	for _, change := range p.Unenforced {
		if c.imagines(change) {
			Suppose(c.edit, change)
		}
	}
	c.account = c.edit.Snapshot()
}

// imagines says whether a change that is not enforced is taken for made: not where other
// changes, which are real, would follow from it: the team's members are a
// principal, or need to be on it before they are on its schedule.
func (c *course) imagines(change plan.Change) bool {
	return change.Kind == plan.TeamRole && !c.restless[change.Resource.ID] && !c.tied[change.Resource.ID] &&
		c.in.Settings.ModeOf(inventory.KindTeam, change.Resource.ID, c.Index.Name(inventory.KindTeam, change.Resource.ID)) == plan.Observe
}

// supposeSeats moves people to the licenses that their new base roles need.
func (c *course) supposeSeats(p *plan.Plan) {
	account := c.edit.Snapshot()
	var moves []plan.Change
	for _, effect := range []plan.Effect{plan.Lower, plan.Raise} { // as constrain counts them
		for _, change := range p.Changes {
			if change.Kind == plan.BaseRole && change.Effect == effect && !seated(account, change) {
				moves = append(moves, change)
			}
		}
	}
	if len(moves) == 0 {
		return
	}
	seats := newSeats(account)
	for _, change := range moves {
		if _, why := seats.take(change.User, change.After); why == "" && seats.of[change.User] != "" {
			c.edit.SetLicense(change.User, seats.of[change.User])
		}
	}
}

// seated says that a person's own license allows the role that they get, or that
// none is needed.
func seated(s *inventory.Snapshot, change plan.Change) bool {
	if len(s.Licenses) == 0 {
		return true
	}
	own := s.Users[change.User].License
	return own != nil && slices.Contains(s.Licenses[*own].ValidRoles, change.After)
}

// supposeSchedules takes a plan's edits of schedules for made, and says which
// these are: their turns follow from the new definition from now on. Whom PagerDuty
// puts on teams with them is there from the next round on.
func (c *course) supposeSchedules(p *plan.Plan) []string {
	var ids []string
	for _, e := range p.Edits {
		id := e.Schedule.ID
		was := c.account.Schedules[id]
		after := e.Work.Revised.Schedule
		nameParts(&after)
		for _, change := range p.Changes {
			if change.Resource == e.Schedule && change.Kind == plan.Override {
				c.supposeOverride(&after, change, p.Now)
			}
		}
		c.edit.SetSchedule(c.shown(c.rendered(was, after)))
		ids = append(ids, id)
	}
	for _, i := range p.Implied {
		if i.Foreseen {
			c.edit.SetTeamRole(i.Resource.ID, i.User, i.Role)
		}
	}
	c.account = c.edit.Snapshot()
	return ids
}

// nameParts gives ids to the layers and events that PagerDuty is yet to make:
// those of the ones that they take over from, with a mark.
func nameParts(s *inventory.Schedule) {
	for i := range s.Layers {
		if s.Layers[i].ID == "" && i > 0 {
			s.Layers[i].ID = s.Layers[i-1].ID + successorMark
		}
	}
	for r := range s.Rotations {
		events := s.Rotations[r].Events
		for i := range events {
			if events[i].ID == "" && i > 0 {
				events[i].ID = events[i-1].ID + successorMark
			}
		}
	}
}

// supposeOverride makes an override on a schedule, or takes one back, as apply and
// PagerDuty do: one whose time has begun starts with the next minute, and one
// under way ends now.
func (c *course) supposeOverride(s *inventory.Schedule, change plan.Change, now time.Time) {
	made := plan.OurOverride{Schedule: s.ID, OverrideShift: *change.Override, At: now, Gone: change.After == inventory.None}
	if made.Gone {
		*s = endOverride(*s, made.OverrideShift, now)
		c.memory.Overrides = slices.DeleteFunc(slices.Clone(c.memory.Overrides), func(o plan.OurOverride) bool {
			return o.Schedule == s.ID && o.Kind == made.Kind && o.ID == made.ID
		})
		return
	}
	if made.Start.Before(now) {
		made.Start = nextMinute(now)
	}
	if !made.Start.Before(made.End) {
		return
	}
	made.ID = change.ID
	change.Override = &made.OverrideShift
	*s = withOverrides(*s, []plan.Change{change}, now)
	made.OverrideShift = made.On(*s)
	c.memory.Overrides = append(slices.Clone(c.memory.Overrides), made)
}

// endOverride is a schedule on which an override was taken back.
func endOverride(s inventory.Schedule, p plan.OverrideShift, now time.Time) inventory.Schedule {
	if !p.Start.Before(now) {
		return without(s, []plan.OverrideShift{p})
	}
	s.Overrides, s.CustomShifts = slices.Clone(s.Overrides), slices.Clone(s.CustomShifts)
	for i, o := range s.Overrides {
		if p.Kind == plan.AsOverride && o.ID == p.ID {
			s.Overrides[i].End = now
		}
	}
	for i, o := range s.CustomShifts {
		if p.Kind == plan.AsCustomShift && o.ID == p.ID {
			s.CustomShifts[i].End = now
		}
	}
	return s
}

// nextMinute is the first whole minute after a moment.
func nextMinute(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// rendered is a schedule with its turns as they follow from its definition. One
// that PagerDuty renders differently from this program (S22) keeps the turns that
// were read.
func (c *course) rendered(was, after inventory.Schedule) inventory.Schedule {
	window := c.account.Account.Window
	ahead := window
	ahead.Since = plan.Later(ahead.Since, c.account.Now)
	if diffs, err := oncall.Compare(was, ahead, c.account.GoneOn(was)...); err != nil || len(diffs) > 0 {
		return after
	}
	if anew, err := oncall.Rerender(after, window); err == nil {
		return anew
	}
	return after
}

// shown is a schedule as it is read: overrides and custom shifts of a shift-based one
// are asked for only where its shifts show some, and one in place of somebody who has no
// turn any more shows in none.
func (c *course) shown(s inventory.Schedule) inventory.Schedule {
	if s.Kind != inventory.ScheduleOfShifts || len(s.Overrides)+len(s.CustomShifts) == 0 {
		return s
	}
	bare := s
	bare.Overrides, bare.CustomShifts = nil, nil
	bare, err := oncall.Rerender(bare, c.account.Account.Window)
	if err != nil || !slices.EqualFunc(bare.Shifts, s.Shifts, sameShift) {
		return s
	}
	return bare
}

func sameShift(a, b inventory.Shift) bool {
	return a.User == b.User && a.Start.Equal(b.Start) && a.End.Equal(b.End)
}

// successorMark is what the ids of foreseen layers and events end in.
const successorMark = "+"

// Present is a change as people and PagerDuty can know it now: of a layer or event
// that is foreseen, the one there is from which it goes on.
func Present(change plan.Change) plan.Change {
	if part := PresentPart(change.Layer); part != change.Layer {
		change.ID = presentKey(change.ID)
		change.Layer = part
	}
	requires := slices.Clone(change.Requires)
	for i, key := range requires {
		requires[i] = presentKey(key)
	}
	change.Requires = requires
	return change
}

func presentPair(p desired.Pair) desired.Pair {
	p.Layer = PresentPart(p.Layer)
	return p
}

// PresentPart is the id of the layer or event that is there now, from which a foreseen
// one takes over.
func PresentPart(id string) string { return strings.TrimRight(id, successorMark) }

// presentKey is a change's key with the present layer or event in it.
func presentKey(key string) string {
	if !strings.Contains(key, successorMark) {
		return key
	}
	parts := strings.Split(key, "/")
	for i := range parts {
		parts[i] = PresentPart(parts[i])
	}
	return strings.Join(parts, "/")
}
