package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// raisedBefore has somebody raised on the account before, from the role that they have.
func raisedBefore(in diff.Input, user, to string) diff.Input {
	pair := desired.Pair{User: user, Resource: inventory.AccountRef}
	in.Memory.Raised = map[desired.Pair]string{pair: in.Snapshot.Users[user].BaseRole}
	e := inventory.NewEdit(in.Snapshot)
	e.SetBaseRole(user, to)
	in.Snapshot = e.Snapshot()
	return in
}

func TestS4_AForecastGoesOnFromTheRaisesOfBefore(t *testing.T) {
	t.Run("by the grant", func(t *testing.T) {
		in := raisedBefore(Input(Account(), everybody("user:ann@acme.com account admin until 5")), "ann", "admin")
		WantSteps(t, in, 1, "Mon 16 17:00 account ann admin>user expiry")
	})
	t.Run("by what the raise said", func(t *testing.T) {
		s := Account()
		Put(s, "SEA", "ed", "responder")
		in := Input(s, Grants("user:ed@acme.com team:Search responder until 30", "user:cy@acme.com team:Search responder", "team:Search account user"))
		in = raisedBefore(in, "ed", "user")
		in.Memory.Ends = map[desired.Pair]plan.Ending{{User: "ed", Resource: inventory.AccountRef}: {Role: "user", Until: At(20), Cause: plan.CauseExpiry}}
		WantSteps(t, in, 3,
			"Mon 16 12:00 account cy limited_user>user policy",
			"Tue 17 18:00 team:Search ed responder>none expiry",
			"Tue 17 18:00 account ed user>limited_user facts",
		)
	})
	t.Run("and of its own, across an edit of turns", func(t *testing.T) {
		st := Also(Rotation("ann bob cy Weekly"), "user:di@acme.com schedule:Weekly rotation from 3", "user:ed@acme.com account admin until 5", "user:ed@acme.com account admin from 10 until 15")
		WantSteps(t, Input(Turns(), st), 1,
			"Mon 16 12:00 account ed limited_user>admin policy",
			"Mon 16 15:00 schedule:Weekly layer Day di none>rotation expiry",
			"Mon 16 17:00 account ed admin>limited_user expiry",
			"Mon 16 22:00 account ed limited_user>admin expiry",
			"Tue 17 03:00 account ed admin>limited_user expiry",
		)
	})
	t.Run("back to what was there before the first of several", func(t *testing.T) {
		st := everybody("user:ed@acme.com account user until 10", "user:ed@acme.com account admin from 3 until 5", "user:di@acme.com account user from 1")
		WantSteps(t, Input(Account(), st), 1,
			"Mon 16 12:00 account ed limited_user>user policy",
			"Mon 16 13:00 account di limited_user>user expiry",
			"Mon 16 15:00 account ed user>admin expiry",
			"Mon 16 17:00 account ed admin>user expiry",
			"Mon 16 22:00 account ed user>limited_user expiry",
		)
	})
}

// leaving is an account in which so many people come off Search at some hours, and off
// Payments with that, which PagerDuty's facts ask for.
func leaving(first, second int, at, again float64) diff.Input {
	s := Account()
	lines := []string{"user:cy@acme.com team:Search observer", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "team:Search team:Payments observer"}
	Put(s, "SEA", "cy", "observer")
	Put(s, "PAY", "cy", "observer")
	for i := range first + second {
		id := fmt.Sprintf("p%02d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.com", BaseRole: "user", Teams: map[string]string{}}
		Put(s, "SEA", id, "observer")
		Put(s, "PAY", id, "observer")
		until := at
		if i >= first {
			until = again
		}
		lines = append(lines, fmt.Sprintf("user:%s@acme.com team:Search observer until %g", id, until))
	}
	return Input(s, Grants(lines...))
}

