package testaccount

import (
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	"pgregory.net/rapid"
)

// NoSeat has no seat free on the license that all but one stakeholder have.
func NoSeat(s *inventory.Snapshot, stakeholder string) {
	s.Licenses = map[string]inventory.License{
		"FULL": {ID: "FULL", Name: "Business", ValidRoles: []string{"owner", "admin", "user", "limited_user"}, Available: Ptr(0)},
		"VIEW": {ID: "VIEW", Name: "Stakeholder", ValidRoles: []string{"read_only_user"}, Available: Ptr(3)},
	}
	for id, u := range s.Users {
		u.License = Ptr("FULL")
		if id == stakeholder {
			u.License, u.BaseRole = Ptr("VIEW"), "read_only_user"
		}
		s.Users[id] = u
	}
}

// Also adds grants "principal resource role [from HOURS] [until HOURS]" to others.
func Also(st *policies.Statements, lines ...string) *policies.Statements {
	st.Grants = append(st.Grants, Grants(lines...).Grants...)
	return st
}

// Override grants an override: "cy Weekly FROM UNTIL [in place of USER]", in hours
// from noon.
func Override(st *policies.Statements, user, schedule string, from, until float64, replaces string) *policies.Statements {
	g := policies.Grant{
		Principal: Ref("user:" + user + "@acme.com"), Resource: Ref("schedule:" + schedule), Role: "override",
		From: Ptr(At(from)), Until: Ptr(At(until)), Origins: Origin(70),
	}
	if replaces != "" {
		g.Replaces = Ref("user:" + replaces + "@acme.com")
	}
	st.Grants = append(st.Grants, g)
	return st
}

// AnyInput draws an account with some memberships and policies over it.
func AnyInput(t *rapid.T) diff.Input {
	s := Account()
	users := []string{"own", "adm", "stk", "ann", "bob", "cy", "di", "ed"}
	role := rapid.SampledFrom([]string{"manager", "responder", "observer"})
	for _, team := range []string{"PAY", "SEA"} {
		for _, user := range rapid.SliceOfNDistinct(rapid.SampledFrom(users[1:]), 0, 6, rapid.ID).Draw(t, "on "+team) {
			Put(s, team, user, role.Draw(t, "role"))
		}
	}
	principals := []string{"group:g", "group:h", "oncall:Primary", "team:Search", "rotation:Primary", "user:gone@acme.com", "user:ann@acme.com", "user:di@acme.com", "user:stk@acme.com"}
	resources := []string{"account", "team:Payments", "team:Search", "team:Nope"}
	var st *policies.Statements
	var lines []string
	for range rapid.IntRange(1, 8).Draw(t, "grants") {
		r := rapid.SampledFrom(resources).Draw(t, "resource")
		as := role.Draw(t, "role")
		if r == "account" {
			as = rapid.SampledFrom(inventory.BaseRoles()).Draw(t, "base role")
		}
		line := fmt.Sprintf("%s %s %s", rapid.SampledFrom(principals).Draw(t, "principal"), r, as)
		if rapid.Bool().Draw(t, "windowed") {
			line += fmt.Sprintf(" until %d", rapid.IntRange(-2, 9).Draw(t, "hours"))
		}
		lines = append(lines, line)
	}
	st = Members(Grants(lines...), "g group:h", "g user:cy@acme.com", "h oncall:Primary", "h user:ed@acme.com")
	if rapid.Bool().Draw(t, "limited") {
		st.Limits = []policies.Limit{{Principal: Ref(rapid.SampledFrom(principals).Draw(t, "limited")), Resource: Ref("team:*"), AtMost: "observer", Reason: "r", Origins: Origin(50)}}
	}
	if rapid.Bool().Draw(t, "protected") {
		st.Protects = []policies.Protect{{Principal: Ref("user:ann@acme.com"), Reason: "r", Origins: Origin(51)}}
	}
	return Input(s, st)
}

// Monday is the handoff before noon, a Monday.
var Monday = time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)

// Turns adds to account two schedules on which ann, bob and cy take weekly
// turns from Mondays at nine: Weekly, layer-based, with its layer Day; and
// Follow, shift-based, with its event Week. PagerDuty renders both as we do.
func Turns() *inventory.Snapshot {
	s := Account()
	s.Schedules["WEE"] = inventory.Schedule{
		ID: "WEE", Name: "Weekly", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC",
		Layers: []inventory.Layer{{ID: "DAY", Name: "Day", Start: Monday.AddDate(0, 0, -70), VirtualStart: Monday, TurnSeconds: 7 * 86400, Users: []string{"ann", "bob", "cy"}}},
	}
	s.Schedules["FOL"] = inventory.Schedule{
		ID: "FOL", Name: "Follow", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		Rotations: []inventory.Rotation{{ID: "ROT", Events: []inventory.Event{{
			ID: "WEEK", Name: "Week", Start: Monday, End: Monday.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
			Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: Monday.AddDate(0, 0, -7),
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{Ptr("ann"), Ptr("bob"), Ptr("cy")}, ShiftsPerMember: Ptr(1)},
		}}}},
	}
	for _, id := range []string{"WEE", "FOL"} {
		Rerender(s, id)
	}
	s.Normalize()
	return s
}

// Rerender lets PagerDuty render a schedule as we do.
func Rerender(s *inventory.Snapshot, id string) {
	v, err := oncall.Rerender(s.Schedules[id], s.Account.Window)
	if err != nil {
		panic(err)
	}
	s.Schedules[id] = v
}

// Rotation grants turns on schedules to people: "ann bob Weekly".
func Rotation(lines ...string) *policies.Statements {
	st := &policies.Statements{}
	for i, line := range lines {
		f := strings.Fields(line)
		for _, user := range f[:len(f)-1] {
			st.Grants = append(st.Grants, policies.Grant{
				Principal: Ref("user:" + user + "@acme.com"), Resource: Ref("schedule:" + f[len(f)-1]), Role: "rotation", Origins: Origin(i + 1),
			})
		}
	}
	return st
}
