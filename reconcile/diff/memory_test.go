package diff_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// wayBack is a round at noon by which ann's admin role, raised for a shift that is over,
// goes back to what it was. The last round was so long ago.
func wayBack(last time.Duration) diff.Input {
	s := Account()
	e := inventory.NewEdit(s)
	e.SetBaseRole("ann", "admin")
	in := Input(e.Snapshot(), everybody())
	ann := desired.Pair{User: "ann", Resource: inventory.AccountRef}
	in.Memory.Raised = map[desired.Pair]string{ann: "user"}
	in.Memory.Ends = map[desired.Pair]plan.Ending{ann: {Role: "admin", Until: At(-1), Cause: plan.CauseHandoff}}
	in.Memory.Last = &plan.Round{At: Noon.Add(-last), Revision: "r1", Pairs: []plan.RoundPair{
		{Pair: ann, Desired: "admin", Actual: "admin", Window: desired.Window{Until: At(-1), UntilKind: desired.BoundShift}},
	}}
	return in
}

const (
	goesBack = "lower account ann admin>user "
	s4       = "this program raised ann@acme.com to admin, and whether a person gave that role since then "
)

func TestS4_AWayBackWaitsForAWordWhereTheMemoryCantHaveSeenWhatPeopleDid(t *testing.T) {
	for name, c := range map[string]struct {
		in   diff.Input
		set  func(*diff.Input)
		want string
		why  string
	}{
		"a round a day ago":                 {wayBack(24 * time.Hour), nil, goesBack + "handoff", ""},
		"no round for more than a day":      {wayBack(24*time.Hour + time.Second), nil, "held S4: " + goesBack + "handoff", "is unknown: no round was made since 2026-03-15 11:59 UTC"},
		"the clock within the slack":        {wayBack(-30 * time.Second), nil, goesBack + "handoff", ""},
		"a round that is yet to come":       {wayBack(-31 * time.Second), nil, "held S31: " + goesBack + "handoff", ""},
		"a copy that was put back":          {wayBack(time.Hour), func(in *diff.Input) { in.Memory.Restored = "the state is a copy" }, "held S4: " + goesBack + "drift", "is unknown: the state is a copy"},
		"held so in an earlier round":       {wayBack(time.Hour), func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"account/ann/admin/user"} }, "held S4: " + goesBack + "handoff", "could not be determined in an earlier round"},
		"another held so":                   {wayBack(time.Hour), func(in *diff.Input) { in.Memory.Last.Unwitnessed = []string{"account/bob/admin/user"} }, goesBack + "handoff", ""},
		"no round at all, and nothing else": {wayBack(time.Hour), func(in *diff.Input) { in.Memory.Last = nil }, goesBack + "policy", ""},
		"a person's word": {wayBack(25 * time.Hour), func(in *diff.Input) {
			in.Memory.Released = map[string]plan.Release{"account/ann/admin/user": {Reason: "looked", At: Noon}}
		}, goesBack + "handoff", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.set != nil {
				c.set(&c.in)
			}
			p := MustMake(t, c.in).Plan
			wantDue(t, p, c.want)
			if c.why != "" && (p.Held[0].Why != s4+c.why || !p.Held[0].Releasable) {
				t.Errorf("held since %q, want %q", p.Held[0].Why, s4+c.why)
			}
		})
	}
}

// What policies ask for needs no memory: it goes on beside a way back that waits.
func TestS4_OnlyTheWayBackWaits(t *testing.T) {
	in := wayBack(25 * time.Hour)
	in.Previous, in.Statements, in.Revision = in.Statements, everybody("user:bob@acme.com account observer"), "r2"
	wantDue(t, MustMake(t, in).Plan, "lower account bob user>observer policy", "held S4: "+goesBack+"handoff")
}

// By a copy that was put back, ends that were foreseen count as drift; raises and what
// policies took out do not.
func TestS4_OfACopyThatWasPutBackAnEndCountsAsDrift(t *testing.T) {
	in := settled(t, 5, everybody("oncall:Primary team:Search manager", "user:di@acme.com team:Search responder until 2", "user:ed@acme.com team:Search manager from 2"))
	in.Memory.Restored = "the state is a copy"
	wantDue(t, MustMake(t, in).Plan,
		"raise team:Search bob none>manager handoff", "raise team:Search ed none>manager expiry",
		"lower team:Search ann manager>none drift", "lower team:Search di responder>none drift")
	in.Previous, in.Statements, in.Revision = in.Statements, Grants("user:ann@acme.com team:Payments manager"), "r2"
	p := MustMake(t, in).Plan
	if got := Lines(p); !slices.Contains(got, "lower team:Payments bob responder>none policy") {
		t.Errorf("%q, want bob's role lowered by the policy", got)
	}
}

