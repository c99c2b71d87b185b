package contract

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Problem is c for the element shown.
func (c Complaint) Problem(shown string) policies.Problem {
	return policies.Problem{Code: c.Code, About: c.About, Message: shown, Found: shortened(c.Found), Expected: c.Expected, Suggestion: c.Suggestion, Warning: c.Warning}
}

// Key is equal for elements that say the same.
func (e Element) Key() string {
	var b strings.Builder
	b.Grow(96)
	b.WriteString(e.Rule.Name)
	for _, f := range e.Rule.Fields {
		if f.Name == "source" {
			continue
		}
		b.WriteByte(0)
		if t := e.moment(f.Name); t != nil {
			b.WriteString(t.Format(time.RFC3339Nano))
			continue
		}
		b.WriteString(e.Text(f.Name))
	}
	return b.String()
}

// maker makes statements of checked elements, and keeps them.
type maker interface {
	make(e Element) any
	grow(st *policies.Statements, n int)
	add(st *policies.Statements, says any, by []policies.Origin)
}

// makes is the maker of one kind of statement.
type makes[T any] struct {
	// of is what an element says, without its origins.
	of func(e Element) T
	// in is where statements of the kind are kept, by where one keeps its origins.
	in func(st *policies.Statements) *[]T
	by func(x *T) *[]policies.Origin
}

func (m makes[T]) make(e Element) any { return m.of(e) }

func (m makes[T]) grow(st *policies.Statements, n int) {
	list := m.in(st)
	*list = slices.Grow(*list, n)
}

func (m makes[T]) add(st *policies.Statements, says any, by []policies.Origin) {
	x := says.(T)
	*m.by(&x) = by
	list := m.in(st)
	*list = append(*list, x)
}

// Statement is what a checked element says, without its origins; nil where nothing reads
// it yet.
func (e Element) Statement() any {
	if e.Rule.makes == nil {
		return nil
	}
	return e.Rule.makes.make(e)
}

// Grow makes room for statements of the rule's kind.
func (r *ContractRule) Grow(st *policies.Statements, n int) {
	if r.makes != nil {
		r.makes.grow(st, n)
	}
}

// Add keeps a statement of the rule's kind, with where it comes from.
func (r *ContractRule) Add(st *policies.Statements, says any, by []policies.Origin) {
	if r.makes != nil {
		r.makes.add(st, says, by)
	}
}

// Text is a field's string; empty where it is absent.
func (e Element) Text(name string) string { return e.Fields[name].Text }

// moment is a field's time; nil where it is absent or no time.
func (e Element) moment(name string) *time.Time {
	if name != "from" && name != "until" && name != "since" {
		return nil
	}
	v, ok := e.Fields[name]
	if !ok {
		return nil
	}
	t, _, ok := ParseMoment(v.Text)
	if !ok {
		return nil
	}
	return &t
}

// ref is a field's reference, which has been checked.
func (e Element) ref(name string) inventory.Ref {
	var r inventory.Ref
	if text := e.Text(name); text != "" {
		r, _ = inventory.ParseRef(text)
	}
	return r
}

func (e Element) length(name string) time.Duration {
	d, _ := time.ParseDuration(e.Text(name))
	return d
}
