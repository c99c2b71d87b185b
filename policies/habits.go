package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// elsewhere are names by which other programs read decisions from OPA.
var elsewhere = []string{
	"allow", "allowed", "authz", "authorized", "decision", "is_allowed", "permit", "permitted", "result", "results",
	"revoke", "revokes", "violation", "violations", "warn", "warning", "warnings",
}

// checkHabits warns of what authors bring along from other uses of OPA: rules
// that other programs read, and `with` outside tests.
func checkHabits(m *modules, resolved map[string]*ast.Module, r *report) {
	read := map[string]bool{}
	for _, module := range resolved {
		visit(module, func(t *ast.Term) {
			ref := t.Value.(ast.Ref)
			for n := 2; n <= len(ref); n++ {
				read[ref[:n].String()] = true
			}
		})
	}
	for _, f := range m.files {
		module := m.parsed[f.name]
		if module == nil || f.isTest() || !slices.Contains(phases, packageRoot(module)) {
			continue
		}
		told := map[string]bool{}
		for _, rule := range module.Rules {
			name := ruleName(rule)
			path := module.Package.Path.Append(ast.StringTerm(name)).String()
			if slices.Contains(elsewhere, strings.ToLower(name)) && len(rule.Head.Args) == 0 && !read[path] && !told[name] {
				told[name] = true
				r.besides(rule.Location, Problem{Warning: true,
					Found:    fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, packageName(module)),
					Expected: list(contractNames(Phase(packageRoot(module))), "or") + ", which say who has what: nothing is asked of policies request by request"})
			}
		}
		ast.WalkWiths(module, func(w *ast.With) bool {
			r.besides(w.Location, Problem{Warning: true, Found: fmt.Sprintf("with %s outside a test", w.Target),
				Expected: "rules about the account as it is; with belongs into files that end in _test.rego"})
			return false
		})
	}
}
