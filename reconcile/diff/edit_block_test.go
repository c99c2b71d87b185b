package diff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// twoRotations is the account in which Follow has another rotation beside its own, with
// the event Night that di takes every day at night.
func twoRotations() *inventory.Snapshot {
	s := Turns()
	v := s.Schedules["FOL"]
	night := v.Rotations[0].Events[0]
	night.ID, night.Name, night.Recurrence = "NIGHT", "Night", []string{"RRULE:FREQ=DAILY"}
	night.Start, night.End = Monday.Add(12*time.Hour), Monday.Add(13*time.Hour)
	night.Assignment.Members = []*string{Ptr("di"), Ptr("ed")}
	v.Rotations = append(v.Rotations, inventory.Rotation{ID: "ROT2", Events: []inventory.Event{night}})
	s.Schedules["FOL"] = v
	Rerender(s, "FOL")
	return s
}

// unbounded lets an edit move any number of others' later turns: each day has a turn in
// the event Night.
func unbounded(in diff.Input) diff.Input {
	in.Settings.Edits.DisplacedTurns = Ptr(1000)
	return in
}

// on grants turns on one layer or event of a schedule.
func on(st *policies.Statements, schedule, part string, users ...string) *policies.Statements {
	for _, u := range users {
		st.Grants = append(st.Grants, policies.Grant{
			Principal: Ref("user:" + u + "@acme.com"), Resource: Ref("schedule:" + schedule), Layer: part, Role: "rotation", Origins: Origin(90),
		})
	}
	return st
}

// blockedOn are the blocked changes of turns: "di WEEK: why".
func blockedOn(p *plan.Plan) []string {
	var out []string
	for _, b := range p.Blocked {
		out = append(out, fmt.Sprintf("%s %s: %s", b.User, b.Layer, b.Why))
	}
	return out
}

// Only the part that can't be edited is blocked, and of it only what is to blame; the
// rest of the schedule is edited.
func TestS16_WhatCantBeEditedBlocksOnlyWhatIsToBlame(t *testing.T) {
	t.Run("too many people", func(t *testing.T) {
		s := twoRotations()
		st := on(on(&policies.Statements{}, "Follow", "Week", "ann", "bob"), "Follow", "Night", "di", "ed", "zoe")
		s.Users["zoe"] = inventory.User{ID: "zoe", Name: "zoe", Email: "zoe@acme.com", BaseRole: "user", Teams: map[string]string{}}
		var want []string
		for i := range 25 {
			id := fmt.Sprintf("n%02d", i)
			s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
			on(st, "Follow", "Week", id)
			want = append(want, id+" WEEK: on schedule Follow event \"Week\" would have 27 members, and at most 20 are allowed")
		}
		p := MustMake(t, unbounded(Input(s, st))).Plan
		sameLines(t, "blocked are", blockedOn(p), want)
		wantTurnsBut(t, p, "raise schedule:Follow zoe none>rotation policy", "lower schedule:Follow cy rotation>none policy")
	})
	t.Run("nobody left", func(t *testing.T) {
		st := on(&policies.Statements{}, "Follow", "Night", "di", "ed", "bob")
		st.Empties = []policies.Empty{{Resource: Ref("schedule:Follow"), Layer: "Week", Reason: "over", Origins: Origin(60)}}
		p := MustMake(t, unbounded(Input(twoRotations(), Override(st, "cy", "Follow", 200, 210, "bob")))).Plan
		why := " WEEK: it would leave event Week of schedule Follow without anybody: ann@acme.com, bob@acme.com, cy@acme.com would leave it, the last there"
		sameLines(t, "blocked are", blockedOn(p), []string{"ann" + why, "bob" + why, "cy" + why})
		wantTurnsBut(t, p, "raise schedule:Follow bob none>rotation policy", "raise schedule:Follow cy none>override policy")
	})
	t.Run("too many events", func(t *testing.T) {
		s := twoRotations()
		v := s.Schedules["FOL"]
		week := v.Rotations[0].Events[0]
		for i := len(v.Rotations[0].Events); i < 5; i++ {
			e := week
			e.ID, e.Name = fmt.Sprintf("E%02d", i), fmt.Sprintf("Event %d", i)
			e.Start, e.End, e.EffectiveSince = At(5000), At(5001), At(5000)
			v.Rotations[0].Events = append(v.Rotations[0].Events, e)
		}
		s.Schedules["FOL"] = v
		Rerender(s, "FOL")
		st := on(on(&policies.Statements{}, "Follow", "Week", "ann", "di", "cy"), "Follow", "Night", "di", "ed", "bob")
		p := MustMake(t, unbounded(Input(s, st))).Plan
		why := " WEEK: on schedule Follow the rotation has 5 events that have not ended, and at most 5 are allowed: there is no place for its successor"
		sameLines(t, "blocked are", blockedOn(p), []string{"bob" + why, "di" + why})
		wantTurnsBut(t, p, "raise schedule:Follow bob none>rotation policy")
	})
}

// wantTurnsBut compares what a plan does on schedules, but for what is blocked or left alone.
func wantTurnsBut(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	rest := *p
	rest.Blocked, rest.Extra = nil, nil
	wantTurns(t, &rest, want...)
}

// What would be if also what is not enforced were made is reported, or why it can't be.
func TestWhatIsNotEnforcedIsSaidNotToBePossible(t *testing.T) {
	s := Turns()
	st := Rotation("ann bob cy Follow")
	for i := range 25 {
		id := fmt.Sprintf("n%02d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
		on(st, "Follow", "", id)
	}
	in := Input(s, st)
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindSchedule: plan.Observe}
	p := MustMake(t, in).Plan
	want := `the turns on schedule Follow can't be shown with those included that are held or not enforced, since these could not be made: event "Week" would have 28 members, and at most 20 are allowed`
	if len(p.WouldEdit) != 0 || len(p.Notices) != 1 || p.Notices[0].Message != want {
		t.Errorf("would edit %+v, notices %q, want %q", p.WouldEdit, p.Notices, want)
	}
}

// What would be told of a schedule where something is held has in it what is made
// there, and nothing of other schedules.
func TestWhatWouldBeIncludesWhatIsMadeOnTheSameSchedule(t *testing.T) {
	s := twoRotations()
	st := on(on(&policies.Statements{}, "Follow", "Week", "ann", "cy"), "Follow", "Night", "di", "ed", "bob")
	st.Grants = append(st.Grants, Rotation("ann bob cy ed Weekly").Grants...)
	p := MustMake(t, unbounded(Input(s, st))).Plan
	wantTurns(t, p, "raise schedule:Follow bob none>rotation policy", "raise schedule:Weekly ed none>rotation policy", "held S23: lower schedule:Follow bob rotation>none policy")
	if len(p.WouldEdit) != 1 {
		t.Fatalf("would edit %+v, want Follow", p.WouldEdit)
	}
	sameLines(t, "the changes told are", p.WouldEdit[0].Changes, []string{"schedule/FOL/NIGHT/bob/none/rotation", "schedule/FOL/WEEK/bob/rotation/none"})
}
