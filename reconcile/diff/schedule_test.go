package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// onTurns are the lines of a plan about schedules.
func onTurns(p *plan.Plan) []string {
	return slices.DeleteFunc(Lines(p), func(l string) bool { return !strings.Contains(l, "schedule:") })
}

func wantTurns(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, onTurns(p), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the plan of schedules differs (-want +got):\n%s", d)
	}
}

// weeks are who is on call in the weeks from monday on, as an edit tells it.
func weeks(list []plan.Turn, n int) string {
	out := make([]string, n)
	for i := range out {
		at := Monday.AddDate(0, 0, 7*i).Add(5 * time.Hour)
		for _, turn := range list {
			if !turn.Start.After(at) && turn.End.After(at) {
				out[i] += turn.User
			}
		}
	}
	return strings.Join(out, " ")
}

func TestTurnsOfBothKindsOfSchedule(t *testing.T) {
	cases := []struct {
		name, people, resource string
		want                   []string
		after                  string // who is on call in the weeks to come
	}{
		{"as policies say", "ann bob cy Weekly", "Weekly", nil, ""},
		{"somebody joins, and comes last", "ann bob cy di Weekly", "Weekly",
			[]string{"raise schedule:Weekly di none>rotation policy"}, "ann bob cy di ann bob cy di"},
		{"somebody joins an event, and comes last", "ann bob cy di Follow", "Follow",
			[]string{"raise schedule:Follow di none>rotation policy"}, "ann bob cy ann di bob cy ann"},
		{"somebody takes another's turns", "ann di cy Weekly", "Weekly",
			[]string{"raise schedule:Weekly di none>rotation policy", "lower schedule:Weekly bob rotation>none policy"}, "ann di cy ann di cy ann di"},
		{"somebody takes another's turns on an event", "ann di cy Follow", "Follow",
			[]string{"raise schedule:Follow di none>rotation policy", "lower schedule:Follow bob rotation>none policy"}, "ann di cy ann di cy ann di"},
		{"somebody on call leaves after their turn", "bob cy Weekly", "Weekly",
			[]string{"lower schedule:Weekly ann rotation>none policy"}, "ann bob cy bob cy bob cy bob"},
		{"somebody on call leaves an event after their turn", "bob cy Follow", "Follow",
			[]string{"lower schedule:Follow ann rotation>none policy"}, "ann bob cy bob cy bob cy bob"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := MustMake(t, Input(Turns(), Rotation(c.people))).Plan
			wantTurns(t, p, c.want...)
			if c.want == nil {
				if len(p.Edits) != 0 {
					t.Errorf("edits %+v, want none", p.Edits)
				}
				return
			}
			if len(p.Edits) != 1 || len(p.Edits[0].Changes) != len(c.want) {
				t.Fatalf("edits %+v, want one of all changes", p.Edits)
			}
			e := p.Edits[0]
			if got := weeks(e.After, 8); got != c.after {
				t.Errorf("on call in the weeks after: %s, want %s", got, c.after)
			}
			if got := weeks(e.Before, 8); got != "ann bob cy ann bob cy ann bob" {
				t.Errorf("on call in the weeks before: %s", got)
			}
			if handoff := Monday.AddDate(0, 0, 7); e.Effective == nil || !e.Effective.Equal(handoff) || p.Expires == nil || !p.Expires.Equal(handoff) {
				t.Errorf("effective %v, the plan expires %v; want the next handoff for both", e.Effective, p.Expires)
			}
		})
	}
}

func TestS1_ALayerThatNothingNamesIsLeftAlone(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	night := v.Layers[0]
	night.ID, night.Name, night.Users = "NIG", "Night", []string{"di"}
	v.Layers = append(v.Layers, night)
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	st := Rotation("ann bob cy ed Weekly")
	for i := range st.Grants {
		st.Grants[i].Layer = "Day"
	}
	wantTurns(t, MustMake(t, Input(s, st)).Plan,
		"raise schedule:Weekly ed none>rotation policy",
		"extra schedule:Weekly di rotation: no policy names this layer",
	)
}

func TestS3_ALayerThatNobodyIsToHaveTurnsOnIsHeld(t *testing.T) {
	st := Members(&policies.Statements{}, "nobody user:gone@acme.com")
	st.Grants = []policies.Grant{{Principal: Ref("group:nobody"), Resource: Ref("schedule:Weekly"), Role: "rotation", Origins: Origin(1)}}
	wantTurns(t, MustMake(t, Input(Turns(), st)).Plan,
		"held S3: lower schedule:Weekly ann rotation>none policy",
		"held S3: lower schedule:Weekly bob rotation>none policy",
		"held S3: lower schedule:Weekly cy rotation>none policy",
	)
}

