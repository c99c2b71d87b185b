package desired_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// duties is an account whose schedules have the given shifts, "ann -4 4" in hours
// from noon, and whose escalation policy Both has all of them on level 1.
func duties(schedules map[string][]string) *inventory.Snapshot {
	s := account()
	s.OnCalls = nil
	s.Schedules = map[string]inventory.Schedule{}
	var targets []inventory.Target
	for name, shifts := range schedules {
		c := inventory.Schedule{ID: name, Name: name, Kind: inventory.ScheduleOfShifts}
		for _, line := range shifts {
			var user string
			var from, until float64
			fmt.Sscan(line, &user, &from, &until)
			c.Shifts = append(c.Shifts, inventory.Shift{User: user, Start: at(from), End: at(until)})
		}
		s.Schedules[name] = c
		targets = append(targets, inventory.Target{Type: "schedule", ID: name})
	}
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{
		"BOTH": {ID: "BOTH", Name: "Both", Rules: []inventory.EscalationRule{{Targets: targets}}},
		"WITH": {ID: "WITH", Name: "With", Rules: []inventory.EscalationRule{{Targets: append(slices.Clone(targets), inventory.Target{Type: "user", ID: "di"})}}},
	}
	s.Normalize()
	return s
}

// course is who is in group g over time, "ann 0 4" in hours from noon.
func course(e *desired.Expansion, from, until float64) []string {
	out := []string{}
	for _, s := range e.Spells("g", at(from), at(until)) {
		who := strings.Join(s.Users, "+")
		if who == "" {
			who = "nobody"
		}
		out = append(out, fmt.Sprintf("%s %v %v", who, s.From.Sub(noon).Hours(), s.Until.Sub(noon).Hours()))
	}
	return out
}

func TestS21_GroupsFollowTheShifts(t *testing.T) {
	gap := map[string][]string{"P": {"ann -4 4", "bob 8 12"}}
	for name, c := range map[string]struct {
		schedules map[string][]string
		members   []policies.Member
		want      []string
	}{
		"a gap is empty": {gap, []policies.Member{{Principal: ref("oncall:P")}},
			[]string{"ann 0 4", "nobody 4 8", "bob 8 12", "nobody 12 20"}},
		"the last one is kept until somebody takes over": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}},
			[]string{"ann 0 8", "bob 8 20"}},
		"whoever comes ahead of a shift takes over": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, Lead: time.Hour}},
			[]string{"ann 0 7", "bob 7 20"}},
		"a lag comes before what is kept": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, Lag: time.Hour}},
			[]string{"ann 0 8", "bob 8 20"}},
		"a lag bridges a part of a gap": {gap, []policies.Member{{Principal: ref("oncall:P"), Lag: time.Hour}},
			[]string{"ann 0 5", "nobody 5 8", "bob 8 13", "nobody 13 20"}},
		"all who end together are kept": {map[string][]string{"P": {"ann -4 4", "cy -2 4", "di -4 2", "bob 8 30"}},
			[]policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}},
			[]string{"ann+cy+di 0 2", "ann+cy 2 8", "bob 8 20"}},
		"whoever stays on longest is kept, also if they began first": {map[string][]string{"P": {"ann -10 6", "cy 1 3", "bob 8 30"}},
			[]policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}},
			[]string{"ann 0 1", "ann+cy 1 3", "ann 3 8", "bob 8 20"}},
		"nobody is kept where another schedule of the level goes on": {map[string][]string{"P": {"ann -4 4", "bob 8 30"}, "Q": {"cy -4 6", "di 8 30"}},
			[]policies.Member{{Principal: ref("escalation:Both"), WhenEmpty: policies.KeepLast}},
			[]string{"ann+cy 0 4", "cy 4 8", "bob+di 8 20"}},
		"nobody is kept where somebody is on the level in person": {gap, []policies.Member{{Principal: ref("escalation@1:With"), WhenEmpty: policies.KeepLast}},
			[]string{"ann+di 0 4", "di 4 8", "bob+di 8 12", "di 12 20"}},
		"the gap is the group's, not the schedule's": {map[string][]string{"P": {"ann -4 4", "bob 16 30"}, "Q": {"cy 5 12"}},
			[]policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}, {Principal: ref("oncall:Q"), WhenEmpty: policies.KeepLast}},
			[]string{"ann 0 5", "cy 5 16", "bob 16 20"}},
		"whoever does not say so is not kept": {map[string][]string{"P": {"ann -4 4", "bob 16 30"}, "Q": {"cy 5 12"}},
			[]policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}, {Principal: ref("oncall:Q")}},
			[]string{"ann 0 5", "cy 5 12", "nobody 12 16", "bob 16 20"}},
		"who left before the member held is not kept": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, From: ptr(at(5))}},
			[]string{"nobody 0 8", "bob 8 20"}},
		"who left since it held is": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, From: ptr(at(3))}},
			[]string{"nobody 0 3", "ann 3 8", "bob 8 20"}},
		"with a person always in it nobody is kept": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast}, {Principal: ref("user:di@acme.com")}},
			[]string{"ann+di 0 4", "di 4 8", "bob+di 8 12", "di 12 20"}},
		"primary and secondary are one group": {map[string][]string{"P": {"ann -4 4", "bob 4 12"}, "Q": {"bob -4 4", "cy 4 12"}},
			[]policies.Member{{Principal: ref("oncall:P")}, {Principal: ref("oncall:Q"), Lead: time.Hour}},
			[]string{"ann+bob 0 3", "ann+bob+cy 3 4", "bob+cy 4 12", "nobody 12 20"}},
		"a person's shifts that touch are one": {map[string][]string{"P": {"ann -4 4", "ann 4 8", "bob 8 30"}},
			[]policies.Member{{Principal: ref("oncall:P")}}, []string{"ann 0 8", "bob 8 20"}},
		"a member's own until ends what is kept": {gap, []policies.Member{{Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, Until: ptr(at(6))}},
			[]string{"ann 0 6", "nobody 6 20"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := &policies.Statements{Groups: []policies.Group{{Name: "g", Origins: origin(1)}}}
			for _, m := range c.members {
				m.Group, m.Origins = "g", origin(2)
				st.Members = append(st.Members, m)
			}
			e := desired.Expand(desired.Input{Snapshot: duties(c.schedules), Statements: st})
			got := course(e, 0, 20)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			// The course is what each moment says.
			for minutes := 0; minutes < 20*60; minutes += 30 {
				moment := at(float64(minutes) / 60)
				var in []string
				for user := range e.At(moment).Groups["g"].Members {
					in = append(in, user)
				}
				slices.Sort(in)
				for _, s := range e.Spells("g", at(0), at(20)) {
					if !moment.Before(s.From) && moment.Before(s.Until) && !slices.Equal(in, s.Users) {
						t.Errorf("at %s the group is %v, its course says %v", moment, in, s.Users)
					}
				}
			}
		})
	}
}