func TestS26_AForecastCountsLoweringsOverADay(t *testing.T) {
	before := func(cause plan.Cause) []plan.Recent {
		var lowered []plan.Recent
		for range 5 {
			lowered = append(lowered, plan.Recent{Effect: plan.Lower, Resource: inventory.Ref{Kind: inventory.KindTeam}, Cause: cause, At: At(-1)})
		}
		return lowered
	}
	for name, c := range map[string]struct {
		in      diff.Input
		lowered []plan.Recent
		// facts are what becomes of the lowerings on Payments.
		facts string
	}{
		"none before":                            {leaving(5, 0, 20, 0), nil, "5 made, 0 held"},
		"more than five at once":                 {leaving(6, 0, 20, 0), nil, "0 made, 6 held"},
		"five of the same cause before":          {leaving(1, 0, 20, 0), before(plan.CauseFacts), "0 made, 1 held"},
		"five of another cause before":           {leaving(1, 0, 20, 0), before(plan.CauseDrift), "1 made, 0 held"},
		"those are a day ago":                    {leaving(1, 0, 23, 0), before(plan.CauseFacts), "1 made, 0 held"},
		"those are a day ago but for a second":   {leaving(1, 0, 22.9997, 0), before(plan.CauseFacts), "0 made, 1 held"},
		"three, and three more on the same day":  {leaving(3, 3, 10, 20), nil, "3 made, 3 held"},
		"three, and three more on the next":      {leaving(3, 3, 10, 34), nil, "6 made, 0 held"},
		"before, and by the forecast in between": {leaving(2, 2, 22, 24), before(plan.CauseFacts)[:3], "4 made, 0 held"},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			in.Memory.Recent = c.lowered
			made, held := 0, 0
			for _, step := range foresee(t, in, 3).Steps {
				for _, x := range step.Changes {
					if x.Cause == plan.CauseFacts {
						made++
					}
				}
				held += len(step.Held)
			}
			if got := fmt.Sprintf("%d made, %d held", made, held); got != c.facts {
				t.Errorf("%s, want %s", got, c.facts)
			}
		})
	}
}

// rested has limits keep people off schedules, each from some hours on.
func rested(st *policies.Statements, from map[string]float64) *policies.Statements {
	for user, hours := range from {
		Members(st, "resting-"+user+" user:"+user+"@acme.com")
		st.Members[len(st.Members)-1].From = Ptr(At(hours))
		st.Limits = append(st.Limits, policies.Limit{Principal: Ref("group:resting-" + user), Resource: Ref("schedule:*"), AtMost: "none", Reason: "rests", Origins: Origin(80)})
	}
	return st
}

