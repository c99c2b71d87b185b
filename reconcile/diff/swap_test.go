package diff_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// swap is an account whose policies let di take over the turns of bob.
func swap(schedule string) diff.Input { return Input(Turns(), Rotation("ann di cy "+schedule)) }

const (
	leave = "schedule:Weekly bob rotation>none policy"
	join  = "schedule:Weekly di none>rotation policy"
)

func TestS23_HalfOfASwapWaitsForTheOther(t *testing.T) {
	cases := []struct {
		name  string
		input func() diff.Input
		want  []string
	}{
		{"held by the limit on lowerings", func() diff.Input {
			in := swap("Weekly")
			in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1, Held: []string{"schedule/WEE/DAY/bob/rotation/none"}}
			return in
		}, []string{"held S26: lower " + leave, "held S26: raise " + join}},
		{"held while the account is not read whole", func() diff.Input {
			in := swap("Weekly")
			in.Snapshot.Account.Complete = false
			in.Snapshot.Account.Missing = []inventory.Missing{{What: "users", Reason: "429"}}
			return in
		}, []string{"held S6: lower " + leave, "held S6: raise " + join}},
		{"who joins can't", func() diff.Input {
			return Input(Turns(), Rotation("ann stk cy Weekly"))
		}, []string{
			"blocked: lower " + leave + ": bob@acme.com and stk@acme.com change places, together or not at all, and the other half is blocked: stk@acme.com is a stakeholder (read_only_user), and stakeholders can't be on schedules",
			"blocked: raise schedule:Weekly stk none>rotation policy: stk@acme.com is a stakeholder (read_only_user), and stakeholders can't be on schedules",
		}},
		{"one half alone is targeted", func() diff.Input {
			in := swap("Weekly")
			in.Settings.Targets = []string{"user:di@acme.com"}
			return in
		}, []string{"blocked: raise " + join + ": di@acme.com and bob@acme.com change places, together or not at all, and the other half is not targeted"}},
		{"who joins beyond the swap goes on", func() diff.Input {
			in := Input(Turns(), Rotation("ann di ed cy Weekly"))
			in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1, Held: []string{"schedule/WEE/DAY/bob/rotation/none"}}
			return in
		}, []string{"raise schedule:Weekly ed none>rotation policy", "held S26: lower " + leave, "held S26: raise " + join}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantTurns(t, MustMake(t, c.input()).Plan, c.want...) })
	}
}

func TestS23_ASwapIsReleasedByTheHalfThatIsHeld(t *testing.T) {
	in := swap("Weekly")
	in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1, Held: []string{"schedule/WEE/DAY/bob/rotation/none"}}
	for _, h := range MustMake(t, in).Plan.Held {
		if own := h.User == "bob"; h.Releasable != own {
			t.Errorf("%s is releasable: %v, want %v: %s", h.ID, h.Releasable, own, h.Release)
		}
		if !strings.Contains(h.Release, "dutyward release schedule/WEE/DAY/bob/rotation/none --reason …") {
			t.Errorf("%s: way on %q, want the command that lets both through", h.ID, h.Release)
		}
	}
	in.Memory.Released = map[string]plan.Release{"schedule/WEE/DAY/bob/rotation/none": {Reason: "looked", At: Noon}}
	wantTurns(t, MustMake(t, in).Plan, "raise "+join, "lower "+leave)
}

// covered is an account in which ed stands in for bob on Follow, in bob's next turn,
// and for the whole of Weekly at that time.
func covered() *inventory.Snapshot {
	s := Turns()
	v := s.Schedules["FOL"]
	v.Overrides = []inventory.Override{{ID: "O", User: Ptr("ed"), Replaces: Ptr("bob"), Rotation: Ptr("ROT"), Start: At(200), End: At(224)}}
	s.Schedules["FOL"] = v
	w := s.Schedules["WEE"]
	w.Overrides = []inventory.Override{{ID: "P", User: Ptr("ed"), Start: At(200), End: At(224)}}
	s.Schedules["WEE"] = w
	Rerender(s, "FOL")
	Rerender(s, "WEE")
	return s
}

func TestS24_AnEditThatWouldVoidSomebodysOverrideIsHeldAndSaysWhose(t *testing.T) {
	in := Input(covered(), Rotation("ann di cy Follow"))
	p := MustMake(t, in).Plan
	wantTurns(t, p, "held S24: lower schedule:Follow bob rotation>none policy", "held S24: raise schedule:Follow di none>rotation policy")
	want := "ed@acme.com's override in place of bob@acme.com from 2026-03-24 20:00 UTC to 2026-03-25 20:00 UTC would be void"
	for _, h := range p.Held {
		if h.Why != want || !h.Releasable {
			t.Errorf("%s is held: %q, want %q, releasable", h.ID, h.Why, want)
		}
	}
	for _, h := range p.Held { // either half lets the swap through
		in.Memory.Released = map[string]plan.Release{h.ID: {Reason: "they know", At: Noon}}
		wantTurns(t, MustMake(t, in).Plan, "raise schedule:Follow di none>rotation policy", "lower schedule:Follow bob rotation>none policy")
	}
	// Once the override is over, it goes on by itself.
	in.Memory.Released = nil
	in.Now, in.Snapshot.Now, in.Snapshot.Account.TakenAt = At(225), At(225), At(225)
	wantTurns(t, MustMake(t, in).Plan, "raise schedule:Follow di none>rotation policy", "lower schedule:Follow bob rotation>none policy")
}