func TestS21_WhoWasOnCallBeforeTheWindowIsNotGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		shifts []string
		want   string
	}{
		"a gap that is older than the window": {[]string{"bob 8 12"}, "nobody has been in group:g since 2026-03-09 00:00 UTC"},
		"a schedule that nobody is on":        {nil, "nobody has been in group:g"},
	} {
		t.Run(name, func(t *testing.T) {
			st := groups("g oncall:P")
			st.Members[0].WhenEmpty = policies.KeepLast
			st.Grants = []policies.Grant{grant("group:g", "team:Payments", "manager")}
			a := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": c.shifts}), Statements: st}).At(noon)
			if why := a.UnknownReason(desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY")}); !strings.Contains(why, c.want) {
				t.Errorf("unknown: %q, want %q", why, c.want)
			}
		})
	}
}

func TestLeadsThatReachBeyondTheWindowAreUnknown(t *testing.T) {
	st := groups("g oncall:P")
	st.Members[0].Lead = 900 * time.Hour
	e := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": {"ann -4 4"}}), Statements: st})
	if why := e.GroupUnknown("g"); len(why) != 1 || !strings.Contains(why[0], "window.ahead_days") {
		t.Errorf("unknown: %v", why)
	}
}

func TestWhatIsKeptEndsByATakeOver(t *testing.T) {
	st := groups("g oncall:P")
	st.Members[0].WhenEmpty = policies.KeepLast
	st.Grants = []policies.Grant{grant("group:g", "team:Payments", "manager")}
	e := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": {"ann -4 4", "bob 8 12"}}), Statements: st})
	g := e.At(noon).Grant(desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY")})
	if !g.Until.Equal(at(8)) || g.UntilKind != desired.BoundTakeover || g.FromKind != desired.BoundShift {
		t.Errorf("the window is %+v", g.Window)
	}
}

func TestS25_WhatIsLongerThanAllowedGivesNothingAndTakesNothing(t *testing.T) {
	pair := desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY")}
	for name, c := range map[string]struct {
		from, until *time.Time
		also        string // a role that another grant gives
		at          time.Time
		want        string // a role, "unknown" or "none"
		errors      int
	}{
		"as long as allowed":                       {ptr(at(-24)), ptr(at(24)), "", noon, "responder", 0},
		"a minute too long":                        {ptr(at(-24)), ptr(at(24.1)), "", noon, "unknown", 1},
		"without a from, counted from now":         {nil, ptr(at(49)), "", noon, "unknown", 1},
		"without an end, not bounded":              {ptr(at(-24)), nil, "", noon, "responder", 0},
		"over, however long it was":                {ptr(at(-500)), ptr(at(-1)), "", noon, "none", 0},
		"over at a later moment":                   {ptr(at(-24)), ptr(at(30)), "", at(30), "none", 1},
		"not begun yet":                            {ptr(at(1)), ptr(at(60)), "", noon, "none", 1},
		"another grant gives as much":              {ptr(at(-24)), ptr(at(60)), "responder", noon, "responder", 1},
		"another grant gives more":                 {ptr(at(-24)), ptr(at(60)), "manager", noon, "manager", 1},
		"another grant gives less, and is unknown": {ptr(at(-24)), ptr(at(60)), "observer", noon, "unknown", 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := grant("user:ann@acme.com", "team:Payments", "responder")
			g.From, g.Until = c.from, c.until
			g.Origins[0].Source = "exceptions.yaml: ann"
			st := &policies.Statements{Grants: []policies.Grant{g}}
			if c.also != "" {
				st.Grants = append(st.Grants, grant("user:ann@acme.com", "team:Payments", c.also))
			}
			e := desired.Expand(desired.Input{Snapshot: account(), Statements: st, Longest: 48 * time.Hour})
			a := e.At(c.at)
			got := "none"
			if g, ok := a.Grants.Get(pair); ok {
				got = g.Role
			}
			if a.UnknownReason(pair) != "" {
				got = "unknown"
			}
			if got != c.want || len(a.Errors) != c.errors {
				t.Errorf("%s with %d errors, want %s with %d: %v", got, len(a.Errors), c.want, c.errors, a.Errors)
			}
			if c.errors > 0 && (a.Errors[0].Origin.Source != "exceptions.yaml: ann" || !strings.Contains(a.Errors[0].Message, "access.longest")) {
				t.Errorf("the error is %+v", a.Errors[0])
			}
			moved := e.At(noon)
			e.Move(moved, c.at, []desired.Pair{pair})
			if moved.UnknownReason(pair) != a.UnknownReason(pair) || moved.Grant(pair).Role != a.Grant(pair).Role {
				t.Error("moving there says otherwise")
			}
		})
	}
}

