package diff_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// onTeam makes a schedule one of a team's, and puts its people on the team.
func onTeam(s *inventory.Snapshot, schedule, team string) {
	v := s.Schedules[schedule]
	v.Teams = []string{team}
	s.Schedules[schedule] = v
	for _, user := range v.Users {
		if _, member := s.Teams[team].Members[user]; !member {
			Put(s, team, user, "responder")
		}
	}
}

// changed are the lines of what a plan changes or holds.
func changed(p *plan.Plan) []string {
	return slices.DeleteFunc(Lines(p), func(l string) bool {
		return strings.HasPrefix(l, "extra ") || strings.HasPrefix(l, "implied ")
	})
}

func wantChanged(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if got := changed(p); !slices.Equal(got, want) {
		t.Errorf("the plan says\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// trapped is an account in which cy left the roster of Payments and takes turns on
// its schedule Weekly still: they are on the team because of the schedule, and on
// the schedule through the team.
func trapped(more ...string) (*inventory.Snapshot, *policies.Statements) {
	s := Turns()
	onTeam(s, "WEE", "PAY")
	return s, Grants(append([]string{
		"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder",
		"team:Payments schedule:Weekly rotation",
	}, more...)...)
}

func TestS34_WhoLeftTheRosterLeavesTheRotationThatKeptThemOnTheTeam(t *testing.T) {
	// di takes over the turns of cy, so that nobody else's move.
	s, st := trapped("user:di@acme.com team:Payments responder")
	r := MustMake(t, Input(s, st))
	wantChanged(t, r.Plan,
		"raise team:Payments di none>responder policy",
		"lower schedule:Weekly cy rotation>none policy",
		"lower team:Payments cy responder>none policy",
		"raise schedule:Weekly di none>rotation policy",
	)
	i := slices.IndexFunc(r.Plan.Changes, func(c plan.Change) bool { return c.User == "cy" && c.Layer != "" })
	if why := r.Plan.Changes[i].Reason; !strings.Contains(why, "follows from itself") || !strings.Contains(why, "team:Payments") {
		t.Errorf("reason %q, want that it follows from itself, through the team", why)
	}
	if p := MustMake(t, Next(r, Input(s, st), 0)).Plan; len(changed(p)) != 0 {
		t.Errorf("the next round: %q, want nothing", changed(p))
	}
}

func TestS34_WhoLeftTheRosterIsToldWhereLeavingMovesOthers(t *testing.T) {
	s, st := trapped("user:cy@acme.com team:Payments responder")
	st.Grants = slices.Delete(st.Grants, 1, 2) // bob is off the roster
	p := MustMake(t, Input(s, st)).Plan
	wantChanged(t, p, "held S23: lower schedule:Weekly bob rotation>none policy")
	if !slices.ContainsFunc(p.Implied, func(i plan.Implied) bool { return i.User == "bob" }) {
		t.Errorf("implied %+v, want bob on the team until then", p.Implied)
	}
}

func TestS34_LeavingTheRosterIsACauseLikeAnother(t *testing.T) {
	s, st := trapped("user:cy@acme.com team:Payments responder")
	r := MustMake(t, Input(s, st))
	if got := changed(r.Plan); len(got) != 0 {
		t.Fatalf("%q, want nothing while cy is on the roster", got)
	}
	in := Next(r, Input(s, st), 1)
	in.Previous, in.Revision = st, "r2"
	_, in.Statements = trapped("user:di@acme.com team:Payments responder")
	p := MustMake(t, in).Plan
	if !slices.Contains(changed(p), "lower schedule:Weekly cy rotation>none policy") {
		t.Errorf("%q, want cy off the rotation", changed(p))
	}
}

func TestS34_WhoIsOnATeamForAReasonOutsideStays(t *testing.T) {
	byHand := func(s *inventory.Snapshot) (*inventory.Snapshot, *policies.Statements) {
		return s, Grants("team:Payments schedule:Weekly rotation") // no policy says who is on the team
	}
	cases := map[string]func() (diff.Input, error){
		"another grant": func() (diff.Input, error) {
			s, st := trapped("oncall:Primary team:Payments responder", "user:cy@acme.com team:Search responder", "team:Search team:Payments observer")
			Put(s, "SEA", "cy", "responder")
			Put(s, "PAY", "cy", "observer")
			return Input(s, st), nil
		},
		"a team that people look after": func() (diff.Input, error) {
			s := Turns()
			onTeam(s, "WEE", "PAY")
			return Input(byHand(s)), nil
		},
		"a schedule of the team that people look after": func() (diff.Input, error) {
			s, st := trapped()
			v := s.Schedules["FOL"]
			v.Teams = []string{"PAY"}
			s.Schedules["FOL"] = v
			return Input(s, st), nil
		},
		"an escalation policy of the team": func() (diff.Input, error) {
			s, st := trapped()
			s.EscalationPolicies = map[string]inventory.EscalationPolicy{"EP": {ID: "EP", Name: "Payments", Teams: []string{"PAY"},
				Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "user", ID: "cy"}}}}}}
			return Input(s, st), nil
		},
		"a protection": func() (diff.Input, error) {
			s, st := trapped()
			st.Protects = []policies.Protect{{Principal: Ref("user:cy@acme.com"), Resource: Ref("team:Payments"), Reason: "on leave", Origins: Origin(9)}}
			return Input(s, st), nil
		},
		"an operator": func() (diff.Input, error) {
			in := Input(trapped())
			in.Settings.Operators = []string{"cy@acme.com"}
			return in, nil
		},
		"a rotation of another line of the schedule": func() (diff.Input, error) {
			s := Turns()
			v := s.Schedules["WEE"]
			night := v.Layers[0]
			night.ID, night.Name = "NIG", "Night"
			v.Layers = append(v.Layers, night)
			s.Schedules["WEE"] = v
			Rerender(s, "WEE")
			st := Grants("rotation:Weekly schedule:Weekly rotation")
			st.Grants[0].Layer = "Night"
			return Input(s, st), nil
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in, _ := c()
			p := MustMake(t, in).Plan
			if slices.ContainsFunc(changed(p), func(l string) bool {
				return strings.Contains(l, " cy rotation>none") || strings.Contains(l, " cy responder>none")
			}) {
				t.Errorf("%q, want cy left as they are", changed(p))
			}
		})
	}
}

