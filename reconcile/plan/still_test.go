package plan_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS37_AnOverrideThatAnEditNoLongerAsksForStaysUntilTheEditHeldStill(t *testing.T) {
	asked := overrides(standin("di", "Weekly", "", 8, 9), standin("cy", "Weekly", "", -3, -2))
	in := input(have(turns(), "OURS", "di", 8, 9), overrides(standin("cy", "Weekly", "", -3, -2)))
	in.Memory.Standins = []plan.OurStandin{ours("OURS", "di", 8, 9)}
	in.Memory.Last = &plan.Round{At: at(-1), Revision: "r0"}
	in.Stillness = &plan.Stillness{
		Now: noon, Settle: time.Minute, Digest: "d2", Settled: &plan.Settled{Statements: asked, Settings: in.Settings},
	}
	r := mustMake(t, in)
	for _, after := range []time.Duration{30 * time.Second, 59 * time.Second, time.Minute} {
		p := r.Plan
		if len(p.Changes) != 0 || len(p.Held) != 1 || p.Held[0].Rule != "S37" {
			t.Fatalf("before %s: %q, want the override held", after, lines(p))
		}
		in = next(r, in, 1./60)
		still := *in.Stillness
		still.Now = noon.Add(after)
		in.Stillness = &still
		r = mustMake(t, in)
	}
	if len(r.Plan.Changes) != 1 || len(r.Plan.Held) != 0 {
		t.Errorf("%q, want the override taken back", lines(r.Plan))
	}
}
