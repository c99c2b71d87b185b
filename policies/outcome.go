package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
)

// outcome is what evaluating a rule gave. It follows from the rule, from what
// the rule reads and, where something failed, from where it stands.
type outcome struct {
	// statements are sorted by key and source.
	statements []statement
	failures   []Failure
	// bad is what is wrong with elements that are not as the contract demands.
	bad []badElement
	// count is how many elements there were.
	count int
	// leftOut says that the rule did not run, so that this is no outcome to keep.
	leftOut bool
}

// clean says that nothing failed.
func (o *outcome) clean() bool { return len(o.failures) == 0 && len(o.bad) == 0 }

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

// badElement is what is wrong with an element, and with others of its rule in the
// same way.
type badElement struct {
	complaint
	element *ast.Term
	// others counts further elements, untold those of which other things would be
	// said and are not.
	others, untold int
}

// maxBad is how many bad elements of one rule are told one by one.
const maxBad = 5

// outcome makes statements of the elements that the rule gave, each once.
func (r *rule) outcome(elements []*ast.Term, failures []Failure) *outcome {
	out := &outcome{failures: failures, count: len(elements), statements: make([]statement, 0, len(elements))}
	var bad []*ast.Term
	for _, term := range elements {
		e, ok := elementOf(r.contract, term, evaluated)
		if !ok || len(e.complaints()) > 0 {
			bad = append(bad, term)
			continue
		}
		out.statements = append(out.statements, statement{key: e.key(), source: e.text("source"), says: e.statement()})
	}
	slices.SortFunc(out.statements, compareStatements)
	out.complain(r, bad)
	return out
}

// complain says what is wrong with bad elements; those of which the same is to be
// said are told once.
func (o *outcome) complain(r *rule, bad []*ast.Term) {
	if len(bad) == 0 {
		return
	}
	slices.SortFunc(bad, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
	told, untold := map[string]int{}, 0
	for _, term := range bad {
		complaints := []complaint{notAnObject(r.contract, term, ast.ValueName(term.Value))}
		if e, ok := elementOf(r.contract, term, evaluated); ok {
			complaints = e.complaints()
		}
		for _, c := range complaints {
			if i, ok := told[c.found]; ok {
				o.bad[i].others++
				continue
			}
			if len(told) == maxBad {
				untold++
				continue
			}
			told[c.found] = len(o.bad)
			o.bad = append(o.bad, badElement{complaint: c, element: term})
		}
	}
	failure := r.failure(fmt.Sprintf("gave %d bad element(s); see the problems", len(bad)))
	failure.Bad = true
	o.failures = append(o.failures, failure)
	o.bad[len(o.bad)-1].untold = untold
}

// problem is what is told of a bad element of r.
func (b badElement) problem(r *rule, from *rowFinder) Problem {
	value := ""
	if s, ok := b.value(); ok {
		value = s
	}
	p := b.complaint.problem(r.contract.name + " " + abbreviated(b.element))
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
	if b.term == nil {
		return "", false
	}
	s, ok := b.term.Value.(ast.String)
	return string(s), ok
}

func notAnObject(c *contractRule, term *ast.Term, typ string) complaint {
	return complaint{term: term,
		found:    fmt.Sprintf("%s %s as an element of %s", article(typ), typ, c.name),
		expected: "an object with " + c.shape()}
}

// abbreviated is a term as messages show it.
func abbreviated(t *ast.Term) string {
	text := t.String()
	if len(text) > 160 {
		return strings.ToValidUTF8(text[:157], "") + "…"
	}
	return text
}

// shortened is a text without its middle, if it is long.
func shortened(text string) string {
	const most = 240
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + "…" + strings.ToValidUTF8(text[len(text)-most/2:], "")
}

// problem is c for the element shown.
func (c complaint) problem(shown string) Problem {
	return Problem{Message: shown, Found: shortened(c.found), Expected: c.expected, Suggestion: c.suggestion, Warning: c.warning}
}

// key is equal for elements that say the same.
func (e element) key() string {
	var b strings.Builder
	b.Grow(96)
	b.WriteString(e.rule.name)
	for _, f := range e.rule.fields {
		if f.name == "source" {
			continue
		}
		b.WriteByte(0)
		if t := e.moment(f.name); t != nil {
			b.WriteString(t.Format(time.RFC3339Nano))
			continue
		}
		b.WriteString(e.text(f.name))
	}
	return b.String()
}

// statement is what a checked element says, without its origins.
func (e element) statement() any {
	switch e.rule.name {
	case "grant":
		return Grant{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.text("role"),
			From: e.moment("from"), Until: e.moment("until"), Layer: e.text("layer"),
			Replaces: e.ref("replaces"), Reason: e.text("reason"),
		}
	case "group":
		return Group{Name: e.text("name"), Description: e.text("description"), Owner: e.text("owner")}
	case "member":
		return Member{
			Group: e.text("group"), Principal: e.ref("principal"), From: e.moment("from"), Until: e.moment("until"),
			Lead: e.length("lead"), Lag: e.length("lag"), WhenEmpty: e.text("when_empty"),
		}
	case "limit":
		return Limit{
			Principal: e.ref("principal"), Resource: e.ref("resource"), AtMost: e.text("at_most"), Reason: e.text("reason"),
		}
	case "protect":
		return Protect{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.text("role"),
			Until: e.moment("until"), Reason: e.text("reason"),
		}
	case "leaver":
		return Leaver{Principal: e.ref("principal"), Since: e.moment("since"), Reason: e.text("reason")}
	case "empty":
		return Empty{Resource: e.ref("resource"), Layer: e.text("layer"), Reason: e.text("reason")}
	case "finding":
		return Finding{
			Rule: e.text("rule"), Subject: e.ref("subject"), Severity: e.text("severity"), Message: e.text("message"),
			Resource: e.ref("resource"), Remediation: e.text("remediation"),
		}
	case "waive":
		return Waiver{
			Rule: e.text("rule"), Subject: e.ref("subject"), Resource: e.ref("resource"),
			Reason: e.text("reason"), Until: *e.moment("until"),
		}
	}
	return nil
}

// text is a field's string; empty where it is absent.
func (e element) text(name string) string { return e.fields[name].text }

// moment is a field's time; nil where it is absent or no time.
func (e element) moment(name string) *time.Time {
	if name != "from" && name != "until" && name != "since" {
		return nil
	}
	v, ok := e.fields[name]
	if !ok {
		return nil
	}
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		return nil
	}
	t = t.UTC()
	return &t
}

// ref is a field's reference, which has been checked.
func (e element) ref(name string) inventory.Ref {
	var r inventory.Ref
	if text := e.text(name); text != "" {
		r, _ = inventory.ParseRef(text)
	}
	return r
}

func (e element) length(name string) time.Duration {
	d, _ := time.ParseDuration(e.text(name))
	return d
}
