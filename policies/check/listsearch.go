package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
)

// findLists notes the rules whose value is a list comprehension over many.
func (s speed) findLists(m *ast.Module) {
	for _, r := range m.Rules {
		if len(r.Head.Args) > 0 || r.Head.Value == nil || len(r.Head.Ref()) != 1 {
			continue
		}
		c, ok := r.Head.Value.Value.(*ast.ArrayComprehension)
		if !ok {
			continue
		}
		for _, e := range c.Body {
			decl, ok := e.Terms.(*ast.SomeDecl)
			if !ok {
				continue
			}
			for _, symbol := range decl.Symbols {
				if call, ok := symbol.Value.(ast.Call); ok && s.sourceOf(call[len(call)-1]).domain != "" {
					s.lists[r.Ref().GroundPrefix().String()] = true
				}
			}
		}
	}
}

// searchList reports `x in list` where x is one of many.
func (s speed) searchList(e *ast.Expr, body ast.Body, x scope) {
	if !isCall(e, ast.Member.Name) || len(e.Operands()) != 2 {
		return
	}
	many := slices.ContainsFunc(s.sources(e.Operand(0), &x), func(id int) bool { return x.sources[id].domain != "" || x.sources[id].argument })
	if !many {
		return
	}
	if s.collectedAnew(e, body, x) {
		return
	}
	ref, ok := e.Operand(1).Value.(ast.Ref)
	if !ok || !ref.IsGround() {
		return
	}
	n, rows, isLarge := s.large(ref)
	list := s.lists[ref.String()]
	if isLarge && n == len(ref) && rows >= manyRows && !ref.HasPrefix(ast.InputRootRef) {
		if words := pathOf(ref); words != nil {
			doc, _ := s.data.Find(words)
			_, list = doc.([]any)
		}
	}
	if !list {
		return
	}
	s.report.Besides(e.Location, policies.Problem{Code: codeListSearch, Warning: true,
		Found:    fmt.Sprintf("%s, which goes through the whole list each time", written(e)),
		Expected: "a set, in which it is looked up: {x | some x in …} in place of […], in a rule of its own"})
}

// collectedAnew reports `x in [… | …]` over many, and `x in {… | …}` over very many,
// that does not depend on where it stands: it is made each time.
func (s speed) collectedAnew(e *ast.Expr, body ast.Body, x scope) bool {
	var term *ast.Term
	var inner ast.Body
	least := 0
	switch c := e.Operand(1).Value.(type) {
	case *ast.ArrayComprehension:
		term, inner = c.Term, c.Body
	case *ast.SetComprehension:
		term, inner, least = c.Term, c.Body, manyRows
	default:
		return false
	}
	at := slices.IndexFunc(inner, func(e *ast.Expr) bool {
		domain := s.domainOf(e)
		return domain.domain != "" && domain.rows >= least
	})
	if at < 0 || dependsOn(inner, term, e, body, x) {
		return false
	}
	name := "all_values"
	if field, ok := lastWord(term); ok {
		name = "all_" + field + "s"
	}
	not := ""
	if e.Negated {
		not = "not "
	}
	conditions := "…"
	if loc := inner[at].Location; len(inner) == 1 && loc != nil && len(loc.Text) > 0 && !strings.Contains(string(loc.Text), "\n") {
		conditions = string(loc.Text)
	}
	s.report.Besides(e.Location, policies.Problem{Code: codeListSearch, Warning: true,
		Found: fmt.Sprintf("%s, which goes through all of %s each time", written(e), s.domainOf(inner[at]).domain),
		Expected: fmt.Sprintf("a set in a rule of its own, which is made once: %s := {%s | %s}, and then %s%s in %s",
			name, textOf(term), conditions, not, textOf(e.Operand(0)), name)})
	return true
}

// lastWord is the last field that a reference names.
func lastWord(t *ast.Term) (string, bool) {
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return "", false
	}
	word, ok := ref[len(ref)-1].Value.(ast.String)
	return string(word), ok && ast.IsVarCompatibleString(string(word))
}

// domainOf is what `some x in domain` goes over.
func (s speed) domainOf(e *ast.Expr) generator {
	if decl, ok := e.Terms.(*ast.SomeDecl); ok {
		for _, symbol := range decl.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				return s.sourceOf(call[len(call)-1])
			}
		}
	}
	return generator{}
}

