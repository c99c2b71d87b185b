// Package check looks for mistakes in policies before they are evaluated: names that
// nothing has, values that a rule can't hold, rules that never say anything.
package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// CheckMeaning warns of what is allowed and rarely meant.
func CheckMeaning(m *source.Modules, resolved map[string]*ast.Module, r *source.Report) {
	clock := clockCheck{report: r, rules: map[string][]*ast.Rule{}, seen: map[source.Place]bool{}}
	for _, f := range m.Files {
		if module := resolved[f.Name]; module != nil && !f.IsTest() {
			clock.note(module)
		}
	}
	for _, f := range m.Files {
		module := resolved[f.Name]
		if module == nil || f.IsTest() {
			continue
		}
		clock.module(module)
		checkKeys(module, r)
		checkBaseRoles(module, r)
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

// couldBeID is a key that a PagerDuty id could be.
var couldBeID = regexp.MustCompile(`^[A-Z0-9]{4,}$`)

// checkKeys warns of things that are looked up by name in the input's maps,
// whose keys are ids.
func checkKeys(m *ast.Module, r *source.Report) {
	named := map[string]inventory.Kind{
		"users": inventory.KindUser, "teams": inventory.KindTeam, "schedules": inventory.KindSchedule,
		"escalation_policies": "", "services": "",
	}
	visit(m, func(t *ast.Term) {
		ref := t.Value.(ast.Ref)
		if !ref.HasPrefix(ast.InputRootRef) || len(ref) < 3 {
			return
		}
		collection, _ := ref[1].Value.(ast.String)
		kind, known := named[string(collection)]
		key, isText := ref[2].Value.(ast.String)
		if !known || !isText || couldBeID.MatchString(string(key)) {
			return
		}
		p := policies.Problem{Code: codeNameAsKey, Warning: true, Found: fmt.Sprintf("%s: nothing has the id %q", ref[:3], string(key)),
			Expected: fmt.Sprintf("a PagerDuty id: what is in input.%s is found by id", string(collection))}
		if kind != "" {
			p.Suggestion = fmt.Sprintf("data.dutyward.%s(%q)", kind, string(key))
		}
		r.Besides(t.Location, p)
	})
}

// checkBaseRoles warns of comparisons of a base role with what none is called.
func checkBaseRoles(m *ast.Module, r *source.Report) {
	roles := append([]string{"owner"}, inventory.BaseRoles()...)
	complain := func(e *ast.Expr, t *ast.Term) {
		text, ok := t.Value.(ast.String)
		if !ok || slices.Contains(roles, string(text)) || text == "" {
			return
		}
		p := policies.Problem{Code: codeImpossibleValue, Warning: true, Found: fmt.Sprintf("a base role compared with %q, which none is called", string(text)), Expected: policies.List(roles, "or")}
		if role, ok := contract.RoleLabelled(string(text)); ok {
			p.Suggestion = fmt.Sprintf("%q, which PagerDuty's pages call %s", role, inventory.BaseRoleLabel(role))
		} else if near, ok := policies.Nearest(string(text), roles); ok {
			p.Suggestion = strconv.Quote(near)
		}
		loc := t.Location
		if loc == nil {
			loc = e.Location
		}
		r.Besides(loc, p)
	}
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		operands := e.Operands()
		if len(operands) != 2 {
			return false
		}
		for i, t := range operands {
			ref, ok := t.Value.(ast.Ref)
			if !ok || len(ref) < 2 || ref[len(ref)-1].Value.Compare(ast.String("base_role")) != 0 {
				continue
			}
			other := operands[1-i]
			if isCall(e, ast.Equal.Name) || isCall(e, ast.NotEqual.Name) || e.IsEquality() {
				complain(e, other)
			}
			if isCall(e, ast.Member.Name) && i == 0 {
				for _, x := range elementsOf(other) {
					complain(e, x)
				}
			}
		}
		return false
	})
}

// elementsOf are the elements of a collection that is written out.
func elementsOf(t *ast.Term) []*ast.Term {
	switch c := t.Value.(type) {
	case *ast.Array:
		return contract.Members(c.Foreach)
	case ast.Set:
		return contract.Members(c.Foreach)
	}
	return nil
}
