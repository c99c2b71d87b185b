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

// schedules adds to account: schedule Both, with layers Day and Night and two
// ended ones; schedule Follow, shift-based, whose event Week ends in four hours
// and goes on under another id, beside an event Weekend.
func schedules() *inventory.Snapshot {
	s := account()
	s.Schedules["BOTH"] = inventory.Schedule{ID: "BOTH", Name: "Both", Kind: inventory.ScheduleOfLayers, Layers: []inventory.Layer{
		{ID: "OLD", Name: "Day", Start: at(-900), End: ptr(at(-800)), Users: []string{"cy"}},
		{ID: "DAY", Name: "Day", Start: at(-800), Users: []string{"ann", "bob"}},
		{ID: "NIGHT", Name: "Night", Start: at(-800), Users: []string{"cy"}},
		{ID: "GONE", Name: "Gone", Start: at(-900), End: ptr(at(-1)), Users: []string{"cy"}},
	}}
	event := func(id, name string, since time.Time, until *time.Time, members ...string) inventory.Event {
		e := inventory.Event{ID: id, Name: name, EffectiveSince: since, EffectiveUntil: until}
		for _, m := range members {
			e.Assignment.Members = append(e.Assignment.Members, &m)
		}
		return e
	}
	s.Schedules["FOL"] = inventory.Schedule{ID: "FOL", Name: "Follow", Kind: inventory.ScheduleOfShifts, Rotations: []inventory.Rotation{
		{ID: "R", Events: []inventory.Event{
			event("E1", "Week", at(-100), ptr(at(4)), "ann", "bob"), event("E2", "Week", at(4), nil, "bob"),
			event("E3", "Weekend", at(-100), nil, "cy"),
		}},
	}}
	s.Normalize()
	return s
}

func rotation(principal, schedule, layer string) policies.Grant {
	g := grant(principal, schedule, "rotation")
	g.Layer = layer
	return g
}

func expanded(st *policies.Statements, t time.Time) *desired.Access {
	return desired.Expand(desired.Input{Snapshot: schedules(), Statements: st}).At(t)
}

func TestALayerIsNamedByNameOrIDOrNotAtAllWhereItIsAlone(t *testing.T) {
	cases := []struct{ name, schedule, layer, want, says string }{
		{"alone, it needs no name", "Primary", "", "L", ""},
		{"a name", "Both", "Night", "NIGHT", ""},
		{"a name that an ended layer had before", "Both", "Day", "DAY", ""},
		{"an id", "Both", "#NIGHT", "NIGHT", ""},
		{"the id of the layer that it took over from", "Both", "#OLD", "DAY", ""},
		{"an event that ends and goes on is its successor", "Follow", "Week", "E2", ""},
		{"the id of the event that ends is its successor too", "Follow", "#E1", "E2", ""},
		{"no name among several", "Both", "", "", "say in `layer` which one is meant: Day (#DAY), Night (#NIGHT)"},
		{"a misspelt name", "Both", "Nigt", "", `has no layer "Nigt" that has not ended; did you mean "Night"?`},
		{"a layer that has ended", "Both", "Gone", "", `has no layer "Gone" that has not ended`},
		{"the id of an ended layer", "Both", "#GONE", "", `has no layer "#GONE"`},
		{"an event that does not exist", "Follow", "Month", "", `has no event "Month" that has not ended; it has Weekend, Week`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := &policies.Statements{Grants: []policies.Grant{rotation("user:di@acme.com", "schedule:"+c.schedule, c.layer)}}
			a := expanded(st, noon)
			got := ""
			for pair, g := range a.Grants.All() {
				got = pair.Layer
				if pair.User != "di" || g.Role != desired.Rotation {
					t.Errorf("grant %v %s", pair, g.Role)
				}
			}
			if got != c.want {
				t.Errorf("layer %q, want %q", got, c.want)
			}
			says := ""
			if len(a.Errors) > 0 {
				says = a.Errors[0].Message
			}
			if (says == "") != (c.says == "") || !strings.Contains(says, c.says) {
				t.Errorf("error %q, want %q", says, c.says)
			}
		})
	}
}

