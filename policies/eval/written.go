package eval

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
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

// addSource adds what a reference goes over, where that is nothing which holds
// anything: of p.teams[_], p.teams.
func (r *reading) addSource(t *ast.Term) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !r.isLocal(t) {
		return
	}
	for n := 1; n < len(ref); n++ {
		if _, isVar := ref[n].Value.(ast.Var); !isVar || r.value(ref[n]) != nil {
			continue
		}
		name := r.event.LocalMetadata[ref[0].Value.(ast.Var)].Name
		v := r.value(ast.NewTerm(ref[:n]))
		switch v.(type) {
		case nil, *ast.Array, ast.Object, ast.Set:
			return
		}
		if name != "" {
			named := append(ast.Ref{ast.VarTerm(string(name))}, ref[1:n]...)
			r.put(named.String(), v)
		}
		return
	}
}

// RuleTexts are the rules of all packages as they were written, tests apart, in the order
// of their files: the contract rules and what these call.
func (s *Set) RuleTexts() []policies.RuleText {
	var all []policies.RuleText
	for _, f := range s.files {
		m := s.parsed[f.Name]
		if m == nil || f.IsTest() {
			continue
		}
		root := source.PackageRoot(m)
		for _, r := range m.Rules {
			c, known := contract.ContractNamed(string(r.Head.Name))
			all = append(all, policies.RuleText{
				Origin:   policies.Origin{File: f.Name, Line: r.Location.Row, Package: source.PackageName(m), Root: f.Root},
				Name:     r.Head.Ref().String(),
				Contract: known && string(c.Phase) == root && r.Head.RuleKind() == ast.MultiValue,
				Means:    r.String(), Text: strings.Join(strings.Fields(string(r.Location.Text)), " "),
			})
		}
	}
	return all
}

// DataUnlike are the names, sorted, of the data files that hold other values than in
// another set, are there alone or here alone. How they are laid out does not matter.
func (s *Set) DataUnlike(other *Set) []string {
	names := s.FilesUnlike(other)
	return slices.DeleteFunc(names, func(name string) bool {
		here, there := s.file(name), other.file(name)
		if here == nil && there == nil || here != nil && here.IsRego() || there != nil && there.IsRego() {
			return true
		}
		return here != nil && there != nil && (bytes.Equal(here.Content, there.Content) || sameData(here, there))
	})
}

func (s *Set) file(name string) *source.File {
	if i := slices.IndexFunc(s.files, func(f *source.File) bool { return f.Name == name }); i >= 0 {
		return s.files[i]
	}
	return nil
}

// sameData says that two files hold the same values. Both were loaded before.
func sameData(a, b *source.File) bool {
	read := func(f *source.File) map[string]any {
		return source.LoadData([]*source.File{f}, source.NewReport([]*source.File{f})).Root
	}
	return reflect.DeepEqual(read(a), read(b))
}
