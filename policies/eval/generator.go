package eval

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// generator is an expression of a rule's body that goes over the rows of a data
// document: `some p in data.people`.
type generator struct {
	// document is the reference to the document, and key the variable of a row's key.
	document ast.Ref
	key      ast.Var
	// row is the variable of the row itself; empty if there is none.
	row ast.Var
	// ref is the reference to a row or to something within one.
	ref ast.Ref
	// through are the rules that the rows come through, which give them as they are.
	through []*helper
}

// helper is a rule that gives rows which it picks.
type helper struct {
	Body       ast.Body
	generators []generator
}

// generatorsIn are the generators of a compiled body over documents that no rule
// makes, also by way of sets of their rows.
func generatorsIn(body ast.Body, compiler *ast.Compiler) []generator {
	var out []generator
	given := ast.NewVarSet() // what has a value before
	for _, e := range body {
		before := given.Copy()
		given.Update(e.Vars(ast.SafetyCheckVisitorParams))
		if e.Negated || len(e.With) > 0 || e.IsEvery() {
			continue
		}
		ref, ok := refIn(e)
		if !ok || !ref.HasPrefix(ast.DefaultRootRef) {
			continue
		}
		document := ref.ConstantPrefix()
		if len(document) < 2 || len(document) == len(ref) {
			continue
		}
		key, ok := ref[len(document)].Value.(ast.Var)
		if !ok || before.Contains(key) {
			continue
		}
		g := generator{document: document, key: key, ref: ref}
		if v, isVar := e.Operand(0).Value.(ast.Var); isVar && e.IsEquality() && len(ref) == len(document)+1 {
			g.row = v
		}
		if rules := compiler.GetRules(document); len(rules) > 0 && !g.pass(rules, compiler) {
			continue
		}
		out = append(out, g)
	}
	return out
}

// pass has a generator over what rules make go over the document whose rows they
// pick, if they all do: `active contains p if { some p in data.people; … }`.
func (g *generator) pass(rules []*ast.Rule, compiler *ast.Compiler) bool {
	if g.row == "" {
		return false
	}
	var document ast.Ref
	for _, r := range rules {
		if r.Head.RuleKind() != ast.MultiValue || r.Head.Key == nil {
			return false
		}
		sources := generatorsIn(r.Body, compiler)
		if len(sources) == 0 || r.Head.Key.Value.Compare(sources[0].row) != 0 || sources[0].row == "" || len(sources[0].through) > 0 {
			return false
		}
		if document != nil && !document.Equal(sources[0].document) {
			return false
		}
		document = sources[0].document
		g.through = append(g.through, &helper{r.Body, sources})
	}
	g.document, g.ref = document, nil
	return true
}

// path is that of what the generator has come to; nil if it is not known.
func (g generator) path(known map[ast.Var]*ast.Term) ast.Ref {
	ref := plugged(g.ref, known)
	if len(ref) == 0 || !ref.IsGround() {
		return nil
	}
	return ref[1:]
}

// of is the place, "file:line", of the row of data for which a rule's variables
// have these values; empty if that can't be known.
func (x *rowFinder) of(r *rule, known map[ast.Var]*ast.Term) string {
	for _, g := range r.generators {
		if p := g.path(known); p != nil {
			if place := x.at(p); place != "" {
				return place
			}
		}
	}
	var texts []string
	for v, name := range r.compiler.RewrittenVars {
		if t := known[v]; t != nil && !name.IsWildcard() {
			texts = append(texts, textsOf(t)...)
		}
	}
	return x.place(r.needs.data, texts, "")
}

// at is "file:line" of what stands at a path in the data; empty if that can't be known.
func (x *rowFinder) at(where ast.Ref) string {
	path := make([]any, len(where))
	for i, t := range where {
		path[i] = keyOf(t)
	}
	f, line, _ := x.places.Of(path)
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.Name, line)
}