func TestS34_WhetherSomebodyIsOnATeamByItsScheduleAloneIsUnknownWhereTheTeamIsNotEnforced(t *testing.T) {
	in := Input(trapped())
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe}
	p := MustMake(t, in).Plan
	wantChanged(t, p)
	if !slices.ContainsFunc(p.Unknown, func(u desired.Unknown) bool {
		return u.User == "cy" && u.Resource.ID == "WEE" && strings.Contains(u.Reason, "team:Payments")
	}) {
		t.Errorf("unknown %+v, want cy's turns", p.Unknown)
	}
	// Where all is not enforced, the plan shows what sync would do.
	in = Input(trapped("user:di@acme.com team:Payments responder"))
	in.Settings.Default = plan.Observe
	if got := changed(MustMake(t, in).Plan); !slices.Contains(got, "unenforced: lower schedule:Weekly cy rotation>none policy") {
		t.Errorf("%q, want cy's turns not enforced", got)
	}
}

func TestS34_AGroupOfATeamThatIsGrantedTheTeamGivesNobodyAnything(t *testing.T) {
	s := Account()
	Put(s, "PAY", "di", "observer") // by hand
	core := func(more ...string) *policies.Statements {
		return Members(Grants(append([]string{"group:core team:Payments manager"}, more...)...), "core team:Payments", "core oncall:Primary")
	}
	// ann is on call; nobody is on the team permanently by any rule.
	p := MustMake(t, Input(s, core())).Plan
	wantChanged(t, p,
		"held S3: lower team:Payments bob responder>none policy",
		"held S3: lower team:Payments di observer>none policy",
	)
	if !slices.ContainsFunc(p.Warnings, func(n desired.Notice) bool {
		return strings.Contains(n.Message, "follows from itself") && n.Origin.Line == 1
	}) {
		t.Errorf("warnings %+v, want one of the grant", p.Warnings)
	}
	// Whoever is on it by another rule gets what the group is granted.
	p = MustMake(t, Input(s, core("user:bob@acme.com team:Payments responder"))).Plan
	wantChanged(t, p,
		"raise team:Payments bob responder>manager policy",
		"lower team:Payments di observer>none policy",
	)
}