func TestS24_AnEditThatLeavesOverridesInEffectIsMade(t *testing.T) {
	for name, st := range map[string]*policies.Statements{
		"another leaves":                        Rotation("ann bob di Follow"),
		"who stands in joins":                   Rotation("ann bob cy ed Follow"),
		"a layer, where it hides whoever is on": Rotation("ann di cy Weekly"),
	} {
		t.Run(name, func(t *testing.T) {
			p := MustMake(t, Input(covered(), st)).Plan
			if len(p.Held)+len(p.Blocked) > 0 || len(p.Edits) != 1 {
				t.Errorf("%q, want the edit made", onTurns(p))
			}
		})
	}
}

func TestS24_AnOverrideThatALongerCycleWouldVoidHoldsWhoJoins(t *testing.T) {
	s := covered()
	v := s.Schedules["FOL"]
	v.Overrides[0].Start, v.Overrides[0].End = At(200+21*24), At(224+21*24) // bob's turn after the next
	s.Schedules["FOL"] = v
	Rerender(s, "FOL")
	wantTurns(t, MustMake(t, Input(s, Rotation("ann bob cy di Follow"))).Plan, "held S24: raise schedule:Follow di none>rotation policy")
}

func TestS24_AnOverrideThatEndsWithTheSamePlanHoldsNothing(t *testing.T) {
	in := Input(covered(), Rotation("ann di cy Follow"))
	// The override is this program's, and no policy asks for it any more.
	in.Memory.Overrides = []plan.OurOverride{{Schedule: "FOL", OverrideShift: plan.OverrideShift{
		Kind: plan.AsOverride, ID: "O", User: "ed", Start: At(200), End: At(224), Replaces: "bob", Rotation: "ROT"}}}
	in.Statements.Empties = []policies.Empty{{Resource: Ref("schedule:Follow"), Reason: "over", Origins: Origin(9)}}
	p := MustMake(t, in).Plan
	if len(p.Held) > 0 || !slices.Contains(onTurns(p), "raise schedule:Follow di none>rotation policy") {
		t.Errorf("%q, want the swap made", onTurns(p))
	}
}

// TestS26_WhateverTheWayOnSaysToReleaseIsLetThrough holds what a plan calls releasable
// against what a release does: each command that it prints is of a change that it
// holds, and lets it through.
func TestS26_WhateverTheWayOnSaysToReleaseIsLetThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := covered()
		people := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"ann", "bob", "cy", "di", "ed", "stk"}), rapid.ID)
		st := &policies.Statements{}
		for _, schedule := range []string{"Weekly", "Follow"} {
			line := append(people.Draw(t, "on "+schedule), schedule)
			st.Grants = append(st.Grants, Rotation(strings.Join(line, " ")).Grants...)
		}
		var lines []string
		for _, user := range people.Draw(t, "on Payments") {
			lines = append(lines, "user:"+user+"@acme.com team:Payments responder")
		}
		lines = append(lines, "user:gone@acme.com team:Payments responder", "team:Payments team:Search responder")
		st.Grants = append(st.Grants, Grants(lines...).Grants...)
		in := Input(s, st)
		for _, h := range mustMakeRapid(t, in).Plan.Changes {
			if h.Effect == plan.Lower && rapid.Bool().Draw(t, "held before: "+h.ID) {
				if in.Memory.Last == nil {
					in.Memory.Last = &plan.Round{At: Noon, Revision: "r0", Grants: 1}
				}
				in.Memory.Last.Held = append(in.Memory.Last.Held, h.ID)
			}
		}
		in.Memory.Released = map[string]plan.Release{}
		for range 8 {
			p := mustMakeRapid(t, in).Plan
			released := 0
			for _, h := range p.Held {
				said := command.FindStringSubmatch(h.Release)
				if said == nil {
					continue
				}
				i := slices.IndexFunc(p.Held, func(o plan.Held) bool { return o.ID == said[1] })
				if i < 0 || !p.Held[i].Releasable {
					t.Fatalf("%s says to release %s, which is not held or can't be released", h.ID, said[1])
				}
				if _, before := in.Memory.Released[said[1]]; before {
					t.Fatalf("%s was released and is held still: %s: %s", said[1], h.Rule, h.Why)
				}
				in.Memory.Released[said[1]] = plan.Release{Reason: "looked", At: Noon}
				released++
				break // one at a time
			}
			if released == 0 {
				return
			}
		}
	})
}

// command is how a plan says to release a change.
var command = regexp.MustCompile(`dutyward release (\S+) --reason …`)
