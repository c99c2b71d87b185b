package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeReservedPackage code.Code = "policy/reserved-package"
	codeRuleInTest      code.Code = "policy/rule-in-test"
	codeWrongForm       code.Code = "policy/rule-form"
	codeGuard           code.Code = "policy/guard"
	codeMisplacedRule   code.Code = "policy/misplaced-rule"
	codeLookalike       code.Code = "policy/lookalike-rule"
)

var contractRules = Analyzer{
	Name: "contract-rules",
	Doc:  "rules that are no contract rule, or not where one is read, and elements as they stand",
	Run:  checkContract,
	Pages: code.Pages{
		{
			Code:    codeReservedPackage,
			Title:   "A policy is in the library's package",
			Means:   "The package is dutyward, or below it.",
			Why:     "That is where the embedded library is.",
			Do:      "Choose another name. An exported copy of the library belongs outside the policy roots.",
			Example: "package dutyward.ours  # package ours",
		},
		{
			Code:    codeRuleInTest,
			Title:   "A contract rule stands in a test file",
			Means:   "Files that end in _test.rego are not evaluated.",
			Why:     "The rule gives nothing.",
			Do:      "Move it to another file.",
			Example: "grant contains {…} in access/oncall_test.rego",
		},
		{
			Code:    codeWrongForm,
			Title:   "A contract rule has another form than contains",
			Means:   "The rule is a single value, a function, an object or a default.",
			Why:     "What several rules and packages say is united, so each adds elements to a set.",
			Do:      "Write NAME contains {…} if ….",
			Example: "grant := {…}  # grant contains {…}",
		},
		{
			Code:    codeGuard,
			Title:   "Guard rules are not supported",
			Means:   "hold and deny are reserved for a later version.",
			Why:     "Nothing would be held or denied.",
			Do:      "State what nobody may have as a limit, and what nobody may touch as a protect.",
			Example: "deny contains {\"message\": \"no contractors\"}  # limit contains {\"principal\": \"group:contractors\", …}",
		},
		{
			Code:    codeMisplacedRule,
			Title:   "A contract rule stands in a package where it is not read",
			Means:   "Each contract rule is read in access or risk packages only.",
			Why:     "The rule gives nothing.",
			Do:      "Move it, or rename it if it is a helper.",
			Example: "package acces.oncall  # package access.oncall",
		},
		{
			Code:    codeLookalike,
			Title:   "A rule's name is nearly that of a contract rule",
			Means:   "A rule such as grants or memeber stands where contract rules are read.",
			Why:     "Nothing reads it.",
			Do:      "Correct the name; a helper needs a name that is less alike.",
			Example: "grants contains {…}  # grant contains {…}",
		},
	},
}

// checkContract checks that what looks like a contract rule is one, stands
// where it is read, and gives elements as it must.
func checkContract(p *source.Pass) {
	read := map[string]bool{}
	for _, f := range p.Files {
		if m := p.Modules.Parsed[f.Name]; m != nil && !f.IsTest() {
			noteRead(m, read)
		}
	}
	for _, f := range p.Files {
		module := p.Modules.Parsed[f.Name]
		if module == nil {
			continue
		}
		if root := source.PackageRoot(module); root == source.LibraryPackage && !f.IsTest() {
			p.At(module.Package.Location, policies.Problem{
				Code:     codeReservedPackage,
				Found:    "package " + source.PackageName(module),
				Expected: "another name: data.dutyward is the embedded library; an exported copy of it belongs outside the policy roots",
			})
			continue
		}
		c := ruleCheck{report: p.Report, module: module, root: source.PackageRoot(module), test: f.IsTest(), read: read}
		for _, rule := range module.Rules {
			c.rule(rule)
		}
	}
}

// ruleCheck checks the rules of a module.
type ruleCheck struct {
	report *source.Report
	module *ast.Module
	root   string
	test   bool
	// read are the names that policies ask for.
	read map[string]bool
}

func (c ruleCheck) rule(r *ast.Rule) {
	name := source.RuleName(r)
	contract, known := contract.ContractNamed(name)
	inside := slices.Contains(policies.Phases, c.root)
	switch {
	case c.test:
		if known && inside && source.IsContains(r) {
			c.report.At(r.Location, policies.Problem{Code: codeRuleInTest, Warning: true, Found: fmt.Sprintf("rule %s in a test file", name),
				Expected: "contract rules outside _test.rego files: here it gives nothing"})
		}
	case !known && inside:
		c.lookalike(r, name)
	case !known:
	case inside && string(contract.Phase) == c.root:
		c.contractRule(r, contract)
	case source.IsContains(r):
		c.misplaced(r, contract)
	}
}

func (c ruleCheck) contractRule(r *ast.Rule, named *contract.ContractRule) {
	if named.Phase == policies.PhaseGuard {
		c.report.At(r.Location, noGuards(named))
		return
	}
	if form := source.WrongForm(r); form != "" {
		c.report.At(r.Location, policies.Problem{Code: codeWrongForm, Found: fmt.Sprintf("%s as %s", named.Name, form),
			Expected: fmt.Sprintf("%s contains {…} if …, for what several rules and packages say is united", named.Name)})
		return
	}
	for _, term := range contract.LiteralElements(r) {
		c.element(r, named, term)
	}
}