func TestS34_ACircleThroughTwoTeamsKeepsNobody(t *testing.T) {
	s := Account()
	Put(s, "PAY", "di", "responder")
	Put(s, "SEA", "di", "responder")
	Put(s, "SEA", "ed", "responder") // by hand
	st := Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder",
		"team:Payments team:Search responder", "team:Search team:Payments responder")
	p := MustMake(t, Input(s, st)).Plan
	wantChanged(t, p,
		"raise team:Payments cy none>responder policy",
		"raise team:Search ann none>responder policy",
		"raise team:Search bob none>responder policy",
		"lower team:Payments di responder>none policy",
		"lower team:Search di responder>none policy",
		"lower team:Search ed responder>none policy",
	)
}

func TestS34_BeingOnCallIsNoReasonToTakeTurns(t *testing.T) {
	for _, schedule := range []string{"Weekly", "Follow"} {
		cases := map[string]*policies.Statements{
			"on call":    Grants("oncall:" + schedule + " schedule:" + schedule + " rotation"),
			"turns":      Grants("rotation:" + schedule + " schedule:" + schedule + " rotation"),
			"a group":    Members(Grants("group:g schedule:"+schedule+" rotation"), "g oncall:"+schedule),
			"by a team":  Grants("oncall:"+schedule+" team:Search responder", "team:Search schedule:"+schedule+" rotation"),
			"escalation": Grants("escalation:All schedule:" + schedule + " rotation"),
		}
		for name, st := range cases {
			t.Run(schedule+" "+name, func(t *testing.T) {
				s := Turns()
				id := map[string]string{"Weekly": "WEE", "Follow": "FOL"}[schedule]
				s.EscalationPolicies = map[string]inventory.EscalationPolicy{"EP": {ID: "EP", Name: "All",
					Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "schedule", ID: id}}}}}}
				// di stands in for ann at the moment.
				v := s.Schedules[id]
				if id == "WEE" {
					v.Overrides = []inventory.Override{{ID: "O", User: Ptr("di"), Start: At(-1), End: At(5)}}
				} else {
					v.Overrides = []inventory.Override{{ID: "O", User: Ptr("di"), Replaces: Ptr("ann"), Rotation: Ptr("ROT"), Start: At(-1), End: At(5)}}
				}
				s.Schedules[id] = v
				Rerender(s, id)
				wantTurns(t, MustMake(t, Input(s, st)).Plan,
					"held S3: lower schedule:"+schedule+" ann rotation>none policy",
					"held S3: lower schedule:"+schedule+" bob rotation>none policy",
					"held S3: lower schedule:"+schedule+" cy rotation>none policy",
				)
			})
		}
	}
}

func TestS34_AnOverrideForWhoeverIsOnCallThereGivesNothing(t *testing.T) {
	st := Grants("oncall:Weekly schedule:Weekly override from 1 until 400")
	wantChanged(t, MustMake(t, Input(Turns(), st)).Plan)
}

