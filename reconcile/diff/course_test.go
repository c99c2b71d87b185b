package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestAForecastCarriesItsOwnEditsOfSchedules(t *testing.T) {
	cases := []struct {
		name   string
		policy *policies.Statements
		days   int
		want   []string
	}{
		{"who joins a rotation is in it at once", Also(Rotation("ann bob cy di Weekly"), "rotation:Weekly team:Search observer"), 2, []string{
			"Mon 16 12:00 schedule:Weekly layer Day di none>rotation policy",
			"Mon 16 12:00 team:Search ann none>observer policy",
			"Mon 16 12:00 team:Search bob none>observer policy",
			"Mon 16 12:00 team:Search di none>observer policy",
			"Mon 16 12:00 team:Search cy responder>observer policy",
		}},
		{"who joins by date is in the rotation then", Also(Also(Rotation("ann bob cy Weekly"), "user:di@acme.com schedule:Weekly rotation from 30"), "rotation:Weekly team:Payments observer", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"), 3, []string{
			"Mon 16 12:00 team:Payments cy none>observer policy",
			"Tue 17 18:00 schedule:Weekly layer Day di none>rotation expiry",
			"Tue 17 18:00 team:Payments di none>observer facts",
		}},
		{"who takes over turns has their access, and who leaves has not", Also(Rotation("ann di cy Weekly"), "oncall:Weekly team:Search manager"), 15, []string{
			"Mon 16 12:00 schedule:Weekly layer Day di none>rotation policy",
			"Mon 16 12:00 team:Search ann none>manager policy",
			"Mon 16 12:00 schedule:Weekly layer Day bob rotation>none policy",
			"Mon 16 12:00 team:Search cy responder>none policy",
			"Mon 23 09:00 team:Search di none>manager handoff",
			"Mon 23 09:00 team:Search ann manager>none handoff",
			"Mon 30 09:00 team:Search cy none>manager handoff",
			"Mon 30 09:00 team:Search di manager>none handoff",
		}},
		{"the same on a shift-based schedule", Also(Rotation("ann di cy Follow"), "oncall:Follow team:Search manager"), 15, []string{
			"Mon 16 12:00 schedule:Follow event Week di none>rotation policy",
			"Mon 16 12:00 team:Search ann none>manager policy",
			"Mon 16 12:00 schedule:Follow event Week bob rotation>none policy",
			"Mon 16 12:00 team:Search cy responder>none policy",
			"Mon 23 09:00 team:Search di none>manager handoff",
			"Mon 23 09:00 team:Search ann manager>none handoff",
			"Mon 30 09:00 team:Search cy none>manager handoff",
			"Mon 30 09:00 team:Search di manager>none handoff",
		}},
		{"somebody takes turns for a while, and their successor goes on", Also(Also(Rotation("ann cy Follow"), "user:bob@acme.com schedule:Follow rotation until 24", "user:di@acme.com schedule:Follow rotation from 24"), "oncall:Follow team:Payments manager", "user:bob@acme.com team:Payments responder"), 15, []string{
			"Tue 17 12:00 schedule:Follow event Week di none>rotation expiry",
			"Tue 17 12:00 schedule:Follow event Week bob rotation>none expiry",
			"Mon 23 09:00 team:Payments di none>manager handoff",
			"Mon 23 09:00 team:Payments ann manager>none handoff",
			"Mon 30 09:00 team:Payments cy none>manager handoff",
			"Mon 30 09:00 team:Payments di manager>none handoff",
		}},
		{"an override moves what comes of being on call", Also(Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 36, ""), "oncall:Weekly team:Payments manager", "user:bob@acme.com team:Payments responder"), 3, []string{
			"Mon 16 12:00 schedule:Weekly di none>override policy",
			"Tue 17 12:00 team:Payments di none>manager handoff",
			"Tue 17 12:00 team:Payments ann manager>none handoff",
			"Wed 18 00:00 team:Payments ann none>manager handoff",
			"Wed 18 00:00 team:Payments di manager>none handoff",
		}},
		{"an override from now on begins with the next minute", Also(Override(Rotation("ann bob cy Follow"), "di", "Follow", -1, 36, "ann"), "oncall:Follow team:Payments manager", "user:bob@acme.com team:Payments responder"), 1, []string{
			"Mon 16 12:00 schedule:Follow di none>override policy",
			"Mon 16 12:01 team:Payments di none>manager handoff",
			"Mon 16 12:01 team:Payments ann manager>none handoff",
		}},
		{"an override in place of somebody whom the same plan takes off is not there to be taken back", Override(Rotation("ann bob Follow"), "di", "Follow", 15*24+1, 15*24+3, "cy"), 2, []string{
			"Mon 16 12:00 schedule:Follow di none>override policy",
			"Mon 16 12:00 schedule:Follow event Week cy rotation>none policy",
			"Mon 16 12:01 blocked: schedule:Follow di none>override facts",
		}},
		{"an override that a limit ends is taken back", resting(Also(Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 72, ""), "oncall:Weekly team:Payments manager", "user:bob@acme.com team:Payments responder"), 48), 4, []string{
			"Mon 16 12:00 schedule:Weekly di none>override policy",
			"Tue 17 12:00 team:Payments di none>manager handoff",
			"Tue 17 12:00 team:Payments ann manager>none handoff",
			"Wed 18 12:00 schedule:Weekly di override>none facts",
			"Wed 18 12:01 team:Payments ann none>manager facts",
			"Wed 18 12:01 team:Payments di manager>none facts",
		}},
		{"who leaves comes off the schedule's team after their last turn", Also(Rotation("bob cy Follow"), "user:bob@acme.com team:Search responder", "user:cy@acme.com team:Search responder"), 15, []string{
			"Mon 16 12:00 team:Search bob none>responder policy",
			"Mon 16 12:00 schedule:Follow event Week ann rotation>none policy",
			"Mon 23 09:00 team:Search ann responder>none policy",
		}},
		{"a leave that would move somebody's next turn waits for their own", Also(Rotation("ann cy Weekly"), "oncall:Weekly team:Payments manager", "user:bob@acme.com team:Payments responder"), 22, []string{
			"Mon 16 12:00 held: schedule:Weekly layer Day bob rotation>none policy",
			"Mon 23 09:00 team:Payments bob responder>manager handoff",
			"Mon 23 09:00 schedule:Weekly layer Day bob rotation>none policy",
			"Mon 23 09:00 team:Payments ann manager>none handoff",
			"Mon 30 09:00 team:Payments cy none>manager handoff",
			"Mon 30 09:00 team:Payments bob manager>responder handoff",
			"Mon 06 09:00 team:Payments ann none>manager handoff",
			"Mon 06 09:00 team:Payments cy manager>none handoff",
		}},
		{"an override comes into the window that rounds read", Also(Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 800+30, 800+40, "")), 3, []string{
			"Wed 18 00:00 schedule:Weekly di none>override facts",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Turns()
			if strings.Contains(c.name, "the schedule's team") {
				v := s.Schedules["FOL"]
				v.Teams = []string{"SEA"}
				s.Schedules["FOL"] = v
				Put(s, "SEA", "ann", "responder")
			}
			WantSteps(t, Input(s, c.policy), c.days, c.want...)
		})
	}
}

