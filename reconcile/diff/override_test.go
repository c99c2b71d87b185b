package diff_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// override grants an override for days counted from monday.
func override(user, schedule, replaces string, from, until float64) policies.Grant {
	day := func(n float64) *time.Time { return Ptr(Monday.Add(time.Duration(n * 24 * float64(time.Hour)))) }
	g := policies.Grant{
		Principal: Ref("user:" + user + "@acme.com"), Resource: Ref("schedule:" + schedule), Role: "override",
		From: day(from), Until: day(until), Origins: Origin(7),
	}
	if replaces != "" {
		g.Replaces = Ref("user:" + replaces + "@acme.com")
	}
	return g
}

func overrides(grants ...policies.Grant) *policies.Statements {
	return &policies.Statements{Grants: grants}
}

// made are the overrides of a plan's changes: "+ di override 10..12 for bob".
func made(p *plan.Plan) []string {
	var out []string
	day := func(t time.Time) string { return t.Sub(Monday).Round(time.Minute).String() }
	for _, c := range p.Changes {
		if c.Override == nil {
			continue
		}
		mark := "+"
		if c.After == inventory.None {
			mark = "-"
		}
		line := mark + " " + c.User + " " + string(c.Override.Kind) + " " + day(c.Override.Start) + ".." + day(c.Override.End)
		if c.Override.Replaces != "" {
			line += " for " + c.Override.Replaces
		}
		out = append(out, line+" "+string(c.Cause))
	}
	return out
}

func wantMade(t *testing.T, p *plan.Plan, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, made(p), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("overrides differ (-want +got):\n%s\nblocked %+v", d, p.Blocked)
	}
}

func TestOverridesOfBothKindsOfSchedule(t *testing.T) {
	cases := []struct {
		name   string
		grants []policies.Grant
		want   []string
		says   string // why it is blocked
	}{
		{"a window, whoever is on call", []policies.Grant{override("di", "Weekly", "", 8, 10)}, []string{"+ di override 192h0m0s..240h0m0s policy"}, ""},
		{"on layers, each turn of who is replaced", []policies.Grant{override("di", "Weekly", "bob", 5, 30)},
			[]string{"+ di override 168h0m0s..336h0m0s for bob policy", "+ di override 672h0m0s..720h0m0s for bob policy"}, ""},
		{"on a rotation, the whole window in place of its member", []policies.Grant{override("di", "Follow", "bob", 5, 30)},
			[]string{"+ di override 120h0m0s..720h0m0s for bob policy"}, ""},
		{"who takes no turns can't be replaced", []policies.Grant{override("di", "Follow", "ed", 5, 6)}, nil, "ed@acme.com takes no turns on schedule Follow"},
		{"nobody replaced, where somebody is on call", []policies.Grant{override("di", "Follow", "", 5, 6)}, nil, "only a gap can be filled"},
		{"a stakeholder", []policies.Grant{override("stk", "Weekly", "", 5, 6)}, nil, "stakeholders can't be on schedules"},
		{"a gap is filled by a custom shift", []policies.Grant{override("di", "Gaps", "", 8, 9)}, []string{"+ di custom_shift 192h0m0s..216h0m0s policy"}, ""},
		{"its time has not come", []policies.Grant{override("di", "Weekly", "", 50, 51)}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Turns()
			gaps := s.Schedules["FOL"]
			gaps.ID, gaps.Name, gaps.Rotations = "GAP", "Gaps", []inventory.Rotation{}
			s.Schedules["GAP"] = gaps
			Rerender(s, "GAP")
			p := MustMake(t, Input(s, overrides(c.grants...))).Plan
			wantMade(t, p, c.want...)
			why := ""
			if len(p.Blocked) > 0 {
				why = p.Blocked[0].Why
			}
			if (why == "") != (c.says == "") || !strings.Contains(why, c.says) {
				t.Errorf("blocked by %q, want %q", why, c.says)
			}
			if len(c.want) > 0 && (len(p.Edits) != 1 || len(p.Edits[0].Parts) != 0 || len(p.Edits[0].Changes) != len(c.want) || p.Expires == nil) {
				t.Errorf("edits %+v, expires %v", p.Edits, p.Expires)
			}
		})
	}
}