func TestS34_AForecastKnowsCircles(t *testing.T) {
	// bob is on the roster until tomorrow, and on the rotation through the team.
	s, st := trapped("user:cy@acme.com team:Payments responder", "user:di@acme.com team:Payments responder from 20")
	st.Grants[1].Until = Ptr(At(24))
	f, err := forecast.Foresee(Input(s, st), Noon.Add(72*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range f.Steps {
		for _, c := range step.Changes {
			if c.User == "bob" && c.Layer != "" {
				got = append(got, step.At.Format("15:04 ")+string(c.Effect))
			}
		}
		for _, h := range step.Held {
			if h.User == "bob" && h.Layer != "" {
				got = append(got, step.At.Format("15:04 ")+"held "+h.Rule)
			}
		}
	}
	if len(got) == 0 || !strings.HasPrefix(got[0], "12:00 ") {
		t.Errorf("%q, want bob's turns to end, or be held, when the roster's until passes: %+v", got, f.Steps)
	}
}

func TestS34_WhatFollowsFromAShiftEndsWithItThoughItGoesInACircle(t *testing.T) {
	s := Account()
	st := Members(Grants("group:core team:Payments manager"), "core team:Payments", "core oncall:Primary")
	st.Grants = append(st.Grants, Grants("user:bob@acme.com team:Payments responder").Grants...)
	r := MustMake(t, Input(s, st))
	g := r.Access.Grant(desired.Pair{User: "ann", Resource: Ref("team:#PAY")})
	if g.Role != "manager" || !g.Until.Equal(At(4)) {
		t.Fatalf("ann is to be %s until %s, want manager until the shift ends", g.Role, g.Until)
	}
	// ann's shift is over; bob's has begun.
	wantChanged(t, MustMake(t, Next(r, Input(s, st), 4)).Plan, "lower team:Payments ann manager>none handoff")
}

// TestS34_OnTeamsIsWhoeverARuleOutsideTheirCircleReaches holds plans of people by name
// on teams that are granted one another against who can be reached from those names.
func TestS34_OnTeamsIsWhoeverARuleOutsideTheirCircleReaches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Account()
		teams := []string{"PAY", "SEA", "THR", "FOU"}
		for _, id := range teams[2:] {
			s.Teams[id] = inventory.Team{ID: id, Name: id, Members: map[string]string{}}
		}
		users := []string{"ann", "bob", "cy", "di", "ed"}
		var ls []string
		reaches, named := map[string][]string{}, map[string]bool{}
		on := map[string]map[string]bool{}
		for _, team := range teams {
			on[team] = map[string]bool{}
			for _, user := range rapid.SliceOfDistinct(rapid.SampledFrom(users), rapid.ID).Draw(t, "by hand on "+team) {
				Put(s, team, user, "responder")
			}
			if rapid.Bool().Draw(t, team+" has a roster") {
				named[team] = true
				ls = append(ls, "user:gone@acme.com team:#"+team+" responder")
				for _, user := range rapid.SliceOfDistinct(rapid.SampledFrom(users), rapid.ID).Draw(t, "by name on "+team) {
					ls = append(ls, fmt.Sprintf("user:%s@acme.com team:#%s responder", user, team))
					on[team][user] = true
				}
			}
			for _, to := range rapid.SliceOfDistinct(rapid.SampledFrom(teams), rapid.ID).Draw(t, "granted to "+team) {
				ls = append(ls, fmt.Sprintf("team:#%s team:#%s responder", team, to))
				reaches[team], named[to] = append(reaches[team], to), true
			}
		}
		for _, team := range teams {
			if !named[team] {
				for user := range s.Teams[team].Members {
					on[team][user] = true
				}
			}
		}
		for range teams {
			for from, all := range reaches {
				for _, to := range all {
					maps.Copy(on[to], on[from])
				}
			}
		}
		r := mustMakeRapid(t, Input(s, Grants(ls...)))
		if len(r.Plan.Held) > 0 {
			t.Skip("whoever is held stays on a team, and what follows from it outside circles")
		}
		for _, team := range teams {
			for _, user := range users {
				asked := r.Access.Grant(desired.Pair{User: user, Resource: Ref("team:#" + team)}).Role
				if got, want := asked != "", named[team] && on[team][user]; got != want {
					t.Errorf("%s on %s: %q, want %v by %q", user, team, asked, want, ls)
				}
			}
		}
	})
}

func mustMakeRapid(t *rapid.T, in diff.Input) *diff.Result {
	r, err := diff.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
