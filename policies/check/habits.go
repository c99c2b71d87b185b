package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const codeUnreadRule code.Code = "policy/unread-rule"

var unreadRules = Analyzer{
	Name: "unread-rules",
	Doc:  "rules that other programs would read",
	Run:  checkUnreadRules,
	Pages: code.Pages{
		{
			Code:    codeUnreadRule,
			Title:   "Nothing reads a rule",
			Means:   "The rule has a name by which other programs ask OPA for decisions, such as allow.",
			Why:     "Policies are not asked request by request here, so the rule has no effect.",
			Do:      "State who has what with grant, member and limit.",
			Example: "allow if …  # grant contains {…} if …",
		},
	},
}

// elsewhere are names by which other programs read decisions from OPA.
var elsewhere = []string{
	"allow", "allowed", "authz", "authorized", "decision", "is_allowed", "permit", "permitted", "result", "results",
	"revoke", "revokes", "violation", "violations", "warn", "warning", "warnings",
}

// checkUnreadRules warns of what authors bring along from other uses of OPA: rules
// that other programs read.
func checkUnreadRules(p *source.Pass) {
	read := map[string]bool{}
	for _, module := range p.Resolved {
		visit(module, func(t *ast.Term) {
			ref := t.Value.(ast.Ref)
			for n := 2; n <= len(ref); n++ {
				read[ref[:n].String()] = true
			}
		})
	}
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil || f.IsTest() || !slices.Contains(policies.Phases, source.PackageRoot(module)) {
			continue
		}
		told := map[string]bool{}
		for _, rule := range module.Rules {
			name := source.RuleName(rule)
			path := module.Package.Path.Append(ast.StringTerm(name)).String()
			if slices.Contains(elsewhere, strings.ToLower(name)) && len(rule.Head.Args) == 0 && !read[path] && !told[name] {
				told[name] = true
				p.Besides(rule.Location, policies.Problem{Code: codeUnreadRule, Warning: true,
					Found:    fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, source.PackageName(module)),
					Expected: policies.List(contract.ContractNames(policies.Phase(source.PackageRoot(module))), "or") + ", which say who has what: nothing is asked of policies request by request"})
			}
		}
	}
}