func TestS10_ALayerNameThatSeveralShareMakesTheScheduleUnknown(t *testing.T) {
	s := schedules()
	both := s.Schedules["BOTH"]
	both.Layers[2].Name = "Day"
	st := &policies.Statements{Grants: []policies.Grant{rotation("user:di@acme.com", "schedule:Both", "Day")}}
	a := desired.Expand(desired.Input{Snapshot: s, Statements: st}).At(noon)
	if len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, `2 layers of the name "Day"`) {
		t.Errorf("errors %v", a.Errors)
	}
	if a.UnknownReason(desired.Pair{User: "ann", Resource: ref("schedule:#BOTH"), Layer: "DAY"}) == "" || len(a.Named) != 0 {
		t.Errorf("unknown %v, named %v", a.Unknown, a.Named)
	}
}

func TestS12_ALayerThatDoesNotResolveNamesNothing(t *testing.T) {
	st := &policies.Statements{
		Grants:  []policies.Grant{rotation("user:di@acme.com", "schedule:Both", "Evening")},
		Empties: []policies.Empty{{Resource: ref("schedule:Both"), Layer: "Evening", Reason: "over", Origins: origin(5)}},
	}
	if a := expanded(st, noon); len(a.Named)+len(a.MayEmpty)+len(a.Unknown) != 0 || len(a.Errors) != 2 {
		t.Errorf("named %v, may empty %v, unknown %v, errors %v", a.Named, a.MayEmpty, a.Unknown, a.Errors)
	}
}

func TestTurnsComeThroughGroupsWithWindowsAndLimits(t *testing.T) {
	st := groups("week user:ann@acme.com", "week user:di@acme.com")
	st.Members[1].Until = ptr(at(10))
	st.Grants = []policies.Grant{rotation("group:week", "schedule:Both", "Day")}
	st.Limits = []policies.Limit{{Principal: ref("user:ann@acme.com"), Resource: ref("schedule:*"), AtMost: "none", Reason: "no turns", Origins: origin(8)}}
	st.Empties = []policies.Empty{{Resource: ref("schedule:Both"), Layer: "Night", Reason: "over", Origins: origin(5)}}
	a := expanded(st, noon)
	day := desired.Target{Resource: ref("schedule:#BOTH"), Layer: "DAY"}
	ann, di := a.Grant(desired.Pair{User: "ann", Resource: day.Resource, Layer: "DAY"}), a.Grant(desired.Pair{User: "di", Resource: day.Resource, Layer: "DAY"})
	if ann.Role != inventory.None || len(ann.Limited) != 1 {
		t.Errorf("ann has %q by %v, want none, by the limit", ann.Role, ann.Limited)
	}
	if di.Role != desired.Rotation || !di.Until.Equal(at(10)) {
		t.Errorf("di has %q until %s", di.Role, di.Until)
	}
	night := desired.Target{Resource: day.Resource, Layer: "NIGHT"}
	if len(a.Named) != 2 || a.Named[day] == nil || len(a.MayEmpty[night]) != 1 {
		t.Errorf("named %v, may empty %v", a.Named, a.MayEmpty)
	}
}

func override(principal, schedule, replaces string, from, until float64) policies.Grant {
	g := grant(principal, schedule, "override")
	g.From, g.Until = ptr(at(from)), ptr(at(until))
	if replaces != "" {
		g.Replaces = ref(replaces)
	}
	return g
}

// overrideLines are "user schedule replaces from..until".
func overrideLines(a *desired.Access) []string {
	var out []string
	for _, o := range a.Overrides {
		line := fmt.Sprintf("%s %s %s %g..%g", o.User, o.Schedule, o.Replaces, o.From.Sub(noon).Hours(), o.Until.Sub(noon).Hours())
		for _, l := range o.Limited {
			line += " limited: " + l.Reason
		}
		out = append(out, line)
	}
	return out
}