// What this program made before a forecast is taken back by it, each thing once, and by
// its own id on its own schedule.
func TestS24_AForecastTakesBackTheOverridesOfBefore(t *testing.T) {
	s := Turns()
	for _, id := range []string{"WEE", "FOL"} {
		v := s.Schedules[id]
		v.Overrides = []inventory.Override{
			{ID: "A", User: Ptr("di"), Start: At(24), End: At(72)}, {ID: "B", User: Ptr("ed"), Start: At(73), End: At(96)}, {ID: "C", User: Ptr("di"), Start: At(100), End: At(101)},
		}
		for i := range v.Overrides {
			if id == "FOL" { // where ed's is called A
				v.Overrides[i].ID, v.Overrides[i].Rotation, v.Overrides[i].Replaces = []string{"X", "A", "C"}[i], Ptr("ROT"), Ptr("ann")
			}
		}
		if id == "FOL" { // a custom shift is called A as well
			v.CustomShifts = []inventory.CustomShift{{ID: "A", User: Ptr("di"), Start: At(110), End: At(111)}}
		}
		s.Schedules[id] = v
		Rerender(s, id)
	}
	st := Override(Override(Rotation("ann bob cy Weekly", "ann bob cy Follow"), "di", "Weekly", 24, 72, ""), "ed", "Weekly", 73, 96, "")
	st = rested(Override(st, "ed", "Follow", 73, 96, "ann"), map[string]float64{"di": 48, "ed": 60})
	in := Input(s, Also(st, "oncall:Weekly team:Payments manager", "user:bob@acme.com team:Payments responder"))
	for _, o := range []plan.OurOverride{
		{Schedule: "WEE", OverrideShift: plan.OverrideShift{ID: "A", User: "di", Start: At(24), End: At(72)}},
		{Schedule: "WEE", OverrideShift: plan.OverrideShift{ID: "B", User: "ed", Start: At(73), End: At(96)}},
		{Schedule: "FOL", OverrideShift: plan.OverrideShift{ID: "A", User: "ed", Start: At(73), End: At(96), Replaces: "ann", Rotation: "ROT"}},
	} {
		o.Kind, o.At = plan.AsOverride, At(-5)
		in.Memory.Overrides = append(in.Memory.Overrides, o)
	}
	in.Memory.Overrides = append(in.Memory.Overrides, plan.OurOverride{Schedule: "FOL", At: At(-5), OverrideShift: plan.OverrideShift{Kind: plan.AsCustomShift, ID: "A", User: "di", Start: At(110), End: At(111)}})
	WantSteps(t, in, 5,
		"Mon 16 12:00 schedule:Follow di override>none policy", // which no policy asks for
		"Tue 17 12:00 team:Payments di none>manager handoff",
		"Tue 17 12:00 team:Payments ann manager>none handoff",
		"Wed 18 12:00 schedule:Weekly di override>none facts",
		"Wed 18 12:01 team:Payments ann none>manager facts",
		"Wed 18 12:01 team:Payments di manager>none facts",
		"Thu 19 00:00 schedule:Follow ed override>none facts",
		"Thu 19 00:00 schedule:Weekly ed override>none facts",
		// C is di's by somebody else.
		"Fri 20 16:00 team:Payments di none>manager handoff",
		"Fri 20 16:00 team:Payments ann manager>none handoff",
		"Fri 20 17:00 team:Payments ann none>manager handoff",
		"Fri 20 17:00 team:Payments di manager>none handoff",
	)
}

// A custom shift of ours that fills a gap ends when it is taken back; the others go on.
func TestS24_AForecastEndsACustomShiftThatItTakesBack(t *testing.T) {
	s := Account()
	v := s.Schedules["PRI"]
	v.CustomShifts = append(v.CustomShifts, inventory.CustomShift{ID: "OURS", User: Ptr("di"), Start: At(30), End: At(40)}, inventory.CustomShift{ID: "C4", User: Ptr("cy"), Start: At(41), End: At(44)})
	s.Schedules["PRI"] = v
	Rerender(s, "PRI")
	st := rested(Override(Grants("oncall:Primary team:Search manager", "user:cy@acme.com team:Search responder"), "di", "Primary", 30, 40, ""), map[string]float64{"di": 32})
	in := Input(s, st)
	in.Memory.Overrides = []plan.OurOverride{{Schedule: "PRI", At: At(-5), OverrideShift: plan.OverrideShift{Kind: plan.AsCustomShift, ID: "OURS", User: "di", Start: At(30), End: At(40)}}}
	WantSteps(t, in, 3,
		"Mon 16 12:00 team:Search ann none>manager policy",
		"Mon 16 16:00 team:Search bob none>manager handoff",
		"Mon 16 16:00 team:Search ann manager>none handoff",
		"Tue 17 16:00 team:Search bob manager>none handoff",
		"Tue 17 18:00 team:Search di none>manager handoff",
		"Tue 17 20:00 schedule:Primary di override>none facts",
		"Tue 17 20:01 team:Search di manager>none facts",
		"Wed 18 05:00 team:Search cy responder>manager handoff",
		"Wed 18 08:00 team:Search cy manager>responder handoff",
	)
}