// have puts an override on schedule Weekly.
func have(s *inventory.Snapshot, id, user string, from, until int) *inventory.Snapshot {
	v := s.Schedules["WEE"]
	v.Overrides = append(v.Overrides, inventory.Override{ID: id, User: &user, Start: Monday.AddDate(0, 0, from), End: Monday.AddDate(0, 0, until)})
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	return s
}

// ours is what the program remembers of an override that it made.
func ours(id, user string, from, until int) plan.OurOverride {
	return plan.OurOverride{Schedule: "WEE", At: At(-50), OverrideShift: plan.OverrideShift{
		Kind: plan.AsOverride, ID: id, User: user, Start: Monday.AddDate(0, 0, from), End: Monday.AddDate(0, 0, until),
	}}
}

func TestS24_OnlyOurOwnOverridesAreTakenBack(t *testing.T) {
	s := have(have(Turns(), "OURS", "di", 8, 9), "THEIRS", "ed", 10, 11)
	in := Input(s, overrides(override("cy", "Weekly", "", -3, -2))) // names the schedule's overrides
	in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 9)}
	in.Memory.Last = &plan.Round{At: At(-1), Revision: "r0"}
	wantMade(t, MustMake(t, in).Plan, "- di override 192h0m0s..216h0m0s policy")

	// What nothing names is left alone, ours too.
	in.Statements = Grants("user:cy@acme.com team:Search responder")
	p := MustMake(t, in).Plan
	if len(made(p)) != 0 || !slices.ContainsFunc(p.Extra, func(d plan.Extra) bool { return d.User == "di" && d.Role == "override" }) {
		t.Errorf("overrides %q, extra %+v", made(p), p.Extra)
	}

	// Unless a policy says that there are to be none.
	in.Statements.Empties = []policies.Empty{{Resource: Ref("schedule:Weekly"), Reason: "no vacations any more", Origins: Origin(60)}}
	p = MustMake(t, in).Plan
	wantMade(t, p, "- di override 192h0m0s..216h0m0s policy")
	if len(p.Blocked)+len(p.Held) != 0 {
		t.Errorf("%q: nobody's turns are meant", Lines(p))
	}
}

func TestS24_AfterALostStateOneAsAskedIsTakenForOursAndAnotherNever(t *testing.T) {
	s := have(have(Turns(), "ASKED", "di", 8, 9), "OTHER", "ed", 10, 11)
	st := overrides(override("di", "Weekly", "", 8, 9))
	r := MustMake(t, Input(s, st))
	wantMade(t, r.Plan)
	if len(r.Adopted) != 1 || r.Adopted[0].ID != "ASKED" {
		t.Fatalf("adopted %+v, want the one that a policy asks for", r.Adopted)
	}
	in := Next(r, Input(s, st), 1)
	if r := MustMake(t, in); len(r.Adopted) != 0 {
		t.Errorf("adopted %+v in a later round: somebody else made it", r.Adopted)
	}
}

func TestS24_AnOverrideThatWouldHideAPersonsIsHeld(t *testing.T) {
	s := have(Turns(), "THEIRS", "ed", 10, 11)
	in := Input(s, overrides(override("di", "Weekly", "", 8, 12)))
	p := MustMake(t, in).Plan
	wantMade(t, p)
	if len(p.Held) != 1 || p.Held[0].Rule != "S24" || !p.Held[0].Releasable ||
		!strings.Contains(p.Held[0].Why, "would hide ed@acme.com's from 2026-03-26 09:00 UTC to 2026-03-27 09:00 UTC") {
		t.Fatalf("held %+v, want the override, for it would hide ed's", p.Held)
	}

	in.Memory.Released = map[string]plan.Release{p.Held[0].ID: {At: At(-1), Reason: "agreed with ed"}}
	wantMade(t, MustMake(t, in).Plan, "+ di override 192h0m0s..288h0m0s policy")

	// One before it hides nothing, nor does somebody's own.
	for _, g := range []policies.Grant{override("di", "Weekly", "", 8, 10), override("ed", "Weekly", "", 8, 12)} {
		if p := MustMake(t, Input(s, overrides(g))).Plan; len(p.Held) != 0 || len(made(p)) != 1 {
			t.Errorf("%+v: made %q, held %+v", g.Principal, made(p), p.Held)
		}
	}
}

