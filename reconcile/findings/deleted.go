package findings

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// turnsAhead is how far ahead the next turn of somebody who was deleted is looked for.
const turnsAhead = 8 * 7 * 24 * time.Hour

// findDeleted finds turns and levels that are nobody's since the person was deleted.
func findDeleted(f *Facts, found func(plan.Finding)) {
	for id, s := range f.Snapshot.Schedules {
		f.deletedOn(inventory.ByID(inventory.KindSchedule, id), s, found)
	}
	for id, p := range f.Snapshot.EscalationPolicies {
		for level, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "user" && f.Snapshot.Gone(t.ID) {
					found(plan.Finding{
						Subject:     inventory.ByID(inventory.KindEscalation, id),
						Message:     fmt.Sprintf("level %d of escalation policy %s pages #%s, who was deleted: nobody is paged", level+1, p.Name, t.ID),
						Remediation: "put somebody else on that level in PagerDuty",
					})
				}
			}
		}
	}
}

// deletedOn finds the turns on a schedule of those who were deleted.
func (f *Facts) deletedOn(r inventory.Ref, s inventory.Schedule, found func(plan.Finding)) {
	gone := f.Snapshot.GoneOn(s)
	if len(gone) == 0 {
		return
	}
	shifts, err := oncall.Render(s, f.Now, f.Now.Add(turnsAhead))
	if err != nil {
		shifts = s.Shifts
	}
	for _, user := range gone {
		i := slices.IndexFunc(shifts, func(x inventory.Shift) bool { return x.User == user && x.End.After(f.Now) })
		if i < 0 {
			continue
		}
		severity, when := "medium", fmt.Sprintf("then, next from %s until %s", clock(shifts[i].Start), clock(shifts[i].End))
		if !shifts[i].Start.After(f.Now) {
			severity, when = "high", fmt.Sprintf("now, until %s", clock(shifts[i].End))
		}
		found(plan.Finding{
			Subject: r, Severity: severity,
			Message:     fmt.Sprintf("turns on schedule %s belong to #%s, who was deleted: nobody is on call %s", s.Name, user, when),
			Remediation: "grant somebody turns there, who takes them over, or give them to somebody in PagerDuty",
		})
	}
}
