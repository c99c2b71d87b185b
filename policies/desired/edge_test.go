package desired_test

import (
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// A person whom a limit keeps out of a group takes over from nobody in it.
func TestS21_WhomALimitKeepsOutLeavesAGapThatTheLastOneFills(t *testing.T) {
	for name, c := range map[string]struct {
		shifts   []string
		resource string
		until    *time.Time // of the limit's principal
		want     []string
	}{
		"a placeholder between two":         {[]string{"ann -4 4", "cy 4 8", "bob 8 12"}, "group:*", nil, []string{"ann 0 8", "bob 8 20"}},
		"on this group alone":               {[]string{"ann -4 4", "cy 4 8", "bob 8 12"}, "group:g", nil, []string{"ann 0 8", "bob 8 20"}},
		"now, after somebody long ago":      {[]string{"ann -9 -8", "cy -8 8", "bob 8 12"}, "group:g", nil, []string{"ann 0 8", "bob 8 20"}},
		"twice in a row":                    {[]string{"ann -4 4", "cy 4 6", "cy 7 8", "bob 8 12"}, "group:g", nil, []string{"ann 0 8", "bob 8 20"}},
		"last, until nobody knows when":     {[]string{"ann -4 4", "cy 4 8"}, "group:g", nil, []string{"ann 0 20"}},
		"of another group, so it is no gap": {[]string{"ann -4 4", "cy 4 8", "bob 8 12"}, "group:h", nil, []string{"ann 0 4", "cy 4 8", "bob 8 20"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := groups("g oncall:P", "h user:di@acme.com")
			st.Members[0].WhenEmpty = policies.KeepLast
			st.Limits = []policies.Limit{{Principal: ref("user:cy@acme.com"), Resource: ref(c.resource), AtMost: "none", Reason: "a placeholder", Origins: origin(9)}}
			e := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": c.shifts}), Statements: st})
			if got := course(e, 0, 20); !slices.Equal(got, c.want) {
				t.Errorf("in the group are %q, want %q", got, c.want)
			}
		})
	}
}

// Who is kept is not kept longer than a limit allows.
func TestS21_ALimitEndsWhatIsKept(t *testing.T) {
	st := groups("g oncall:P", "out user:ann@acme.com")
	st.Members[0].WhenEmpty = policies.KeepLast
	st.Members[1].From = ptr(at(6))
	st.Limits = []policies.Limit{{Principal: ref("group:out"), Resource: ref("group:g"), AtMost: "none", Reason: "r", Origins: origin(9)}}
	e := desired.Expand(desired.Input{Snapshot: duties(map[string][]string{"P": {"ann -4 4", "bob 8 12"}}), Statements: st})
	if got, want := course(e, 0, 10), []string{"ann 0 6", "nobody 6 8", "bob 8 10"}; !slices.Equal(got, want) {
		t.Errorf("in the group are %q, want %q", got, want)
	}
}

// Where the snapshot's shifts end is no shift's end.
func TestS21_TheEndOfTheSnapshotIsNoShiftsEnd(t *testing.T) {
	s := duties(map[string][]string{"P": {"ann -4 4"}})
	w := s.Account.Window
	p := s.Schedules["P"]
	p.Shifts = []inventory.Shift{{User: "ann", Start: w.Since, End: w.Until}}
	s.Schedules["P"] = p
	st := groups("g oncall:P")
	st.Grants = []policies.Grant{grant("group:g", "team:Payments", "manager")}
	e := desired.Expand(desired.Input{Snapshot: s, Statements: st})
	g := e.At(noon).Grant(desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY")})
	if g.UntilKind != desired.BoundSnapshot || g.FromKind != desired.BoundSnapshot {
		t.Errorf("the window is %+v", g.Window)
	}
	if next, ok := e.NextBoundary(noon, nil); ok {
		t.Errorf("access changes at %s, though nothing is known to", next)
	}
}
