// Package forms looks for what is written in a form that says nothing, or another thing
// than it seems to: METADATA, fixtures of tests, formats and patterns.
package forms

import (
	"regexp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeEmptyPolicy code.Code = "policy/no-rule-in-file"

// EmptyPolicies looks for files without a rule.
var EmptyPolicies = source.Analyzer{
	Local: true,
	Name:  "empty-policies",
	Doc:   "policies all of whose rules are comments",
	Run:   checkEmptyPolicies,
	Pages: code.Pages{
		{
			Code:    codeEmptyPolicy,
			Title:   "All rules of a file are comments",
			Means:   "The file has a package and no rule, and some of its comments are rules.",
			Why:     "It gives nothing. Access that only it gave is no longer asked for.",
			Do:      "Remove the # before what is meant, or delete the file.",
			Example: "# grant contains {…}",
		},
	},
}

var commentedRule = regexp.MustCompile(`^\s*(default\s+)?\w+(\(.*\))?\s+(contains\s|:=|if\s)`)

// checkEmptyPolicies warns of files whose rules are comments, all of them.
func checkEmptyPolicies(p *source.Pass) {
	for _, f := range p.Files {
		m := p.Modules.Parsed[f.Name]
		if m == nil || len(m.Rules) > 0 {
			continue
		}
		i := slices.IndexFunc(m.Comments, func(c *ast.Comment) bool { return commentedRule.Match(c.Text) })
		if i < 0 {
			continue
		}
		p.Besides(m.Comments[i].Location, policies.Problem{Code: codeEmptyPolicy, Warning: true,
			Found:    "a file without a rule, for all that it has are comments",
			Expected: "the rules without # before them, or no such file"})
	}
}
