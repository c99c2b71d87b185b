package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
)

// CheckContractData warns of data that stands where contract rules would.
func CheckContractData(d source.Documents, r *source.Report) {
	for _, phase := range policies.Phases {
		warnOfContractWords(d, d.Root[phase], []string{phase}, r)
	}
}

func warnOfContractWords(d source.Documents, doc any, path []string, r *source.Report) {
	m, _ := doc.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := append(path[:len(path):len(path)], key)
		c, ok := contract.ContractNamed(key)
		if !ok || string(c.Phase) != path[0] {
			warnOfContractWords(d, m[key], at, r)
			continue
		}
		p := policies.Problem{Code: codeRuleAsData, Warning: true, Found: "a data document " + source.Dotted(at),
			Expected: "a rule to say this: the program reads contract words from rules only, never from data"}
		if f := d.FileOf(at); f != nil {
			p.File = f.Name
			p.Line, p.Column = f.Find(at)
		}
		r.Add(p)
	}
}

// CheckContract checks that what looks like a contract rule is one, stands
// where it is read, and gives elements as it must.
func CheckContract(m *source.Modules, r *source.Report) {
	for _, f := range m.Files {
		module := m.Parsed[f.Name]
		if module == nil {
			continue
		}
		if root := source.PackageRoot(module); root == source.LibraryPackage && !f.IsTest() {
			r.At(module.Package.Location, policies.Problem{
				Code:     codeReservedPackage,
				Found:    "package " + source.PackageName(module),
				Expected: "another name: data.dutyward is the embedded library; an exported copy of it belongs outside the policy roots",
			})
			continue
		}
		c := ruleCheck{report: r, module: module, root: source.PackageRoot(module), test: f.IsTest()}
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
		Expected: "none: guards are not implemented in this version, and nothing would be held; " +
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
	sure := listed || couldBe(r, named)
	c.report.At(r.Location, policies.Problem{
		Code:       codeLookalike,
		Warning:    !sure,
		Found:      fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, source.PackageName(c.module)),
		Expected:   policies.List(contract.ContractNames(policies.Phase(c.root)), "or") + "; a helper needs a name less like these",
		Suggestion: named.Name,
	})
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
