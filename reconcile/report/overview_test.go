package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

// longPlanOf is a plan of n changes on 30 teams, of which one in ten lowers and is held, and one
// in seven is another role.
func longPlanOf(n int) *plan.Plan {
	p := &plan.Plan{Account: "acme", Names: map[string]string{}}
	for i := range n {
		team := inventory.ByID(inventory.KindTeam, fmt.Sprintf("T%02d", 29-i%30))
		p.Names[team.String()] = fmt.Sprintf("team:Squad %d", i%30)
		user := fmt.Sprint("U", i)
		p.Names["user:#"+user] = fmt.Sprintf("user:person%d@acme.com", i)
		by := []desired.By{{Origin: policies.Origin{File: "people.rego", Line: 3, Title: "From the roster", Source: fmt.Sprint("people.yaml: ", i)}}}
		c := plan.Change{Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CausePolicy, User: user, Resource: team, Before: inventory.None, After: "responder", By: by}
		c.ID = plan.Key(c.Pair(), c.Before, c.After)
		switch {
		case i%10 == 0:
			c.Action, c.Effect, c.Before, c.After, c.By, c.Reason = plan.ActionRevoke, plan.Lower, "manager", inventory.None, nil, "no rule gives it"
			p.Held = append(p.Held, plan.Held{Change: c, Rule: "S26", Why: "more is lowered at once than is allowed", Release: "look at each", Releasable: true})
			continue
		case i%7 == 0:
			c.Action, c.Effect, c.Before = plan.ActionRole, plan.Lower, "manager"
		}
		c.Reason = c.ByRule()
		p.Changes = append(p.Changes, c)
	}
	plan.Fill(p)
	p.Count()
	return p
}

func textOf(t *testing.T, p *plan.Plan, v PlanView) string {
	t.Helper()
	var b strings.Builder
	if err := v.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A plan of hundreds of changes is approved by reading two screens: what it does in all, whom
// it lowers by name, and each reason to hold once. A short one is shown whole.
func TestALongPlanIsSummedUpOnTwoScreens(t *testing.T) {
	if text := textOf(t, longPlanOf(59), PlanView{}); strings.Contains(text, "In all") || strings.Contains(text, "--full") {
		t.Errorf("a short plan is summed up:\n%s", text)
	}
	commit := func(c plan.Change) string {
		return map[bool]string{true: "abc Move the roster", false: ""}[c.After != inventory.None]
	}
	text := textOf(t, longPlanOf(400), PlanView{Commit: commit})
	golden(t, "long-plan.txt", []byte(text))
	if n := strings.Count(text, "\n"); n > 100 {
		t.Errorf("%d lines, more than two screens", n)
	}
	for _, once := range []string{"more is lowered at once than is allowed", "From the roster", "abc Move the roster"} {
		if n := strings.Count(text, once); n != 1 {
			t.Errorf("%q stands there %d times", once, n)
		}
	}
	full := textOf(t, longPlanOf(400), PlanView{Full: true})
	for i := range 400 {
		if !strings.Contains(full, fmt.Sprintf("person%d@acme.com", i)) {
			t.Errorf("person%d is missing with --full", i)
		}
	}
}

func TestPlansFitTheTerminal(t *testing.T) {
	for _, n := range []int{5, 60, 700} {
		for _, wide := range []int{80, 120, 200} {
			for _, full := range []bool{false, true} {
				text := textOf(t, longPlanOf(n), PlanView{Style: Style{Width: wide}, Full: full})
				for line := range strings.Lines(text) {
					if w := lines.Width(strings.TrimSuffix(line, "\n")); w > wide {
						t.Errorf("%d columns of %d, of a plan of %d changes: %s", w, wide, n, line)
					}
				}
			}
		}
	}
}

func TestResourcesAndPeopleStandInTheOrderOfTheirNames(t *testing.T) {
	text := textOf(t, longPlanOf(50), PlanView{})
	var last int
	for _, name := range []string{"team:Squad 1\n", "team:Squad 2\n", "team:Squad 11\n"} {
		at := strings.Index(text, name)
		if at < last {
			t.Errorf("%q stands at %d, before %d:\n%s", name, at, last, text)
		}
		last = at
	}
}
