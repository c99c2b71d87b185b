package desired_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

func TestWhatDesiredAccessUsesIsWhatGrantsLimitsAndProtectionsReach(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		more  func(*policies.Statements)
		want  desired.Uses
	}{
		"a group that nothing is granted to is only shown": {[]string{"shown oncall:Primary"}, nil,
			desired.Uses{Schedules: map[string][]desired.Margin{}, Policies: map[string]bool{}}},
		"a grant through nested groups": {[]string{"outer group:inner", "inner oncall:Primary"}, func(s *policies.Statements) {
			s.Members[1].Lead = time.Hour
			s.Grants = []policies.Grant{grant("group:outer", "team:Payments", "manager")}
		}, desired.Uses{Schedules: map[string][]desired.Margin{"PRI": {{Lead: time.Hour}}}, Policies: map[string]bool{}}},
		"a grant to an escalation policy": {nil, func(s *policies.Statements) {
			s.Grants = []policies.Grant{grant("escalation:Payments", "team:Payments", "manager")}
		}, desired.Uses{Schedules: map[string][]desired.Margin{"PRI": {{}}}, Policies: map[string]bool{"EP": true}}},
		"a limit on whoever is on call": {nil, func(s *policies.Statements) {
			s.Limits = []policies.Limit{{Principal: ref("oncall:Primary"), Resource: ref("team:*"), AtMost: "observer", Origins: origin(1)}}
		}, desired.Uses{Schedules: map[string][]desired.Margin{"PRI": {{}}}, Policies: map[string]bool{}}},
	} {
		t.Run(name, func(t *testing.T) {
			st := groups(c.lines...)
			if c.more != nil {
				c.more(st)
			}
			got := desired.Expand(desired.Input{Snapshot: account(), Statements: st}).Uses()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("uses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASchedulesUseIsDueWhereAWidenedShiftBeginsOrEnds(t *testing.T) {
	u := desired.Uses{Schedules: map[string][]desired.Margin{"PRI": {{Lead: 30 * time.Minute}, {Lag: 15 * time.Minute}}}}
	for hours, want := range map[float64]bool{3: false, 3.5: true, 4: true, 4.25: true, 4.5: false} {
		due := u.Due(account(), at(hours-0.125), at(hours))
		if got := slices.Contains(due, "PRI"); got != want {
			t.Errorf("%v hours after noon: due %t, want %t", hours, got, want)
		}
	}
}
