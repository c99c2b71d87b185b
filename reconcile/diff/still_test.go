package diff_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS37_AnOverrideThatAnEditNoLongerAsksForStaysUntilTheEditHeldStill(t *testing.T) {
	asked := overrides(override("di", "Weekly", "", 8, 9), override("cy", "Weekly", "", -3, -2))
	in := Input(have(Turns(), "OURS", "di", 8, 9), overrides(override("cy", "Weekly", "", -3, -2)))
	in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 9)}
	in.Memory.Last = &plan.Round{At: At(-1), Revision: "r0"}
	in.Stillness = &diff.Stillness{
		Now: Noon, Settle: time.Minute, Digest: "d2", Settled: &plan.Settled{Statements: asked, Settings: in.Settings},
	}
	r := MustMake(t, in)
	for _, after := range []time.Duration{30 * time.Second, 59 * time.Second, time.Minute} {
		p := r.Plan
		if len(p.Changes) != 0 || len(p.Held) != 1 || p.Held[0].Rule != "S37" {
			t.Fatalf("before %s: %q, want the override held", after, Lines(p))
		}
		in = Next(r, in, 1./60)
		still := *in.Stillness
		still.Now = Noon.Add(after)
		in.Stillness = &still
		r = MustMake(t, in)
	}
	if len(r.Plan.Changes) != 1 || len(r.Plan.Held) != 0 {
		t.Errorf("%q, want the override taken back", Lines(r.Plan))
	}
}

// A row was added, and taken up at once; before a round could tell that it held
// still, the next edit is under way.
func TestS37_WhatOnlyTheLastRoundsPoliciesGaveWaitsToo(t *testing.T) {
	without := Grants("user:ann@acme.com team:Payments manager")
	in := Input(Account(), without)
	Put(in.Snapshot, "PAY", "bob", "manager")
	in.Previous, in.Revision = Grants("user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments manager"), "r2"
	in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Still: plan.Still{Digest: "d1", Since: Noon.Add(-3 * time.Minute)}}
	in.Stillness = &diff.Stillness{
		Now: Noon, Settle: time.Minute, Digest: "d2", Settled: &plan.Settled{Statements: without, Settings: in.Settings},
	}
	r := MustMake(t, in)
	if len(r.Plan.Held) != 1 || r.Plan.Held[0].Rule != "S37" {
		t.Fatalf("%q, want bob's role held", Lines(r.Plan))
	}
	in = Next(r, in, 1./120)
	in.Previous = nil
	still := *in.Stillness
	still.Now = Noon.Add(30 * time.Second)
	in.Stillness = &still
	if r = MustMake(t, in); len(r.Plan.Held) != 1 {
		t.Fatalf("%q, want it held in the round after as well", Lines(r.Plan))
	}
}

// The policies of the last round named somebody who is not there, so that it kept what
// everybody had. The next edit takes that line out.
func TestS37_WhatTheLastRoundsPoliciesCouldNotTellWaitsToo(t *testing.T) {
	without := Grants("user:ann@acme.com team:Payments manager")
	in := Input(Account(), without)
	Put(in.Snapshot, "PAY", "bob", "manager")
	in.Previous, in.Revision = Grants("user:ann@acme.com team:Payments manager", "oncall:Nope team:Payments observer"), "r2"
	bob := desired.Pair{User: "bob", Resource: inventory.Ref{Kind: inventory.KindTeam, ID: "PAY"}}
	in.Memory.Last = &plan.Round{
		At: At(-1), Revision: "r1", Still: plan.Still{Digest: "d1", Since: Noon.Add(-3 * time.Minute)},
		Pairs: []plan.RoundPair{{Pair: bob, Desired: "manager", Actual: "manager"}},
	}
	in.Stillness = &diff.Stillness{
		Now: Noon, Settle: time.Minute, Digest: "d2", Settled: &plan.Settled{Statements: without, Settings: in.Settings},
	}
	r := MustMake(t, in)
	if len(r.Plan.Held) != 1 || r.Plan.Held[0].Rule != "S37" {
		t.Fatalf("%q, want bob's role held", Lines(r.Plan))
	}
}
