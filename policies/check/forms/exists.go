package forms

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeSomeForEvery code.Code = "policy/some-for-every"

// Exclusions looks for conditions that are to exclude and exclude nobody.
var Exclusions = source.Analyzer{
	Name: "exclusions",
	Doc:  "conditions that hold as soon as one of many differs",
	Run:  checkExclusions,
	Pages: code.Pages{
		{
			Code:    codeSomeForEvery,
			Title:   "A condition holds as soon as one of many differs",
			Means:   "A rule goes over a collection and asks no more of its members than that one is not what is compared. With two members, one always is not.",
			Why:     "The condition is to keep somebody out, and keeps nobody out: the rule gives more than it should.",
			Do:      "Write not … in …, or every … in … { … }.",
			Example: "some b in blocked; b != u.email  # not u.email in blocked",
		},
	},
}

// checkExclusions warns of `some x in many` where all that is asked of x is to differ.
func checkExclusions(p *source.Pass) {
	for _, m := range p.Policies() {
		for _, r := range m.Rules {
			uses := map[ast.Var]int{}
			ast.WalkVars(r, func(v ast.Var) bool {
				uses[v]++
				return false
			})
			ast.WalkBodies(r, func(body ast.Body) bool {
				for _, e := range body {
					exclusion{p, body, uses}.of(e)
				}
				return false
			})
		}
	}
}

type exclusion struct {
	pass *source.Pass
	body ast.Body
	uses map[ast.Var]int
}

// of looks at an expression that goes over a collection.
func (x exclusion) of(e *ast.Expr) {
	if differs(e) && !e.Negated {
		x.wildcard(e)
		return
	}
	names, domain := goesOver(e)
	if domain == nil || !fixed(domain) {
		return
	}
	for _, other := range x.body {
		own, total := 0, 0
		for _, name := range names {
			own += occurrences(other, name)
			total += x.uses[name] - 1
		}
		if other == e || own == 0 || own != total || !other.Negated && !differs(other) || !x.comparesMore(other, names) {
			continue
		}
		x.report(other, names, domain)
	}
}

// comparesMore says that an expression has a variable besides those names.
func (x exclusion) comparesMore(e *ast.Expr, names []ast.Var) bool {
	found := false
	ast.WalkVars(e, func(v ast.Var) bool {
		known := v.Equal(ast.DefaultRootDocument.Value) || v.Equal(ast.InputRootDocument.Value) || v.IsGenerated()
		for _, name := range names {
			known = known || v.Equal(name)
		}
		found = found || !known && x.isLocal(v)
		return false
	})
	return found
}

// isLocal says that a variable is bound in the rule, and no function's name.
func (x exclusion) isLocal(v ast.Var) bool { return x.uses[v] > 1 }

func (x exclusion) report(e *ast.Expr, names []ast.Var, domain *ast.Term) {
	every := make([]string, len(names))
	for i, name := range names {
		every[i] = string(name)
		if name.IsWildcard() {
			every[i] = "_"
		}
	}
	said := policies.Problem{Code: codeSomeForEvery, Warning: true,
		Found:    fmt.Sprintf("%s, which holds as soon as one of %s differs, and so keeps nobody out", sourceOf(e), textOf(domain)),
		Expected: "a condition on all of them",
	}
	last := names[len(names)-1]
	switch other := otherSide(e, last); {
	case other != nil && (len(names) == 1 || names[0].IsWildcard()):
		said.Suggestion = fmt.Sprintf("not %s in %s", textOf(other), textOf(domain))
	default:
		said.Suggestion = fmt.Sprintf("every %s in %s { %s }", strings.Join(every, ", "), textOf(domain), sourceOf(e))
	}
	x.pass.Besides(e.Location, said)
}

// wildcard looks at a comparison with collection[_].
func (x exclusion) wildcard(e *ast.Expr) {
	for i, t := range e.Operands() {
		ref, ok := t.Value.(ast.Ref)
		if !ok || len(ref) < 2 || len(e.Operands()) != 2 || !isWildcard(ref[len(ref)-1]) {
			continue
		}
		domain := ast.NewTerm(ref[:len(ref)-1])
		domain.Location = t.Location
		if !fixed(domain) || !x.comparesMore(e, nil) {
			continue
		}
		many := strings.TrimSuffix(textOf(t), "[_]")
		x.pass.Besides(e.Location, policies.Problem{Code: codeSomeForEvery, Warning: true,
			Found:      fmt.Sprintf("%s, which holds as soon as one of %s differs, and so keeps nobody out", sourceOf(e), many),
			Expected:   "a condition on all of them",
			Suggestion: fmt.Sprintf("not %s in %s", textOf(e.Operand(1-i)), many)})
	}
}

func isWildcard(t *ast.Term) bool {
	v, ok := t.Value.(ast.Var)
	return ok && v.IsWildcard()
}

// differs says that an expression is x != y, or not x == y.
func differs(e *ast.Expr) bool {
	if !e.IsCall() {
		return false
	}
	name := e.Operator().String()
	return name == ast.NotEqual.Name && !e.Negated || name == ast.Equal.Name && e.Negated
}

// otherSide is what a variable alone is compared with; nil where more is compared.
func otherSide(e *ast.Expr, v ast.Var) *ast.Term {
	if !differs(e) || len(e.Operands()) != 2 {
		return nil
	}
	for i, t := range e.Operands() {
		if t.Value.Compare(v) == 0 {
			return e.Operand(1 - i)
		}
	}
	return nil
}

// goesOver are the names that `some k, x in domain` declares.
func goesOver(e *ast.Expr) (names []ast.Var, domain *ast.Term) {
	decl, ok := e.Terms.(*ast.SomeDecl)
	if !ok || len(decl.Symbols) != 1 {
		return nil, nil
	}
	call, ok := decl.Symbols[0].Value.(ast.Call)
	if !ok {
		return nil, nil
	}
	for _, t := range call[1 : len(call)-1] {
		v, ok := t.Value.(ast.Var)
		if !ok {
			return nil, nil
		}
		names = append(names, v)
	}
	return names, call[len(call)-1]
}

// fixed says that a collection is the same wherever it stands.
func fixed(t *ast.Term) bool {
	switch v := t.Value.(type) {
	case ast.Ref:
		root := v[0].Equal(ast.DefaultRootDocument) || v[0].Equal(ast.InputRootDocument)
		return root && v.IsGround()
	case *ast.Array, ast.Set:
		return t.IsGround()
	}
	return false
}

func occurrences(x any, name ast.Var) int {
	n := 0
	ast.WalkVars(x, func(v ast.Var) bool {
		if v.Equal(name) {
			n++
		}
		return false
	})
	return n
}

// textOf is a term as it is written.
func textOf(t *ast.Term) string {
	if t.Location != nil && len(t.Location.Text) > 0 && !strings.Contains(string(t.Location.Text), "\n") {
		return string(t.Location.Text)
	}
	return t.String()
}

// sourceOf is an expression as it is written.
func sourceOf(e *ast.Expr) string {
	if e.Location != nil && len(e.Location.Text) > 0 && !strings.Contains(string(e.Location.Text), "\n") {
		return string(e.Location.Text)
	}
	return e.String()
}
