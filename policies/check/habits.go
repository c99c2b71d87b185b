package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
)

// elsewhere are names by which other programs read decisions from OPA.
var elsewhere = []string{
	"allow", "allowed", "authz", "authorized", "decision", "is_allowed", "permit", "permitted", "result", "results",
	"revoke", "revokes", "violation", "violations", "warn", "warning", "warnings",
}

// CheckHabits warns of what authors bring along from other uses of OPA: rules
// that other programs read, and `with` outside tests.
func CheckHabits(m *source.Modules, resolved map[string]*ast.Module, r *source.Report) {
	read := map[string]bool{}
	for _, module := range resolved {
		visit(module, func(t *ast.Term) {
			ref := t.Value.(ast.Ref)
			for n := 2; n <= len(ref); n++ {
				read[ref[:n].String()] = true
			}
		})
	}
	for _, f := range m.Files {
		module := m.Parsed[f.Name]
		if module == nil || f.IsTest() || !slices.Contains(policies.Phases, source.PackageRoot(module)) {
			continue
		}
		told := map[string]bool{}
		for _, rule := range module.Rules {
			name := source.RuleName(rule)
			path := module.Package.Path.Append(ast.StringTerm(name)).String()
			if slices.Contains(elsewhere, strings.ToLower(name)) && len(rule.Head.Args) == 0 && !read[path] && !told[name] {
				told[name] = true
				r.Besides(rule.Location, policies.Problem{Code: codeUnreadRule, Warning: true,
					Found:    fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, source.PackageName(module)),
					Expected: policies.List(contract.ContractNames(policies.Phase(source.PackageRoot(module))), "or") + ", which say who has what: nothing is asked of policies request by request"})
			}
		}
		ast.WalkWiths(module, func(w *ast.With) bool {
			r.Besides(w.Location, policies.Problem{Code: codeWith, Warning: true, Found: fmt.Sprintf("with %s outside a test", w.Target),
				Expected: "rules about the account as it is; with belongs into files that end in _test.rego"})
			return false
		})
	}
}
