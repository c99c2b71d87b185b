package desired_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// lines are the lines of rules.
func lines(by []desired.By) []string {
	var out []string
	for _, b := range by {
		out = append(out, strings.TrimSpace(fmt.Sprint(b.Line, " ", strings.Join(b.Chain, " → "))))
	}
	return out
}

func TestS19_TheHighestRoleInForceWinsWhateverTheOrder(t *testing.T) {
	gives := func(line int, principal, role string, from, until float64) policies.Grant {
		g := grant(principal, "team:Search", role)
		g.Origins = origin(line)
		if from != 0 {
			g.From = ptr(at(from))
		}
		if until != 0 {
			g.Until = ptr(at(until))
		}
		return g
	}
	st := groups("pay oncall:Primary", "pay team:Payments")
	st.Grants = []policies.Grant{
		gives(5, "user:ann@acme.com", "observer", 0, 0),
		gives(4, "group:pay", "responder", 0, 0),
		gives(3, "user:ann@acme.com", "responder", 0, 0),
		gives(2, "user:ann@acme.com", "manager", 2, 6),
		gives(1, "user:ann@acme.com", "manager", 0, -1),
	}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	pair := desired.Pair{User: "ann", Resource: ref("team:#SEA")}

	access := e.At(noon)
	now := access.Grant(pair)
	if now.Role != "responder" || !now.Window.Until.IsZero() || !slices.Equal(now.Schedules, []string{"PRI"}) {
		t.Errorf("now %s until %v through %v", now.Role, now.Until, now.Schedules)
	}
	if got, want := lines(now.By), []string{"3", "4 group:pay → oncall:Primary", "4 group:pay → team:Payments"}; !slices.Equal(got, want) {
		t.Errorf("given by %q, want %q", got, want)
	}
	var lost []string
	for _, l := range access.Lost(pair) {
		lost = append(lost, fmt.Sprintf("%d %s: %s", l.By.Line, l.Role, l.Why))
	}
	want := []string{"1 manager: ended 2026-03-16 11:00 UTC", "2 manager: begins 2026-03-16 14:00 UTC", "5 observer: a higher role wins"}
	if diff := cmp.Diff(want, lost); diff != "" {
		t.Errorf("lost are (-want +got):\n%s", diff)
	}
	later := e.At(at(2)).Grant(pair)
	if later.Role != "manager" || !later.Until.Equal(at(6)) || len(later.Schedules) != 0 {
		t.Errorf("later %s until %v through %v", later.Role, later.Until, later.Schedules)
	}
	for hours, want := range map[float64]string{-2: "manager", 0: "responder", 2: "manager", 6: "responder"} {
		if got := e.RoleAt(pair, at(hours)); got != want {
			t.Errorf("at %gh %s, want %s", hours, got, want)
		}
	}
	if got := e.RoleAt(desired.Pair{User: "di", Resource: pair.Resource}, noon); got != inventory.None {
		t.Errorf("whom no rule reaches has %s", got)
	}
}

// The same rule may say the same twice, by way of two of its rows, say.
func TestARuleIsNamedOnceWhereItGivesTheSameTwice(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{
		grant("user:di@acme.com", "team:Search", "manager"), grant("user:#di", "team:Search", "manager"),
		override("user:cy@acme.com", "schedule:Primary", "", 2, 5), override("user:#cy", "schedule:Primary", "", 4, 8),
		override("user:cy@acme.com", "schedule:Primary", "user:ann@acme.com", 2, 3), override("user:di@acme.com", "schedule:Primary", "", 2, 8),
		override("user:cy@acme.com", "schedule:Both", "", 2, 8), override("user:cy@acme.com", "schedule:Primary", "", 20, 21),
		grant("user:new@acme.com", "team:Search", "manager"), grant("user:new@acme.com", "account", "user"),
	}}
	st.Grants[3].Origins = append(origin(2), origin(1)...)
	for i := 4; i < 8; i++ {
		st.Grants[i].Origins = origin(10 + i)
	}
	a := expanded(st, noon)
	if got := lines(a.Grant(desired.Pair{User: "di", Resource: ref("team:#SEA")}).By); !slices.Equal(got, []string{"1"}) {
		t.Errorf("given by lines %q, want 1", got)
	}
	var got []string
	for i, o := range a.Overrides {
		got = append(got, fmt.Sprintf("%s by %s", overrideLines(a)[i], strings.Join(lines(o.By), " ")))
	}
	want := []string{"cy BOTH  2..8 by 16", "cy PRI ann 2..3 by 14", "cy PRI  2..8 by 1 2", "di PRI  2..8 by 15", "cy PRI  20..21 by 17"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("overrides (-want +got):\n%s", diff)
	}
	if len(a.Absent) != 1 || len(a.Absent[0].By) != 1 {
		t.Errorf("absent %+v, want one person by one rule", a.Absent)
	}
}

