package check

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeUnrunTest code.Code = "policy/unrun-test"

var unrunTests = Analyzer{
	Name: "unrun-tests",
	Doc:  "rules of test files that look like tests and are never run",
	Run:  checkUnrunTests,
	Pages: code.Pages{
		{
			Code:    codeUnrunTest,
			Title:   "A test is never run",
			Means:   "A rule of a test file is named like a test and does not begin with test_, and nothing reads it.",
			Why:     "It never fails, whatever the policies say.",
			Do:      "Begin its name with test_, or with todo_test_ to skip it for now.",
			Example: "testGrant if count(access.grant) > 0  # test_grant",
		},
	},
}

// checkUnrunTests warns of rules in test files that OPA does not take for tests.
func checkUnrunTests(p *source.Pass) {
	read := map[string]bool{}
	for _, module := range p.Modules.Parsed {
		noteRead(module, read)
	}
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil || !f.IsTest() {
			continue
		}
		for _, r := range module.Rules {
			name := source.RuleName(r)
			rest, like := testName(name)
			if !like || strings.HasPrefix(name, "test_") || read[name] || len(r.Head.Args) > 0 {
				continue
			}
			p.Besides(r.Location, policies.Problem{Code: codeUnrunTest, Warning: true,
				Found:    fmt.Sprintf("rule %s in a test file, which is neither run nor read", name),
				Expected: "a name that begins with test_", Suggestion: rest})
		}
	}
}

// testName is the name that a rule has as a test, if it is named nearly like one.
func testName(name string) (as string, like bool) {
	lower := strings.ToLower(name)
	for _, x := range []struct{ prefix, as string }{
		{"todo_test_", ""}, {"todo_", "todo_test_"}, {"tests_", "test_"}, {"tets_", "test_"}, {"tset_", "test_"}, {"test", "test_"},
	} {
		if rest, ok := strings.CutPrefix(lower, x.prefix); ok {
			return x.as + strings.TrimPrefix(rest, "_"), x.as != ""
		}
	}
	return "", false
}

// noteRead notes the words by which the rules of a module read others.
func noteRead(m *ast.Module, read map[string]bool) {
	v := ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Var:
			read[string(x)] = true
		case ast.String:
			read[string(x)] = true
		}
		return false
	})
	for _, r := range m.Rules {
		for clause := r; clause != nil; clause = clause.Else {
			v.Walk(clause.Body)
			for _, t := range []*ast.Term{clause.Head.Key, clause.Head.Value} {
				if t != nil {
					v.Walk(t)
				}
			}
		}
	}
}
