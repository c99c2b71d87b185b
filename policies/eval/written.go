package eval

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies/source"
)

// given is a query of an expression in which variables have values.
func given(e *ast.Expr, known map[ast.Var]*ast.Term) ast.Body {
	var body ast.Body
	for v := range e.Vars(ast.VarVisitorParams{}) {
		if t := known[v]; t != nil {
			body = append(body, ast.Equality.Expr(ast.NewTerm(v), t))
		}
	}
	return append(body, e)
}

func plugTerm(t *ast.Term, known map[ast.Var]*ast.Term) *ast.Term {
	if v, ok := t.Value.(ast.Var); ok && known[v] != nil {
		return known[v]
	}
	return t
}

// plugged is a reference with the values of variables in their places.
func plugged(ref ast.Ref, known map[ast.Var]*ast.Term) ast.Ref {
	out := make(ast.Ref, len(ref))
	for i, t := range ref {
		out[i] = plugTerm(t, known)
	}
	return out
}

// refIn is the reference that an expression takes a value from.
func refIn(e *ast.Expr) (ast.Ref, bool) {
	for _, t := range e.Operands() {
		if ref, ok := t.Value.(ast.Ref); ok && len(ref) > 1 {
			return ref, true
		}
	}
	return nil, false
}

// textOf is what an expression that the compiler made computes, as it is written.
func textOf(e *ast.Expr) string {
	if ref, ok := refIn(e); ok && e.IsEquality() {
		for _, t := range e.Operands() {
			if _, isRef := t.Value.(ast.Ref); isRef && t.Location != nil && len(t.Location.Text) > 0 {
				return oneLine(string(t.Location.Text))
			}
		}
		return ref.String()
	}
	return oneLine(string(e.Location.Text))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// writtenIn are compiled variables as they are written: the author's own, and those
// that stand for what an expression computes.
func writtenIn(body ast.Body, rewritten map[ast.Var]ast.Var) map[ast.Var]string {
	out := map[ast.Var]string{}
	for v, name := range rewritten {
		if !name.IsGenerated() && !name.IsWildcard() {
			out[v] = string(name)
		}
	}
	for _, e := range body {
		if e.IsEquality() {
			if v, ok := e.Operand(0).Value.(ast.Var); ok && out[v] == "" {
				if _, isRef := refIn(e); isRef {
					out[v] = textOf(e)
				}
			}
		}
	}
	return out
}

// shapeOf is a term as it is written, whatever its variables are called; empty if it
// is none.
func shapeOf(written string) string {
	t, err := ast.ParseTerm(written)
	if err != nil {
		return ""
	}
	return shape(t)
}

func shape(t *ast.Term) string {
	out, err := ast.TransformVars(t.Copy().Value, func(v ast.Var) (ast.Value, error) {
		if v.Equal(ast.DefaultRootDocument.Value) || v.Equal(ast.InputRootDocument.Value) {
			return v, nil
		}
		return ast.Var("x"), nil
	})
	if value, ok := out.(ast.Value); err == nil && ok {
		return value.String()
	}
	return ""
}

// optionalBeside are the shapes of what other rules of a rule's name, which read the
// same documents, take care of where it is undefined: they say `not p.until`, or have
// a value for it in its place.
func (s *Set) optionalBeside(r *rule) map[string]bool {
	out := map[string]bool{}
	for _, others := range s.rules {
		for _, other := range others {
			if other == r || other.contract != r.contract || !other.needs.data.meets(r.needs.data) && !other.needs.input.meets(r.needs.input) {
				continue
			}
			parsed := s.parsedAt(other)
			if parsed == nil {
				continue
			}
			ast.WalkExprs(parsed, func(e *ast.Expr) bool {
				if t, ok := e.Terms.(*ast.Term); ok && e.Negated {
					out[shape(t)] = true
				}
				return false
			})
			ast.WalkTerms(parsed, func(t *ast.Term) bool {
				if call, ok := t.Value.(ast.Call); ok && call[0].String() == ast.ObjectGet.Name && len(call) == 4 {
					out[shape(ast.RefTerm(call[1], call[2]))] = true
				}
				return false
			})
		}
	}
	delete(out, "")
	return out
}

// meets says that two documents' keys have one in common.
func (k keys) meets(o keys) bool {
	for key := range k.named {
		if o.named[key] {
			return true
		}
	}
	return false
}

// parsedAt is the rule as it was written.
func (s *Set) parsedAt(r *rule) *ast.Rule {
	m := s.parsed[r.location.File]
	if m == nil {
		return nil
	}
	for _, p := range m.Rules {
		if source.PlaceOf(p.Location) == source.PlaceOf(r.location) && p.Head.Name == r.compiled.Head.Name {
			return p
		}
	}
	return nil
}
