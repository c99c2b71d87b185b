package forms

import (
	"fmt"
	"regexp"
	"slices"

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
	for _, f := range p.Files {
		if m := p.Modules.Parsed[f.Name]; m != nil {
			for _, r := range m.Rules {
				checkPicked(p, r)
			}
		}
	}
}

// checkPicked warns of a variable that goes over something and that nothing asks: the
// rule holds as soon as there is anything.
func checkPicked(p *source.Pass, r *ast.Rule) {
	uses := map[ast.Var]int{}
	ast.WalkVars(r, func(v ast.Var) bool {
		uses[v]++
		return false
	})
	ast.NewGenericVisitor(func(x any) bool {
		decl, ok := x.(*ast.SomeDecl)
		if !ok || len(decl.Symbols) != 1 {
			return false
		}
		call, ok := decl.Symbols[0].Value.(ast.Call)
		if !ok || len(call) != 3 {
			return false
		}
		at := call[1].Location
		told := slices.ContainsFunc(p.Problems, func(x policies.Problem) bool { return x.File == at.File && x.Line == at.Row })
		if v, ok := call[1].Value.(ast.Var); ok && !v.IsWildcard() && uses[v] == 1 && !told {
			p.Besides(at, policies.Problem{Code: codeUnusedVariable, Warning: true,
				Found:    fmt.Sprintf("%s, which goes over %s and which nothing uses: this holds as soon as there is one", v, call[2]),
				Expected: fmt.Sprintf("a condition on %s; or some _ in %s, where one is only to exist", v, call[2])})
		}
		return false
	}).Walk(r)
}
