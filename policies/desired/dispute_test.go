package desired_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// turnedDaily is an account whose one schedule has Ann and Bob on call in turns
// of a day from noon, on an escalation policy or none. Renderings are literal, as
// PagerDuty says them.
func turnedDaily(onPolicy bool, rendered ...string) *inventory.Snapshot {
	s := duties(map[string][]string{"P": rendered})
	v := s.Schedules["P"]
	v.Kind, v.TimeZone, v.Users = inventory.ScheduleOfLayers, "Etc/UTC", []string{"ann", "bob"}
	v.Layers = []inventory.Layer{{ID: "L", Name: "L", Start: at(-240), VirtualStart: at(-240), TurnSeconds: 86400, Users: []string{"bob", "ann"}}}
	s.Account.Window = inventory.Window{Since: at(-36), Until: at(72)}
	if onPolicy {
		v.EscalationPolicies = []string{"BOTH"}
	}
	s.Schedules["P"] = v
	return s
}

// said are PagerDuty's on-calls of the schedule.
func said(users ...string) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) {
		for _, u := range users {
			s.OnCalls = append(s.OnCalls, inventory.OnCall{User: u, Schedule: ptr("P"), EscalationPolicy: "BOTH", Level: 1})
		}
	}
}

func TestS22_ARenderingThatStandsAloneAgainstTheTurnsIsUnknown(t *testing.T) {
	// By the turns it is Bob until noon, Ann from noon on for a day, then Bob.
	whole := []string{"bob -36 -24", "ann -24 0", "bob 0 24", "ann 24 48", "bob 48 72"}
	agrees := func(*inventory.Snapshot) {}
	for name, c := range map[string]struct {
		onPolicy bool
		rendered []string
		then     func(*inventory.Snapshot)
		member   policies.Member
		unknown  bool
	}{
		"it agrees":                               {false, whole, agrees, policies.Member{}, false},
		"nobody at all":                           {false, nil, agrees, policies.Member{}, true},
		"nobody now":                              {false, []string{"ann -24 0", "ann 24 48"}, agrees, policies.Member{}, true},
		"somebody else now":                       {false, []string{"ann -24 24", "bob 24 72"}, agrees, policies.Member{}, true},
		"an hour off":                             {false, []string{"ann -23 1", "bob 1 25"}, agrees, policies.Member{}, true},
		"entries cut off before now":              {false, whole[:2], agrees, policies.Member{}, true},
		"entries cut off later":                   {false, whole[:3], agrees, policies.Member{}, false},
		"cut off where the lead looks":            {false, whole[:3], agrees, policies.Member{Lead: 25 * time.Hour}, true},
		"cut off where the lag looks":             {false, whole[2:], agrees, policies.Member{Lag: time.Hour}, true},
		"on-calls agree with it":                  {true, []string{"ann -24 24"}, said("ann"), policies.Member{}, false},
		"on-calls agree with the turns":           {true, []string{"ann -24 24"}, said("bob"), policies.Member{}, true},
		"on-calls are empty too":                  {true, nil, agrees, policies.Member{}, true},
		"on-calls are empty, and it is not":       {true, whole, agrees, policies.Member{}, true},
		"on-calls lack half":                      {true, whole, said("ann"), policies.Member{}, true},
		"an override that both know":              {false, []string{"ann -24 0", "cy 0 24"}, overridden("cy", 0, 24), policies.Member{}, false},
		"an override that only the rendering has": {false, []string{"ann -24 0", "cy 0 24"}, agrees, policies.Member{}, true},
		"somebody deleted, by the turns":          {false, []string{"ann -24 0"}, gone("bob"), policies.Member{}, false},
		"it can't be rendered, and names people":  {false, whole, zone("Nowhere/At_All"), policies.Member{}, false},
		"it can't be rendered, and names nobody":  {false, nil, zone("Nowhere/At_All"), policies.Member{}, true},
		"only who takes turns is known":           {false, nil, undefined, policies.Member{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := turnedDaily(c.onPolicy, c.rendered...)
			c.then(s)
			c.member.Group, c.member.Principal, c.member.Origins = "g", ref("oncall:P"), origin(2)
			st := &policies.Statements{
				Groups: []policies.Group{{Name: "g", Origins: origin(1)}}, Members: []policies.Member{c.member},
				Grants: []policies.Grant{{Principal: ref("group:g"), Resource: ref("team:Payments"), Role: "manager", Origins: origin(3)}},
			}
			a := desired.Expand(desired.Input{Snapshot: s, Statements: st}).At(noon)
			why := a.UnknownReason(desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "PAY")})
			if (why != "") != c.unknown {
				t.Errorf("unknown: %q, want %v", why, c.unknown)
			}
		})
	}
}

