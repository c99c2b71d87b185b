package diff_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// A base role moves what depends on it, at the same moment.
func TestAForecastPlansTheTeamsOfWhoseBaseRoleMoves(t *testing.T) {
	t.Run("to be on", func(t *testing.T) {
		st := everybody("user:ed@acme.com account admin until 30", "user:ed@acme.com account limited_user", "user:ed@acme.com team:Search responder")
		WantSteps(t, Input(Account(), st), 3,
			"Mon 16 12:00 account ed limited_user>admin policy",
			"Tue 17 18:00 account ed admin>limited_user expiry",
			"Tue 17 18:00 team:Search ed none>responder policy",
		)
	})
	t.Run("to be off", func(t *testing.T) {
		s := Account()
		Put(s, "SEA", "ed", "responder")
		st := everybody("user:ed@acme.com account admin until 30", "user:ed@acme.com account limited_user")
		WantSteps(t, Input(s, st), 3,
			"Mon 16 12:00 account ed limited_user>admin policy",
			"Tue 17 18:00 account ed admin>limited_user expiry",
			"Tue 17 18:00 team:Search ed responder>none policy",
		)
	})
}

// What is blocked, held or not enforced is looked at again at each moment: it may be made
// once another has gone, on a team that is full, and with it turns on the team's schedule.
func TestAForecastMakesWhatWaitsForAPlaceOnATeam(t *testing.T) {
	s := Turns()
	f, _ := full(500, 0)
	for id, u := range f.Users {
		s.Users[id] = u
	}
	s.Teams["SEA"] = f.Teams["SEA"]
	v := s.Schedules["FOL"]
	v.Teams = []string{"SEA"}
	s.Schedules["FOL"] = v
	st := Also(Rotation("ann bob cy di Follow"), "user:di@acme.com team:Search responder", "user:cy@acme.com team:Search responder")
	for id := range s.Teams["SEA"].Members {
		switch id {
		case "cy":
		case "m200":
			Also(st, "user:m200@acme.com team:Search observer until 30")
		default:
			Also(st, "user:"+id+"@acme.com team:Search observer")
		}
	}
	WantSteps(t, Input(s, st), 3,
		"Mon 16 12:00 blocked: schedule:Follow event Week di none>rotation policy",
		"Mon 16 12:00 blocked: team:Search di none>responder policy",
		"Tue 17 18:00 team:Search m200 observer>none expiry",
		"Tue 17 18:00 team:Search di none>responder policy",
		"Tue 17 18:00 schedule:Follow event Week di none>rotation policy",
	)
	st.Grants = st.Grants[4:] // without the turns
	WantSteps(t, Input(s, st), 3,
		"Mon 16 12:00 blocked: team:Search di none>responder policy",
		"Tue 17 18:00 team:Search m200 observer>none expiry",
		"Tue 17 18:00 team:Search di none>responder policy",
	)
}

// What is not enforced on a team is taken for made, so that its further course shows,
// but where other changes follow from it that are made.
func TestAForecastShowsTheFurtherCourseOfWhatIsNotEnforced(t *testing.T) {
	unenforced := func(in diff.Input, kind inventory.Kind, mode plan.Mode) diff.Input {
		in.Settings.Kinds = map[inventory.Kind]plan.Mode{kind: mode}
		return in
	}
	until := "user:di@acme.com team:Search responder until 30"
	for name, c := range map[string]struct {
		in   diff.Input
		want []string
	}{
		"a team that is not enforced": {unenforced(Input(Account(), everybody(until)), inventory.KindTeam, plan.Observe), []string{
			"Mon 16 12:00 unenforced: team:Search di none>responder policy",
			"Tue 17 18:00 unenforced: team:Search di responder>none expiry",
		}},
		"a team whose members are a principal": {unenforced(Input(Account(), everybody(until, "team:Search account user")), inventory.KindTeam, plan.Observe), []string{
			"Mon 16 12:00 account cy limited_user>user policy",
			"Mon 16 12:00 unenforced: team:Search di none>responder policy",
		}},
		"a base role": {unenforced(Input(Account(), everybody("user:di@acme.com account user until 30", "user:di@acme.com account limited_user")), inventory.KindAccount, plan.Observe), []string{
			"Mon 16 12:00 unenforced: account di limited_user>user policy",
		}},
		"a team in which nothing is taken back": {unenforced(Input(Account(), everybody(until, "user:ann@acme.com team:Search observer from 31 until 40")), inventory.KindTeam, plan.GrantOnly), []string{
			"Mon 16 12:00 team:Search di none>responder policy",
			"Tue 17 18:00 unenforced: team:Search di responder>none expiry",
			"Tue 17 19:00 team:Search ann none>observer expiry",
			"Wed 18 04:00 unenforced: team:Search ann observer>none expiry",
		}},
	} {
		t.Run(name, func(t *testing.T) { WantSteps(t, c.in, 3, c.want...) })
	}
}

