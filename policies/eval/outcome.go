package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
)

// statement is an element as what it says. Those of equal keys say the same;
// the source belongs to the origin.
type statement struct {
	key    string
	source string
	// says is a Grant, Group, … without its origins.
	says any
}

func compareStatements(a, b statement) int {
	return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.source, b.source))
}

// maxBad is how many bad elements of one rule are reported one by one.
const maxBad = 5

// abbreviated is a term as messages show it.
func abbreviated(t *ast.Term) string {
	text := t.String()
	if len(text) > 160 {
		return strings.ToValidUTF8(text[:157], "") + "…"
	}
	return text
}

// outcome is what evaluating a rule gave. It follows from the rule, from what
// the rule reads and, where something failed, from where it stands.
type outcome struct {
	// statements are sorted by key and source.
	statements []statement
	failures   []policies.Failure
	// bad is what is wrong with elements that are not as the contract demands.
	bad []badElement
	// count is how many elements there were.
	count int
	// used are the rows of data for which the rule's body holds.
	used usedRows
	// leftOut says that the rule did not run, so that this is no outcome to keep.
	leftOut bool
}

// clean says that nothing failed.
func (o *outcome) clean() bool { return len(o.failures) == 0 && len(o.bad) == 0 }

// badElement is what is wrong with an element, and with others of its rule in the
// same way.
type badElement struct {
	contract.Complaint
	element *ast.Term
	// others counts further elements, untold those of which other things would be
	// said and are not.
	others, untold int
}

// outcome makes statements of the elements that the rule gave, each once.
func (r *rule) outcome(elements []*ast.Term, failures []policies.Failure) *outcome {
	out := &outcome{failures: failures, count: len(elements), statements: make([]statement, 0, len(elements))}
	var bad []*ast.Term
	for _, term := range elements {
		e, ok := contract.ElementOf(r.contract, term, r.read)
		if !ok || len(e.Complaints()) > 0 {
			bad = append(bad, term)
			continue
		}
		out.statements = append(out.statements, statement{key: e.Key(), source: e.Text("source"), says: e.Statement()})
	}
	slices.SortFunc(out.statements, compareStatements)
	out.complain(r, bad)
	return out
}

// read reads the value of a field. A text that stands so in a policy is no template.
func (r *rule) read(t *ast.Term) contract.Value {
	v := contract.Evaluated(t)
	v.Written = r.written[v.Text]
	return v
}

// undefinedTexts are the texts of compiled policies that hold what undefined templates
// hold.
func undefinedTexts(compiler *ast.Compiler) map[string]bool {
	var said map[string]bool
	for _, m := range compiler.Modules {
		ast.WalkTerms(m, func(t *ast.Term) bool {
			if text, ok := t.Value.(ast.String); ok && strings.Contains(string(text), contract.Undefined) {
				if said == nil {
					said = map[string]bool{}
				}
				said[string(text)] = true
			}
			return false
		})
	}
	return said
}

// complain says what is wrong with bad elements; those of which the same is to be
// said are reported once.
func (o *outcome) complain(r *rule, bad []*ast.Term) {
	if len(bad) == 0 {
		return
	}
	slices.SortFunc(bad, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
	told, untold := map[string]int{}, 0
	for _, term := range bad {
		complaints := []contract.Complaint{contract.NotAnObject(r.contract, term, ast.ValueName(term.Value))}
		if e, ok := contract.ElementOf(r.contract, term, r.read); ok {
			complaints = e.Complaints()
		}
		for _, c := range complaints {
			if i, ok := told[c.Found]; ok {
				o.bad[i].others++
				continue
			}
			if len(told) == maxBad {
				untold++
				continue
			}
			told[c.Found] = len(o.bad)
			o.bad = append(o.bad, badElement{Complaint: c, element: term})
		}
	}
	failure := r.failure(codeBadElements, fmt.Sprintf("gave %d bad element(s); see the problems", len(bad)))
	failure.Bad = true
	o.failures = append(o.failures, failure)
	o.bad[len(o.bad)-1].untold = untold
}

// problem is what is reported of a bad element of r.
func (b badElement) problem(r *rule, from *rowFinder) policies.Problem {
	value := ""
	if s, ok := b.value(); ok {
		value = s
	}
	p := b.Complaint.Problem(r.contract.Name + " " + abbreviated(b.element))
	if place := from.place(r.needs.data, textsOf(b.element), value); place != "" {
		p.Message += ", from " + place
	}
	if b.others > 0 {
		p.Message += fmt.Sprintf(", and %d more of this rule", b.others)
	}
	if b.untold > 0 {
		p.Message += fmt.Sprintf(" (%d more elements of this rule are wrong, each in its own way)", b.untold)
	}
	return p
}

// value is the text that is wrong, where one is.
func (b badElement) value() (string, bool) {
	if b.Term == nil {
		return "", false
	}
	s, ok := b.Term.Value.(ast.String)
	return string(s), ok
}
