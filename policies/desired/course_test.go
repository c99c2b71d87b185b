package desired_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// busy is an expansion with all that changes by itself: shifts, windows of grants
// and limits, protections, overrides and what is longer than allowed.
func busy() *desired.Expansion {
	st := groups("pay oncall:Primary", "pay user:di@acme.com", "contractors user:di@acme.com", "contractors user:bob@acme.com")
	st.Members[1].From, st.Members[1].Until = ptr(at(1)), ptr(at(7))
	st.Members[2].From, st.Members[2].Until = ptr(at(3)), ptr(at(5))
	gives := func(principal, resource, role string, line int, from, until float64) policies.Grant {
		g := grant(principal, resource, role)
		g.From, g.Until, g.Origins = ptr(at(from)), ptr(at(until)), origin(line)
		return g
	}
	st.Grants = []policies.Grant{
		grant("group:pay", "team:Payments", "manager"), grant("team:Search", "team:Payments", "observer"),
		gives("user:cy@acme.com", "team:Search", "manager", 2, 2, 60), gives("user:cy@acme.com", "team:Search", "manager", 3, 6, 70),
		gives("user:ann@acme.com", "team:Search", "responder", 4, 6, 9),
		override("user:di@acme.com", "schedule:Primary", "", 4, 6), override("user:bob@acme.com", "schedule:Primary", "", -2, -1),
	}
	st.Limits = []policies.Limit{
		{Principal: ref("group:contractors"), Resource: ref("team:*"), AtMost: "observer", Reason: "contractors", Origins: origin(5)},
		{Principal: ref("group:contractors"), Resource: ref("schedule:Primary"), AtMost: "none", Reason: "contractors", Origins: origin(6)},
	}
	st.Protects = []policies.Protect{
		{Principal: ref("group:contractors"), Reason: "p", Origins: origin(7)}, {Resource: ref("team:Search"), Until: ptr(at(8)), Reason: "q", Origins: origin(8)},
	}
	return desired.Expand(desired.Input{Snapshot: account(), Statements: st, Longest: 48 * time.Hour})
}