// resting has a limit keep di off schedules from some hours on.
func resting(st *policies.Statements, from float64) *policies.Statements {
	Members(st, "resting user:di@acme.com")
	i := slices.IndexFunc(st.Members, func(m policies.Member) bool { return m.Group == "resting" })
	st.Members[i].From = Ptr(At(from))
	st.Limits = append(st.Limits, policies.Limit{Principal: Ref("group:resting"), Resource: Ref("schedule:*"), AtMost: "none", Reason: "rests", Origins: Origin(80)})
	return st
}

func TestS17_WhoStandsInOnATeamsScheduleIsOnTheTeamUntilThatIsOver(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Teams = []string{"SEA"}
	s.Schedules["WEE"] = v
	for _, id := range []string{"ann", "bob", "ed"} {
		Put(s, "SEA", id, "responder")
	}
	// di comes onto the team with an override, and ed, who is to leave it, stays.
	st := Override(Override(Also(Rotation("ann bob cy Weekly"), "user:cy@acme.com team:Search responder"), "di", "Weekly", 24, 36, ""), "ed", "Weekly", 40, 44, "")
	r := MustMake(t, Input(s, st))
	if i := slices.IndexFunc(r.Plan.Implied, func(i plan.Implied) bool { return i.User == "di" && i.Foreseen }); i < 0 || !strings.Contains(r.Plan.Implied[i].Why, "by an override until 2026-03-18 00:00 UTC") {
		t.Errorf("implied %+v, want di's membership foreseen", r.Plan.Implied)
	}
	WantSteps(t, Input(s, st), 4,
		"Mon 16 12:00 schedule:Weekly di none>override policy",
		"Mon 16 12:00 schedule:Weekly ed none>override policy",
		"Wed 18 00:00 team:Search di responder>none policy",
		"Wed 18 08:00 team:Search ed responder>none policy",
	)
}