func TestS11_AMemoryThatKnowsNobodyWhoIsHereIsAnotherAccounts(t *testing.T) {
	pair := func(user, actual string) plan.RoundPair {
		return plan.RoundPair{Pair: desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, "SEA")}, Desired: "responder", Actual: actual}
	}
	for _, c := range []struct {
		name  string
		pairs []plan.RoundPair
		other bool
	}{
		{"three who are gone", []plan.RoundPair{pair("x1", "manager"), pair("x2", "none"), pair("x3", "manager")}, true},
		{"two who are gone, one twice", []plan.RoundPair{pair("x1", "manager"), pair("x1", "none"), pair("x2", "manager")}, false},
		{"one is here", []plan.RoundPair{pair("x1", "manager"), pair("x2", "manager"), pair("x3", "manager"), pair("ann", "none")}, false},
		{"none at all", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Input(Account(), Grants("user:di@acme.com team:Search responder"))
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Pairs: c.pairs}
			p := MustMake(t, in).Plan
			if other := len(p.Suspended) == 1 && strings.HasPrefix(p.Suspended[0].Message, "the state is of another account: none of the 3 people whom it knows"); other != c.other {
				t.Errorf("suspended %q, want it taken for another account's: %v", p.Suspended, c.other)
			}
			if lowered := slices.Contains(Lines(p), "held S11: lower team:Search cy responder>none drift") || slices.Contains(Lines(p), "held S11: lower team:Search cy responder>none policy"); lowered != c.other {
				t.Errorf("%q, want the lowering held by S11: %v", Lines(p), c.other)
			}
			in.Snapshot.Account.Complete = false
			if p := MustMake(t, in).Plan; len(p.Suspended) != 1 || !strings.HasPrefix(p.Suspended[0].Message, "the snapshot is incomplete") {
				t.Errorf("of an incomplete snapshot suspended %q, want that alone", p.Suspended)
			}
		})
	}
}

func TestS9_WhatWasWrittenIsSeenThroughAnOldAnswerAndContradictedByAnother(t *testing.T) {
	account := desired.Pair{User: "ann", Resource: inventory.AccountRef}
	team := desired.Pair{User: "di", Resource: inventory.ByID(inventory.KindTeam, "SEA")}
	turns := desired.Pair{User: "di", Resource: inventory.ByID(inventory.KindSchedule, "PRI"), Layer: "L"}
	for _, c := range []struct {
		name    string
		writes  []plan.Write
		want    string
		unknown int
	}{
		{"an old answer of a base role", []plan.Write{{Pair: account, Before: "user", Role: "observer"}}, "raise account ann observer>user policy", 0},
		{"an old answer of a team", []plan.Write{{Pair: team, Before: "none", Role: "observer"}}, "raise team:Search di observer>responder policy", 0},
		{"an answer older than the last two writes", []plan.Write{{Pair: team, Before: "none", Role: "manager"}, {Pair: team, Before: "manager", Role: "observer"}}, "raise team:Search di observer>responder policy", 0},
		{"what was written", []plan.Write{{Pair: team, Before: "manager", Role: "none"}}, "raise team:Search di none>responder policy", 0},
		{"another answer", []plan.Write{{Pair: team, Before: "manager", Role: "observer"}}, "", 1},
		{"turns are looked at elsewhere", []plan.Write{{Pair: turns, Before: "rotation", Role: "override"}}, "raise team:Search di none>responder policy", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Input(Account(), everybody("user:ann@acme.com account user", "user:di@acme.com team:Search responder"))
			in.Memory.Overlay = c.writes
			p := MustMake(t, in).Plan
			if c.want == "" && len(p.Changes) > 0 || c.want != "" && !slices.Contains(Lines(p), c.want) || len(p.Unknown) != c.unknown {
				t.Errorf("%q, unknown %+v; want %q", Lines(p), p.Unknown, c.want)
			}
		})
	}
}

