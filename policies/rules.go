package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
)

// checkContractData warns of data that stands where contract rules would.
func checkContractData(d documents, r *report) {
	for _, phase := range phases {
		warnOfContractWords(d, d.root[phase], []string{phase}, r)
	}
}

func warnOfContractWords(d documents, doc any, path []string, r *report) {
	m, _ := doc.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		at := append(path[:len(path):len(path)], key)
		c, ok := contractNamed(key)
		if !ok || string(c.phase) != path[0] {
			warnOfContractWords(d, m[key], at, r)
			continue
		}
		p := Problem{Warning: true, Found: "a data document " + dotted(at),
			Expected: "a rule to say this: the program reads contract words from rules only, never from data"}
		if f := d.fileOf(at); f != nil {
			p.File = f.name
			p.Line, p.Column = f.find(at)
		}
		r.add(p)
	}
}

// checkContract checks that what looks like a contract rule is one, stands
// where it is read, and gives elements as it must.
func checkContract(m *modules, r *report) {
	for _, f := range m.files {
		module := m.parsed[f.name]
		if module == nil {
			continue
		}
		if root := packageRoot(module); root == libraryPackage && !f.isTest() {
			r.at(module.Package.Location, Problem{
				Found:    "package " + packageName(module),
				Expected: "another name: data.dutyward is the embedded library; an exported copy of it belongs outside the policy roots",
			})
			continue
		}
		c := ruleCheck{report: r, module: module, root: packageRoot(module), test: f.isTest()}
		for _, rule := range module.Rules {
			c.rule(rule)
		}
	}
}

// ruleCheck checks the rules of a module.
type ruleCheck struct {
	report *report
	module *ast.Module
	root   string
	test   bool
}

func (c ruleCheck) rule(r *ast.Rule) {
	name := ruleName(r)
	contract, known := contractNamed(name)
	inside := slices.Contains(phases, c.root)
	switch {
	case c.test:
		if known && inside && isContains(r) {
			c.report.at(r.Location, Problem{Warning: true, Found: fmt.Sprintf("rule %s in a test file", name),
				Expected: "contract rules outside _test.rego files: here it gives nothing"})
		}
	case !known && inside:
		c.lookalike(r, name)
	case !known:
	case inside && string(contract.phase) == c.root:
		c.contractRule(r, contract)
	case isContains(r):
		c.misplaced(r, contract)
	}
}

func (c ruleCheck) contractRule(r *ast.Rule, contract *contractRule) {
	if contract.phase == phaseGuard {
		c.report.at(r.Location, noGuards(contract))
		return
	}
	if form := wrongForm(r); form != "" {
		c.report.at(r.Location, Problem{Found: fmt.Sprintf("%s as %s", contract.name, form),
			Expected: fmt.Sprintf("%s contains {…} if …, for what several rules and packages say is united", contract.name)})
		return
	}
	for _, term := range literalElements(r) {
		c.element(r, contract, term)
	}
}

// noGuards refuses a rule that nothing would heed.
func noGuards(contract *contractRule) Problem {
	return Problem{Found: fmt.Sprintf("guard rule %s", contract.name),
		Expected: "none: guards are not implemented in this version, and nothing would be held; " +
			"what nobody may have is a limit, what nobody may touch a protect"}
}

// element checks an element as far as the source shows it.
func (c ruleCheck) element(r *ast.Rule, contract *contractRule, term *ast.Term) {
	e, ok := elementOf(contract, term, literal(r.Body))
	if !ok {
		if v := literalValue(term); v.typ != "" {
			c.complain(r, notAnObject(contract, term, v.typ))
		}
		return
	}
	for _, complaint := range append(e.complaints(), e.idsForNames()...) {
		c.complain(r, complaint)
	}
}

func (c ruleCheck) complain(r *ast.Rule, x complaint) {
	at := r.Location
	if x.term != nil && x.term.Location != nil {
		at = x.term.Location
	}
	c.report.at(at, x.problem(""))
}

// misplaced reports a contract rule in a package where nothing reads it.
func (c ruleCheck) misplaced(r *ast.Rule, contract *contractRule) {
	if contract.phase == phaseGuard {
		c.report.at(r.Location, noGuards(contract))
		return
	}
	p := Problem{
		Found: fmt.Sprintf("%s in package %s, where it is not read", contract.name, packageName(c.module)),
		Expected: fmt.Sprintf("it in package %s or below (%s.…); or another name, if it is a helper",
			contract.phase, contract.phase),
	}
	if near, ok := nearest(c.root, phases); ok && near != c.root {
		p.Suggestion = "package " + strings.Replace(packageName(c.module), c.root, near, 1)
	}
	c.report.at(r.Location, p)
}

// lookalike reports a rule whose name is nearly that of a contract rule: what
// it says would not be read.
func (c ruleCheck) lookalike(r *ast.Rule, name string) {
	if len(r.Head.Args) > 0 || strings.HasPrefix(name, "_") {
		return
	}
	meant, listed := lookalikes[name]
	contract, ok := contractNamed(meant)
	if !ok || string(contract.phase) != c.root {
		if !isContains(r) {
			return
		}
		if contract, ok = nearContract(name, Phase(c.root)); !ok {
			return
		}
		listed = false
	}
	sure := listed || couldBe(r, contract)
	c.report.at(r.Location, Problem{
		Warning:    !sure,
		Found:      fmt.Sprintf("rule %s in package %s: nothing reads a rule of that name", name, packageName(c.module)),
		Expected:   list(contractNames(Phase(c.root)), "or") + "; a helper needs a name less like these",
		Suggestion: contract.name,
	})
}

// nearContract is the contract rule that is a slip of the pen away.
func nearContract(name string, phase Phase) (*contractRule, bool) {
	for _, n := range contractNames(phase) {
		d := levenshtein.ComputeDistance(strings.ToLower(name), n)
		if d == 1 || d == 2 && len(n) >= 5 && sameLetters(name, n) || d == 0 {
			return contractNamed(n)
		}
	}
	return nil, false
}

// sameLetters says that two names differ in the order of letters only.
func sameLetters(a, b string) bool {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// couldBe says that a rule's literal elements have all fields that the
// contract rule needs.
func couldBe(r *ast.Rule, contract *contractRule) bool {
	for _, term := range literalElements(r) {
		e, ok := elementOf(contract, term, literal(r.Body))
		if !ok {
			continue
		}
		missing := slices.ContainsFunc(contract.fields, func(f field) bool {
			_, present := e.fields[f.name]
			return f.required && !present
		})
		if !missing {
			return true
		}
	}
	return false
}

// ruleName is the first word of a rule's name: "finding" of finding.high.
func ruleName(r *ast.Rule) string {
	if v, ok := r.Head.Ref()[0].Value.(ast.Var); ok {
		return string(v)
	}
	return ""
}

func isContains(r *ast.Rule) bool { return r.Head.RuleKind() == ast.MultiValue }

// wrongForm names the form of a rule that is no plain `name contains …`.
func wrongForm(r *ast.Rule) string {
	ref := r.Head.Ref()
	switch {
	case r.Default:
		return "a default"
	case len(r.Head.Args) > 0:
		return "a function"
	case isContains(r) && len(ref) > 1:
		return ref.String() + " contains"
	case isContains(r):
		return ""
	case len(ref) > 1:
		return "an object, " + ref.String()
	case r.Head.Assign:
		return "a single value (:=)"
	}
	return "a single value"
}