// Whatever a schedule consists of is a witness against its rendering.
func TestS22_EachPartOfAScheduleIsComparedWithItsRendering(t *testing.T) {
	bob := "bob"
	for name, define := range map[string]func(*inventory.Schedule){
		"layers": func(*inventory.Schedule) {},
		"events": func(v *inventory.Schedule) {
			one := 1
			v.Kind, v.Layers = inventory.ScheduleOfShifts, nil
			v.Rotations = []inventory.Rotation{{ID: "R", Events: []inventory.Event{{
				ID: "E", Start: at(-240), End: at(-216), TimeZone: "Etc/UTC", Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: at(-240),
				Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&bob}, ShiftsPerMember: &one},
			}}}}
		},
		"custom shifts": func(v *inventory.Schedule) {
			v.Kind, v.Layers = inventory.ScheduleOfShifts, nil
			v.CustomShifts = []inventory.CustomShift{{ID: "C", User: &bob, Start: at(-24), End: at(24)}}
		},
		"overrides": func(v *inventory.Schedule) {
			v.Layers = nil
			v.Overrides = []inventory.Override{{ID: "O", User: &bob, Start: at(-24), End: at(24)}}
		},
	} {
		s := turnedDaily(false, "ann -24 24")
		change(define)(s)
		e := desired.Expand(desired.Input{Snapshot: s, Statements: groups("g oncall:P")})
		if got := strings.Join(e.GroupUnknown("g"), ""); !strings.Contains(got, "its final schedule says ann@acme.com, and by its turns it is bob@acme.com") {
			t.Errorf("%s: unknown for %q, want a dispute between Ann and Bob", name, got)
		}
		if len(e.Disputes()) != 1 {
			t.Errorf("%s: disputes %v", name, e.Disputes())
		}
	}
}

func overridden(user string, from, until float64) func(*inventory.Snapshot) {
	return change(func(v *inventory.Schedule) {
		v.Overrides = []inventory.Override{{ID: "O", User: &user, Start: at(from), End: at(until)}}
	})
}

func gone(user string) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) { delete(s.Users, user) }
}

func zone(name string) func(*inventory.Snapshot) {
	return change(func(v *inventory.Schedule) { v.TimeZone = name })
}

func undefined(s *inventory.Snapshot) {
	change(func(v *inventory.Schedule) { v.Layers = nil })(s)
}

func change(f func(*inventory.Schedule)) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) {
		v := s.Schedules["P"]
		f(&v)
		s.Schedules["P"] = v
	}
}

func TestS22_ARuleThatLooksUpASuchScheduleSuspendsLowering(t *testing.T) {
	for n, rendered := range map[int][]string{0: {"bob -36 -24", "ann -24 0", "bob 0 24"}, 1: nil} {
		a := desired.Expand(desired.Input{
			Snapshot: turnedDaily(false, rendered...), Statements: &policies.Statements{},
			References: []policies.Reference{{Ref: ref("schedule:P"), Origin: policies.Origin{File: "a.rego", Line: 1, Package: "access"}}},
		}).At(noon)
		if got := strings.Join(desired.Messages(a.Suspends), "; "); len(a.Suspends) != n || n > 0 && !strings.Contains(got, "in dispute") {
			t.Errorf("%v: suspends %q, want %d reasons", rendered, got, n)
		}
	}
}

func TestANoticeThatWasSavedAsASentenceIsRead(t *testing.T) {
	var got []desired.Notice
	if err := json.Unmarshal([]byte(`["the snapshot is incomplete", {"code": "plan/incomplete", "message": "so"}]`), &got); err != nil {
		t.Fatal(err)
	}
	want := []desired.Notice{{Message: "the snapshot is incomplete"}, {Code: "plan/incomplete", Message: "so"}}
	if !slices.Equal(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}
