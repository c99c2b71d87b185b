package check

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// largeInputs are the collections of the input that grow with the account, and
// the fields by which there is a look-up.
var largeInputs = map[string]map[string]string{
	"input.users":               {"email": "data.dutyward.user(%s)", "id": "input.users[%s]"},
	"input.teams":               {"name": "data.dutyward.team(%s)", "id": "input.teams[%s]"},
	"input.schedules":           {"name": "data.dutyward.schedule(%s)", "id": "input.schedules[%s]"},
	"input.escalation_policies": {"id": "input.escalation_policies[%s]"},
	"input.services":            {"id": "input.services[%s]"},
	"input.on_calls":            {},
}

// manyRows is from how many rows on a document's size matters where only one
// thing is searched in it.
const manyRows = 100

// large is the collection that a reference begins with: its length in terms and
// its number of rows, where that is known.
func (s speed) large(ref ast.Ref) (n, rows int, ok bool) {
	if ref.HasPrefix(ast.InputRootRef) && len(ref) >= 2 {
		_, ok := largeInputs[ref[:2].String()]
		return 2, manyRows, ok
	}
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return 0, 0, false
	}
	tree, doc := s.tree, any(s.data.Root)
	for i, t := range ref[1:] {
		word, isWord := t.Value.(ast.String)
		m, isMap := doc.(map[string]any)
		if !isWord || !isMap || tree.Child(string(word)) != nil && tree.Child(string(word)).Rule {
			return 0, 0, false
		}
		tree = tree.Child(string(word))
		if doc, ok = m[string(word)]; !ok {
			return 0, 0, false
		}
		if list, ok := doc.([]any); ok {
			return i + 2, len(list), true
		}
	}
	m, isMap := doc.(map[string]any)
	return len(ref), len(m), isMap && tree == nil && len(ref) > 1
}

// generator is what gives a variable its values, one after the other.
type generator struct {
	// domain is the large collection; empty for anything else.
	domain string
	rows   int
	// name is what the author calls it.
	name string
	// argument says that it is a function's argument.
	argument bool
	// walk says that walk gives the values.
	walk bool
	// within is the large collection in whose rows the values are; empty for none.
	within string
}

// scope are the sources of the variables that a body sees.
type scope struct {
	sources []generator
	of      map[ast.Var][]int
	// several says that the body collects all rows it finds, not the one.
	several bool
	// outside is how many of the sources stand around the body.
	outside int
	// later are the sources that are bound behind the expression at hand.
	later map[int]bool
}

func (x scope) inner() scope {
	out := scope{sources: slices.Clone(x.sources), of: make(map[ast.Var][]int, len(x.of)), several: x.several, outside: len(x.sources), later: maps.Clone(x.later)}
	for v, ids := range x.of {
		out.of[v] = ids
	}
	return out
}

// collecting is the scope of a comprehension's body.
func (x scope) collecting() scope {
	x.several = true
	return x
}

func (x *scope) add(v ast.Var, src generator) {
	x.sources = append(x.sources, src)
	x.of[v] = append(slices.Clone(x.of[v]), len(x.sources)-1)
}

// bind notes what an expression gives values to.
func (s speed) bind(e *ast.Expr, x *scope) {
	if decl, ok := e.Terms.(*ast.SomeDecl); ok {
		for _, symbol := range decl.Symbols {
			call, ok := symbol.Value.(ast.Call)
			if !ok {
				continue
			}
			src := s.sourceOf(call[len(call)-1])
			if src.domain == "" {
				src.within = withinOf(call[len(call)-1], x)
			}
			for _, t := range call[1 : len(call)-1] {
				for v := range t.Vars() {
					src := src
					src.name = string(v)
					x.add(v, src)
				}
			}
		}
		return
	}
	if _, into := walkOf(e); into != nil {
		for v := range into.Vars() {
			x.add(v, generator{name: string(v), walk: true})
		}
		return
	}
	if !e.IsAssignment() && !e.IsEquality() || e.Negated {
		return
	}
	to, from := e.Operand(0), e.Operand(1)
	v, ok := to.Value.(ast.Var)
	if !ok || len(x.of[v]) > 0 {
		return
	}
	x.of[v] = s.sources(from, x)
}

// withinOf is the large collection in whose rows a reference of a variable leads.
func withinOf(t *ast.Term, x *scope) string {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return ""
	}
	head, ok := ref[0].Value.(ast.Var)
	if ids := x.of[head]; ok && len(ids) == 1 && ids[0] >= x.outside {
		return x.sources[ids[0]].domain
	}
	return ""
}

// sourceOf is the source of what iterates over a term.
func (s speed) sourceOf(domain *ast.Term) generator {
	ref, ok := domain.Value.(ast.Ref)
	if !ok || !ref.IsGround() {
		return generator{}
	}
	if n, rows, ok := s.large(ref); ok && n == len(ref) {
		return generator{domain: ref.String(), rows: rows}
	}
	return generator{}
}

// sources are where the values of a term come from; closures apart. A reference
// that goes over a large collection by itself is a source too.
func (s speed) sources(t *ast.Term, x *scope) []int {
	var out []int
	note := func(v ast.Var) { out = append(out, x.of[v]...) }
	walk := ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			return true
		case ast.Var:
			note(y)
		case ast.Ref:
			n, rows, ok := s.large(y)
			if !ok || n >= len(y) {
				return false
			}
			if v, isVar := y[n].Value.(ast.Var); isVar && len(x.of[v]) == 0 {
				x.add(v, generator{domain: y[:n].String(), rows: rows, name: y[:n].String()})
			}
		}
		return false
	})
	walk.Walk(t)
	slices.Sort(out)
	return slices.Compact(out)
}
