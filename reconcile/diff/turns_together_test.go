package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Where everybody is on call at once nobody takes over anybody's turns: who joins does
// not wait for who leaves.
func TestS23_WhereEverybodyIsOnCallAtOnceNoTurnsAreSwapped(t *testing.T) {
	for name, c := range map[string]struct {
		shifts *int
		want   []string
	}{
		"in turns": {Ptr(1), []string{"held S26: lower schedule:Follow bob rotation>none policy", "held S26: raise schedule:Follow di none>rotation policy"}},
		"at once":  {nil, []string{"raise schedule:Follow di none>rotation policy", "held S26: lower schedule:Follow bob rotation>none policy"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoRotations()
			v := s.Schedules["FOL"]
			e := &v.Rotations[0].Events[0]
			if e.Assignment.ShiftsPerMember = c.shifts; c.shifts == nil {
				e.Assignment.Type = "every_member_assignment_strategy"
			}
			s.Schedules["FOL"] = v
			Rerender(s, "FOL")
			in := Input(s, on(on(&policies.Statements{}, "Follow", "Week", "ann", "di", "cy"), "Follow", "Night", "di", "ed"))
			in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1, Held: []string{"schedule/FOL/WEEK/bob/rotation/none"}}
			wantTurns(t, MustMake(t, in).Plan, c.want...)
		})
	}
}

// Of two swaps on one event, only the one that would void an override is held.
func TestS24_OnlyTheSwapThatWouldVoidAnOverrideIsHeld(t *testing.T) {
	s := covered()
	s.Users["zoe"] = inventory.User{ID: "zoe", Name: "zoe", Email: "zoe@acme.com", BaseRole: "user", Teams: map[string]string{}}
	for name, c := range map[string]struct {
		policy string
		want   []string
	}{
		"two swaps": {"ann di zoe Follow", []string{
			"raise schedule:Follow zoe none>rotation policy", "lower schedule:Follow cy rotation>none policy",
			"held S24: lower schedule:Follow bob rotation>none policy", "held S24: raise schedule:Follow di none>rotation policy"}},
		"the swap of another": {"ann bob di Follow", []string{"raise schedule:Follow di none>rotation policy", "lower schedule:Follow cy rotation>none policy"}},
	} {
		t.Run(name, func(t *testing.T) { wantTurns(t, MustMake(t, Input(s, Rotation(c.policy))).Plan, c.want...) })
	}
}

// Of two deleted people on an event, one's turns are taken over by who joins; those of
// the other stay nobody's, so that no one else's move, unless somebody leaves as well.
func TestS23_TurnsOfDeletedPeopleThatNobodyTakesOverStayEmpty(t *testing.T) {
	for policy, want := range map[string]string{
		"ann cy di Follow": "ann di  cy ann di  cy",
		"ann di Follow":    "ann di ann di ann di ann di",
	} {
		s := haunted()
		v := s.Schedules["FOL"]
		v.Rotations[0].Events[0].Assignment.Members = []*string{Ptr("ann"), Ptr("ghost"), Ptr("wraith"), Ptr("cy")}
		s.Schedules["FOL"] = v
		Rerender(s, "FOL")
		p := MustMake(t, Input(s, Rotation(policy))).Plan
		if len(p.Edits) != 1 {
			t.Errorf("%s: %q, edits %+v", policy, onTurns(p), p.Edits)
			continue
		}
		if got := weeks(p.Edits[0].After, 8); got != want {
			t.Errorf("%s: on call in the weeks after: %q, want %q", policy, got, want)
		}
	}
}

// All changes of one schedule wait for what any of them needs, since they are made
// together; those of others don't, nor do overrides.
func TestS16_TheChangesOfOneScheduleWaitTogether(t *testing.T) {
	const grant = "team/SEA/di/none/responder"
	for also, want := range map[string][]string{
		"": {"override ed FOL needs ", "team_role di SEA needs ", "rotation bob FOL needs " + grant, "rotation di FOL needs " + grant},
		"ann ed cy Weekly": {"override ed FOL needs ", "rotation ed WEE needs ", "team_role di SEA needs ",
			"rotation bob FOL needs " + grant, "rotation bob WEE needs ", "rotation di FOL needs " + grant},
	} {
		s := Turns()
		v := s.Schedules["FOL"]
		v.Teams = []string{"SEA"}
		s.Schedules["FOL"] = v
		st := Also(Rotation("ann di cy Follow"), "user:di@acme.com team:Search responder", "user:cy@acme.com team:Search responder")
		st.Grants = append(st.Grants, override("ed", "Follow", "ann", 2, 3))
		if also != "" {
			st.Grants = append(st.Grants, Rotation(also).Grants...)
		}
		var got []string
		for _, c := range MustMake(t, Input(s, st)).Plan.Changes {
			got = append(got, fmt.Sprintf("%s %s %s needs %s", c.Kind, c.User, c.Resource.ID, strings.Join(c.Requires, " ")))
		}
		sameLines(t, "changes are", got, want)
	}
}

// A plan in which all changes of a schedule are held edits nothing there.
func TestS23_WhatIsHeldIsNoEdit(t *testing.T) {
	for _, schedule := range []string{"Weekly", "Follow"} {
		p := MustMake(t, Input(Turns(), Rotation("ann cy "+schedule))).Plan
		if len(p.Held) != 1 || p.Held[0].Rule != "S23" || len(p.Edits) != 0 {
			t.Errorf("held %+v, edits %+v, want no edit", p.Held, p.Edits)
		}
	}
}
