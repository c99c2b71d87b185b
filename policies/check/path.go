package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/source"
)

// anyPlace stands in a path for any element of a list or any value of a map.
const anyPlace = "*"

// dataPath is where in the input or in data a value stands: input.users.*.email,
// or "local.weekday" for what the library tells of the clock. Empty where that
// can't be known.
type dataPath struct {
	words []string
	// key says that the value is a key of the map that stands there.
	key bool
}

func (p dataPath) known() bool { return len(p.words) > 0 }

func (p dataPath) then(word string) dataPath {
	if !p.known() || p.key {
		return dataPath{}
	}
	return dataPath{words: append(p.words[:len(p.words):len(p.words)], word)}
}

func (p dataPath) keys() dataPath {
	if !p.known() || p.key {
		return dataPath{}
	}
	return dataPath{words: p.words, key: true}
}

func (p dataPath) String() string { return strings.Join(p.words, ".") }

// given are the paths of what the library's functions return; the last word "*"
// is one of what they return.
var given = map[string][]string{
	"data.dutyward.user": {"input", "users", anyPlace}, "data.dutyward.team": {"input", "teams", anyPlace},
	"data.dutyward.schedule": {"input", "schedules", anyPlace}, "data.dutyward.local": {"local"},
	"data.dutyward.rotation":      {"input", "schedules", anyPlace, "users"},
	"data.dutyward.layer_members": {"input", "schedules", anyPlace, "users"},
	"data.dutyward.on_call_at":    {"input", "schedules", anyPlace, "users"},
}

// places are the paths of a body's variables.
type places map[ast.Var]dataPath

// rowsOfRules are the documents that sets of rows are of, by the names of the rules that
// make these: active contains p if { some p in data.people; … }.
type rowsOfRules places

func placesOf(p *source.Pass) places {
	return places(source.Once(p, func() rowsOfRules {
		out := rowsOfRules{}
		for _, m := range p.Policies() {
			of := map[string]dataPath{}
			for _, r := range m.Rules {
				name := m.Package.Path.Append(ast.StringTerm(source.RuleName(r))).String()
				rows := dataPath{}
				if source.IsContains(r) && r.Else == nil {
					rows = places{}.in(r.Body).of(r.Head.Key)
				}
				if n := len(rows.words) - 1; n > 1 && rows.words[n] == anyPlace && rows.words[0] == "data" {
					rows.words = rows.words[:n]
				} else {
					rows = dataPath{}
				}
				if before, ok := of[name]; ok && before.String() != rows.String() {
					rows = dataPath{}
				}
				of[name] = rows
			}
			for name, rows := range of {
				if rows.known() {
					out[ast.Var(name)] = rows
				}
			}
		}
		places(out).noteArguments(p)
		return out
	}))
}

// parameter is the name under which the path of a function's argument is kept.
func parameter(function string, i int) ast.Var { return ast.Var(fmt.Sprintf("%s(%d)", function, i)) }

// noteArguments notes what functions of the policies are called with, where all calls of
// one give it a row of one document, or a field of one.
func (ps places) noteArguments(p *source.Pass) {
	for range 2 { // a function may hand what it is given to another
		given := map[ast.Var]dataPath{}
		for _, m := range p.Policies() {
			for _, r := range m.Rules {
				ps.eachExpr(r, func(e *ast.Expr, in places) { in.argumentsIn(e, given) })
			}
		}
		for name, path := range given {
			if path.known() {
				ps[name] = path
			}
		}
	}
}

// argumentsIn notes what the calls in an expression are given; of an argument that is
// not always the same, nothing.
func (ps places) argumentsIn(x any, given map[ast.Var]dataPath) {
	note := func(terms []*ast.Term) {
		name := terms[0].String()
		if !strings.HasPrefix(name, "data.") || strings.HasPrefix(name, "data.dutyward.") {
			return
		}
		for i, t := range terms[1:] {
			at := ps.of(t)
			if !at.known() || at.words[0] != "data" || at.key {
				at = dataPath{}
			}
			if before, ok := given[parameter(name, i)]; ok && before.String() != at.String() {
				at = dataPath{}
			}
			given[parameter(name, i)] = at
		}
	}
	ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.Expr:
			if terms, ok := y.Terms.([]*ast.Term); ok && len(terms) > 1 {
				note(terms)
			}
		case ast.Call:
			note(y)
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.Every:
			return true // they are visited with their own places
		}
		return false
	}).Walk(x)
}

// parameters are the places with those of a function's parameters.
func (ps places) parameters(r *ast.Rule) places {
	if len(r.Head.Args) == 0 || r.Module == nil {
		return ps
	}
	out := ps.in(nil)
	name := r.Module.Package.Path.Append(ast.StringTerm(source.RuleName(r))).String()
	for i, arg := range r.Head.Args {
		if v, ok := arg.Value.(ast.Var); ok {
			if at := ps[parameter(name, i)]; at.known() {
				out[v] = at
			}
		}
	}
	return out
}