// Many grants of one rule share its place, and those to people what they give.
func TestPeopleWhoShareARuleKeepTheirOwnTimes(t *testing.T) {
	over, current, begun, later := ptr(at(-2)), ptr(at(2)), ptr(at(-2)), ptr(at(2))
	for name, c := range map[string]struct {
		from, until [3]*time.Time // of Ann, Bob and Cy
		want        string
	}{
		"one begins later":           {[3]*time.Time{nil, later, nil}, [3]*time.Time{}, "ann cy"},
		"one has ended":              {[3]*time.Time{}, [3]*time.Time{nil, over, nil}, "ann cy"},
		"all begin, each in time":    {[3]*time.Time{begun, later, begun}, [3]*time.Time{}, "ann cy"},
		"all end, each in their own": {[3]*time.Time{}, [3]*time.Time{over, current, over}, "bob"},
	} {
		shared := origin(1)
		st := &policies.Statements{}
		for i, user := range []string{"ann", "bob", "cy"} {
			g := grant("user:"+user+"@acme.com", "team:Search", "manager")
			g.Origins, g.From, g.Until = shared, c.from[i], c.until[i]
			st.Grants = append(st.Grants, g)
		}
		on := access(st, nil, noon).Grants.On(desired.Target{Resource: ref("team:#SEA")})
		if got := strings.Join(slices.Sorted(maps.Keys(on)), " "); got != c.want {
			t.Errorf("%s: %q have it now, want %q", name, got, c.want)
		}
	}
}

func TestAGrantThatIsNotInForceLeavesNothing(t *testing.T) {
	over := grant("user:di@acme.com", "team:Search", "manager")
	over.Until = ptr(at(-1))
	nowhere := grant("user:di@acme.com", "team:Payments", "manager")
	nowhere.Origins = nil
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: &policies.Statements{Grants: []policies.Grant{over, nowhere}}})
	if a := e.At(noon); len(a.Grants) != 0 || a.Grants.Len() != 0 {
		t.Errorf("grants %v, want none", a.Grants)
	}
	pair := desired.Pair{User: "di", Resource: ref("team:#SEA")}
	if lost := e.NotInForce(pair, noon); len(lost) != 1 || lost[0].Why != "ended 2026-03-16 11:00 UTC" {
		t.Errorf("not in force are %v", lost)
	}
	if lost := e.NotInForce(pair, at(-2)); lost != nil {
		t.Errorf("while it is in force, %v are not", lost)
	}
}

// Each rule that names a target is a reason to look there, whatever it gives (S1).
func TestS1_ATargetIsNamedByEachRuleThatNamesIt(t *testing.T) {
	st := &policies.Statements{}
	for _, line := range []int{1, 2, 2, 1, 3} {
		g := grant("user:di@acme.com", "team:Search", "manager")
		g.Origins = origin(line)
		g.Origins[0].Source = fmt.Sprintf("row %d", len(st.Grants))
		st.Grants = append(st.Grants, g)
	}
	var got []int
	for _, o := range access(st, nil, noon).Named[desired.Target{Resource: ref("team:#SEA")}] {
		got = append(got, o.Line)
	}
	if !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("named at lines %v, want 1, 2 and 3", got)
	}
}

func TestS19_AnUntilIsPointlessOnlyBesideAPermanentGrantOfTheSameRole(t *testing.T) {
	windowed := grant("user:di@acme.com", "team:Search", "manager")
	windowed.Until, windowed.Origins = ptr(at(9)), origin(2)
	for name, c := range map[string]struct {
		other policies.Grant
		see   string
	}{
		"the same role for good": {grant("user:di@acme.com", "team:Search", "manager"), "p.rego:1"},
		"a lower role for good":  {grant("user:di@acme.com", "team:Search", "observer"), ""},
		"the same for a while":   {windowed, ""},
	} {
		a := access(&policies.Statements{Grants: []policies.Grant{windowed, c.other}}, nil, noon)
		see := ""
		if len(a.Warnings) == 1 {
			see = a.Warnings[0].See
		}
		if see != c.see || len(a.Warnings) > 1 {
			t.Errorf("%s: warnings %+v, want one that points to %q", name, a.Warnings, c.see)
		}
	}
}