// The turns that an edit brings are edited again later, though PagerDuty is yet to give
// their layer or event an id.
func TestAForecastEditsAgainWhatItEdited(t *testing.T) {
	for schedule, part := range map[string]string{"Weekly": "layer Day", "Follow": "event Week"} {
		t.Run(schedule, func(t *testing.T) {
			st := Also(Rotation("ann bob cy "+schedule), "user:di@acme.com schedule:"+schedule+" rotation from 24", "user:ed@acme.com schedule:"+schedule+" rotation from 300")
			in := Input(Turns(), Also(st, "rotation:"+schedule+" team:Payments observer", "user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"))
			f := WantSteps(t, in, 15,
				"Mon 16 12:00 team:Payments cy none>observer policy",
				"Tue 17 12:00 schedule:"+schedule+" "+part+" di none>rotation expiry",
				"Tue 17 12:00 team:Payments di none>observer facts",
				"Sun 29 00:00 schedule:"+schedule+" "+part+" ed none>rotation expiry",
				"Sun 29 00:00 team:Payments ed none>observer facts",
			)
			for _, step := range f.Steps {
				for _, c := range step.Changes {
					if strings.Contains(c.ID+c.Layer+strings.Join(c.Requires, ""), "+") {
						t.Errorf("%s of %q requires %q: these are ids that nobody knows yet", c.ID, c.Layer, c.Requires)
					}
				}
			}
		})
	}
}

// A raise that was taken back is over: the next goes back to what was there before it.
func TestS4_AForecastForgetsARaiseThatWentBack(t *testing.T) {
	st := everybody("user:ed@acme.com account admin until 5", "user:ed@acme.com account observer from 6 until 8", "user:ed@acme.com account admin from 10 until 15")
	WantSteps(t, Input(Account(), st), 1,
		"Mon 16 12:00 account ed limited_user>admin policy",
		"Mon 16 17:00 account ed admin>limited_user expiry",
		"Mon 16 18:00 account ed limited_user>observer expiry",
		"Mon 16 22:00 account ed observer>admin expiry",
		"Tue 17 03:00 account ed admin>observer expiry",
	)
}

// A seat that a lowering frees is taken by the raise of the same moment, and by none later.
func TestS16_AForecastGivesASeatAwayOnce(t *testing.T) {
	st := Grants("user:cy@acme.com account limited_user until 20", "user:cy@acme.com account read_only_user",
		"user:di@acme.com account limited_user from 20", "user:ed@acme.com account limited_user from 30")
	WantSteps(t, Input(licensed(0), st), 3,
		"Tue 17 08:00 account cy limited_user>read_only_user expiry",
		"Tue 17 08:00 account di read_only_user>limited_user expiry",
		"Tue 17 18:00 blocked: account ed read_only_user>limited_user expiry",
	)
	// Somebody who has no licence of their own takes a free one.
	s := licensed(1)
	di := s.Users["di"]
	di.License = nil
	s.Users["di"] = di
	WantSteps(t, Input(s, Grants("user:di@acme.com account limited_user from 20", "user:ed@acme.com account limited_user from 30")), 3,
		"Tue 17 08:00 account di read_only_user>limited_user expiry",
		"Tue 17 18:00 blocked: account ed read_only_user>limited_user expiry",
	)
}

// What stays held is reported once, whatever else is due in between.
func TestAForecastTellsWhatStaysHeldOnce(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].Users = []string{"ann", "bob", "cy", "di"}
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	WantSteps(t, Input(s, Also(Rotation("ann bob di Weekly"), "user:ed@acme.com team:Search responder until 30", "user:cy@acme.com team:Search responder")), 17,
		"Mon 16 12:00 team:Search ed none>responder policy",
		"Mon 16 12:00 held: schedule:Weekly layer Day cy rotation>none policy",
		"Tue 17 18:00 team:Search ed responder>none expiry",
		"Mon 30 09:00 schedule:Weekly layer Day cy rotation>none policy",
	)
}

