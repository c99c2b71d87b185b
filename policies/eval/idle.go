package eval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/guard"
)

// Of rows that no rule used, so many are followed to where they fell, and so many
// places are shown of those that fell at one condition.
const (
	mostFollowed  = 40
	fewFollowed   = 3
	rowsShown     = 3
	mostIdleNotes = 5
)

// rowSource is what says which rows a rule goes over first: the first generator of its body.
func (r *rule) rowSource() *generator {
	if len(r.generators) == 0 {
		return nil
	}
	return &r.generators[0]
}

// noteRow notes the row for which a rule's body holds.
func (o *usedRows) note(g *generator, result map[ast.Var]*ast.Term) {
	if g == nil {
		return
	}
	v := g.key
	if len(g.through) > 0 {
		v = g.row
	}
	if t := result[v]; t != nil {
		if o.rows == nil {
			o.rows = ast.NewSet()
		}
		o.rows.Add(t)
	}
}

// usedRows are the rows for which a rule's body holds: by key, or by what they hold
// if they come through helpers.
type usedRows struct{ rows ast.Set }

func (o *usedRows) has(g *generator, key, row *ast.Term) bool {
	if o.rows == nil {
		return false
	}
	if len(g.through) > 0 {
		return o.rows.Contains(row)
	}
	return o.rows.Contains(key)
}

// idle are the rows of documents that rules go over and none of them uses. A document
// that some rule reads in another way as well is left out, for what it uses of it
// isn't known.
func (e *evaluation) idle(ctx context.Context, rules []*rule, outcomes []*outcome) []policies.IdleRows {
	type reader struct {
		*rule
		used *usedRows
	}
	byDocument := map[string][]reader{}
	for i, r := range rules {
		if g := r.rowSource(); g != nil && !outcomes[i].leftOut {
			byDocument[g.document.String()] = append(byDocument[g.document.String()], reader{r, &outcomes[i].used})
		}
	}
	var out []policies.IdleRows
	for name, readers := range byDocument {
		document := readers[0].rowSource().document
		first, _ := document[1].Value.(ast.String)
		otherwise := slices.ContainsFunc(rules, func(r *rule) bool {
			g := r.rowSource()
			return r.needs.data.has(string(first)) && (g == nil || g.document.String() != name)
		})
		value := e.value(ctx, readers[0].rule, document)
		if otherwise || value == nil {
			continue
		}
		idle := policies.IdleRows{Document: name}
		eachEntry(value.Value, func(key, row *ast.Term) {
			idle.Total++
			if !slices.ContainsFunc(readers, func(r reader) bool { return r.used.has(r.rowSource(), key, row) }) {
				idle.Keys = append(idle.Keys, keyOf(key))
			}
		})
		if len(idle.Keys) > 0 {
			out = append(out, idle)
		}
	}
	slices.SortFunc(out, func(a, b policies.IdleRows) int { return cmp.Compare(a.Document, b.Document) })
	return out
}

func keyOf(t *ast.Term) any {
	if s, ok := t.Value.(ast.String); ok {
		return string(s)
	}
	if n, ok := t.Value.(ast.Number); ok {
		if i, ok := n.Int(); ok {
			return i
		}
	}
	return t.String()
}

func termOfKey(key any) *ast.Term {
	if i, ok := key.(int); ok {
		return ast.IntNumberTerm(i)
	}
	return ast.StringTerm(fmt.Sprint(key))
}

func eachEntry(document ast.Value, f func(key, row *ast.Term)) {
	switch d := document.(type) {
	case *ast.Array:
		for i := range d.Len() {
			f(ast.IntNumberTerm(i), d.Elem(i))
		}
	case ast.Object:
		for _, key := range d.Keys() {
			f(key, d.Get(key))
		}
	}
}

// fall is the condition at which rows fell.
type fall struct {
	rule      *rule
	condition *TestFailure
	index     int
	places    []string
	rows      int
}

// IdleRows says at which conditions the rows fell that no rule used: notes, at most a
// few for each document.
func (s *Set) IdleRows(ctx context.Context, in *Input, now time.Time, idle []policies.IdleRows) (policies.Problems, error) {
	var out policies.Problems
	if len(idle) == 0 {
		return nil, nil
	}
	err := s.look(ctx, in, now, s.rules[policies.PhaseAccess], func(ctx context.Context, e *evaluation, section *guard.Section) error {
		defer section.Begin("the rows that give nothing")()
		find := s.rowFinder()
		for _, i := range idle {
			falls, err := e.falls(ctx, i, find)
			if err != nil {
				return err
			}
			for n, f := range falls {
				if n == mostIdleNotes {
					break
				}
				out = append(out, f.note(i))
			}
		}
		return nil
	})
	return out, err
}

