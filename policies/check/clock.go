package check

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeTimeInRule code.Code = "policy/time-in-rule"

var timeInRules = Analyzer{
	Name: "time-in-rules",
	Doc:  "rules that read the time where the element could say it",
	Run:  checkTimeInRules,
	Pages: code.Pages{
		{
			Code:    codeTimeInRule,
			Title:   "A rule compares times where the element could say them",
			Means:   "A grant, member or protect rule reads the current time, or who is on call now.",
			Why:     "The plan cannot know in advance when the access ends, so forecasts miss it and expiry is noticed late.",
			Do:      "Give the element \"from\" and \"until\", or the principal oncall:SCHEDULE.",
			Example: "grant contains {…} if dutyward.within(p.from, p.until)  # grant contains {…, \"from\": p.from, \"until\": p.until}",
		},
	},
}

// checkTimeInRules warns of rules that read the time where the element could say it.
func checkTimeInRules(p *source.Pass) {
	clock := clockCheck{report: p.Report, rules: map[string][]*ast.Rule{}, seen: map[source.Place]bool{}}
	for _, module := range p.Policies() {
		clock.note(module)
	}
	for _, module := range p.Policies() {
		clock.module(module)
	}
}

// clockCheck looks for rules that read the time where the element could say it.
type clockCheck struct {
	report *source.Report
	// rules are those of the policies, by their full names.
	rules map[string][]*ast.Rule
	seen  map[source.Place]bool
}

// timed are the contract rules whose elements have from and until, or until.
var timed = []string{"grant", "member", "protect"}

var (
	nowRef      = ast.MustParseRef("data.dutyward.now")
	withinRef   = ast.MustParseRef("data.dutyward.within")
	onCallAtRef = ast.MustParseRef("data.dutyward.on_call_at")
	inputNow    = ast.MustParseRef("input.now")
)

func (c *clockCheck) note(m *ast.Module) {
	for _, r := range m.Rules {
		path := m.Package.Path.Append(ast.StringTerm(source.RuleName(r))).String()
		c.rules[path] = append(c.rules[path], r)
	}
}

func (c *clockCheck) module(m *ast.Module) {
	if source.PackageRoot(m) != string(policies.PhaseAccess) {
		return
	}
	for _, r := range m.Rules {
		if name := source.RuleName(r); slices.Contains(timed, name) && source.IsContains(r) {
			c.rule(r, name, map[string]bool{})
		}
	}
}

// rule looks into a rule and what it reads and calls, each once.
func (c *clockCheck) rule(r *ast.Rule, name string, visited map[string]bool) {
	rest := func(ref ast.Ref) {
		for n := 2; n <= len(ref); n++ {
			path := ref[:n].String()
			if visited[path] || len(c.rules[path]) == 0 {
				continue
			}
			visited[path] = true
			for _, next := range c.rules[path] {
				c.rule(next, name, visited)
			}
		}
	}
	ast.NewGenericVisitor(func(x any) bool {
		var call []*ast.Term
		switch x := x.(type) {
		case *ast.Expr:
			call, _ = x.Terms.([]*ast.Term)
		case ast.Call:
			call = x
		case *ast.Term:
			ref, ok := x.Value.(ast.Ref)
			if !ok {
				return false
			}
			switch {
			case ref.Equal(nowRef), ref.Equal(inputNow):
				c.warn(x.Location, fmt.Sprintf("%s in a %s", ref, name), fromAndUntil(name))
			case ref.HasPrefix(ast.DefaultRootRef):
				rest(ref)
			}
			return false
		}
		if len(call) == 0 {
			return false
		}
		function, _ := call[0].Value.(ast.Ref)
		switch {
		case function.Equal(withinRef):
			c.warn(call[0].Location, fmt.Sprintf("dutyward.within in a %s", name), fromAndUntil(name))
		case function.Equal(onCallAtRef) && len(call) > 2 && isTerm(call[2], nowRef):
			c.warn(call[0].Location, fmt.Sprintf("who is on call now, asked for by a %s", name),
				`the principal "oncall:SCHEDULE" in the element: of it the plan knows in advance when it changes`)
			return true
		}
		return false
	}).Walk(r)
}

func isTerm(t *ast.Term, ref ast.Ref) bool {
	r, ok := t.Value.(ast.Ref)
	return ok && r.Equal(ref)
}

func fromAndUntil(name string) string {
	fields := `"from" and "until"`
	if name == "protect" {
		fields = `"until"`
	}
	return fields + " in the element, in place of the comparison: a plan then shows when access ends, and knows it in advance"
}

func (c *clockCheck) warn(loc *ast.Location, found, expected string) {
	if loc == nil || c.seen[source.PlaceOf(loc)] {
		return
	}
	c.seen[source.PlaceOf(loc)] = true
	c.report.Besides(loc, policies.Problem{Code: codeTimeInRule, Warning: true, Found: found, Expected: expected})
}