// dependsOn says whether a comprehension uses a variable of what stands around it. A
// rule of its own would not have that.
func dependsOn(inner ast.Body, term *ast.Term, at *ast.Expr, body ast.Body, x scope) bool {
	own := ast.VarSet{}
	for _, e := range inner {
		if decl, ok := e.Terms.(*ast.SomeDecl); ok {
			for _, symbol := range decl.Symbols {
				if call, ok := symbol.Value.(ast.Call); ok {
					for _, t := range call[1 : len(call)-1] {
						own.Update(t.Vars())
					}
				} else {
					own.Update(symbol.Vars())
				}
			}
		}
		if e.IsAssignment() {
			own.Update(e.Operand(0).Vars())
		}
	}
	around := ast.VarSet{}
	for v := range x.of {
		around.Add(v)
	}
	for _, e := range body {
		if e != at {
			around.Update(varsOf(e))
		}
	}
	around.Update(varsOf(at.Operand(0)))
	used := varsOf(inner)
	used.Update(varsOf(term))
	for v := range used {
		if around.Contains(v) && !own.Contains(v) && !v.IsWildcard() && !ast.RootDocumentNames.Contains(ast.VarTerm(string(v))) {
			return true
		}
	}
	return false
}

// varsOf are the variables that stand anywhere in something, names of functions apart.
func varsOf(x any) ast.VarSet {
	out := ast.VarSet{}
	ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.Expr:
			if terms, ok := y.Terms.([]*ast.Term); ok {
				for _, t := range terms[1:] {
					out.Update(varsOf(t))
				}
				return true
			}
		case ast.Call:
			for _, t := range y[1:] {
				out.Update(varsOf(t))
			}
			return true
		case ast.Var:
			out.Add(y)
		}
		return false
	}).Walk(x)
	return out
}

// walkOf is what an expression walks and what gets each value, of
// walk(x, [path, value]) and [path, value] := walk(x).
func walkOf(e *ast.Expr) (over, into *ast.Term) {
	operands := e.Operands()
	switch {
	case isCall(e, ast.WalkBuiltin.Name) && len(operands) == 2:
		return operands[0], operands[1]
	case (e.IsAssignment() || e.IsEquality()) && len(operands) == 2:
		if call, ok := operands[1].Value.(ast.Call); ok && call[0].String() == ast.WalkBuiltin.Name && len(call) == 2 {
			return call[1], operands[0]
		}
	}
	return nil, nil
}

// walked reports a walk through a large document for each row of something.
func (s speed) walked(e *ast.Expr, body ast.Body, x scope) {
	over, into := walkOf(e)
	if over == nil || !s.walksMuch(over) {
		return
	}
	pair, isPair := into.Value.(*ast.Array)
	isPair = isPair && pair.Len() == 2
	var key *ast.Term
	if isPair {
		key = s.comparedWith(pair.Elem(1), body, &x)
	}
	i := slices.IndexFunc(x.sources, func(g generator) bool { return g.rows >= manyRows || g.argument && key != nil })
	if i < 0 {
		return
	}
	p := policies.Problem{Code: codeWalk, Warning: true,
		Found:    fmt.Sprintf("%s, which visits every value in all of %s for each %s", written(e), textOf(over), nameOf(x.sources[i])),
		Expected: "the walk in a rule of its own, which is evaluated once, and a look at what it found"}
	if key != nil {
		path, conditions := "_", ""
		if v, ok := pair.Elem(0).Value.(ast.Var); ok && !v.IsWildcard() && usedBesides(v, e, body) {
			path, conditions = string(v), fmt.Sprintf(", with the conditions on %s in it", v)
		}
		value := textOf(pair.Elem(1))
		p.Expected = fmt.Sprintf("a set in a rule of its own, which is evaluated once: found := {%s | walk(%s, [%s, %s])}%s, and then %s in found",
			value, textOf(over), path, value, conditions, textOf(key))
	}
	s.report.Besides(e.Location, p)
}

