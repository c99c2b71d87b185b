package desired_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// limited makes statements of limits, where contractors are di and, from two to six
// hours on, cy. Their reasons are a, b, c …, their lines 300, 301 ….
func limited(ls ...policies.Limit) *policies.Statements {
	st := groups("contractors user:di@acme.com", "contractors user:cy@acme.com")
	st.Members[1].From, st.Members[1].Until = ptr(at(2)), ptr(at(6))
	for i, l := range ls {
		l.Reason, l.Origins = string(rune('a'+i)), origin(300+i)
		st.Limits = append(st.Limits, l)
	}
	return st
}

func lim(principal, resource, atMost string) policies.Limit {
	return policies.Limit{Principal: ref(principal), Resource: ref(resource), AtMost: atMost}
}

func reasons(ls []desired.Limitation) string {
	out := ""
	for _, l := range ls {
		out += l.Reason
	}
	return out
}

func TestS38_TheLowestLimitInForceIsWhatLimitsLeave(t *testing.T) {
	st := limited(
		lim("group:contractors", "team:Payments", "responder"),
		lim("group:contractors", "team:*", "manager"),
		lim("user:di@acme.com", "team:Payments", "responder"),
		lim("group:contractors", "team:Search", "observer"),
		lim("user:ann@acme.com", "account", "user"),
	)
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	pay, sea := ref("team:#PAY"), ref("team:#SEA")
	for name, c := range map[string]struct {
		hours  float64
		pair   desired.Pair
		atMost string
		by     string
		until  time.Time
	}{
		"the lowest first, and all that leave no more": {0, desired.Pair{User: "di", Resource: pay}, "responder", "ac", time.Time{}},
		"a lower one that comes later":                 {0, desired.Pair{User: "di", Resource: sea}, "observer", "d", time.Time{}},
		"a kind of resource as a whole":                {0, desired.Pair{User: "di", Resource: ref("team:#OPS")}, "manager", "b", time.Time{}},
		"the account":                                  {0, desired.Pair{User: "ann", Resource: inventory.AccountRef}, "user", "e", time.Time{}},
		"another kind":                                 {0, desired.Pair{User: "ann", Resource: pay}, "", "", time.Time{}},
		"before its time":                              {1.9, desired.Pair{User: "cy", Resource: pay}, "", "", time.Time{}},
		"in its time":                                  {2, desired.Pair{User: "cy", Resource: pay}, "responder", "a", at(6)},
		"after its time":                               {6, desired.Pair{User: "cy", Resource: pay}, "", "", time.Time{}},
		"somebody without a limit":                     {0, desired.Pair{User: "bob", Resource: pay}, "", "", time.Time{}},
	} {
		got, on := e.At(at(c.hours)).Cap(c.pair)
		if on != (c.atMost != "") || got.AtMost != c.atMost || reasons(got.By) != c.by || !got.Until.Equal(c.until) {
			t.Errorf("%s: %t, %q by %q until %v; want %q by %q until %v", name, on, got.AtMost, reasons(got.By), got.Until, c.atMost, c.by, c.until)
		}
	}
}

func TestS38_WhoHoldsMoreThanALimitLeavesIsBeyondIt(t *testing.T) {
	a := access(limited(lim("user:di@acme.com", "team:*", "responder")), nil, noon)
	for _, c := range []struct {
		user, held string
		beyond     bool
	}{{"di", "manager", true}, {"di", "responder", false}, {"di", "observer", false}, {"di", inventory.None, false}, {"ann", "manager", false}} {
		limit, beyond := a.Beyond(desired.Pair{User: c.user, Resource: ref("team:#SEA")}, c.held)
		if beyond != c.beyond || beyond && limit.AtMost != "responder" {
			t.Errorf("%s as %s is beyond %q: %t", c.user, c.held, limit.AtMost, beyond)
		}
	}
}