// A change that waits for one on a team, or for a seat, is due once that is no longer in
// its way, as a daemon's round finds it, and not at the next handoff only.
func TestAForecastMakesAChangeOfTurnsOnceWhatItWaitsForIsOutOfTheWay(t *testing.T) {
	t.Run("a grant on a team that is not enforced ends", func(t *testing.T) {
		s := Turns()
		v := s.Schedules["FOL"]
		v.Teams = []string{"SEA"}
		s.Schedules["FOL"] = v
		in := Input(s, Also(Rotation("ann bob cy di Follow"), "user:di@acme.com team:Search responder until 30"))
		in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe}
		WantSteps(t, in, 8,
			"Mon 16 12:00 unenforced: team:Search di none>responder policy",
			"Mon 16 12:00 blocked: schedule:Follow event Week di none>rotation policy",
			"Tue 17 18:00 schedule:Follow event Week di none>rotation policy",
		)
	})
	t.Run("a seat becomes free", func(t *testing.T) {
		s := Turns()
		NoSeat(s, "di")
		in := Input(s, Also(Rotation("ann bob cy di Follow"), "user:di@acme.com account limited_user",
			"user:ed@acme.com account limited_user until 30", "user:ed@acme.com account read_only_user"))
		WantSteps(t, in, 8,
			"Mon 16 12:00 blocked: account di read_only_user>limited_user policy",
			"Mon 16 12:00 blocked: schedule:Follow event Week di none>rotation policy",
			"Tue 17 18:00 account ed limited_user>read_only_user expiry",
			"Tue 17 18:00 account di read_only_user>limited_user policy",
			"Tue 17 18:00 schedule:Follow event Week di none>rotation policy",
		)
	})
}

// What a protection keeps is due when it ends, turns and overrides as well.
func TestAForecastMakesWhatAProtectionKeptWhenItEnds(t *testing.T) {
	cases := []struct {
		name   string
		policy *policies.Statements
		want   []string
	}{
		{"turns", Rotation("ann di cy Follow"), []string{
			"Tue 17 18:00 schedule:Follow event Week di none>rotation policy",
			"Tue 17 18:00 schedule:Follow event Week bob rotation>none policy",
		}},
		{"an override", Override(Rotation("ann bob cy Follow"), "di", "Follow", 40, 50, "ann"), []string{
			"Tue 17 18:00 schedule:Follow di none>override policy",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.policy.Protects = []policies.Protect{
				{Principal: Ref("user:bob@acme.com"), Reason: "audit", Until: Ptr(At(30)), Origins: Origin(90)},
				{Principal: Ref("user:di@acme.com"), Reason: "audit", Until: Ptr(At(30)), Origins: Origin(91)},
			}
			WantSteps(t, Input(Turns(), c.policy), 6, c.want...)
		})
	}
}

// Whoever has the turn before a handoff may have the one after it as well: it is one all
// the same, and what waits for an override to be over may be made from it on.
func TestAForecastKnowsTheHandoffsFromAPersonToThemselves(t *testing.T) {
	s := Turns()
	begin := At(5 - 7*24)
	s.Schedules["DLY"] = inventory.Schedule{
		ID: "DLY", Name: "Daily", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		Rotations: []inventory.Rotation{{ID: "DROT", Events: []inventory.Event{{
			ID: "DAILY", Name: "Day", Start: begin, End: begin.AddDate(0, 0, 1), TimeZone: "Etc/UTC",
			Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: begin,
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{Ptr("ann")}, ShiftsPerMember: Ptr(1)},
		}}}},
		Overrides: []inventory.Override{{ID: "OVR", User: Ptr("cy"), Start: At(8), End: At(32), Rotation: Ptr("DROT"), Replaces: Ptr("ann")}},
	}
	Rerender(s, "DLY")
	s.Normalize()
	WantSteps(t, Input(s, Rotation("di Daily")), 4,
		"Mon 16 12:00 held: schedule:Daily event Day ann rotation>none policy",
		"Mon 16 12:00 held: schedule:Daily event Day di none>rotation policy",
		"Tue 17 17:00 schedule:Daily event Day di none>rotation policy",
		"Tue 17 17:00 schedule:Daily event Day ann rotation>none policy",
	)
}