func TestS25_NoLayerIsEmptiedEvenWhereEmptySaysSo(t *testing.T) {
	for schedule, layer := range map[string]string{"Weekly": "Day", "Follow": "Week"} {
		st := &policies.Statements{Empties: []policies.Empty{{Resource: Ref("schedule:" + schedule), Layer: layer, Reason: "closing down", Origins: Origin(60)}}}
		p := MustMake(t, Input(Turns(), st)).Plan
		if len(p.Changes)+len(p.Held)+len(p.Edits) != 0 || len(p.Blocked) != 3 {
			t.Fatalf("%q, want three blocked", Lines(p))
		}
		if why := p.Blocked[0].Why; !strings.Contains(why, "without anybody: ann@acme.com, bob@acme.com, cy@acme.com would leave it, the last there") {
			t.Errorf("why %q does not name them", why)
		}
	}
}

func TestS25_WhoWouldBeTheLastStaysWhereTheOtherCantJoin(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].Users = []string{"ann"}
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	wantTurns(t, MustMake(t, Input(s, Rotation("stk Weekly"))).Plan,
		"blocked: lower schedule:Weekly ann rotation>none policy: it would leave layer Day of schedule Weekly without anybody: ann@acme.com would leave it, the last there",
		"blocked: raise schedule:Weekly stk none>rotation policy: stk@acme.com is a stakeholder (read_only_user), and stakeholders can't be on schedules",
	)
}

func TestS23_WhatMovesSomebodysNextTurnIsHeldAndSaysWhose(t *testing.T) {
	in := Input(Turns(), Rotation("ann cy Weekly"))
	p := MustMake(t, in).Plan
	wantTurns(t, p, "held S23: lower schedule:Weekly bob rotation>none policy")
	if why, want := p.Held[0].Why, "cy@acme.com's next turn would begin 2026-03-23 09:00 UTC instead of 2026-03-30 09:00 UTC"; why != want {
		t.Errorf("why %q, want %q", why, want)
	}
	in.Memory.Released = map[string]plan.Release{p.Held[0].ID: {Reason: "they know", At: Noon}}
	p = MustMake(t, in).Plan
	wantTurns(t, p, "lower schedule:Weekly bob rotation>none policy")
	if got := weeks(p.Edits[0].After, 4); got != "ann cy ann cy" || len(p.Edits[0].Displaced) != 2 {
		t.Errorf("on call after: %s, displaced %+v", got, p.Edits[0].Displaced)
	}
}

func TestS23_ASwapGoesOnWhereAnotherLeaveIsHeld(t *testing.T) {
	s := Turns()
	v := s.Schedules["FOL"]
	v.Rotations[0].Events[0].Assignment.Members = []*string{Ptr("ann"), Ptr("bob"), Ptr("cy"), Ptr("ed")}
	s.Schedules["FOL"] = v
	Rerender(s, "FOL")
	// bob and cy leave, and di takes the turns of one, which moves nobody's.
	p := MustMake(t, Input(s, Rotation("ann ed di Follow"))).Plan
	wantTurns(t, p,
		"raise schedule:Follow di none>rotation policy",
		"lower schedule:Follow bob rotation>none policy",
		"held S23: lower schedule:Follow cy rotation>none policy",
	)
}

// bob gives his turns on one event to di, and ed leaves the other, on which bob's
// next turn would come a week sooner.
func TestS23_WhoLeavesOneEventKeepsTheirNextTurnOnAnother(t *testing.T) {
	s := Turns()
	v := s.Schedules["FOL"]
	late := v.Rotations[0].Events[0]
	late.ID, late.Name = "LATE", "Late"
	late.Assignment.Members = []*string{Ptr("ann"), Ptr("ed"), Ptr("bob")}
	v.Rotations = append(v.Rotations, inventory.Rotation{ID: "ROT2", Events: []inventory.Event{late}})
	s.Schedules["FOL"] = v
	Rerender(s, "FOL")
	st := Rotation("ann di cy Follow", "ann bob Follow")
	for i, layer := range []string{"Week", "Week", "Week", "Late", "Late"} {
		st.Grants[i].Layer = layer
	}
	p := MustMake(t, Input(s, st)).Plan
	wantTurns(t, p,
		"raise schedule:Follow di none>rotation policy",
		"lower schedule:Follow bob rotation>none policy",
		"held S23: lower schedule:Follow ed rotation>none policy",
	)
	if len(p.Held) == 1 && !strings.Contains(p.Held[0].Why, "bob@acme.com's next turn would begin 2026-03-23 09:00 UTC instead of 2026-03-30 09:00 UTC") {
		t.Errorf("held since %s", p.Held[0].Why)
	}
}

