package eval

import (
	"math"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// headVar is bound to what a head comes to for one answer of its rule's body: an
// array of its elements, empty if the head is undefined there.
const headVar = ast.Var("__dutyward_head__")

// head is what a rule evaluates beyond its conditions to make its element. Where
// the conditions hold and the head is undefined, Rego gives one element fewer and
// says nothing.
type head struct {
	// exprs are the compiled expressions of the head, the last of which binds elementVar.
	exprs ast.Body
	// query is the compiled body, with headVar bound to the head's array.
	query ast.Body
	parts headParts
}

// headOf takes the query of a compiled rule apart. It is nil where the head is
// always defined, and where it is not told apart from the body.
func headOf(parsed, compiled *ast.Rule, query ast.Body) *head {
	for parts := partsOf(parsed); ; {
		h := splitHead(parsed, compiled, query, parts)
		if h != nil || len(parts.steps) == 0 {
			return h
		}
		// The first in the body may be what goes over the rows: p := data.people[_].
		parts.steps = parts.steps[:len(parts.steps)-1]
	}
}

func splitHead(parsed, compiled *ast.Rule, query ast.Body, parts headParts) *head {
	var body, own ast.Body
	for _, e := range query[:len(query)-1] {
		if e.Location == nil || e.Location.File != parsed.Location.File {
			return nil
		}
		if parts.has(e.Location.Offset) {
			own = append(own, e)
		} else {
			body = append(body, e)
		}
	}
	own = append(own, query[len(query)-1])
	if !slices.ContainsFunc(own, canBeUndefined) || !follows(own, body) {
		return nil
	}
	elements := ast.ArrayComprehensionTerm(ast.VarTerm(string(elementVar)), own)
	bind := ast.Equality.Expr(ast.VarTerm(string(headVar)), elements)
	bind.Location, bind.Index = compiled.Location, len(body)
	return &head{exprs: own, query: append(body[:len(body):len(body)], bind), parts: parts}
}

// headParts are where a rule's head stands: before its body, in the object that the
// body assigns to the variable which the head is, and in steps towards it.
type headParts struct {
	body   int
	object span
	// steps are assignments of what the head alone uses. They may be meant as
	// conditions as well: `team := led_by[p.email]`.
	steps []span
}

// span is a part of a file, by offsets.
type span struct{ from, until int }

func (s span) has(offset int) bool { return s.from <= offset && offset < s.until }

func (p headParts) has(offset int) bool {
	return offset < p.body || p.object.has(offset) || p.isStep(offset)
}

func (p headParts) isStep(offset int) bool {
	return slices.ContainsFunc(p.steps, func(s span) bool { return s.has(offset) })
}

func partsOf(r *ast.Rule) headParts {
	if len(r.Body) == 0 || r.Body[0].Location == nil {
		return headParts{body: math.MaxInt}
	}
	p := headParts{body: r.Body[0].Location.Offset}
	end := math.MaxInt
	needed := ast.NewVarSet() // by conditions below
	for _, e := range slices.Backward(r.Body) {
		where := span{e.Location.Offset, end}
		end = e.Location.Offset
		if e.IsAssignment() && !e.Negated && len(e.With) == 0 {
			if name, ok := e.Operand(0).Value.(ast.Var); ok && !needed.Contains(name) {
				if _, object := e.Operand(1).Value.(ast.Object); object && r.Head.Key.Value.Compare(name) == 0 {
					p.object = where
				} else {
					p.steps = append(p.steps, where)
				}
				continue
			}
		}
		needed.Update(e.Vars(ast.VarVisitorParams{}))
	}
	return p
}

// canBeUndefined says that an expression of a head may have no value: it selects
// something, or calls a function other than those that always answer.
func canBeUndefined(e *ast.Expr) bool {
	if e.IsCall() && !e.IsEquality() {
		return e.Operator().String() != ast.InternalTemplateString.Name
	}
	return slices.ContainsFunc(e.Operands(), func(t *ast.Term) bool {
		ref, ok := t.Value.(ast.Ref)
		return ok && len(ref) > 1
	})
}

// follows says that a head follows from its body: it iterates over nothing of its
// own, and gives the body nothing.
func follows(head, body ast.Body) bool {
	known, given := body.Vars(ast.SafetyCheckVisitorParams), ast.NewVarSet()
	for _, e := range head {
		iterates := false
		ast.NewGenericVisitor(func(x any) bool {
			if ref, ok := x.(ast.Ref); ok {
				iterates = iterates || slices.ContainsFunc(ref[1:], func(t *ast.Term) bool {
					v, ok := t.Value.(ast.Var)
					return ok && !known.Contains(v) && !given.Contains(v)
				})
			}
			return isClosure(x)
		}).Walk(e)
		if iterates {
			return false
		}
		given.Update(e.Vars(ast.SafetyCheckVisitorParams).Diff(known))
	}
	return !slices.ContainsFunc(body, func(e *ast.Expr) bool {
		return len(e.Vars(ast.SafetyCheckVisitorParams).Intersect(given)) > 0
	})
}

func isClosure(x any) bool {
	switch x.(type) {
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, *ast.Every:
		return true
	}
	return false
}

// elementsIn are the elements of one answer to a rule's query.
func (r *rule) elementsIn(result map[ast.Var]*ast.Term) []*ast.Term {
	if r.head == nil {
		return []*ast.Term{result[elementVar]}
	}
	array, _ := result[headVar].Value.(*ast.Array)
	if array == nil {
		return nil
	}
	elements := make([]*ast.Term, 0, 1)
	array.Foreach(func(t *ast.Term) { elements = append(elements, t) })
	return elements
}

// parsedRule is the rule that a compiled one was written as; nil if it can't be known.
func (s *Set) parsedRule(compiled *ast.Module, file string, i int) *ast.Rule {
	parsed := s.parsed[file]
	if parsed == nil || len(parsed.Rules) != len(compiled.Rules) {
		return nil
	}
	return parsed.Rules[i]
}

// helpersWithHeads are the authors' own sets, objects and comprehensions, as rules whose
// head can be undefined where their body holds: a row then is not among them, silently,
// and what contract rules make of them is one element fewer.
func (s *Set) helpersWithHeads(compiler *ast.Compiler, finder *needsFinder) map[*ast.Rule]*rule {
	out := map[*ast.Rule]*rule{}
	for _, f := range s.files {
		m := compiler.Modules[f.Name]
		if m == nil || f.IsTest() {
			continue
		}
		for i, r := range m.Rules {
			if c, ok := contract.ContractNamed(string(r.Head.Name)); ok && string(c.Phase) == source.PackageRoot(m) {
				continue
			}
			parsed := s.parsedRule(m, f.Name, i)
			if parsed == nil || len(r.Head.Args) > 0 || r.Default || r.Else != nil {
				continue
			}
			if h := helperOf(parsed, r, compiler); h != nil {
				h.needs, h.origin = finder.of(r), originOf(r, f, compiler.GetAnnotationSet())
				out[r] = h
			}
		}
	}
	return out
}

// helperOf is a rule with a head that can be undefined; nil if it has none.
func helperOf(parsed, compiled *ast.Rule, compiler *ast.Compiler) *rule {
	body, first, terms := compiled.Body, parsed.Body, headTerms(compiled.Head)
	if compiled.Head.RuleKind() == ast.SingleValue && len(terms) == 1 {
		body, first, terms = comprehensionOf(parsed, compiled)
	}
	if len(terms) == 0 || len(first) == 0 || first[0].Location == nil {
		return nil
	}
	bind := ast.Equality.Expr(ast.NewTerm(elementVar), ast.ArrayTerm(terms...))
	bind.Location, bind.Index = compiled.Location, len(body)
	query := append(body[:len(body):len(body)], bind)
	h := splitHead(parsed, compiled, query, headParts{body: first[0].Location.Offset})
	if h == nil {
		return nil
	}
	return &rule{
		contract: &contract.ContractRule{Name: source.RuleName(parsed)}, compiled: compiled, compiler: compiler, helper: true, query: query,
		head: h, generators: generatorsIn(body, compiler), location: compiled.Location,
	}
}

// headTerms are what a head gives: its keys and its value.
func headTerms(h *ast.Head) []*ast.Term {
	var out []*ast.Term
	for _, t := range h.Ref()[1:] {
		if !t.IsGround() {
			out = append(out, t)
		}
	}
	if h.RuleKind() == ast.MultiValue {
		return append(out, h.Key)
	}
	return append(out, h.Value)
}

// comprehensionOf is the body of a rule's value, as compiled and as written, and what it
// collects; empty if it is no comprehension.
func comprehensionOf(parsed, compiled *ast.Rule) (body, written ast.Body, terms []*ast.Term) {
	value := parsed.Head.Value
	if value == nil || value.Location == nil || parsed.Body.String() != "true" {
		return nil, nil, nil
	}
	_, written, _ = partsOfComprehension(value)
	ast.WalkTerms(compiled, func(t *ast.Term) bool {
		if terms == nil && t.Location != nil && t.Location.Offset == value.Location.Offset {
			body, _, terms = partsOfComprehension(t)
		}
		return terms != nil
	})
	if len(written) == 0 {
		return nil, nil, nil
	}
	return body, written, terms
}

func partsOfComprehension(t *ast.Term) (body, same ast.Body, terms []*ast.Term) {
	switch c := t.Value.(type) {
	case *ast.SetComprehension:
		return c.Body, c.Body, []*ast.Term{c.Term}
	case *ast.ArrayComprehension:
		return c.Body, c.Body, []*ast.Term{c.Term}
	case *ast.ObjectComprehension:
		return c.Body, c.Body, []*ast.Term{c.Key, c.Value}
	}
	return nil, nil, nil
}