func TestS38_WhoIsUnderALimitIsKnownByKindAndByResource(t *testing.T) {
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: limited(
		lim("group:contractors", "team:Payments", "responder"), lim("user:ann@acme.com", "account", "user"),
	)})
	for hours, want := range map[float64][]string{0: {"di"}, 2: {"cy", "di"}, 6: {"di"}} {
		if got := slices.Sorted(maps.Keys(e.At(at(hours)).Capped(inventory.KindTeam))); !slices.Equal(got, want) {
			t.Errorf("at %gh on teams: %v, want %v", hours, got, want)
		}
	}
	a := e.At(noon)
	if got := a.Capped(inventory.KindAccount); len(got) != 1 || !got["ann"] {
		t.Errorf("on the account: %v", got)
	}
	for resource, want := range map[string]bool{"team:#PAY": true, "team:#SEA": false, "account": true, "schedule:#PRI": false} {
		if got := a.MayCap(ref(resource)); got != want {
			t.Errorf("a limit may be on %s: %t, want %t", resource, got, want)
		}
	}
	var none desired.Access
	if _, on := none.Cap(desired.Pair{User: "di", Resource: ref("team:#PAY")}); on || none.MayCap(ref("team:#PAY")) ||
		len(none.Capped(inventory.KindTeam)) > 0 || none.Ceilings() == nil || len(none.Ceilings()) > 0 {
		t.Error("access that comes of no statements has limits")
	}
}

func TestS38_CeilingsAreTheLimitsThatAreOnSomebody(t *testing.T) {
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: limited(
		lim("group:contractors", "team:Payments", "responder"), lim("user:cy@acme.com", "schedule:*", "none"),
		lim("user:nobody@acme.com", "account", "user"),
	)})
	want := []desired.Ceiling{
		{Kind: inventory.KindTeam, ID: "PAY", AtMost: "responder", Users: []string{"cy", "di"}},
		{Kind: inventory.KindSchedule, AtMost: "none", Users: []string{"cy"}},
	}
	got := e.At(at(3)).Ceilings()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("ceilings (-want +got):\n%s", diff)
	}
	for pair, on := range map[desired.Pair]bool{
		{User: "di", Resource: ref("team:#PAY")}: true, {User: "ann", Resource: ref("team:#PAY")}: false, {User: "di", Resource: ref("team:#SEA")}: false,
	} {
		if got[0].Covers(pair) != on {
			t.Errorf("the first is on %v: %t", pair, !on)
		}
	}
	edges := e.CapEdges(at(0), at(6))
	if len(edges) != 1 || !edges[0].Equal(at(2)) {
		t.Errorf("limits begin or end within six hours at %v, want once, in two", edges)
	}
	if edges := e.CapEdges(at(2), at(9)); len(edges) != 1 || !edges[0].Equal(at(6)) {
		t.Errorf("limits begin or end after that at %v, want once, in six hours", edges)
	}
}

func TestS19_AGrantIsTakenDownToTheLowestLimitAndSaysWhichTookPart(t *testing.T) {
	for name, c := range map[string]struct {
		role string
		ls   []policies.Limit
		want string
		by   string
	}{
		"a lower limit after a higher one": {"manager", []policies.Limit{lim("user:di@acme.com", "team:*", "responder"), lim("user:di@acme.com", "team:*", "observer")}, "observer", "ab"},
		"a higher limit after a lower one": {"manager", []policies.Limit{lim("user:di@acme.com", "team:*", "observer"), lim("user:di@acme.com", "team:*", "responder")}, "observer", "ab"},
		"a limit that allows it":           {"responder", []policies.Limit{lim("user:di@acme.com", "team:*", "manager")}, "responder", ""},
		"a limit that allows just that":    {"responder", []policies.Limit{lim("user:di@acme.com", "team:*", "responder")}, "responder", ""},
		"a limit on another team":          {"manager", []policies.Limit{lim("user:di@acme.com", "team:Payments", "observer")}, "manager", ""},
		"a limit on a group of hers":       {"manager", []policies.Limit{{Principal: ref("group:contractors"), Resource: ref("team:*"), AtMost: "none"}}, "none", "a"},
	} {
		st := limited(c.ls...)
		st.Grants = []policies.Grant{grant("user:di@acme.com", "team:Search", c.role)}
		g := access(st, nil, noon).Grant(desired.Pair{User: "di", Resource: ref("team:#SEA")})
		if g.Role != c.want || reasons(g.Limited) != c.by {
			t.Errorf("%s: %s limited by %q, want %s by %q", name, g.Role, reasons(g.Limited), c.want, c.by)
		}
		if len(g.Limited) > 0 && g.Limited[0].By.Line != 300 {
			t.Errorf("%s: limited by %v, want the rule at line 300", name, g.Limited[0].By)
		}
	}
	st := &policies.Statements{Limits: []policies.Limit{lim("user:di@acme.com", "team:*", "none")}, Grants: []policies.Grant{grant("user:di@acme.com", "team:Search", "manager")}}
	if g := access(st, nil, noon).Grant(desired.Pair{User: "di", Resource: ref("team:#SEA")}); g.Role != inventory.None {
		t.Errorf("a limit without a place leaves %s", g.Role)
	}
}