// An override is looked for for two minutes after it was made, and so are turns that
// were edited.
func TestS9_AWriteIsWaitedForForTwoMinutes(t *testing.T) {
	for ago, missed := range map[time.Duration]bool{2*time.Minute - time.Second: false, 2 * time.Minute: true} {
		in := Input(Turns(), overrides(override("di", "Weekly", "", 8, 9)))
		o := ours("OURS", "di", 8, 9)
		o.At = Noon.Add(-ago)
		in.Memory.Overrides = []plan.OurOverride{o}
		if p := MustMake(t, in).Plan; (len(p.Changes) == 1) != missed {
			t.Errorf("%s after an override was made: %q, want it missed: %v", ago, Lines(p), missed)
		}
		in = Input(Turns(), Rotation("ann bob cy di Weekly"))
		in.Memory.Edited = []plan.Edited{{Schedule: "WEE", Was: in.Snapshot.Schedules["WEE"], At: Noon.Add(-ago)}}
		if p := MustMake(t, in).Plan; (len(p.Changes) == 1) != missed || (len(p.Unknown) == 0) != missed {
			t.Errorf("%s after an edit: %q, unknown %+v, want it missed: %v", ago, Lines(p), p.Unknown, missed)
		}
	}
}

func TestS32_WhileAnEditIsOpenTheTurnsOfItsScheduleAreUnknownOnce(t *testing.T) {
	in := Input(Turns(), Rotation("ann bob cy di Weekly", "ann bob cy di Follow"))
	in.Memory.Edited = []plan.Edited{
		{Schedule: "WEE", At: At(-5), Open: "an edit of it broke off"}, {Schedule: "WEE", At: At(-4), Open: "another broke off"}, {Schedule: "FOL", At: At(-4)},
	}
	p := MustMake(t, in).Plan
	wantTurns(t, p, "raise schedule:Follow di none>rotation policy")
	if len(p.Unknown) != 1 || p.Unknown[0].Reason != "an edit of it broke off" || p.Unknown[0].Resource.ID != "WEE" {
		t.Errorf("unknown %+v, want Weekly, once", p.Unknown)
	}
}

// What is remembered of an event goes on in the one that took over from it, be it a
// person's turns or only that policies named it.
func TestS14_WhatIsRememberedOfAnEventGoesOnInItsSuccessor(t *testing.T) {
	week := inventory.ByID(inventory.KindSchedule, "FOL")
	former := plan.RoundPair{Pair: desired.Pair{User: "di", Resource: week, Layer: "WEEK"}, Desired: "none", Actual: "none"}
	latter := plan.RoundPair{Pair: desired.Pair{User: "di", Resource: week, Layer: "WEEK2"}, Desired: "rotation", Actual: "rotation"}
	for name, c := range map[string]struct {
		pairs []plan.RoundPair
		named []plan.NamedTarget
		want  []string
	}{
		"turns": {[]plan.RoundPair{{Pair: desired.Pair{User: "di", Resource: week, Layer: "WEEK"}, Desired: "rotation", Actual: "rotation"}}, nil,
			[]string{"raise schedule:Follow di none>rotation drift", "lower schedule:Follow bob rotation>none policy"}},
		"turns on both": {[]plan.RoundPair{former, latter}, nil,
			[]string{"raise schedule:Follow di none>rotation drift", "lower schedule:Follow bob rotation>none policy"}},
		"turns on both, the latter first": {[]plan.RoundPair{latter, former}, nil,
			[]string{"raise schedule:Follow di none>rotation drift", "lower schedule:Follow bob rotation>none policy"}},
		"its name": {nil, []plan.NamedTarget{{Target: desired.Target{Resource: week, Layer: "WEEK"}}},
			[]string{"raise schedule:Follow di none>rotation facts", "lower schedule:Follow bob rotation>none drift"}},
		"nothing": {nil, nil,
			[]string{"raise schedule:Follow di none>rotation facts", "lower schedule:Follow bob rotation>none policy"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			v := s.Schedules["FOL"]
			e := v.Rotations[0].Events[0]
			then := e
			then.EffectiveUntil, e.ID, e.EffectiveSince = Ptr(Monday), "WEEK2", Monday
			v.Rotations[0].Events = []inventory.Event{then, e}
			s.Schedules["FOL"] = v
			Rerender(s, "FOL")
			in := Input(s, Rotation("ann di cy Follow"))
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Pairs: c.pairs, Named: c.named}
			p := MustMake(t, in).Plan
			wantTurns(t, p, c.want...)
			if slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Layer != "WEEK2" }) {
				t.Errorf("%+v, want changes of the event that is in effect", p.Changes)
			}
		})
	}
}