func TestOverridesAreDueBeforeTheyBeginAndGoneOnceTheyEnded(t *testing.T) {
	st := groups("relief user:di@acme.com", "relief user:cy@acme.com")
	st.Members[1].Until = ptr(at(6))
	st.Grants = []policies.Grant{
		override("user:bob@acme.com", "schedule:Follow", "user:ann@acme.com", 24, 48),
		override("group:relief", "schedule:Both", "", 2, 8),
		override("user:di@acme.com", "schedule:Both", "", 8, 9),
		override("user:cy@acme.com", "schedule:Primary", "", -5, -1),
	}
	st.Limits = []policies.Limit{{Principal: ref("user:bob@acme.com"), Resource: ref("schedule:Follow"), AtMost: "none", Reason: "no turns", Origins: origin(8)}}
	want := []string{
		"cy BOTH  2..6",
		"di BOTH  2..9",
		"bob FOL ann 24..48 limited: no turns",
	}
	a := expanded(st, noon)
	if diff := cmp.Diff(want, overrideLines(a)); diff != "" {
		t.Errorf("overrides differ (-want +got):\n%s", diff)
	}
	if _, named := a.Named[desired.Target{Resource: ref("schedule:#PRI")}]; !named || len(a.Grants) != 0 {
		t.Errorf("named %v, grants %v: an override that is over still names its schedule's overrides", a.Named, a.Grants)
	}
	if grants := a.Document().Grants; len(grants) != 2 || grants[0].Role != desired.OverrideRole || !grants[0].Until.Equal(at(6)) {
		t.Errorf("risk policies see %+v", grants)
	}
}

func TestS12_AnOverrideOfSomebodyWhoIsNotThereMakesTheScheduleUnknown(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{override("user:bob@acme.com", "schedule:Follow", "user:gone@acme.com", 24, 48)}}
	a := expanded(st, noon)
	if len(a.Overrides) != 0 || len(a.Errors) != 1 || a.UnknownReason(desired.Pair{User: "bob", Resource: ref("schedule:#FOL")}) == "" {
		t.Errorf("overrides %v, errors %v, unknown %v", a.Overrides, a.Errors, a.Unknown)
	}
}

func TestRotationPrincipalsSeeSchedulesAsTheyWillBe(t *testing.T) {
	s := schedules()
	after := s.Schedules["PRI"]
	after.Layers = []inventory.Layer{{ID: "L", Name: "Day", Users: []string{"ann", "di"}}}
	a := desired.Expand(desired.Input{Snapshot: s, Statements: groups("g rotation:Primary"), Schedules: map[string]inventory.Schedule{"PRI": after}}).At(noon)
	want := []string{"ann rotation:Primary", "di rotation:Primary"}
	if diff := cmp.Diff(want, memberLines(a.Groups["g"])); diff != "" {
		t.Errorf("members differ (-want +got):\n%s", diff)
	}
}

// Which hours a layer would cover is not for this program to make up.
func TestTurnsOnAScheduleWithoutLayersAreBlockedWithWhatWouldHelp(t *testing.T) {
	for kind, part := range map[string]string{inventory.ScheduleOfLayers: "layer", inventory.ScheduleOfShifts: "event"} {
		s := account()
		s.Schedules["BARE"] = inventory.Schedule{ID: "BARE", Name: "Bare", Kind: kind}
		st := groups("week user:ann@acme.com", "week user:di@acme.com", "week user:bob@acme.com")
		st.Members[1].From = ptr(at(3))
		st.Members[2].Until = ptr(at(900))
		later := rotation("user:cy@acme.com", "schedule:Bare", "")
		later.From, later.Until = ptr(at(4)), ptr(at(5))
		st.Grants = []policies.Grant{rotation("group:week", "schedule:Bare", ""), later}
		st.Empties = []policies.Empty{{Resource: ref("schedule:Bare"), Layer: "Day", Reason: "over", Origins: origin(5)}}
		a := desired.Expand(desired.Input{Snapshot: s, Statements: st, Longest: 100 * time.Hour}).At(noon)
		if len(a.Unsupported) != 1 || a.Unsupported[0].User != "ann" {
			t.Fatalf("blocked are %+v, want Ann: Di and Cy are to have turns later, and Bob for longer than allowed", a.Unsupported)
		}
		if got, want := a.Unsupported[0].Unblock, "make a "+part+" on it in PagerDuty, with its hours and the length of its turns"; got != want {
			t.Errorf("what would help: %q, want %q", got, want)
		}
		want := "schedule:Bare has no " + part + ` "Day" that has not ended`
		if !slices.ContainsFunc(a.Errors, func(n desired.Notice) bool { return n.Message == want }) {
			t.Errorf("errors %v, want %q among them", a.Errors, want)
		}
	}
}