// teamed is the account in which a schedule is Search's, on which are its people too.
func teamed(schedule string, edit func(*inventory.Schedule)) *inventory.Snapshot {
	s := Turns()
	v := s.Schedules[schedule]
	v.Teams = []string{"SEA"}
	edit(&v)
	s.Schedules[schedule] = v
	Rerender(s, schedule)
	for _, id := range []string{"ann", "bob"} {
		Put(s, "SEA", id, "responder")
	}
	return s
}

// Whom PagerDuty keeps on a team since they are on its schedule comes off it when that
// is over: a layer, an event, a custom shift or an override, of the team itself or of an
// escalation policy of it.
func TestS17_AForecastKnowsWhenPagerDutyLetsGoOfAMember(t *testing.T) {
	search := "user:cy@acme.com team:Search responder"
	off := []string{"Fri 20 16:00 team:Search ann responder>none policy", "Fri 20 16:00 team:Search bob responder>none policy"}
	end := At(100)
	for name, c := range map[string]struct {
		account *inventory.Snapshot
		want    []string
	}{
		"a layer ends":     {teamed("WEE", func(v *inventory.Schedule) { v.Layers[0].End = &end }), off},
		"an event ends":    {teamed("FOL", func(v *inventory.Schedule) { v.Rotations[0].Events[0].EffectiveUntil = &end }), off},
		"an event goes on": {teamed("FOL", func(*inventory.Schedule) {}), nil},
		"an event of which nobody has some turns": {teamed("FOL", func(v *inventory.Schedule) {
			e := &v.Rotations[0].Events[0]
			e.EffectiveUntil, e.Assignment.Members = &end, append(e.Assignment.Members, nil)
		}), off},
		"a custom shift and one of nobody": {teamed("PRI", func(v *inventory.Schedule) {
			v.CustomShifts = []inventory.CustomShift{{ID: "C1", User: Ptr("ann"), Start: At(-4), End: end}, {ID: "C2", User: Ptr("bob"), Start: At(-4), End: end}, {ID: "C3", Start: At(-4), End: At(50)}}
			v.Users = []string{"ann", "bob"}
		}), off},
		"an override and one of nobody": {teamed("FOL", func(v *inventory.Schedule) {
			v.Rotations[0].Events[0].Assignment.Members = []*string{Ptr("cy")}
			for i, o := range []inventory.Override{{User: Ptr("ann"), Start: At(-1), End: end}, {User: Ptr("bob"), Start: At(-1), End: At(30)}, {Start: At(40), End: At(50)}} {
				o.ID, o.Rotation, o.Replaces = string(rune('O'+i)), Ptr("ROT"), Ptr("cy")
				v.Overrides = append(v.Overrides, o)
			}
		}), []string{"Tue 17 18:00 team:Search bob responder>none policy", off[0]}},
		"an escalation policy's schedule": {func() *inventory.Snapshot {
			s := teamed("WEE", func(v *inventory.Schedule) { v.Teams, v.Layers[0].End = nil, &end })
			s.EscalationPolicies = map[string]inventory.EscalationPolicy{"E": {ID: "E", Name: "Esc", Teams: []string{"SEA"}, Rules: []inventory.EscalationRule{
				{Targets: []inventory.Target{{Type: "user", ID: "cy"}, {Type: "schedule", ID: "WEE"}}}}}}
			return s
		}(), off},
	} {
		t.Run(name, func(t *testing.T) {
			WantSteps(t, Input(c.account, Grants(search)), 6, c.want...)
		})
	}
}