// Whoever joins an empty layer keeps their next turn on the one beneath: where they
// would be on call then anyhow nothing moves, and where another would hide it, it does.
func TestS23_WhoJoinsALayerKeepsTheirNextTurnBeneathIt(t *testing.T) {
	for name, c := range map[string]struct {
		turn  time.Duration
		above bool
		want  []string
	}{
		"above, in the same weeks": {7 * 24 * time.Hour, true, []string{
			"raise schedule:Weekly ann none>rotation policy", "raise schedule:Weekly bob none>rotation policy"}},
		"above, day by day": {24 * time.Hour, true, []string{
			"held S23: raise schedule:Weekly ann none>rotation policy", "held S23: raise schedule:Weekly bob none>rotation policy"}},
		"beneath": {24 * time.Hour, false, []string{
			"raise schedule:Weekly ann none>rotation policy", "raise schedule:Weekly bob none>rotation policy"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			v := s.Schedules["WEE"]
			v.Layers[0].Users = []string{"ann", "bob"}
			top := blank()
			top.TurnSeconds = int(c.turn.Seconds())
			if c.above {
				v.Layers = append(v.Layers, top)
			} else {
				v.Layers = append([]inventory.Layer{top}, v.Layers...)
			}
			s.Schedules["WEE"] = v
			Rerender(s, "WEE")
			st := Rotation("ann bob Weekly", "ann bob Weekly")
			for i := range st.Grants {
				st.Grants[i].Layer = "Top"
				if i < 2 {
					st.Grants[i].Layer = "Day"
				}
			}
			p := MustMake(t, Input(s, st)).Plan
			wantTurns(t, p, c.want...)
			for _, h := range p.Held {
				if !strings.Contains(h.Why, "ann@acme.com would have no more turns on the other layers") {
					t.Errorf("held since %s", h.Why)
				}
			}
		})
	}
}

func TestS22_AScheduleRenderedOtherwiseGetsNoChangesOfTurns(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	// PagerDuty puts bob on call where ann's turn is.
	v.Shifts = []inventory.Shift{{User: "bob", Start: s.Account.Window.Since, End: s.Account.Window.Until}}
	s.Schedules["WEE"] = v
	p := MustMake(t, Input(s, Rotation("ann bob cy di Weekly"))).Plan
	if len(p.Blocked) != 1 || !strings.Contains(p.Blocked[0].Why, "renders differently here than in PagerDuty") || len(p.Changes)+len(p.Edits) != 0 {
		t.Errorf("%q, want di's turns blocked", onTurns(p))
	}
	if !slices.ContainsFunc(p.Findings, func(f plan.Finding) bool { return f.Rule == "dutyward.rendering-differs" && f.Subject.ID == "WEE" }) {
		t.Errorf("findings %+v, want the schedule reported", p.Findings)
	}
}

func TestS16_PeopleAreOnTheTeamBeforeTheyAreOnItsSchedule(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Teams = []string{"PAY"}
	s.Schedules["WEE"] = v
	st := Rotation("ann bob cy di Weekly")
	st.Grants = append(st.Grants, Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:di@acme.com team:Payments responder").Grants...)
	p := MustMake(t, Input(s, st)).Plan
	if len(p.Changes) != 2 || p.Changes[0].Resource.ID != "PAY" || !slices.Equal(p.Changes[1].Requires, []string{p.Changes[0].ID}) {
		t.Fatalf("%q, want di on the team first", Lines(p))
	}
	in := Input(s, st)
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe}
	p = MustMake(t, in).Plan
	if len(p.Changes) != 0 || len(p.Blocked) != 1 || !strings.Contains(p.Blocked[0].Why, "not enforced") {
		t.Errorf("%q, want di's turns blocked while the team is not enforced", Lines(p))
	}
}

func TestS17_MembershipThatComesWithATurnIsForeseenAndNotFoughtLater(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Teams = []string{"PAY"}
	s.Schedules["WEE"] = v
	st := Rotation("ann bob cy di Weekly")
	st.Grants = append(st.Grants, Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "team:Payments team:Search responder").Grants...)
	Put(s, "PAY", "cy", "responder")
	r := MustMake(t, Input(s, st))
	i := slices.IndexFunc(r.Plan.Implied, func(i plan.Implied) bool { return i.User == "di" })
	if i < 0 || !r.Plan.Implied[i].Foreseen || r.Plan.Implied[i].Role != "responder" {
		t.Fatalf("implied %+v, want di's membership foreseen", r.Plan.Implied)
	}
	if !slices.ContainsFunc(r.Plan.Changes, func(c plan.Change) bool { return c.User == "di" && c.Resource.ID == "SEA" }) {
		t.Errorf("%q: team:Payments means its members after the plan, di among them", Lines(r.Plan))
	}
	if p := MustMake(t, Next(r, Input(s, st), 0)).Plan; len(p.Changes)+len(p.Held) != 0 || slices.ContainsFunc(p.Extra, func(d plan.Extra) bool { return d.User == "di" }) {
		t.Errorf("the next round: %q, want nothing of it", Lines(p))
	}
}

