package reconcile

import (
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// longLeads are members whose lead or lag is longer than any shift of their schedule: they
// would be in the group during the shifts of others before or behind theirs, which is
// likely another unit than the one that is meant.
func longLeads(r *Result) []desired.Notice {
	var out []desired.Notice
	for _, m := range r.Statements.Members {
		if m.Principal.Kind != inventory.KindOnCall || len(m.Origins) == 0 {
			continue
		}
		schedule, longest, ok := longestShift(r.Snapshot, m.Principal)
		for _, x := range []struct {
			name string
			long time.Duration
		}{{"lead", m.Lead}, {"lag", m.Lag}} {
			if ok && x.long > longest {
				out = append(out, desired.Notice{Code: codeLongLead, About: m.Principal, Origin: m.Origins[0], Message: fmt.Sprintf(
					"a %s of %s is longer than any shift on schedule %s, of which the longest is %s: people would be in group:%s throughout somebody else's shift; is another unit meant, such as %q?",
					x.name, hours(x.long), schedule, hours(longest), m.Group, smaller(x.long))})
			}
		}
	}
	return out
}

// longestShift is the longest shift on the schedule that a principal names.
func longestShift(s *inventory.Snapshot, principal inventory.Ref) (name string, longest time.Duration, ok bool) {
	for id, schedule := range s.Schedules {
		if principal.ID != id && principal.Name != schedule.Name {
			continue
		}
		for _, shift := range schedule.Shifts {
			longest = max(longest, shift.End.Sub(shift.Start))
		}
		return schedule.Name, longest, longest > 0
	}
	return "", 0, false
}

// hours is a length of time as people write it.
func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return d.String()
}

// smaller is the same number in the next smaller unit.
func smaller(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dm", int(d.Hours()))
	}
	return fmt.Sprintf("%ds", int(d.Minutes()))
}