// The end of a layer on which policies give turns is a moment at which anything may
// follow, and so is that of one whose people are a principal.
func TestAForecastPlansAnewWhereALayerOfPoliciesEnds(t *testing.T) {
	end := At(100)
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].End = &end
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	WantSteps(t, Input(s, Rotation("ann bob cy Weekly")), 6,
		"Fri 20 16:00 blocked: schedule:Weekly ann none>rotation policy",
		"Fri 20 16:00 blocked: schedule:Weekly bob none>rotation policy",
		"Fri 20 16:00 blocked: schedule:Weekly cy none>rotation policy",
	)
	WantSteps(t, Input(s, Grants("rotation:Weekly team:Search observer", "user:cy@acme.com team:Search responder")), 6,
		"Mon 16 12:00 team:Search ann none>observer policy",
		"Mon 16 12:00 team:Search bob none>observer policy",
		"Fri 20 16:00 team:Search ann observer>none facts",
		"Fri 20 16:00 team:Search bob observer>none facts",
	)
}

func TestS25_AForecastCountsTheLongestFromEachMomentWhereNoBeginningIsSaid(t *testing.T) {
	st := Members(Grants("group:g team:Search responder", "user:cy@acme.com team:Search responder", "user:ed@acme.com team:Search observer from 5 until 60", "user:di@acme.com team:Search observer until 62"), "g user:ann@acme.com", "g user:bob@acme.com")
	st.Members[0].Until, st.Members[1].From, st.Members[1].Until = Ptr(At(61)), Ptr(At(6)), Ptr(At(61))
	in := Input(Account(), st)
	want := []string{
		"Tue 17 01:00 team:Search ann none>responder facts",
		"Tue 17 02:00 team:Search di none>observer facts",
		"Thu 19 01:00 team:Search ann responder>none expiry",
		"Thu 19 02:00 team:Search di observer>none expiry",
	}
	in.Settings.Longest = 48 * time.Hour
	WantSteps(t, in, 4, want...)
	in.Settings.Longest = 0
	WantSteps(t, in, 4,
		"Mon 16 12:00 team:Search ann none>responder policy",
		"Mon 16 12:00 team:Search di none>observer policy",
		"Mon 16 17:00 team:Search ed none>observer expiry",
		"Mon 16 18:00 team:Search bob none>responder expiry",
		"Thu 19 00:00 team:Search ed observer>none expiry",
		"Thu 19 01:00 team:Search ann responder>none expiry",
		"Thu 19 01:00 team:Search bob responder>none expiry",
		"Thu 19 02:00 team:Search di observer>none expiry",
	)
}

// A handoff that an override hides is one: what waits for it is made then.
func TestAForecastKnowsTheHandoffsThatOverridesHide(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Overrides = []inventory.Override{{ID: "O", User: Ptr("ed"), Start: At(160), End: At(170)}}
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	WantSteps(t, Input(s, Rotation("ann cy Weekly")), 10,
		"Mon 16 12:00 held: schedule:Weekly layer Day bob rotation>none policy",
		"Mon 23 09:00 schedule:Weekly layer Day bob rotation>none policy",
	)
}

// Whom PagerDuty puts on a team with a turn comes off it again where the same plan takes
// them off; others stay as they are.
func TestS17_AForecastTakesOffATeamWhoJoinsItsScheduleOnlyWherePoliciesDo(t *testing.T) {
	s := teamed("FOL", func(*inventory.Schedule) {})
	Put(s, "PAY", "ed", "observer")
	st := Also(Rotation("ann bob cy di Follow"), "user:ann@acme.com team:Search responder", "user:bob@acme.com team:Search responder", "user:cy@acme.com team:Search manager",
		"user:ann@acme.com team:Payments observer until 20", "user:bob@acme.com team:Payments responder")
	f := WantSteps(t, Input(s, st), 3,
		"Mon 16 12:00 schedule:Follow event Week di none>rotation policy",
		"Mon 16 12:00 team:Search cy responder>manager policy",
		"Mon 16 12:00 team:Payments ann manager>observer policy",
		"Mon 16 12:00 team:Payments ed observer>none policy",
		"Tue 17 08:00 team:Payments ann observer>none expiry",
	)
	if len(f.Errors) > 0 {
		t.Error(f.Errors)
	}
}
