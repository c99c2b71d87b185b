package desired_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

func TestAGroupThatIsItsOwnMemberIsACircle(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"itself":            {[]string{"a group:a"}, "groups nest in a circle: a → a"},
		"entered elsewhere": {[]string{"c group:b", "b group:a", "a group:b"}, "groups nest in a circle: a → b → a"},
	} {
		a := access(groups(c.lines...), nil, noon)
		if len(a.Suspends) != 1 || a.Suspends[0].Message != c.want {
			t.Errorf("%s: suspends %q, want %q", name, desired.Messages(a.Suspends), c.want)
		}
	}
}

// Chains are for people to read: of very many, the shortest eight of each window.
func TestOfManyWaysIntoAGroupTheShortestEightOfEachWindowAreKept(t *testing.T) {
	ls := []string{"all user:di@acme.com", "all user:cy@acme.com", "all team:Search"}
	for i := range 12 {
		ls = append(ls, fmt.Sprintf("all group:g%02d", i), fmt.Sprintf("g%02d user:di@acme.com", i))
	}
	for i := range 9 {
		ls = append(ls, fmt.Sprintf("all group:t%02d", i), fmt.Sprintf("t%02d team:Search", i))
	}
	st := groups(ls...)
	for i := range st.Members {
		if m := &st.Members[i]; m.Group == "all" && strings.HasPrefix(m.Principal.Name, "g0") {
			m.Until = ptr(at(5))
		}
	}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	di := e.At(noon).Groups["all"].Members["di"]
	var got []string
	for _, c := range di.Chains {
		got = append(got, strings.Join(c, " "))
	}
	want := []string{"", "group:g10", "group:g11", "group:g00", "group:g01", "group:g02", "group:g03", "group:g04", "group:g05", "group:g06", "group:g07"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("chains %q, want %q", got, want)
	}
	// By name, and eight of those that follow from being on a team.
	if n := len(e.At(noon).Groups["all"].Members["cy"].Chains); n != 9 {
		t.Errorf("%d chains, want one by name and eight through the team", n)
	}
	if n := len(e.At(at(6)).Groups["all"].Members["di"].Chains); n != 3 {
		t.Errorf("%d chains after those of a window ended, want 3", n)
	}
}

func TestALimitOnAGroupThatNobodyDeclaresSuspendsLowering(t *testing.T) {
	for on, suspends := range map[string]int{"group:contractors": 0, "group:contractor": 1, "group:*": 0} {
		st := groups("contractors user:di@acme.com")
		st.Limits = []policies.Limit{{Principal: ref("user:bob@acme.com"), Resource: ref(on), AtMost: "none", Origins: origin(3)}}
		a := access(st, nil, noon)
		if len(a.Suspends) != suspends || len(a.Errors) != suspends {
			t.Errorf("a limit on %s suspends %q, errors %v", on, desired.Messages(a.Suspends), a.Errors)
		}
	}
}

func TestAGroupDeclaredTwiceSaysWhereAndShowsTheFirstWords(t *testing.T) {
	declare := func(line int, description, owner string) policies.Group {
		return policies.Group{Name: "pay", Description: description, Owner: owner, Origins: origin(line)}
	}
	for name, c := range map[string]struct {
		groups                  []policies.Group
		description, owner, see string
	}{
		"once":                              {[]policies.Group{declare(1, "Payments", "ann")}, "Payments", "ann", ""},
		"twice":                             {[]policies.Group{declare(1, "Payments", "ann"), declare(2, "Paying", "bob")}, "Payments", "ann", "p.rego:1"},
		"the second fills in what it can":   {[]policies.Group{declare(1, "", "ann"), declare(2, "Paying", "bob")}, "Paying", "ann", "p.rego:1"},
		"and the owner":                     {[]policies.Group{declare(1, "Payments", ""), declare(2, "Paying", "bob")}, "Payments", "bob", "p.rego:1"},
		"the first is nobody's line at all": {[]policies.Group{{Name: "pay", Description: "Payments"}, declare(2, "Paying", "bob")}, "Payments", "bob", ""},
	} {
		a := access(&policies.Statements{Groups: c.groups}, nil, noon)
		g := a.Groups["pay"]
		if g.Description != c.description || g.Owner != c.owner {
			t.Errorf("%s: %q of %q, want %q of %q", name, g.Description, g.Owner, c.description, c.owner)
		}
		if len(a.Warnings) != len(c.groups)-1 {
			t.Errorf("%s: warnings %+v", name, a.Warnings)
		}
		for _, w := range a.Warnings {
			if w.See != c.see || w.Origin.Line != 2 || strings.Contains(w.Message, "the first is at p.rego:1") != (c.see != "") {
				t.Errorf("%s: warning %+v, want one at line 2 that points to %q", name, w, c.see)
			}
		}
	}
}

func TestWhyAGroupIsUnknownIsSaidOnceForEachReason(t *testing.T) {
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: groups(
		"g oncall:Nope", "g oncall:Nope", "g group:h", "h oncall:Nope", "h team:Nope",
	)})
	want := []string{"schedule:Nope does not exist", "team:Nope does not exist"}
	if got := e.GroupUnknown("g"); !slices.Equal(got, want) {
		t.Errorf("unknown for %q, want %q", got, want)
	}
}
