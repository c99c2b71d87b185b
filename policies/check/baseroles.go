package check

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

var baseRoles = Analyzer{
	Local: true,
	Name:  "base-roles",
	Doc:   "comparisons of a base role with what none is called",
	Run:   checkBaseRoles,
}

// checkBaseRoles warns of comparisons of a base role with what none is called.
func checkBaseRoles(p *source.Pass) {
	for _, module := range p.Policies() {
		baseRolesIn(module, p.Report)
	}
}

func baseRolesIn(m *ast.Module, r *source.Report) {
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
