package diff_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestAnOverrideSaysWhyItIsMadeOrTakenBackAndByWhichRules(t *testing.T) {
	asked := overrides(override("di", "Follow", "bob", 8, 9), override("ed", "Weekly", "", 10, 11))
	const di, ed = "FOL/di/override/20260324T0900Z/20260325T0900Z/bob/ROT", "WEE/ed/override/20260326T0900Z/20260327T0900Z"
	const inPlace, forAll = "from 2026-03-24 09:00 UTC to 2026-03-25 09:00 UTC in place of bob@acme.com", "from 2026-03-26 09:00 UTC to 2026-03-27 09:00 UTC"
	until := func(span, day string) string { return span + " :7 until 03-" + day + " 09:00" }
	for name, c := range map[string]struct {
		last *plan.Round
		want []string
	}{
		"on a first start":    {nil, []string{"grant di policy: " + until(inPlace, "25"), "grant ed policy: " + until(forAll, "27")}},
		"of another revision": {&plan.Round{Revision: "r0"}, []string{"grant di policy: " + until(inPlace, "25"), "grant ed policy: " + until(forAll, "27")}},
		"of the same":         {&plan.Round{Revision: "r1"}, []string{"grant di facts: " + until(inPlace, "25"), "grant ed facts: " + until(forAll, "27")}},
		"made before": {&plan.Round{Revision: "r1", Overrides: []string{di, ed}},
			[]string{"grant di drift: taken away in PagerDuty: " + until(inPlace, "25"), "grant ed drift: taken away in PagerDuty: " + until(forAll, "27")}},
		"due before": {&plan.Round{Revision: "r1", Overrides: []string{di, ed}, PendingOverrides: []string{di}},
			[]string{"grant di policy: " + until(inPlace, "25"), "grant ed drift: taken away in PagerDuty: " + until(forAll, "27")}},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), asked)
			if in.Memory.Last = c.last; c.last != nil {
				c.last.At = At(-1)
			}
			sameLines(t, "the plan says", saidOfOverrides(MustMake(t, in).Plan), c.want)
		})
	}
	t.Run("taken back", func(t *testing.T) {
		in := Input(have(Turns(), "OURS", "di", 8, 9), overrides(override("cy", "Weekly", "", -3, -2)))
		in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 9)}
		sameLines(t, "the plan says", saidOfOverrides(MustMake(t, in).Plan), []string{"revoke di policy: no rule asks for it any more: from 2026-03-24 09:00 UTC to 2026-03-25 09:00 UTC :7"})
	})
	t.Run("taken back by a limit", func(t *testing.T) {
		in := Input(have(Turns(), "OURS", "di", 8, 9), underLimits(overrides(override("di", "Weekly", "", 8, 9)), "di schedule:Weekly none"))
		in.Memory.Overrides = []plan.OurOverride{ours("OURS", "di", 8, 9)}
		sameLines(t, "the plan says", saidOfOverrides(MustMake(t, in).Plan), []string{"revoke di policy: limited to none: contractor :80"})
	})
}

// saidOfOverrides are a plan's overrides, with why, by which lines and until when.
func saidOfOverrides(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		line := fmt.Sprintf("%s %s %s: %s", c.Action, c.User, c.Cause, c.Reason)
		for _, by := range c.By {
			line += fmt.Sprintf(" :%d", by.Line)
		}
		if c.Until != nil {
			line += c.Until.Format(" until 01-02 15:04")
		}
		out = append(out, line)
	}
	return out
}

// Turns of one person that follow one another, be it on different layers, are one override.
func TestTurnsThatFollowOneAnotherAreReplacedByOneOverride(t *testing.T) {
	s := Turns()
	v := s.Schedules["WEE"]
	v.Layers[0].TurnSeconds, v.Layers[0].Users = 86400, []string{"bob", "bob", "ann"}
	top := v.Layers[0]
	top.ID, top.Name, top.Users, top.Start, top.End = "TOP", "Top", []string{"bob"}, Monday.Add(120*time.Hour), Ptr(Monday.Add(132*time.Hour))
	v.Layers = append(v.Layers, top)
	s.Schedules["WEE"] = v
	Rerender(s, "WEE")
	wantMade(t, MustMake(t, Input(s, overrides(override("di", "Weekly", "bob", 3, 7)))).Plan,
		"+ di override 72h0m0s..132h0m0s for bob policy",
		"+ di override 144h0m0s..168h0m0s for bob policy",
	)
}