func TestS16_WhoLeavesATeamLeavesItsTurnsFirst(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Teams = []string{"PAY"}
	s.Schedules["WEE"] = v
	Put(s, "PAY", "cy", "responder")
	st := Rotation("ann bob di Weekly") // di takes over cy's turns at once: cy is not on call
	st.Grants = append(st.Grants, Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:di@acme.com team:Payments responder").Grants...)
	p := MustMake(t, Input(s, st)).Plan
	i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.User == "cy" && c.Resource.ID == "PAY" })
	if i < 0 || !slices.Equal(p.Changes[i].Requires, []string{"schedule/WEE/DAY/cy/rotation/none"}) {
		t.Fatalf("%q, want cy taken off the team after their turns", Lines(p))
	}

	// ann is on call, and stays on the schedule until the handoff.
	st = Rotation("di bob cy Weekly")
	st.Grants = append(st.Grants, Grants("user:cy@acme.com team:Payments responder", "user:bob@acme.com team:Payments responder", "user:di@acme.com team:Payments responder").Grants...)
	p = MustMake(t, Input(s, st)).Plan
	if slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.User == "ann" && c.Resource.ID == "PAY" }) {
		t.Errorf("%q: ann is still on the team's schedule", Lines(p))
	}
	if !slices.ContainsFunc(p.Implied, func(i plan.Implied) bool {
		return i.User == "ann" && strings.Contains(i.Why, "until their last turn there is over")
	}) {
		t.Errorf("implied %+v, want ann until the last turn", p.Implied)
	}
}

func TestRotationsFollowTheirSuccessorsAcrossRounds(t *testing.T) {
	s := Turns()
	st := Rotation("ann bob cy di Follow")
	r := MustMake(t, Input(s, st))
	in := Next(r, Input(s, st), 0)
	// PagerDuty gives the successor an id.
	v := in.Snapshot.Schedules["FOL"]
	events := v.Rotations[0].Events
	events[len(events)-1].ID = "WEEK2"
	Rerender(in.Snapshot, "FOL")
	p := MustMake(t, in).Plan
	if len(p.Changes)+len(p.Held)+len(p.Blocked) != 0 || slices.ContainsFunc(p.Findings, func(f plan.Finding) bool { return f.Rule == "dutyward.no-longer-named" }) {
		t.Errorf("the next round: %q, findings %+v; want nothing", onTurns(p), p.Findings)
	}
	// Somebody takes di off again: that is drift, by the successor's id.
	events[len(events)-1].Assignment.Members = []*string{Ptr("bob"), Ptr("cy"), Ptr("ann")}
	Rerender(in.Snapshot, "FOL")
	wantTurns(t, MustMake(t, in).Plan, "raise schedule:Follow di none>rotation drift")
}

func TestS9_AnEditThatPagerDutyDoesNotShowYetIsNotMadeAgain(t *testing.T) {
	s := Turns()
	in := Input(s, Rotation("ann bob cy di Weekly"))
	in.Memory.Edited = []plan.Edited{{Schedule: "WEE", Was: s.Schedules["WEE"], At: At(-0.02)}}
	p := MustMake(t, in).Plan
	if len(p.Changes) != 0 || len(p.Unknown) != 1 || !strings.Contains(p.Unknown[0].Reason, "read back as before") {
		t.Errorf("%q, unknown %+v", Lines(p), p.Unknown)
	}
}

func TestAnUnrelatedChangeWritesToNoneOfTwoHundredSchedules(t *testing.T) {
	s := Turns()
	st := Grants("user:di@acme.com team:Search responder", "user:cy@acme.com team:Search responder")
	for i := range 200 {
		id := fmt.Sprintf("S%03d", i)
		v := s.Schedules["WEE"]
		if i%2 == 1 {
			v = s.Schedules["FOL"]
		}
		v.ID, v.Name = id, id
		s.Schedules[id] = v
		st.Grants = append(st.Grants, Rotation("ann bob cy "+id).Grants...)
	}
	r := MustMake(t, Input(s, st))
	for _, c := range r.Plan.Changes {
		if c.Resource.Kind == inventory.KindSchedule {
			t.Errorf("%s is of a schedule", c.ID)
		}
	}
	if len(r.Plan.Changes) != 1 || len(r.Plan.Edits)+len(r.Plan.Held)+len(r.Plan.Blocked) != 0 {
		t.Errorf("%d changes, %d edits", len(r.Plan.Changes), len(r.Plan.Edits))
	}
}
