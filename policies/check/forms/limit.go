package forms

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// CodeHighestLimit is of a limit at the highest role that there is.
const CodeHighestLimit code.Code = "policy/limit-at-highest"

// HighestLimits looks for limits at the highest role that there is.
var HighestLimits = source.Analyzer{
	Name: "highest-limits",
	Doc:  "limits at the highest role",
	Run:  checkHighestLimits,
	Pages: code.Pages{
		{
			Code:    CodeHighestLimit,
			Title:   "A limit is at the highest role",
			Means:   "Nobody can hold more on such a resource.",
			Why:     "The limit limits nobody, though it reads as if it did.",
			Do:      "Name the role that people may have at most, or delete the limit.",
			Example: `limit contains {…, "resource": "team:Payments", "at_most": "manager", …}  # "responder"`,
		},
	},
}

// checkHighestLimits warns of limits that are none.
func checkHighestLimits(p *source.Pass) {
	for _, m := range p.Policies() {
		for _, r := range m.Rules {
			if source.RuleName(r) != "limit" || source.PackageRoot(m) != string(policies.PhaseAccess) || source.WrongForm(r) != "" {
				continue
			}
			for _, t := range contract.LiteralElements(r) {
				checkHighest(p, r, t)
			}
		}
	}
}

func checkHighest(p *source.Pass, r *ast.Rule, t *ast.Term) {
	object, ok := t.Value.(ast.Object)
	if !ok {
		return
	}
	text := func(name string) (string, *ast.Term) {
		v := object.Get(ast.StringTerm(name))
		if v == nil {
			return "", nil
		}
		switch s := v.Value.(type) {
		case ast.String:
			return string(s), v
		case *ast.TemplateString:
			if len(s.Parts) == 0 {
				return "", v
			}
			if t, ok := s.Parts[0].(*ast.Term); ok {
				if s, ok := t.Value.(ast.String); ok {
					return string(s), v
				}
			}
		}
		return "", v
	}
	resource, _ := text("resource")
	role, at := text("at_most")
	if strings.HasPrefix(resource, "team:") && role == "manager" || resource == "account" && role == "admin" {
		loc := r.Location
		if at.Location != nil {
			loc = at.Location
		}
		p.Besides(loc, policies.Problem{Code: CodeHighestLimit, Warning: true,
			Found: fmt.Sprintf("a limit at %q, the highest role there, which limits nobody", role), Expected: "a lower role, none, or no such limit"})
	}
}
