package desired_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// grounds makes statements by which Payments' manager follows from being on Search or
// on call on Primary, or for Di from nothing, and an override from taking turns there.
func grounds() *policies.Statements {
	windowed := grant("user:di@acme.com", "team:Payments", "manager")
	windowed.From, windowed.Origins = ptr(at(2)), origin(3)
	st := &policies.Statements{Grants: []policies.Grant{
		grant("team:Search", "team:Payments", "manager"), grant("oncall:Primary", "team:Payments", "manager"),
		windowed, override("rotation:Primary", "schedule:Primary", "", 2, 5), override("user:cy@acme.com", "schedule:Primary", "", 2, 5),
	}}
	st.Grants[1].Origins, st.Grants[3].Origins, st.Grants[4].Origins = origin(2), origin(4), origin(5)
	return st
}

func reasonLines(e *desired.Expansion, target desired.Target, hours float64) []string {
	var out []string
	for user, rs := range e.Reasons(target, at(hours)) {
		for _, r := range rs {
			out = append(out, fmt.Sprintf("%s %s %s", user, r.Fact, r.Schedule))
		}
	}
	slices.Sort(out)
	return out
}

func TestS34_ReasonsAreTheFactsThatAccessFollowsFromAtThatMoment(t *testing.T) {
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: grounds()})
	pay, primary := desired.Target{Resource: ref("team:#PAY")}, desired.Target{Resource: ref("schedule:#PRI")}
	nothing := inventory.Ref{}.String()
	for _, c := range []struct {
		target desired.Target
		hours  float64
		want   []string
	}{
		{pay, 0, []string{"ann oncall:#PRI PRI", "cy team:#SEA "}},
		{pay, 4, []string{"bob oncall:#PRI PRI", "cy team:#SEA ", "di " + nothing + " "}},
		{primary, 0, []string{"ann rotation:#PRI ", "bob rotation:#PRI ", "cy " + nothing + " "}},
		{primary, 5, nil},
	} {
		if diff := cmp.Diff(c.want, reasonLines(e, c.target, c.hours)); diff != "" {
			t.Errorf("%v at %gh (-want +got):\n%s", c.target, c.hours, diff)
		}
	}
	var got []string
	for _, l := range e.Links() {
		got = append(got, fmt.Sprintf("%s → %s by line %d", l.Fact, l.Target.Resource, l.Origins[0].Line))
	}
	slices.Sort(got)
	want := []string{"oncall:#PRI → team:#PAY by line 2", "rotation:#PRI → schedule:#PRI by line 4", "team:#SEA → team:#PAY by line 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestS34_WhatHasNoGroundGivesNothingAndNamesTheRulesThatWouldHave(t *testing.T) {
	st := grounds()
	st.Grants = append(st.Grants, st.Grants[3]) // the rule says it twice
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	pay, primary := desired.Target{Resource: ref("team:#PAY")}, desired.Target{Resource: ref("schedule:#PRI")}
	without := e.Ground([]desired.Target{pay}, func(_ desired.Target, user string, fact inventory.Ref) (desired.Reason, bool) {
		switch {
		case fact.Kind == inventory.KindOnCall:
			return desired.Reason{Window: desired.Window{Until: at(6), UntilKind: desired.BoundDate}, Schedule: "OTHER"}, true
		case fact.Kind == inventory.KindRotation:
			return desired.Reason{}, user == "ann"
		}
		return desired.Reason{}, false
	})
	a := e.At(at(4))
	if g := a.Grant(desired.Pair{User: "bob", Resource: pay.Resource}); g.Role != "manager" || !g.Until.Equal(at(6)) || !slices.Equal(g.Schedules, []string{"PRI"}) {
		t.Errorf("what has a ground is %s until %v through %v; it lasts as long as that, until %v", g.Role, g.Until, g.Schedules, at(6))
	}
	if g := a.Grant(desired.Pair{User: "cy", Resource: pay.Resource}); g.Role != "" {
		t.Errorf("what has no ground gives %s", g.Role)
	}
	if g := a.Grant(desired.Pair{User: "di", Resource: pay.Resource}); g.Role != "manager" {
		t.Errorf("what follows from no fact gives %q", g.Role)
	}
	if diff := cmp.Diff([]string{"ann PRI  2..5", "cy PRI  2..5"}, overrideLines(a)); diff != "" {
		t.Errorf("overrides (-want +got):\n%s", diff)
	}
	got := map[string][]string{}
	for pair, by := range without {
		got[pair.User+"@"+pair.Resource.ID] = lines(by)
	}
	want := map[string][]string{"cy@PAY": {"1 team:Search"}, "bob@PRI": {"4 rotation:Primary"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("without a ground are (-want +got):\n%s", diff)
	}
	left := []string{"ann rotation:#PRI ", "ann rotation:#PRI ", "cy " + inventory.Ref{}.String() + " "}
	if got := reasonLines(e, primary, 4); !slices.Equal(got, left) {
		t.Errorf("reasons left on the schedule: %q, want %q", got, left)
	}
}

func TestS34_AGrantToWhoeverTakesTurnsBorrowsTheScheduleOfItsGround(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{grant("team:Search", "team:Payments", "manager")}}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	e.Ground([]desired.Target{{Resource: ref("team:#PAY")}}, func(desired.Target, string, inventory.Ref) (desired.Reason, bool) {
		return desired.Reason{Window: desired.Window{Until: at(6), UntilKind: desired.BoundShift}, Schedule: "PRI"}, true
	})
	g := e.At(noon).Grant(desired.Pair{User: "cy", Resource: ref("team:#PAY")})
	if !g.Until.Equal(at(6)) || g.UntilKind != desired.BoundShift || !slices.Equal(g.Schedules, []string{"PRI"}) {
		t.Errorf("the grant is until %v (%s) through %v", g.Until, g.UntilKind, g.Schedules)
	}
}
