package diff_test

import (
	"fmt"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// underLimitFrom adds a limit on whoever is in a group, bob from a moment on.
func underLimitFrom(hours float64) *policies.Statements {
	st := Members(underLimits(elsewhere(), "group:guests team:* none"), "guests user:bob@acme.com")
	st.Members[0].From = Ptr(At(hours))
	return st
}

func TestS14_ABrokenLimitHasItsCause(t *testing.T) {
	bob := desired.Pair{User: "bob", Resource: inventory.ByID(inventory.KindTeam, "PAY")}
	none, observer := underLimits(elsewhere(), "bob team:* none"), underLimits(elsewhere(), "bob team:* observer")
	// in force is a round after one in which a limit was in force.
	inForce := func(st *policies.Statements) func(*diff.Input) {
		return func(in *diff.Input) { in.Memory.Last.Limits = MustMake(t, Input(Account(), st)).Access.Ceilings() }
	}
	edited := func(previous *policies.Statements) func(*diff.Input) {
		return func(in *diff.Input) { in.Previous, in.Revision = previous, "r2" }
	}
	knew := func(p plan.RoundPair) func(*diff.Input) {
		return func(in *diff.Input) {
			inForce(in.Statements)(in)
			p.Pair = bob
			in.Memory.Last.Pairs = append(in.Memory.Last.Pairs, p)
		}
	}
	for name, c := range map[string]struct {
		policy  *policies.Statements
		set     func(*diff.Input)
		cause   plan.Cause
		drifted string
	}{
		"a first start":                               {none, func(in *diff.Input) { in.Memory.Last = nil }, plan.CausePolicy, ""},
		"a round that knew of none":                   {none, func(in *diff.Input) { in.Memory.Last.Limits = nil }, plan.CausePolicy, ""},
		"a new one, of policies unknown":              {none, edited(nil), plan.CausePolicy, ""},
		"a new one":                                   {none, edited(elsewhere()), plan.CausePolicy, ""},
		"a lower one":                                 {none, edited(observer), plan.CausePolicy, ""},
		"a lower one than in force":                   {none, inForce(observer), plan.CauseFacts, ""},
		"one that the former policies had too":        {none, edited(none), plan.CauseFacts, ""},
		"one whom a date puts under it":               {underLimitFrom(-0.5), nil, plan.CauseExpiry, ""},
		"a date that came before":                     {underLimitFrom(-2), nil, plan.CauseFacts, ""},
		"a date, and the former policies had another": {underLimitFrom(-0.5), edited(elsewhere()), plan.CausePolicy, ""},
		"one that was in force, and more is held":     {observer, inForce(observer), plan.CauseDrift, ""},
		"in force is a lower one":                     {observer, inForce(none), plan.CauseDrift, ""},
		"somebody raised them since":                  {observer, knew(plan.RoundPair{Desired: "none", Actual: "observer"}), plan.CauseDrift, "observer"},
		"it was due before":                           {observer, knew(plan.RoundPair{Desired: "observer", Actual: "responder", Pending: plan.CauseExpiry}), plan.CauseExpiry, ""},
		"it was as it is":                             {observer, knew(plan.RoundPair{Desired: "observer", Actual: "responder"}), plan.CausePolicy, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Account(), c.policy)
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Limits: []desired.Ceiling{}}
			if c.set != nil {
				c.set(&in)
			}
			p := MustMake(t, in).Plan
			if len(p.Changes) != 1 || p.Changes[0].User != "bob" || p.Changes[0].Cause != c.cause || p.Changes[0].Drifted != c.drifted {
				t.Errorf("%q, drifted from %+v; want bob lowered, cause %s, drifted from %q", Lines(p), p.Changes, c.cause, c.drifted)
			}
		})
	}
}

func TestS14_WhoComesUnderALimitByAShiftIsAHandoff(t *testing.T) {
	in := Input(Account(), underLimits(elsewhere(), "oncall:Primary team:Payments observer"))
	in.Memory.Last = &plan.Round{At: At(-5), Revision: "r1", Limits: []desired.Ceiling{}}
	wantDue(t, MustMake(t, in).Plan, "lower team:Payments ann manager>observer handoff")
}

// Somebody of whom the last round knew nothing came with the role that they have.
func TestS14_WhoCameToTheAccountBeyondALimitIsNoDrift(t *testing.T) {
	for name, c := range map[string]struct {
		pairs []plan.RoundPair
		want  string
	}{
		"of whom nothing was known":          {[]plan.RoundPair{{Pair: desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, "PAY")}}}, "policy"},
		"of whom a role on a team was known": {[]plan.RoundPair{{Pair: desired.Pair{User: "adm", Resource: inventory.ByID(inventory.KindTeam, "PAY")}}}, "drift"},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Account(), underLimits(elsewhere(), "adm account user"))
			in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Limits: MustMake(t, in).Access.Ceilings(), Pairs: c.pairs}
			wantDue(t, MustMake(t, in).Plan, "lower account adm admin>user "+c.want)
		})
	}
}

func TestS38_AChangeNamesEachLimitThatLeavesNoMoreOnce(t *testing.T) {
	st := underLimits(elsewhere(), "bob team:* observer", "bob team:Payments observer", "bob team:* responder")
	again := st.Limits[1]
	again.Principal = Ref("user:BOB@acme.com")
	st.Limits = append(st.Limits, again)
	c := MustMake(t, Input(Account(), st)).Plan.Changes[0]
	var lines []int
	for _, by := range c.By {
		lines = append(lines, by.Line)
	}
	if fmt.Sprint(lines) != "[80 81]" || len(c.LimitedBy) != 3 || c.Reason != "limited to observer: contractor" {
		t.Errorf("by %v, limited by %+v: %q; want the two rules once", lines, c.LimitedBy, c.Reason)
	}
}

func TestS38_WhatIsNotManagedIsLeftThoughItIsBeyondALimit(t *testing.T) {
	s := Turns()
	in := Input(s, underLimits(elsewhere(), "bob team:Payments none", "cy schedule:Weekly none", "adm account user"))
	in.Settings.Include = map[inventory.Kind][]string{inventory.KindTeam: {"Sea*"}, inventory.KindSchedule: {"Fol*"}}
	p := MustMake(t, in).Plan
	sameLines(t, "changed are", moves(p), []string{"lower account adm admin>user policy"})
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindAccount: plan.Observe}
	if p := MustMake(t, in).Plan; len(p.Unenforced) != 1 {
		t.Errorf("%q, want adm's role not enforced", Lines(p))
	}
}

// Only what a limit is about is compared for it: other schedules are no news.
func TestS38_ALimitOnOneScheduleIsAboutThatOne(t *testing.T) {
	p := MustMake(t, Input(Turns(), underLimits(elsewhere(), "cy schedule:Weekly none", "di schedule:Follow none"))).Plan
	for _, x := range p.Extra {
		if x.Resource.Kind == inventory.KindSchedule && x.Resource.ID != "WEE" {
			t.Errorf("extra is %+v, of a schedule on which nobody is beyond a limit", x)
		}
	}
	sameLines(t, "changed are", moves(p), []string{"lower schedule:Weekly cy rotation>none policy"})
}
