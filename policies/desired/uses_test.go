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

func TestUsesAreNoneOrWithinOthers(t *testing.T) {
	uses := func(schedule, policy string) desired.Uses {
		u := desired.Uses{Schedules: map[string][]desired.Margin{}, Policies: map[string]bool{}}
		if schedule != "" {
			u.Schedules[schedule] = []desired.Margin{{Lead: time.Hour}}
		}
		if policy != "" {
			u.Policies[policy] = true
		}
		return u
	}
	for _, u := range []desired.Uses{uses("PRI", ""), uses("", "EP"), uses("PRI", "EP")} {
		if u.None() {
			t.Errorf("%v is none", u)
		}
	}
	if !uses("", "").None() {
		t.Error("nothing is not none")
	}
	both := uses("PRI", "EP")
	for _, c := range []struct {
		u    desired.Uses
		want bool
	}{{uses("", ""), true}, {uses("PRI", ""), true}, {uses("", "EP"), true}, {uses("SEC", ""), false}, {uses("", "OTHER"), false}} {
		if c.u.Within(both) != c.want {
			t.Errorf("%v within %v: %t", c.u, both, !c.want)
		}
	}
}

func TestS34_FactsAreWhatAccessFollowsFromAlsoByWayOfOtherResources(t *testing.T) {
	st := groups("pay oncall:Primary", "pay escalation:Payments", "leads team:Search")
	st.Grants = []policies.Grant{
		grant("group:pay", "team:Payments", "manager"), grant("group:leads", "team:Payments", "manager"),
		grant("rotation:Primary", "team:Search", "responder"), grant("team:Payments", "team:Search", "responder"),
		rotation("team:Search", "schedule:Primary", ""), grant("user:di@acme.com", "account", "user"),
	}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	set := func(ids ...string) map[string]bool {
		m := map[string]bool{}
		for _, id := range ids {
			m[id] = true
		}
		return m
	}
	all := desired.Facts{Shifts: set("PRI"), Policies: set("EP"), Rotations: set("PRI"), Teams: set("PAY", "SEA")}
	for resource, want := range map[string]desired.Facts{
		"team:#PAY": all, "team:#SEA": all, "schedule:#PRI": all,
		"account": {Shifts: set(), Policies: set(), Rotations: set(), Teams: set()},
	} {
		if diff := cmp.Diff(want, e.Facts(ref(resource))); diff != "" {
			t.Errorf("%s follows from (-want +got):\n%s", resource, diff)
		}
	}
	st.Limits = []policies.Limit{{Principal: ref("oncall:Primary"), Resource: ref("team:*"), AtMost: "observer", Origins: origin(1)}}
	if got := desired.Expand(desired.Input{Snapshot: account(), Statements: st}).Facts(ref("account")); !got.Shifts["PRI"] {
		t.Errorf("a limit may be about any resource, and the account follows from %v", got)
	}
}