// walksMuch says whether a walk goes through much: a collection of the account, or a
// document with many values. A single thing of the account is not much.
func (s speed) walksMuch(over *ast.Term) bool {
	ref, ok := over.Value.(ast.Ref)
	if !ok || !ref.IsGround() {
		return false
	}
	if ref.HasPrefix(ast.InputRootRef) && len(ref) <= 2 {
		_, _, large := s.large(ref)
		return len(ref) == 1 || large
	}
	if !ref.HasPrefix(ast.DefaultRootRef) || len(ref) < 2 {
		return false
	}
	words := pathOf(ref)
	doc, ok := s.data.Find(words)
	return words != nil && ok && valuesIn(doc) >= manyRows
}

// valuesIn counts the values in a document.
func valuesIn(doc any) int {
	n := 1
	switch doc := doc.(type) {
	case map[string]any:
		for _, x := range doc {
			n += valuesIn(x)
		}
	case []any:
		for _, x := range doc {
			n += valuesIn(x)
		}
	}
	return n
}

// comparedWith is what a body compares a variable with, where that is of a row.
func (s speed) comparedWith(value *ast.Term, body ast.Body, x *scope) *ast.Term {
	if _, ok := value.Value.(ast.Var); !ok {
		return nil
	}
	for _, e := range body {
		if e.Negated || !isCall(e, ast.Equal.Name) && !e.IsEquality() || len(e.Operands()) != 2 {
			continue
		}
		for i, t := range e.Operands() {
			other := e.Operand(1 - i)
			if t.Equal(value) && len(s.sources(other, x)) > 0 {
				return other
			}
		}
	}
	return nil
}

func usedBesides(v ast.Var, at *ast.Expr, body ast.Body) bool {
	return slices.ContainsFunc(body, func(e *ast.Expr) bool {
		if _, declared := e.Terms.(*ast.SomeDecl); declared || e == at {
			return false
		}
		return varsOf(e).Contains(v)
	})
}

func pathOf(ref ast.Ref) []string {
	var words []string
	for _, t := range ref[1:] {
		word, ok := t.Value.(ast.String)
		if !ok {
			return nil
		}
		words = append(words, string(word))
	}
	return words
}

// pairTests are functions that compare two texts or numbers in another way than by equality.
var pairTests = []string{
	ast.StartsWith.Name, ast.EndsWith.Name, ast.Contains.Name, ast.RegexMatch.Name, ast.GlobMatch.Name,
	ast.LessThan.Name, ast.LessThanEq.Name, ast.GreaterThan.Name, ast.GreaterThanEq.Name,
}

// pairs reports a condition that is asked for each pair of people, or of people and rows,
// where no equality picks the few that belong together.
func (s speed) pairs(e *ast.Expr, body ast.Body, x scope) {
	if e.Negated || !e.IsCall() || !slices.Contains(pairTests, e.Operator().String()) {
		return
	}
	many := manyAmong(s.sources(ast.ArrayTerm(e.Operands()...), &x), x)
	if len(many) < 2 || joined(s, body, many, x) {
		return
	}
	a, b := x.sources[many[0]], x.sources[many[1]]
	s.report.Besides(e.Location, policies.Problem{Code: codeSearch, Warning: true,
		Found: fmt.Sprintf("%s, which is asked for each pair of %s (%s) and %s (%s): the product of their numbers",
			written(e), nameOf(a), a.domain, nameOf(b), b.domain),
		Expected: "an equality of both in place of it, of which one side is looked up; or the few that it is about picked first, in a rule of its own"})
}

// manyAmong are the sources that are the people of the account, or many rows of data.
func manyAmong(ids []int, x scope) []int {
	return slices.DeleteFunc(ids, func(id int) bool {
		src := x.sources[id]
		return src.domain != "input.users" && (!strings.HasPrefix(src.domain, "data.") || src.rows < manyRows)
	})
}

// joined says whether an equality or a membership of a body is about both of two sources.
func joined(s speed, body ast.Body, ids []int, x scope) bool {
	return slices.ContainsFunc(body, func(e *ast.Expr) bool {
		if e.Negated || !e.IsEquality() && !isCall(e, ast.Equal.Name) && !isCall(e, ast.Member.Name) {
			return false
		}
		of := s.sources(ast.ArrayTerm(e.Operands()...), &x)
		return slices.Contains(of, ids[0]) && slices.Contains(of, ids[1])
	})
}