func TestMovingToABoundaryIsAskingForThatMoment(t *testing.T) {
	e := busy()
	moved := e.At(at(-6))
	bounds := e.Boundaries(at(-6), at(100))
	for _, b := range bounds {
		e.Move(moved, b.At, b.Pairs)
		e.MoveOverrides(moved, b.At)
		fresh := e.At(b.At)
		fresh.Groups = nil
		if diff := cmp.Diff(fresh, moved, cmpopts.IgnoreUnexported(desired.Access{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("moved to %v (-asked +moved):\n%s", b.At, diff)
		}
	}
	if len(bounds) < 10 {
		t.Errorf("%d boundaries, want all of them", len(bounds))
	}
}

func TestBoundariesSayWhoseAccessChangesAndWhetherAProtectionDoes(t *testing.T) {
	e := busy()
	var got []string
	for _, b := range e.Boundaries(noon, at(60)) {
		line := fmt.Sprintf("%gh", b.At.Sub(noon).Hours())
		for _, p := range b.Pairs {
			line += " " + p.User + "@" + p.Resource.ID
		}
		if b.Protections {
			line += " protections"
		}
		got = append(got, line)
	}
	want := []string{
		"1h di@PAY", "2h cy@SEA", "3h di@PRI di@PAY protections", "4h ann@PAY bob@PAY", "5h di@PRI di@PAY protections",
		"6h ann@SEA cy@SEA", "7h di@PAY", "8h protections", "9h ann@SEA", "12h bob@PAY",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("boundaries (-want +got):\n%s", diff)
	}
}

func TestTheNextBoundaryIsThatOfTheTargetsAskedFor(t *testing.T) {
	e := busy()
	search, pay := desired.Target{Resource: ref("team:#SEA")}, desired.Target{Resource: ref("team:#PAY")}
	plain := groups()
	for _, g := range []policies.Grant{grant("user:ann@acme.com", "team:Payments", "manager"), grant("user:ann@acme.com", "team:Search", "manager")} {
		g.Until = ptr(at(float64(len(plain.Grants) + 5)))
		plain.Grants = append(plain.Grants, g)
	}
	two := desired.Expand(desired.Input{Snapshot: account(), Statements: plain})
	for name, c := range map[string]struct {
		e       *desired.Expansion
		after   float64
		targets map[desired.Target]bool
		want    float64
	}{
		"any":                               {two, 0, nil, 5},
		"one":                               {two, 0, map[desired.Target]bool{search: true}, 6},
		"the other":                         {two, 0, map[desired.Target]bool{pay: true}, 5},
		"both":                              {two, 0, map[desired.Target]bool{pay: true, search: true}, 5},
		"after the first":                   {two, 5, nil, 6},
		"a limit's begin counts for all":    {e, 2, map[desired.Target]bool{search: true}, 3},
		"a protection's end counts as well": {e, 7, map[desired.Target]bool{pay: true}, 8},
	} {
		next, ok := c.e.NextBoundary(at(c.after), c.targets)
		if !ok || !next.Equal(at(c.want)) {
			t.Errorf("%s: %v, want %v", name, next, at(c.want))
		}
	}
	if next, ok := two.NextBoundary(at(6), nil); ok {
		t.Errorf("after the last there is %v", next)
	}
}

func TestReachIsShorterThanTheShiftsByLeadAndLag(t *testing.T) {
	st := groups("a oncall:Primary", "b oncall:Primary")
	st.Members[0].Lead, st.Members[0].Lag = time.Hour, 4*time.Hour
	st.Members[1].Lead, st.Members[1].Lag = 3*time.Hour, 2*time.Hour
	got := desired.Reach(inventory.Window{Since: at(0), Until: at(24)}, st)
	if !got.Since.Equal(at(4)) || !got.Until.Equal(at(21)) {
		t.Errorf("reach is %v, want from four hours to twenty-one", got)
	}
	// Just that far is not too far.
	for lead, unknown := range map[time.Duration]bool{800 * time.Hour: false, 800*time.Hour + 1: true} {
		st.Members[0].Lead, st.Members[0].Lag = lead, 180*time.Hour
		if got := desired.Expand(desired.Input{Snapshot: account(), Statements: st}).GroupUnknown("a"); (len(got) > 0) != unknown {
			t.Errorf("with a lead of %v it is unknown for %q", lead, got)
		}
	}
}

func TestOnCallGroupsAreThoseThatHoldWhoeverIsOnCall(t *testing.T) {
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: groups(
		"direct oncall:Primary", "direct escalation:Payments", "policy escalation:Payments", "outer group:direct", "outermost group:outer", "outermost group:policy",
		"plain team:Payments", "plain user:di@acme.com", "around group:plain",
	)})
	if got, want := e.OnCallGroups(), []string{"direct", "outer", "outermost", "policy"}; !slices.Equal(got, want) {
		t.Errorf("on-call groups are %q, want %q", got, want)
	}
}

func TestADocumentShowsGrantsInForceAndOverridesThatNoLimitStops(t *testing.T) {
	st := groups("pay user:di@acme.com", "pay user:cy@acme.com")
	st.Groups[0].Description, st.Groups[0].Owner = "Payments", "di@acme.com"
	st.Members[0].Until = ptr(at(3))
	st.Grants = []policies.Grant{
		grant("group:pay", "team:Search", "manager"), override("user:ann@acme.com", "schedule:Primary", "", 2, 5), override("user:bob@acme.com", "schedule:Primary", "", 2, 5),
	}
	st.Limits = []policies.Limit{
		{Principal: ref("user:cy@acme.com"), Resource: ref("team:*"), AtMost: "none", Origins: origin(3)},
		{Principal: ref("user:bob@acme.com"), Resource: ref("schedule:*"), AtMost: "none", Origins: origin(3)},
	}
	a := access(st, nil, noon)
	var got []string
	for _, g := range a.Document().Grants {
		got = append(got, fmt.Sprintf("%s %s %s %v", g.User, g.Resource, g.Role, g.Until.Sub(noon)))
	}
	if want := []string{"di team:#SEA manager 3h0m0s", "ann schedule:#PRI override 5h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("the document has %q, want %q", got, want)
	}
	pay := a.GroupDocuments()["pay"]
	if pay.Description != "Payments" || pay.Owner != "di@acme.com" || pay.Members["di"].Until == nil || pay.Members["cy"].Until != nil || pay.Members["cy"].From != nil {
		t.Errorf("the group's document is %+v", pay)
	}
}