func TestS24_WhatIsPastStays(t *testing.T) {
	s := have(Turns(), "OURS", "di", -3, -2)
	in := Input(s, overrides(override("cy", "Weekly", "", -3, -2)))
	in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", -3, -2)}
	wantMade(t, MustMake(t, in).Plan)
}

func TestAnOverrideThatMovedIsMadeAnewBeforeTheOldOneGoes(t *testing.T) {
	s := have(Turns(), "OURS", "di", 8, 10)
	in := Input(s, overrides(override("di", "Weekly", "", 8, 9)))
	in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 10)}
	p := MustMake(t, in).Plan
	wantMade(t, p, "+ di override 192h0m0s..216h0m0s policy", "- di override 192h0m0s..240h0m0s policy")
	if !slices.Equal(p.Changes[1].Requires, []string{p.Changes[0].ID}) {
		t.Errorf("the old one requires %q, want the new one", p.Changes[1].Requires)
	}
}

func TestS9_AnOverrideThatPagerDutyDoesNotShowYetIsNotMadeAgain(t *testing.T) {
	in := Input(Turns(), overrides(override("di", "Weekly", "", 8, 9)))
	young := ours("OURS", "di", 8, 9)
	young.At = At(-0.01)
	in.Memory.Overrides = []plan.OurOverride{young}
	wantMade(t, MustMake(t, in).Plan)
	young.At = At(-1)
	in.Memory.Overrides = []plan.OurOverride{young}
	in.Memory.Last = &plan.Round{At: At(-0.1), Revision: "r1", Overrides: []string{"WEE/di/" + young.Key()}}
	wantMade(t, MustMake(t, in).Plan, "+ di override 192h0m0s..216h0m0s drift")
}

func TestS14_AnOverrideThatAProtectionKeptIsNoDriftOnceThatEnds(t *testing.T) {
	st := Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 40, 50, "")
	st.Protects = []policies.Protect{{Principal: Ref("user:di@acme.com"), Reason: "audit", Until: Ptr(At(4)), Origins: Origin(90)}}
	in := Input(Turns(), st)
	in = Next(MustMake(t, in), in, 5)
	wantTurns(t, MustMake(t, in).Plan, "raise schedule:Weekly di none>override policy")
}

// An override in place of somebody who has no turn in its window, or of the person
// themselves, would show nowhere, and be made in each round.
func TestAnOverrideThatCoversNoTurnIsNotMade(t *testing.T) {
	idle := MustMake(t, Input(twoRotations(), Override(&policies.Statements{}, "cy", "Follow", 0, 4, "di"))).Plan
	want := "cy : di@acme.com takes no turns on schedule Follow from 2026-03-16 12:00 UTC to 2026-03-16 16:00 UTC, and so can't be replaced there"
	if got := blockedOn(idle); len(got) != 1 || got[0] != want || len(idle.Changes) > 0 {
		t.Errorf("blocked %q, changes %+v; want %q", got, idle.Changes, want)
	}
	for who, want := range map[string][]string{"cy": {"raise schedule:Follow cy none>override policy"}, "di": nil} {
		wantTurnsBut(t, MustMake(t, Input(twoRotations(), Override(&policies.Statements{}, who, "Follow", 0, 60, "di"))).Plan, want...)
	}
}