func TestS25_AMembershipThatIsLongerThanAllowedPutsNobodyThere(t *testing.T) {
	st := groups("g user:ann@acme.com", "g user:bob@acme.com")
	st.Members[0].From, st.Members[0].Until = ptr(at(-1)), ptr(at(100))
	st.Grants = []policies.Grant{grant("group:g", "team:Search", "manager")}
	a := desired.Expand(desired.Input{Snapshot: account(), Statements: st, Longest: 48 * time.Hour}).At(noon)
	search := inventory.ByID(inventory.KindTeam, "SEA")
	if _, in := a.Groups["g"].Members["ann"]; in || len(a.Groups["g"].Unknown) != 1 {
		t.Errorf("the group is %+v", a.Groups["g"])
	}
	if a.UnknownReason(desired.Pair{User: "ann", Resource: search}) == "" || a.Grant(desired.Pair{User: "bob", Resource: search}).Role != "manager" {
		t.Error("one row's mistake is not one row's")
	}
}

// Whom a statement keeps that does not hold yet is no question: nobody.
func TestS21_AStatementThatKeepsTheLastFromADateOnMakesNothingUnknownBefore(t *testing.T) {
	for name, c := range map[string]struct {
		from    float64
		unknown bool
	}{
		"it held before the shifts that are known": {-200, true},
		"it began without anybody":                 {-1, false},
		"it is to come":                            {7, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := &policies.Statements{Groups: []policies.Group{{Name: "g", Origins: origin(1)}}}
			st.Members = []policies.Member{{Group: "g", Principal: ref("oncall:P"), WhenEmpty: policies.KeepLast, From: ptr(at(c.from)), Origins: origin(2)}}
			e := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": {"bob 8 12"}}), Statements: st})
			if got := e.GroupUnknown("g"); (len(got) > 0) != c.unknown {
				t.Errorf("unknown %q", got)
			}
		})
	}
}
