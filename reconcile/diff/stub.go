package diff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What becomes of people who were deleted and whom PagerDuty leaves on schedules and
// escalation policies as stubs: their turns are nobody's.

// dropStubs takes stubs off a layer or event that is edited anyway, since PagerDuty
// refuses to be told of them: who joins takes over their turns. On an event where
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
			b.block(c, obstacle{plan.BlockedDeletedPerson, fmt.Sprintf("on schedule %s layer %q has turns of #%s, who was deleted, and PagerDuty takes no change of a schedule that names such people", s.Name, l.Name, l.Users[i]),
				"take them off that layer in PagerDuty, or let somebody join it by a policy, who takes over their turns"})
			out[c.ID] = true
		}
	}
	return out
}

// goneOn are the people on a schedule who were deleted.
func goneOn(snapshot *inventory.Snapshot, s inventory.Schedule) []string {
	var gone []string
	for _, l := range s.Layers {
		gone = append(gone, l.Users...)
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			gone = append(gone, usersOf(e.Assignment.Members)...)
		}
	}
	for _, c := range s.CustomShifts {
		gone = append(gone, usersOf([]*string{c.User})...)
	}
	for _, o := range s.Overrides {
		gone = append(gone, usersOf([]*string{o.User})...)
	}
	gone = slices.DeleteFunc(gone, func(user string) bool { return !snapshot.Gone(user) })
	slices.Sort(gone)
	return slices.Compact(gone)
}

// noticeStubs finds turns and levels that are nobody's since the person was deleted.
func (b *builder) noticeStubs() {
	for _, id := range slices.Sorted(maps.Keys(b.in.Snapshot.Schedules)) {
		s := b.in.Snapshot.Schedules[id]
		shifts, err := oncall.Render(s, b.in.Now, b.in.Now.Add(told))
		if err != nil {
			shifts = s.Shifts
		}
		for _, user := range goneOn(b.in.Snapshot, s) {
			i := slices.IndexFunc(shifts, func(x inventory.Shift) bool { return x.User == user && x.End.After(b.in.Now) })
			if i < 0 {
				continue
			}
			severity, when := "medium", fmt.Sprintf("then, next from %s until %s", clock(shifts[i].Start), clock(shifts[i].End))
			if !shifts[i].Start.After(b.in.Now) {
				severity, when = "high", fmt.Sprintf("now, until %s", clock(shifts[i].End))
			}
			b.stub(inventory.KindSchedule, id, severity,
				fmt.Sprintf("turns on schedule %s belong to #%s, who was deleted: nobody is on call %s", s.Name, user, when),
				"grant somebody turns there, who takes them over, or give them to somebody in PagerDuty")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(b.in.Snapshot.EscalationPolicies)) {
		p := b.in.Snapshot.EscalationPolicies[id]
		for level, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "user" && b.in.Snapshot.Gone(t.ID) {
					b.stub(inventory.KindEscalation, id, "medium",
						fmt.Sprintf("level %d of escalation policy %s pages #%s, who was deleted: nobody is paged", level+1, p.Name, t.ID),
						"put somebody else on that level in PagerDuty")
				}
			}
		}
	}
}

func (b *builder) stub(kind inventory.Kind, id, severity, message, remedy string) {
	b.finding(plan.Finding{
		Rule: "dutyward.on-call-deleted", Subject: b.ref(kind, id), Resource: inventory.Ref{}, Severity: severity,
		Message: message, Remediation: remedy,
	})
}
