package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// value is what is known of a field's value: all of it once evaluated, perhaps
// only the beginning while it still stands in the source.
type value struct {
	// key and term are the places of the field's name and of its value.
	key, term *ast.Term
	// typ is Rego's name of the type; empty while unknown.
	typ string
	// text is the string, or its literal beginning unless whole.
	text  string
	whole bool
	// written says that it stands so in the source: what came out of an
	// evaluation may be as strange as the account is.
	written bool
}

// known says that v is a string known from end to end.
func (v value) known() bool { return v.whole && v.typ == "string" }

// element is an element of a contract rule: as it stands in a rule's head, or
// as it came out.
type element struct {
	rule   *contractRule
	fields map[string]value
	// order are the field names as they stand there.
	order []string
	// open says that there may be further fields.
	open bool
	// term is the place of the whole.
	term *ast.Term
}

// complaint is what is wrong with an element.
type complaint struct {
	term       *ast.Term
	found      string
	expected   string
	suggestion string
	warning    bool
}

// check says what is wrong with a field's value, or nil. It must say nothing
// of what is not known yet.
type check func(name string, v value, e element) *complaint

// elementOf reads an object term; ok is false if the term is no object.
func elementOf(rule *contractRule, term *ast.Term, read func(*ast.Term) value) (e element, ok bool) {
	obj, ok := term.Value.(ast.Object)
	if !ok {
		return element{}, false
	}
	e = element{rule: rule, fields: map[string]value{}, term: term}
	for _, key := range obj.Keys() {
		name, isString := key.Value.(ast.String)
		if !isString {
			if key.IsGround() {
				name = ast.String(key.String())
			} else {
				e.open = true
				continue
			}
		}
		v := read(obj.Get(key))
		v.key = key
		e.fields[string(name)] = v
		e.order = append(e.order, string(name))
	}
	slices.Sort(e.order)
	return e, true
}

// evaluated reads the value of a term that came out of an evaluation.
func evaluated(t *ast.Term) value {
	v := value{term: t, typ: ast.ValueName(t.Value), whole: true}
	if s, ok := t.Value.(ast.String); ok {
		v.text = string(s)
	}
	return v
}

// complaints are all that is wrong with e.
func (e element) complaints() []complaint {
	var out []complaint
	var misspelt map[string]bool
	for _, name := range e.order {
		if c := e.checkField(name); c != nil {
			out = append(out, *c)
			if misspelt == nil {
				misspelt = map[string]bool{}
			}
			misspelt[c.suggestion] = true
		}
	}
	for _, f := range e.rule.fields {
		_, present := e.fields[f.name]
		if f.required && !present && !e.open && !misspelt[strconv.Quote(f.name)] {
			out = append(out, complaint{
				term:     e.term,
				found:    fmt.Sprintf("%s %s without %q", article(e.rule.name), e.rule.name, f.name),
				expected: e.rule.shape(),
			})
		}
	}
	if e.rule.whole != nil {
		out = append(out, e.rule.whole(e)...)
	}
	return out
}

// maxText bounds each text of an element, in bytes: what policies say is shown to
// people, kept, and sent to PagerDuty.
const maxText = 16 << 10

func (e element) checkField(name string) *complaint {
	v := e.fields[name]
	if len(name) > maxText {
		return &complaint{found: fmt.Sprintf("a field whose name has %d bytes in %s %s", len(name), article(e.rule.name), e.rule.name), expected: e.rule.shape()}
	}
	if len(v.text) > maxText {
		return &complaint{found: fmt.Sprintf("%q: a string of %d bytes", name, len(v.text)), expected: fmt.Sprintf("one of at most %d", maxText)}
	}
	f, ok := e.rule.field(name)
	if !ok {
		return &complaint{
			term:       v.key,
			found:      fmt.Sprintf("unknown field %q in %s %s", name, article(e.rule.name), e.rule.name),
			expected:   e.rule.shape(),
			suggestion: e.rule.nearestField(name, e),
		}
	}
	if f.refused != "" {
		return &complaint{term: v.key, found: fmt.Sprintf("field %q, which is %s", name, f.refused)}
	}
	if f.check == nil || v.typ == "" && v.text == "" {
		return nil
	}
	if v.typ != "" && v.typ != "string" {
		c := &complaint{term: v.term, found: fmt.Sprintf("%q: %s", name, shown(v)), expected: "a string"}
		if v.typ == "null" && !f.required {
			c.expected = "a string, or no such field at all where there is none"
		}
		return c
	}
	if v.typ == "string" && strings.Contains(v.text, "<undefined>") {
		return &complaint{
			term:     v.term,
			found:    fmt.Sprintf("%q: %q: a template string whose expression is undefined", name, v.text),
			expected: "every expression in the template to have a value; test it in the body first",
		}
	}
	return f.check(name, v, e)
}

// shown is a value that is no string as a message shows it: its type, and
// itself if short.
func shown(v value) string {
	if v.typ == "null" {
		return v.typ
	}
	if v.term == nil {
		return article(v.typ) + " " + v.typ
	}
	text := v.term.String()
	if len(text) > 40 {
		return article(v.typ) + " " + v.typ
	}
	return fmt.Sprintf("the %s %s", v.typ, text)
}

// shape lists the fields of a rule's elements, as messages show it.
func (r *contractRule) shape() string {
	var needed, optional []string
	for _, f := range r.fields {
		switch {
		case f.refused != "":
		case f.required:
			needed = append(needed, f.name)
		default:
			optional = append(optional, f.name)
		}
	}
	if len(optional) == 0 {
		return list(needed, "and")
	}
	return strings.Join(needed, ", ") + ", and perhaps " + list(optional, "or")
}

// nearestField is the quoted field that somebody who wrote name may have
// meant; fields that e already has are not offered.
func (r *contractRule) nearestField(name string, e element) string {
	var free []string
	for _, f := range r.fields {
		if _, taken := e.fields[f.name]; !taken && f.refused == "" {
			free = append(free, f.name)
		}
	}
	if near, ok := nearest(name, free); ok {
		return strconv.Quote(near)
	}
	if alias := aliases[strings.ToLower(name)]; slices.Contains(free, alias) {
		return strconv.Quote(alias)
	}
	return ""
}

func article(word string) string {
	if word != "" && strings.Contains("aeiou", strings.ToLower(word[:1])) {
		return "an"
	}
	return "a"
}

// list joins words: "a, b or c".
func list(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
}
