package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/open-policy-agent/opa/v1/ast"
)

// Value is what is known of a field's value: all of it once evaluated, perhaps
// only the beginning while it still stands in the source.
type Value struct {
	// Key and term are the places of the field's name and of its value.
	Key, Term *ast.Term
	// Typ is Rego's name of the type; empty while unknown.
	Typ string
	// Text is the string, or its literal beginning unless whole.
	Text  string
	Whole bool
	// Written says that it stands so in the source: what came out of an
	// evaluation may be as strange as the account is.
	Written bool
}

// Known says that v is a string known from end to end.
func (v Value) Known() bool { return v.Whole && v.Typ == "string" }

// Element is an element of a contract rule: as it stands in a rule's head, or
// as it came out.
type Element struct {
	Rule   *ContractRule
	Fields map[string]Value
	// Order are the field names as they stand there.
	Order []string
	// Open says that there may be further fields.
	Open bool
	// Term is the place of the whole.
	Term *ast.Term
}

// Complaint is what is wrong with an element.
type Complaint struct {
	Code code.Code
	// About is what it is about, as in a Problem.
	About      string
	Term       *ast.Term
	Found      string
	Expected   string
	Suggestion string
	Warning    bool
}

// check says what is wrong with a field's value, or nil. It must say nothing
// of what is not known yet.
type check func(name string, v Value, e Element) *Complaint

// ElementOf reads an object term; ok is false if the term is no object.
func ElementOf(rule *ContractRule, term *ast.Term, read func(*ast.Term) Value) (e Element, ok bool) {
	obj, ok := term.Value.(ast.Object)
	if !ok {
		return Element{}, false
	}
	e = Element{Rule: rule, Fields: map[string]Value{}, Term: term}
	for _, key := range obj.Keys() {
		name, isString := key.Value.(ast.String)
		if !isString {
			if key.IsGround() {
				name = ast.String(key.String())
			} else {
				e.Open = true
				continue
			}
		}
		v := read(obj.Get(key))
		v.Key = key
		e.Fields[string(name)] = v
		e.Order = append(e.Order, string(name))
	}
	slices.Sort(e.Order)
	return e, true
}

// Evaluated reads the value of a term that came out of an evaluation.
func Evaluated(t *ast.Term) Value {
	v := Value{Term: t, Typ: ast.ValueName(t.Value), Whole: true}
	switch x := t.Value.(type) {
	case ast.String:
		v.Text = string(x)
	case ast.Number:
		v.Text = string(x)
	}
	return v
}

// Complaints are all that is wrong with e.
func (e Element) Complaints() []Complaint {
	var out []Complaint
	var misspelt map[string]bool
	for _, name := range e.Order {
		if c := e.checkField(name); c != nil {
			out = append(out, *c)
			if misspelt == nil {
				misspelt = map[string]bool{}
			}
			misspelt[c.Suggestion] = true
		}
	}
	for _, f := range e.Rule.Fields {
		_, present := e.Fields[f.Name]
		if f.Required && !present && !e.Open && !misspelt[strconv.Quote(f.Name)] {
			out = append(out, Complaint{
				Code:     CodeMissingField,
				Term:     e.Term,
				Found:    fmt.Sprintf("%s %s without %q", policies.Article(e.Rule.Name), e.Rule.Name, f.Name),
				Expected: e.Rule.shape(),
			})
		}
	}
	if e.Rule.whole != nil {
		out = append(out, e.Rule.whole(e)...)
	}
	return out
}

// Undefined is what a template string holds in place of an expression without a value.
const Undefined = "<undefined>"

// maxText bounds each text of an element, in bytes: what policies say is shown to
// people, kept, and sent to PagerDuty.
const maxText = 16 << 10

func (e Element) checkField(name string) *Complaint {
	v := e.Fields[name]
	if len(name) > maxText {
		return &Complaint{Code: codeTooLong, Found: fmt.Sprintf("a field whose name has %d bytes in %s %s", len(name), policies.Article(e.Rule.Name), e.Rule.Name), Expected: e.Rule.shape()}
	}
	if len(v.Text) > maxText {
		return &Complaint{Code: codeTooLong, Found: fmt.Sprintf("%q: a string of %d bytes", name, len(v.Text)), Expected: fmt.Sprintf("one of at most %d", maxText)}
	}
	f, ok := e.Rule.Field(name)
	if !ok {
		return &Complaint{
			Code:       CodeUnknownField,
			Term:       v.Key,
			Found:      fmt.Sprintf("unknown field %q in %s %s", name, policies.Article(e.Rule.Name), e.Rule.Name),
			Expected:   e.Rule.shape(),
			Suggestion: e.Rule.nearestField(name, e),
		}
	}
	if f.Refused != "" {
		return &Complaint{Code: codeReservedField, Term: v.Key, Found: fmt.Sprintf("field %q, which is %s", name, f.Refused)}
	}
	if f.Check == nil || v.Typ == "" && v.Text == "" {
		return nil
	}
	if want := f.Type(); v.Typ != "" && v.Typ != want {
		c := &Complaint{Code: codeWrongType, Term: v.Term, Found: fmt.Sprintf("%q: %s", name, shown(v)), Expected: "a " + want}
		if v.Typ == "null" && !f.Required {
			c.Expected += ", or no such field at all where there is none"
		}
		if _, err := strconv.ParseFloat(v.Text, 64); f.Number && v.Typ == "string" && err == nil {
			c.Suggestion = v.Text
		}
		return c
	}
	if v.Typ == "string" && !v.Written && strings.Contains(v.Text, Undefined) {
		return &Complaint{
			Code:     codeUndefinedTemplate,
			Term:     v.Term,
			Found:    fmt.Sprintf("%q: %q: a template string whose expression is undefined", name, v.Text),
			Expected: "every expression in the template to have a value; test it in the body first",
		}
	}
	return f.Check(name, v, e)
}

// shown is a value that is no string as a message shows it: its type, and
// itself if short.
func shown(v Value) string {
	if v.Typ == "null" {
		return v.Typ
	}
	if v.Term == nil {
		return policies.Article(v.Typ) + " " + v.Typ
	}
	text := v.Term.String()
	if len(text) > 40 {
		return policies.Article(v.Typ) + " " + v.Typ
	}
	return fmt.Sprintf("the %s %s", v.Typ, text)
}

// shape lists the fields of a rule's elements, as messages show it.
func (r *ContractRule) shape() string {
	var needed, optional []string
	for _, f := range r.Fields {
		switch {
		case f.Refused != "":
		case f.Required:
			needed = append(needed, f.Name)
		default:
			optional = append(optional, f.Name)
		}
	}
	if len(optional) == 0 {
		return policies.List(needed, "and")
	}
	return strings.Join(needed, ", ") + ", and perhaps " + policies.List(optional, "or")
}

// nearestField is the quoted field that somebody who wrote name may have
// meant; fields that e already has are not offered.
func (r *ContractRule) nearestField(name string, e Element) string {
	var free []string
	for _, f := range r.Fields {
		if _, taken := e.Fields[f.Name]; !taken && f.Refused == "" {
			free = append(free, f.Name)
		}
	}
	if near, ok := policies.Nearest(name, free); ok {
		return strconv.Quote(near)
	}
	if alias := aliases[strings.ToLower(name)]; slices.Contains(free, alias) {
		return strconv.Quote(alias)
	}
	return ""
}
