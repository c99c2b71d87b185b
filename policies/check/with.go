package check

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeWith code.Code = "policy/with-outside-test"

var withOutsideTests = Analyzer{
	Local: true,
	Name:  "with-outside-tests",
	Doc:   "with outside tests",
	Run:   checkWith,
	Pages: code.Pages{
		{
			Code:    codeWith,
			Title:   "with stands outside a test",
			Means:   "An expression replaces input or data.",
			Why:     "It asks about another account than the one that is planned.",
			Do:      "Keep with to files that end in _test.rego.",
			Example: "x if data.access.grant with input as {…}",
		},
	},
}

// checkWith warns of rules that ask about another account than the one at hand.
func checkWith(p *source.Pass) {
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil || f.IsTest() || !slices.Contains(policies.Phases, source.PackageRoot(module)) {
			continue
		}
		ast.WalkWiths(module, func(w *ast.With) bool {
			p.Besides(w.Location, policies.Problem{Code: codeWith, Warning: true, Found: fmt.Sprintf("with %s outside a test", w.Target),
				Expected: "rules about the account as it is; with belongs into files that end in _test.rego"})
			return false
		})
	}
}
