package forms

import (
	"regexp"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeUnusedVariable code.Code = "policy/unused-variable"

// Variables looks for variables that nothing uses.
var Variables = source.Analyzer{
	Local: true,
	Name:  "variables",
	Doc:   "variables that nothing uses",
	Run:   checkVariables,
	Pages: code.Pages{
		{
			Code:    codeUnusedVariable,
			Title:   "Nothing uses a variable",
			Means:   "A rule assigns a variable or declares one with some, and uses it nowhere.",
			Why:     "An assignment always holds where its value is defined. Where a comparison is meant, the rule gives more than it should.",
			Do:      "Write == to compare, use the variable, or delete the line. Where only a value is to exist, name the value alone.",
			Example: "lead := u.email  # lead == u.email",
		},
	},
}

var unused = regexp.MustCompile(`^(assigned|declared) var (\S+) unused`)

// checkVariables warns of unused variables, which OPA's strict mode finds.
func checkVariables(p *source.Pass) {
	c := ast.NewCompiler().SetErrorLimit(0).WithStrict(true).WithCapabilities(source.Capabilities(p.Modules.Allowed)).
		WithDefaultRegoVersion(ast.RegoV1).WithOnlyStagesUpTo(ast.StageRewriteLocalVars)
	c.Compile(p.ToCompile().All())
	for _, e := range c.Errors {
		m := unused.FindStringSubmatch(e.Message)
		f := p.Report.Files[e.Location.File]
		if m == nil || f == nil {
			continue
		}
		x := policies.Problem{Code: codeUnusedVariable, Warning: true, Found: m[2] + ", which is given a value and never used",
			Expected: "== where it is to be compared, or no such line"}
		if m[1] == "declared" {
			x.Found, x.Expected = m[2]+", which is declared and never used", "a use of it; or _ in its place, or no such declaration"
		}
		p.Besides(e.Location, x)
	}
}