// in adds what a body gives values to.
func (ps places) in(body ast.Body) places {
	out := make(places, len(ps))
	for v, p := range ps {
		out[v] = p
	}
	for _, e := range body {
		out.bind(e)
	}
	return out
}

func (ps places) bind(e *ast.Expr) {
	switch x := e.Terms.(type) {
	case *ast.SomeDecl:
		for _, symbol := range x.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				ps.pick(call[1:len(call)-1], call[len(call)-1])
			}
		}
		return
	case *ast.Every:
		return
	}
	if (e.IsAssignment() || e.IsEquality()) && !e.Negated && len(e.Operands()) == 2 {
		if v, ok := e.Operand(0).Value.(ast.Var); ok {
			if _, bound := ps[v]; !bound {
				ps[v] = ps.of(e.Operand(1))
			}
		}
	}
	// A reference gives its variables values: users[id].
	ast.WalkRefs(e, func(ref ast.Ref) bool {
		at := dataPath{}
		for i := 1; i < len(ref); i++ {
			at = ps.ref(ref[:i])
			v, ok := ref[i].Value.(ast.Var)
			if _, bound := ps[v]; ok && !bound && !v.IsWildcard() && at.known() {
				ps[v] = at.keys()
			}
		}
		return false
	})
}

// pick binds what `some value in domain` or `some key, value in domain` declares.
func (ps places) pick(declared []*ast.Term, domain *ast.Term) {
	from := ps.of(domain)
	if v, ok := declared[len(declared)-1].Value.(ast.Var); ok {
		ps[v] = from.then(anyPlace)
	}
	if len(declared) == 2 {
		if v, ok := declared[0].Value.(ast.Var); ok {
			ps[v] = from.keys()
		}
	}
}

// of is the path of a term's value.
func (ps places) of(t *ast.Term) dataPath {
	switch x := t.Value.(type) {
	case ast.Var:
		return ps[x]
	case ast.Ref:
		return ps.ref(x)
	case ast.Call:
		if words, ok := given[x[0].String()]; ok {
			return dataPath{words: words}
		}
	}
	return dataPath{}
}

func (ps places) ref(ref ast.Ref) dataPath {
	var p dataPath
	switch head := ref[0].Value.(type) {
	case ast.Call:
		p = ps.of(ref[0])
	case ast.Var:
		if ref.HasPrefix(ast.InputRootRef) || ref.HasPrefix(ast.DefaultRootRef) {
			for n := len(ref); n > 2 && head == "data"; n-- {
				if rows, ok := ps[ast.Var(ref[:n].String())]; ok {
					p, ref = rows, ref[n-1:]
					break
				}
			}
			if !p.known() {
				p = dataPath{words: []string{string(head)}}
			}
		} else {
			p = ps[head]
		}
	}
	for _, t := range ref[1:] {
		word, ok := t.Value.(ast.String)
		if !ok {
			word = anyPlace
		}
		p = p.then(string(word))
	}
	// A word that names one thing of many is as good as any.
	if len(p.words) > 2 && p.words[0] == "input" && slices.Contains(collections, p.words[1]) {
		p.words = slices.Clone(p.words)
		p.words[2] = anyPlace
	}
	return p
}

// collections are the keys of the input whose keys are ids.
var collections = inventory.Collections()

// eachExpr calls f with every expression of a rule and the places of the
// variables that it sees, closures and all.
func (ps places) eachExpr(r *ast.Rule, f func(e *ast.Expr, ps places)) {
	given := ps.parameters(r)
	for clause := r; clause != nil; clause = clause.Else {
		ps := given.in(clause.Body)
		exprs(clause.Body, ps, f)
		for _, t := range []*ast.Term{clause.Head.Key, clause.Head.Value} {
			if t != nil {
				closuresOf(t, ps, f)
			}
		}
	}
}

func exprs(body ast.Body, ps places, f func(*ast.Expr, places)) {
	for _, e := range body {
		f(e, ps)
		closuresOf(e, ps, f)
	}
}

func closuresOf(x any, ps places, f func(*ast.Expr, places)) {
	inner := func(body ast.Body, heads ...*ast.Term) {
		in := ps.in(body)
		exprs(body, in, f)
		for _, t := range heads {
			closuresOf(t, in, f)
		}
	}
	ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.ArrayComprehension:
			inner(y.Body, y.Term)
		case *ast.SetComprehension:
			inner(y.Body, y.Term)
		case *ast.ObjectComprehension:
			inner(y.Body, y.Key, y.Value)
		case *ast.Every:
			in := ps.in(nil)
			declared := []*ast.Term{y.Value}
			if y.Key != nil {
				declared = []*ast.Term{y.Key, y.Value}
			}
			in.pick(declared, y.Domain)
			in = in.in(y.Body)
			exprs(y.Body, in, f)
		default:
			return false
		}
		return true
	}).Walk(x)
}
