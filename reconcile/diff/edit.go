package diff

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// told is how far ahead an edit shows turns.
const told = oncall.Counted

// edits makes the edits of the proposed changes. What can't be made is blocked,
// and what would move somebody's next turn is held; the rest is tried again
// without it. It may be called again when changes have dropped out.
func (b *builder) edits() {
	b.plan.Edits = nil
	bySchedule := map[string][]plan.Change{}
	for _, c := range b.proposed {
		if c.Kind.OnSchedule() {
			bySchedule[c.Resource.ID] = append(bySchedule[c.Resource.ID], c)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(bySchedule)) {
		b.contain(b.ref(inventory.KindSchedule, id), "*", func() { b.editsOf(id, bySchedule[id]) })
	}
	b.sortEdits(b.plan.Edits)
}

// editsOf makes the edit of one schedule's changes.
func (b *builder) editsOf(id string, changes []plan.Change) {
	for len(changes) > 0 {
		e, out := b.edit(b.in.Snapshot.Schedules[id], changes)
		if len(out) == 0 {
			b.plan.Edits = append(b.plan.Edits, e)
			return
		}
		changes = slices.DeleteFunc(changes, func(c plan.Change) bool { return out[c.ID] })
		b.proposed = slices.DeleteFunc(b.proposed, func(c plan.Change) bool { return out[c.ID] })
	}
}

// edit makes the edit of one schedule. Where it can't be made as a whole, some
// changes were blocked or held, whose keys it returns.
func (b *builder) edit(s inventory.Schedule, changes []plan.Change) (plan.Edit, map[string]bool) {
	revised, err := oncall.Revise(s, b.revisionsOf(s, changes), b.in.Now)
	if err != nil {
		return plan.Edit{}, b.blockEdit(s, changes, err)
	}
	if out := b.blockStubs(revised, changes); len(out) > 0 {
		return plan.Edit{}, out
	}
	if out := b.holdEdit(edit{s, revised, changes}); len(out) > 0 {
		return plan.Edit{}, out
	}
	return b.editTo(s, revised, changes), nil
}

// editTo tells what a revision makes of a schedule.
func (b *builder) editTo(s inventory.Schedule, revised oncall.Revised, changes []plan.Change) plan.Edit {
	e := plan.Edit{
		Schedule: b.ref(inventory.KindSchedule, s.ID), Until: b.in.Now.Add(told),
		Parts: []oncall.PartChange{}, Displaced: []oncall.Displaced{}, Before: []plan.Turn{}, After: []plan.Turn{},
	}
	for _, c := range changes {
		e.Changes = append(e.Changes, c.ID)
	}
	slices.Sort(e.Changes)
	e.Work = plan.Work{Was: s, Revised: revised}
	e.Parts = append(e.Parts, revised.Changes...)
	e.Displaced = append(e.Displaced, revised.Displaced...)
	e.Displaced = slices.DeleteFunc(e.Displaced, func(d oncall.Displaced) bool { return b.in.Snapshot.Gone(d.User) })
	for _, p := range revised.Changes {
		if e.Effective == nil || p.Effective.Before(*e.Effective) {
			effective := p.Effective
			e.Effective = &effective
		}
	}
	e.Before, e.After = b.turnsOn(s, e.Until), b.turnsOn(withOverrides(revised.Schedule, changes, b.in.Now), e.Until)
	return e
}

// wouldEdit tells what schedules would become if also the changes were made that
// are not enforced, or wait for a person's word: whoever decides on them wants
// to see whose turns they are about.
func (b *builder) wouldEdit() {
	bySchedule := map[string][]plan.Change{}
	note := func(c plan.Change) {
		if c.Kind.OnSchedule() && c.User != "" {
			bySchedule[c.Resource.ID] = append(bySchedule[c.Resource.ID], c)
		}
	}
	for _, c := range b.plan.Unenforced {
		note(c)
	}
	for _, h := range b.plan.Held {
		note(h.Change)
	}
	for _, id := range slices.Sorted(maps.Keys(bySchedule)) {
		b.containTold(b.ref(inventory.KindSchedule, id), func() { b.wouldEditOf(id, bySchedule[id]) })
	}
	b.sortEdits(b.plan.WouldEdit)
}

func (b *builder) wouldEditOf(id string, changes []plan.Change) {
	for _, c := range b.plan.Changes {
		if c.Kind.OnSchedule() && c.Resource.ID == id {
			changes = append(changes, c)
		}
	}
	s := b.in.Snapshot.Schedules[id]
	revised, err := oncall.Revise(s, b.revisionsOf(s, changes), b.in.Now)
	if err != nil {
		b.untold(s, changes, err)
		return
	}
	b.plan.WouldEdit = append(b.plan.WouldEdit, b.editTo(s, revised, changes))
}

// untold says why a schedule has no turns to tell: what is not enforced or held would
// be blocked.
func (b *builder) untold(s inventory.Schedule, changes []plan.Change, err error) {
	why := err.Error()
	var refused *oncall.RefusedError
	switch {
	case errors.As(err, &refused) && refused.Reason == oncall.NobodyLeft:
		why = b.wouldEmpty(s, changes, refused.Part)
	case refused != nil:
		why = refused.Message
	}
	b.notify(codes.TurnsUntold, "the turns on schedule %s can't be shown with those included that are held or not enforced, since these could not be made: %s", s.Name, why)
}

func (b *builder) sortEdits(edits []plan.Edit) {
	slices.SortFunc(edits, func(x, y plan.Edit) int {
		return cmp.Or(cmp.Compare(b.resourceName(x.Schedule), b.resourceName(y.Schedule)), cmp.Compare(x.Schedule.ID, y.Schedule.ID))
	})
}

// revisionsOf are the revisions of a schedule that changes make up, newcomers in
// the order that policies ask for, and then in that of their ids.
func (b *builder) revisionsOf(s inventory.Schedule, changes []plan.Change) []oncall.Revision {
	var revisions []oncall.Revision
	for _, c := range changes {
		if c.Kind != plan.Rotation {
			continue
		}
		i := slices.IndexFunc(revisions, func(r oncall.Revision) bool { return r.Part == c.Layer })
		if i < 0 {
			i = len(revisions)
			revisions = append(revisions, oncall.Revision{Part: c.Layer})
		}
		switch {
		case c.After == inventory.None:
			revisions[i].Leave = append(revisions[i].Leave, c.User)
			continue
		case c.Before == inventory.None:
			revisions[i].Join = append(revisions[i].Join, c.User)
		}
		b.weigh(&revisions[i], c)
	}
	slices.SortFunc(revisions, func(x, y oncall.Revision) int { return cmp.Compare(x.Part, y.Part) })
	for i := range revisions {
		b.dropStubs(s, &revisions[i])
		b.sortJoins(s, &revisions[i])
		slices.Sort(revisions[i].Leave)
	}
	return revisions
}

// blockEdit blocks what keeps an edit from being made.
func (b *builder) blockEdit(s inventory.Schedule, changes []plan.Change, err error) map[string]bool {
	o := obstacle{codes.BlockedEdit, err.Error(), "report it with the schedule's JSON"}
	concerned := func(plan.Change) bool { return true }
	var refused *oncall.RefusedError
	if errors.As(err, &refused) {
		o, concerned = b.refusedPart(s, changes, refused)
	}
	out := map[string]bool{}
	for _, c := range changes {
		if c.Kind == plan.Rotation && concerned(c) {
			b.block(c, o)
			out[c.ID] = true
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, c := range changes { // the part is not one of ours: none of it can be made
		b.block(c, o)
		out[c.ID] = true
	}
	return out
}

// refusedPart says why a layer or event can't be revised, and which changes are to
// blame.
func (b *builder) refusedPart(s inventory.Schedule, changes []plan.Change, refused *oncall.RefusedError) (obstacle, func(plan.Change) bool) {
	part := func(c plan.Change) bool { return c.Layer == refused.Part }
	lowered := func(c plan.Change) bool { return part(c) && c.Effect == plan.Lower }
	raised := func(c plan.Change) bool { return part(c) && c.Effect == plan.Raise }
	why := fmt.Sprintf("on schedule %s %s", s.Name, refused.Message)
	switch refused.Reason {
	case oncall.NobodyLeft:
		return obstacle{codes.BlockedNobodyLeft, b.wouldEmpty(s, changes, refused.Part),
			"grant somebody turns on it, or end it in PagerDuty: no layer or event is emptied (S25)"}, lowered
	case oncall.TooManyPeople:
		return obstacle{codes.BlockedTooManyPeople, why, "grant turns to fewer people"}, raised
	case oncall.DesertedPart:
		return obstacle{codes.BlockedDesertedPart, why, fmt.Sprintf(
			"put somebody on that layer in PagerDuty, or, unless it has ended, grant turns on it: \"layer\": \"#%s\"", refused.Part)}, part
	case oncall.TooManyEvents:
		return obstacle{codes.BlockedTooManyEvents, why, "wait until an event of the rotation has ended, or delete one that is to come"}, part
	}
	return obstacle{codes.BlockedEdit, why, "change the rotation in PagerDuty"}, part
}

// wouldEmpty says of which people changes would leave a layer or event empty.
func (b *builder) wouldEmpty(s inventory.Schedule, changes []plan.Change, part string) string {
	return fmt.Sprintf("it would leave %s %s of schedule %s without anybody: %s would leave it, the last there",
		partName(s), b.partTitle(s, part), s.Name, b.leaving(changes, part))
}

// leaving names those who would leave a layer or event.
func (b *builder) leaving(changes []plan.Change, part string) string {
	var names []string
	for _, c := range changes {
		if c.Layer == part && c.After == inventory.None {
			names = append(names, b.userName(c.User))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// partTitle is the name of a layer or event.
func (b *builder) partTitle(s inventory.Schedule, id string) string {
	if l, ok := oncall.LineOf(s, id); ok && l.Name != "" {
		return l.Name
	}
	return "#" + id
}

// turnsOn are the turns of a schedule from now on, each person's that touch as
// one.
func (b *builder) turnsOn(s inventory.Schedule, until time.Time) []plan.Turn {
	shifts, err := oncall.Render(s, b.in.Now, until)
	if err != nil {
		return []plan.Turn{} // what can't be rendered gets no edit
	}
	turns := []plan.Turn{}
	last := map[string]int{}
	for _, shift := range b.in.Snapshot.Manned(shifts) {
		if i, ok := last[shift.User]; ok && !shift.Start.After(turns[i].End) {
			turns[i].End = plan.Later(turns[i].End, shift.End)
			continue
		}
		last[shift.User] = len(turns)
		turns = append(turns, plan.Turn{User: shift.User, Start: shift.Start, End: shift.End})
	}
	slices.SortFunc(turns, func(x, y plan.Turn) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.User, y.User))
	})
	return turns
}

// withOverrides is a schedule with the overrides that changes make, and without
// those that they take back.
func withOverrides(s inventory.Schedule, changes []plan.Change, now time.Time) inventory.Schedule {
	s.Overrides, s.CustomShifts = slices.Clone(s.Overrides), slices.Clone(s.CustomShifts)
	for _, c := range changes {
		if c.Kind != plan.Override {
			continue
		}
		p := c.Override
		if c.After == inventory.None {
			s = without(s, []plan.OverrideShift{*p})
			continue
		}
		user, start := p.User, plan.Later(p.Start, now)
		if p.Kind == plan.AsCustomShift {
			s.CustomShifts = append(s.CustomShifts, inventory.CustomShift{ID: c.ID, User: &user, Start: start, End: p.End})
			continue
		}
		o := inventory.Override{ID: c.ID, User: &user, Start: start, End: p.End}
		if s.Kind == inventory.ScheduleOfShifts {
			replaces, rotation := p.Replaces, p.Rotation
			o.Replaces, o.Rotation = &replaces, &rotation
		}
		s.Overrides = append(s.Overrides, o)
	}
	return s
}

// together lets the changes of turns of one schedule wait for all that any of
// them needs, since they are made together.
func (b *builder) together() {
	for _, e := range b.plan.Edits {
		var needs []string
		var mates []int
		for i, c := range b.proposed {
			if c.Resource == e.Schedule && c.Kind == plan.Rotation {
				mates = append(mates, i)
				needs = append(needs, c.Requires...)
			}
		}
		slices.Sort(needs)
		needs = slices.Compact(needs)
		for _, i := range mates {
			b.proposed[i].Requires = slices.Clone(needs)
		}
	}
}

// settleEdits makes the edits of what is left of the changes, until none drops
// out any more.
func (b *builder) settleEdits() {
	for {
		n := len(b.proposed)
		b.keepTogether()
		b.edits()
		b.cascade()
		if len(b.proposed) == n {
			b.together()
			return
		}
	}
}

// editedSchedules are the schedules that a plan changes as they will be, by id.
func editedSchedules(p *plan.Plan) map[string]inventory.Schedule {
	after := map[string]inventory.Schedule{}
	for _, e := range p.Edits {
		var changes []plan.Change
		for _, c := range p.Changes {
			if c.Resource == e.Schedule {
				changes = append(changes, c)
			}
		}
		after[e.Schedule.ID] = withOverrides(e.Work.Revised.Schedule, changes, p.Now)
	}
	return after
}

// sameSchedules says that two passes change schedules alike.
func sameSchedules(a, b map[string]inventory.Schedule) bool {
	return maps.EqualFunc(a, b, func(x, y inventory.Schedule) bool {
		return oncall.SameDefinition(x, y) && len(x.Overrides) == len(y.Overrides)
	})
}
