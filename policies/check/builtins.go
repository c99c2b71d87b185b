package check

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeRefusedBuiltin code.Code = "rego/refused-builtin"
	codeClock          code.Code = "rego/clock"
)

var builtins = Analyzer{
	Local: true,
	Name:  "builtins",
	Doc:   "functions that reach out, and the clock",
	Run:   checkBuiltins,
	Pages: code.Pages{
		{
			Code:    codeRefusedBuiltin,
			Title:   "A built-in function reaches out, or answers differently each time",
			Means:   "Functions such as http.send and rand.intn are not available to policies.",
			Why:     "A plan must be reproducible from the policies, the data and the snapshot.",
			Do:      "Bring what it would fetch as a data document. An operator may allow the function by name under evaluation.allow_builtins.",
			Example: "http.send({\"url\": \"https://hr.acme.com/people\", \"method\": \"GET\"})  # data.people",
		},
		{
			Code:    codeClock,
			Title:   "A rule reads the clock",
			Means:   "time.now_ns stands outside a test.",
			Why:     "A plan is made for one moment, which may not be the present.",
			Do:      "Use data.dutyward.now; in access rules give the element \"from\" and \"until\".",
			Example: "time.now_ns()  # dutyward.now",
		},
	},
}

// checkBuiltins refuses builtins that reach out and, outside tests, the clock,
// unless they are allowed.
func checkBuiltins(p *source.Pass) {
	off := map[string]bool{}
	for _, name := range source.RefusedBuiltins() {
		off[name] = !slices.Contains(p.Modules.Allowed, name)
	}
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil {
			continue
		}
		ast.WalkTerms(module, func(t *ast.Term) bool {
			ref, ok := t.Value.(ast.Ref)
			if !ok {
				return false
			}
			switch name := ref.String(); {
			case off[name] && name != source.Clock:
				p.At(t.Location, policies.Problem{
					Code:  codeRefusedBuiltin,
					Found: fmt.Sprintf("%s, which reaches out or answers differently each time", name),
					Expected: "policies that follow from input and data alone; bring what it would fetch as a data document, " +
						"or have an operator allow it by name (evaluation.allow_builtins)",
				})
			case off[name] && !f.IsTest():
				p.At(t.Location, policies.Problem{
					Code:     codeClock,
					Found:    source.Clock + " outside a test",
					Expected: "data.dutyward.now, the time of this evaluation; in access rules, give the element \"from\" and \"until\" instead",
				})
			}
			return false
		})
	}
}