// falls follows rows to where they fell, each by the rule in which it gets furthest.
func (e *evaluation) falls(ctx context.Context, idle policies.IdleRows, find *rowFinder) ([]*fall, error) {
	var falls []*fall
	document := ast.MustParseRef(idle.Document)
	for n, key := range idle.Keys {
		var best *fall
		for _, r := range e.set.rules[policies.PhaseAccess] {
			g := r.rowSource()
			if g == nil || g.document.String() != idle.Document || n >= r.mostFollowed() {
				continue
			}
			f, err := e.fallOf(ctx, r, g, termOfKey(key))
			if err != nil {
				return nil, err
			}
			if f != nil && (best == nil || f.index > best.index) {
				best = f
			}
		}
		if best == nil {
			continue
		}
		place := find.at(append(slices.Clone(document[1:]), termOfKey(key)))
		i := slices.IndexFunc(falls, func(f *fall) bool { return f.at() == best.at() })
		if i < 0 {
			falls, i = append(falls, best), len(falls)
		}
		falls[i].rows++
		if place != "" && len(falls[i].places) < rowsShown {
			falls[i].places = append(falls[i].places, place)
		}
	}
	return falls, nil
}

// mostFollowed is how many rows are followed through a rule: few where it goes over
// the account for each.
func (r *rule) mostFollowed() int {
	if len(r.needs.input.named) > 0 || r.needs.input.all {
		return fewFollowed
	}
	return mostFollowed
}

// fallOf is where one row falls in a rule, or in the helper that it comes through.
func (e *evaluation) fallOf(ctx context.Context, r *rule, g *generator, key *ast.Term) (*fall, error) {
	var furthest *stopTracer
	for _, h := range g.through {
		t, err := e.stopOf(ctx, r, h.Body, h.generators[0].key, key)
		if err != nil {
			return nil, err
		}
		if t.furthest == nil { // it is picked, and falls further on
			row := e.value(ctx, r, append(slices.Clone(g.document), key))
			if row == nil {
				return nil, nil
			}
			if t, err = e.stopOf(ctx, r, r.compiled.Body, g.row, row); err != nil || t.furthest == nil {
				return nil, err
			}
			return &fall{rule: r, condition: t.furthest, index: t.index}, nil
		}
		if furthest == nil || t.index > furthest.index {
			furthest = t
		}
	}
	if furthest == nil {
		t, err := e.stopOf(ctx, r, r.compiled.Body, g.key, key)
		if err != nil || t.furthest == nil {
			return nil, err
		}
		furthest = t
	}
	return &fall{rule: r, condition: furthest.furthest, index: furthest.index}, nil
}

// stopOf traces a body in which a variable has a value.
func (e *evaluation) stopOf(ctx context.Context, r *rule, body ast.Body, v ast.Var, value *ast.Term) (*stopTracer, error) {
	bind := ast.Equality.Expr(ast.NewTerm(v), value)
	t := &stopTracer{about: func(*topdown.Event) bool { return true }}
	err := e.query(r, append(ast.Body{bind}, body...)).WithQueryTracer(t).Iter(ctx, func(topdown.QueryResult) error { return nil })
	if err != nil && (topdown.IsCancel(err) || ctx.Err() != nil) {
		return nil, err
	}
	return t, nil
}

func (f *fall) at() string {
	return fmt.Sprintf("%s:%d:%d", f.condition.File, f.condition.Line, f.condition.Column)
}

// note is what is said of the rows that fell at a condition.
func (f *fall) note(idle policies.IdleRows) policies.Problem {
	p := policies.Problem{Code: codeIdleRows, File: f.condition.File, Line: f.condition.Line, Column: f.condition.Column, Warning: true, Note: true}
	name, which := idle.Document, fmt.Sprintf("%d", f.rows)
	if len(f.places) > 0 {
		p.See = f.places[0]
		name = f.places[0][:strings.LastIndexByte(f.places[0], ':')]
		which = policies.List(f.places, "and")
		if more := f.rows - len(f.places); more > 0 {
			which = fmt.Sprintf("%s and at least %d more", strings.Join(f.places, ", "), more)
		}
	}
	gives, ends := "give", "end"
	if len(idle.Keys) == 1 {
		gives = "gives"
	}
	if f.rows == 1 {
		ends = "ends"
	}
	p.Message = fmt.Sprintf("%d of %d rows of %s %s nothing: %s %s at %s", len(idle.Keys), idle.Total, name, gives, which, ends, oneLine(f.condition.Source))
	if values := f.values(); values != "" {
		p.Message += ", where " + values
	}
	return p
}

// values are those in the condition, for the last of the rows.
func (f *fall) values() string {
	all := slices.Clone(f.condition.Values)
	if v := f.condition.Came; v != nil {
		all = append([]TestValue{*v}, all...)
	}
	var parts []string
	for _, v := range all {
		if len(parts) < 3 && len(v.Value) <= 60 && v.Value[0] != '{' && v.Text != oneLine(f.condition.Source) {
			parts = append(parts, v.Text+" is "+v.Value)
		}
	}
	return policies.List(parts, "and")
}