// noGuards refuses a rule that nothing would heed.
func noGuards(contract *contract.ContractRule) policies.Problem {
	return policies.Problem{Code: codeGuard, Found: fmt.Sprintf("guard rule %s", contract.Name),
		Expected: "none: guards are not supported in this version, and nothing would be held; " +
			"what nobody may have is a limit, what nobody may touch a protect"}
}

// element checks an element as far as the source shows it.
func (c ruleCheck) element(r *ast.Rule, named *contract.ContractRule, term *ast.Term) {
	e, ok := contract.ElementOf(named, term, contract.Literal(r.Body))
	if !ok {
		if v := contract.LiteralValue(term); v.Typ != "" {
			c.complain(r, contract.NotAnObject(named, term, v.Typ))
		}
		return
	}
	for _, complaint := range append(e.Complaints(), e.IdsForNames()...) {
		c.complain(r, complaint)
	}
}

func (c ruleCheck) complain(r *ast.Rule, x contract.Complaint) {
	at := r.Location
	if x.Term != nil && x.Term.Location != nil {
		at = x.Term.Location
	}
	c.report.At(at, x.Problem(""))
}

// misplaced reports a contract rule in a package where nothing reads it.
func (c ruleCheck) misplaced(r *ast.Rule, contract *contract.ContractRule) {
	if contract.Phase == policies.PhaseGuard {
		c.report.At(r.Location, noGuards(contract))
		return
	}
	p := policies.Problem{
		Code:  codeMisplacedRule,
		Found: fmt.Sprintf("%s in package %s, where it is not read", contract.Name, source.PackageName(c.module)),
		Expected: fmt.Sprintf("it in package %s or below (%s.…); or another name, if it is a helper",
			contract.Phase, contract.Phase),
	}
	if near, ok := policies.Nearest(c.root, policies.Phases); ok && near != c.root {
		p.Suggestion = "package " + strings.Replace(source.PackageName(c.module), c.root, near, 1)
	}
	c.report.At(r.Location, p)
}

// lookalike reports a rule whose name is nearly that of a contract rule: what
// it says would not be read.
func (c ruleCheck) lookalike(r *ast.Rule, name string) {
	if len(r.Head.Args) > 0 || strings.HasPrefix(name, "_") {
		return
	}
	meant, listed := contract.Lookalikes[name]
	named, ok := contract.ContractNamed(meant)
	if !ok || string(named.Phase) != c.root {
		if !source.IsContains(r) {
			return
		}
		if named, ok = nearContract(name, policies.Phase(c.root)); !ok {
			return
		}
		listed = false
	}
	if c.read[name] && !holdsElements(r, named) {
		return // a helper, which rules ask
	}
	sure := listed || couldBe(r, named)
	c.report.At(r.Location, policies.Problem{
		Code:       codeLookalike,
		Warning:    !sure,
		Found:      fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, source.PackageName(c.module)),
		Expected:   policies.List(contract.ContractNames(policies.Phase(c.root)), "or") + "; a helper needs a name less like these",
		Suggestion: named.Name,
	})
}

// holdsElements says that a rule may hold what a contract rule gives: it collects, or
// its value is no collection of plain texts or numbers.
func holdsElements(r *ast.Rule, named *contract.ContractRule) bool {
	if source.IsContains(r) || r.Head.Value == nil {
		return couldBe(r, named) || source.IsContains(r) && r.Head.Key != nil && !isConstant(r.Head.Key)
	}
	plain := true
	each := func(t *ast.Term) { plain = plain && isConstant(t) }
	switch v := r.Head.Value.Value.(type) {
	case ast.Set:
		v.Foreach(each)
	case *ast.Array:
		v.Foreach(each)
	case ast.Object:
		v.Foreach(func(_, value *ast.Term) { each(value) })
	default:
		return true
	}
	return !plain
}

// nearContract is the contract rule that is a slip of the pen away.
func nearContract(name string, phase policies.Phase) (*contract.ContractRule, bool) {
	for _, n := range contract.ContractNames(phase) {
		d := levenshtein.ComputeDistance(strings.ToLower(name), n)
		if d == 1 || d == 2 && len(n) >= 5 && policies.SameLetters(name, n) || d == 0 {
			return contract.ContractNamed(n)
		}
	}
	return nil, false
}

// couldBe says that a rule's literal elements have all fields that the
// contract rule needs.
func couldBe(r *ast.Rule, named *contract.ContractRule) bool {
	for _, term := range contract.LiteralElements(r) {
		e, ok := contract.ElementOf(named, term, contract.Literal(r.Body))
		if !ok {
			continue
		}
		missing := slices.ContainsFunc(named.Fields, func(f contract.Field) bool {
			_, present := e.Fields[f.Name]
			return f.Required && !present
		})
		if !missing {
			return true
		}
	}
	return false
}
