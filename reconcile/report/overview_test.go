package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// What a long plan does in all stands above its details, on a screen; a short one goes
// without.
func TestALongPlanBeginsWithWhatItDoesInAll(t *testing.T) {
	of := func(n int) string {
		p := &plan.Plan{Names: map[string]string{}}
		for i := range n {
			team := inventory.ByID(inventory.KindTeam, fmt.Sprintf("T%02d", i%30))
			p.Names[team.String()] = fmt.Sprintf("team:Team %02d", i%30)
			c := plan.Change{Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, User: fmt.Sprint("U", i), Resource: team, Before: inventory.None, After: "responder",
				By: []desired.By{{Origin: policies.Origin{File: "people.rego", Line: 3, Title: "From the roster", Source: fmt.Sprint("people.yaml: ", i)}}}}
			if i == 0 {
				c.Action, c.Effect, c.Before, c.After, c.By = plan.ActionRevoke, plan.Lower, "manager", inventory.None, nil
				p.Held = append(p.Held, plan.Held{Change: c, Rule: "S26"})
				continue
			}
			p.Changes = append(p.Changes, c)
		}
		plan.Fill(p)
		var b strings.Builder
		if err := report.PlanText(&b, p, report.Style{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if text := of(59); strings.Contains(text, "In all") {
		t.Errorf("a short plan has an overview:\n%s", text)
	}
	text := of(400)
	for _, want := range []string{
		"In all, by resource (30)\n  team:Team 00  13 to add, 1 held\n", "  and 15 more, below\n",
		"In all, by rule (2)\n  From the roster · people.rego:3  399 to add\n  no rule gives it                 1 held\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text[:2000])
		}
	}
	overview, _, _ := strings.Cut(text, "+ #U")
	if n := strings.Count(overview, "\n"); n > 40 {
		t.Errorf("the overview has %d lines", n)
	}
}