// Who is on call when they leave a layer keeps their turn, and the layer that goes on
// without them is edited again later.
func TestAForecastEditsAgainALayerThatSomebodyOnCallLeft(t *testing.T) {
	WantSteps(t, Input(Turns(), Also(Rotation("bob cy Weekly"), "user:di@acme.com schedule:Weekly rotation from 24", "user:ed@acme.com schedule:Weekly rotation from 300")), 15,
		"Mon 16 12:00 schedule:Weekly layer Day ann rotation>none policy",
		"Tue 17 12:00 schedule:Weekly layer Day di none>rotation expiry",
		"Sun 29 00:00 schedule:Weekly layer Day ed none>rotation expiry",
	)
}

// What the limit on lowerings holds stays held across moments that are about something
// else, and what it does not hold is made.
func TestS26_AForecastReleasesNothingByTimeAlone(t *testing.T) {
	in := Input(Turns(), Also(Rotation("ann di cy Weekly"), "user:ed@acme.com team:Search responder until 30", "user:cy@acme.com team:Search responder"))
	in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1, Held: []string{"schedule/WEE/DAY/bob/rotation/none"}}
	WantSteps(t, in, 17,
		"Mon 16 12:00 team:Search ed none>responder policy",
		"Mon 16 12:00 held: schedule:Weekly layer Day bob rotation>none policy",
		"Mon 16 12:00 held: schedule:Weekly layer Day di none>rotation policy",
		"Tue 17 18:00 team:Search ed responder>none expiry",
	)
	in.Memory.Last.Held = nil
	WantSteps(t, in, 17,
		"Mon 16 12:00 schedule:Weekly layer Day di none>rotation policy",
		"Mon 16 12:00 team:Search ed none>responder policy",
		"Mon 16 12:00 schedule:Weekly layer Day bob rotation>none policy",
		"Tue 17 18:00 team:Search ed responder>none expiry",
	)
}

// A base role that fixes roles on teams is a reason of its own to be on one, as long as
// somebody has it.
func TestS34_AForecastKnowsWhenAFixedRoleEnds(t *testing.T) {
	s := Account()
	Put(s, "SEA", "ed", "responder")
	st := Grants("team:Search team:Search responder", "user:cy@acme.com team:Search responder", "user:ed@acme.com account admin until 30", "user:ed@acme.com account limited_user")
	WantSteps(t, Input(s, st), 3,
		"Mon 16 12:00 account ed limited_user>admin policy",
		"Tue 17 18:00 account ed admin>limited_user expiry",
		"Tue 17 18:00 team:Search ed responder>none facts",
	)
}

// A shift that what is taken back cuts short ends by a handoff, as a round knows that
// read it a minute later.
func TestS14_AForecastKnowsTheNewEndOfAShift(t *testing.T) {
	s := Account()
	v := s.Schedules["PRI"]
	v.CustomShifts = append(v.CustomShifts, inventory.CustomShift{ID: "OURS", User: Ptr("bob"), Start: At(28), End: At(40)})
	s.Schedules["PRI"] = v
	Rerender(s, "PRI")
	in := Input(s, rested(Override(Grants("oncall:Primary team:Search manager", "user:cy@acme.com team:Search responder"), "bob", "Primary", 28, 40, ""), map[string]float64{"bob": 20}))
	in.Memory.Overrides = []plan.OurOverride{{Schedule: "PRI", At: At(-5), OverrideShift: plan.OverrideShift{Kind: plan.AsCustomShift, ID: "OURS", User: "bob", Start: At(28), End: At(40)}}}
	WantSteps(t, in, 2,
		"Mon 16 12:00 team:Search ann none>manager policy",
		"Mon 16 16:00 team:Search bob none>manager handoff",
		"Mon 16 16:00 team:Search ann manager>none handoff",
		"Tue 17 08:00 schedule:Primary bob override>none facts",
		"Tue 17 16:00 team:Search bob manager>none handoff",
	)
}