// The members of a team are granted the team, which keeps nobody there: who is there for
// another reason loses what that gives when the reason ends.
func TestS34_AForecastKnowsWhenAGroundEnds(t *testing.T) {
	cases := []struct {
		name string
		set  func(*inventory.Snapshot, *policies.Statements)
		want []string
	}{
		{"an override on a schedule of the team", func(s *inventory.Snapshot, st *policies.Statements) {
			v := s.Schedules["WEE"]
			v.Teams = []string{"SEA"}
			v.Overrides = []inventory.Override{{ID: "OVR", User: Ptr("ed"), Start: At(-2), End: At(30)}}
			s.Schedules["WEE"] = v
			Rerender(s, "WEE")
			for _, id := range []string{"ann", "bob"} {
				Put(s, "SEA", id, "responder")
			}
		}, []string{"Tue 17 18:00 team:Search ed responder>none facts"}},
		{"a grant of a base role that fixes roles on teams", func(s *inventory.Snapshot, st *policies.Statements) {
			s.Licenses = map[string]inventory.License{"BASE": {ID: "BASE", Name: "Basic", ValidRoles: []string{"limited_user"}}}
			Also(st, "user:ed@acme.com account admin until 30")
		}, []string{
			"Mon 16 12:00 blocked: account ed limited_user>admin policy",
			"Tue 17 18:00 team:Search ed responder>none facts",
		}},
		{"a protection", func(s *inventory.Snapshot, st *policies.Statements) {
			st.Protects = []policies.Protect{{Principal: Ref("user:ed@acme.com"), Reason: "audit", Until: Ptr(At(30)), Origins: Origin(90)}}
		}, []string{"Tue 17 18:00 team:Search ed responder>none facts"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, st := Turns(), Grants("team:Search team:Search responder", "user:cy@acme.com team:Search responder")
			Put(s, "SEA", "ed", "responder")
			c.set(s, st)
			s.Normalize()
			WantSteps(t, Input(s, st), 3, c.want...)
		})
	}
}

// Of two seats on the full license, ann's and bob's, ann's is free once her role
// needs none: di's raise a day later takes it.
func TestAForecastCarriesTheSeatsThatItsChangesFree(t *testing.T) {
	s := Account()
	full, light := "FULL", "LIGHT"
	s.Licenses = map[string]inventory.License{
		full:  {ID: full, Name: "Full", ValidRoles: []string{"owner", "admin", "user", "limited_user"}, Available: Ptr(0)},
		light: {ID: light, Name: "Light", ValidRoles: []string{"read_only_user"}, Available: Ptr(1)},
	}
	for id, u := range s.Users {
		u.License = &full
		if id == "stk" || id == "di" {
			u.License, u.BaseRole = &light, "read_only_user"
		}
		s.Users[id] = u
	}
	st := Grants("user:cy@acme.com account limited_user until 20", "user:cy@acme.com account read_only_user",
		"user:di@acme.com account user from 40", "user:stk@acme.com account user from 50", "user:cy@acme.com account limited_user from 60")
	WantSteps(t, Input(s, st), 4,
		"Tue 17 08:00 account cy limited_user>read_only_user expiry",
		"Wed 18 04:00 account di read_only_user>user expiry",
		"Wed 18 14:00 blocked: account stk read_only_user>user expiry",
		"Thu 19 00:00 blocked: account cy read_only_user>limited_user expiry",
	)
}

// foresee is a forecast over some days.
func foresee(t *testing.T, in diff.Input, days int) *forecast.Forecast {
	t.Helper()
	f, err := forecast.Foresee(in, in.Now.AddDate(0, 0, days))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The raise was to end with the grant that it was for, though by then the membership
// of a team asks for the same without an end.
func TestS4_AForecastKnowsWhenARaiseWasToEndThatHasAnotherReasonMeanwhile(t *testing.T) {
	s := Turns()
	st := Grants("user:ed@acme.com account user until 30", "user:ed@acme.com team:Search responder from 5 until 30", "user:cy@acme.com team:Search responder", "team:Search account user")
	WantSteps(t, Input(s, st), 3,
		"Mon 16 12:00 account cy limited_user>user policy",
		"Mon 16 12:00 account ed limited_user>user policy",
		"Mon 16 17:00 team:Search ed none>responder expiry",
		"Tue 17 18:00 team:Search ed responder>none expiry",
		"Tue 17 18:00 account ed user>limited_user facts",
	)
}
