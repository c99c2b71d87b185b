package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeSearch        code.Code = "speed/search"
	codeRepeatedIndex code.Code = "speed/repeated-index"
	codeListSearch    code.Code = "speed/list-search"
	codeKeyedRule     code.Code = "speed/keyed-rule"
	codeWalk          code.Code = "speed/walk"
)

var quadratic = Analyzer{
	Name: "speed",
	Doc:  "what takes the square of an account's size",
	Run:  checkSpeed,
	Pages: code.Pages{
		{
			Code:    codeSearch,
			Title:   "A collection is searched for each row of another",
			Means:   "For each row of one collection, all of the other is gone through, or a condition is asked for each pair.",
			Why:     "The work grows with the square: ten thousand people are a hundred million steps.",
			Do:      "Look the row up, as the message shows.",
			Example: "some p in data.people; some u in input.users; u.email == p.email  # u := dutyward.user(p.email)",
		},
		{
			Code:    codeRepeatedIndex,
			Title:   "An index or a set is built again and again",
			Means:   "A comprehension that does not depend on where it stands is evaluated for each row.",
			Why:     "The work grows with the square.",
			Do:      "Make it a rule of its own, which is evaluated once.",
			Example: "by_email := {u.email: u | some u in input.users}",
		},
		{
			Code:    codeListSearch,
			Title:   "A long list is searched for each row",
			Means:   "x in list goes through the list each time. So does a comprehension behind in, which is also built again each time.",
			Why:     "The work grows with the square.",
			Do:      "Make it a set in a rule of its own: that is evaluated once, and membership is looked up in it.",
			Example: "names := [p.name | some p in data.people]  # {p.name | some p in data.people}",
		},
		{
			Code:    codeKeyedRule,
			Title:   "A rule is evaluated again for each key",
			Means:   "The rule gives its keys one by one and is asked for single ones. OPA evaluates its body for each.",
			Why:     "The work grows with the square.",
			Do:      "Make it one object or set, and look the key up there.",
			Example: "by_email[u.email] := u if some u in input.users  # by_email := {u.email: u | some u in input.users}",
		},
		{
			Code:    codeWalk,
			Title:   "A document is walked for each row",
			Means:   "For each row of a collection, walk visits every value in all of a document.",
			Why:     "The work grows with the square.",
			Do:      "Collect what the walk finds in a rule of its own, which is evaluated once, and look there.",
			Example: "some u in input.users; walk(input.schedules, [_, v]); v == u.id  # found := {v | walk(input.schedules, [_, v])}, u.id in found",
		},
	},
}

// checkSpeed warns of what takes the square of an account's size: ten thousand
// people are then a hundred million steps. OPA evaluates such rules as they are
// written, and each has a linear form.
//
//	some p in data.people          for each of these
//	some u in input.users          all of those: a search
//	u.email == p.email
//
//	by_email[u.email] := u if …    evaluated again for each by_email[key]
//
//	by := {u.email: u | …}         in a body that runs for each row: made again
//	x in [… | …]                   a list is searched, a set is looked up
//
//	walk(input.schedules, [_, v])  in a body that runs for each row: all of it again
func checkSpeed(p *source.Pass) {
	s := speed{report: p.Report, data: p.Data, tree: source.TreeOf(p.Modules.Production()), lists: map[string]bool{}}
	lookedUp := map[string]bool{}
	for _, module := range p.Policies() {
		s.findLists(module)
		noteLookups(module, lookedUp)
	}
	for _, module := range p.Policies() {
		reported := map[string]bool{}
		for _, rule := range module.Rules {
			s.partial(module, rule, lookedUp, reported)
			for clause := rule; clause != nil; clause = clause.Else {
				s.clause(clause)
			}
		}
	}
}

// speed looks for what is quadratic.
type speed struct {
	report *source.Report
	data   source.Documents
	tree   *source.RuleTree
	// lists are the rules, by their full names, whose value is made as a list of
	// many.
	lists map[string]bool
}

// clause checks one clause of a rule.
func (s speed) clause(r *ast.Rule) {
	x := scope{of: map[ast.Var][]int{}, later: map[int]bool{}}
	for _, arg := range r.Head.Args {
		for v := range arg.Vars() {
			x.add(v, generator{name: string(v), argument: true})
		}
	}
	x = s.body(r.Body, x)
	for _, t := range []*ast.Term{r.Head.Key, r.Head.Value} {
		if t != nil {
			s.closures(t, x)
		}
	}
}

// body checks a body and returns what it binds.
func (s speed) body(body ast.Body, outer scope) scope {
	x := outer.inner()
	bound := make([]int, len(body))
	for i, e := range body {
		s.bind(e, &x)
		if e.IsCall() {
			for _, t := range e.Operands() {
				s.sources(t, &x) // an index that is first seen in a condition: data.people[i].email
			}
		}
		bound[i] = len(x.sources)
	}
	all := x.later
	for i, e := range body {
		x.later = maps.Clone(all)
		for id := bound[i]; id < bound[len(body)-1]; id++ {
			x.later[id] = true
		}
		if e.IsEquality() || e.IsAssignment() || isCall(e, ast.Equal.Name) {
			if operands := e.Operands(); len(operands) == 2 {
				s.search(e, operands[0], operands[1], body, x)
			}
		}
		s.pairs(e, body, x)
		s.searchList(e, body, x)
		s.walked(e, body, x)
		s.closures(e, x)
	}
	x.later = all
	return x
}

func isCall(e *ast.Expr, name string) bool { return e.IsCall() && e.Operator().String() == name }

// search reports an equality that picks one row of a large collection for each
// value of something else.
func (s speed) search(e *ast.Expr, a, b *ast.Term, body ast.Body, x scope) {
	if e.Negated {
		return
	}
	for _, sides := range [][2]*ast.Term{{a, b}, {b, a}} {
		fold, plain := folded(sides[0])
		field, found := plain.Value.(ast.Ref)
		if !found || len(field) < 2 {
			continue
		}
		last, isField := field[len(field)-1].Value.(ast.String)
		if !isField || e.IsAssignment() {
			continue
		}
		from, by := s.sources(plain, &x), s.sources(sides[1], &x)
		if len(from) != 1 || len(by) == 0 || slices.Contains(by, from[0]) {
			continue
		}
		large, other := x.sources[from[0]], x.sources[by[len(by)-1]]
		if x.several && from[0] < x.outside && by[len(by)-1] >= x.outside {
			continue // what is collected is searched, for each of what stands around
		}
		if x.several && large.within != "" && by[len(by)-1] < x.outside && (other.domain != "" || other.argument) {
			s.report.Besides(e.Location, policies.Problem{Code: codeSearch, Warning: true,
				Found:    fmt.Sprintf("%s, which searches all of %s for each %s: the square of their number", written(e), large.within, nameOf(other)),
				Expected: s.grouping(e, plain, string(last), fold, sides[1], body, x)})
			return
		}
		if other.walk {
			continue // the walk itself is reported
		}
		if strings.HasPrefix(large.domain, "input.") && strings.HasPrefix(other.domain, "input.") && idAndAddress(string(last), sides[1]) {
			continue // they are never equal, and a look-up would find nothing either
		}
		if large.domain == "" || other.argument && large.rows < manyRows {
			continue
		}
		if other.domain == "" && !other.argument && large.rows < manyRows {
			continue
		}
		s.report.Besides(e.Location, policies.Problem{Code: codeSearch, Warning: true,
			Found:    fmt.Sprintf("%s, which searches all of %s for each %s: the square of their number", written(e), large.domain, nameOf(other)),
			Expected: s.lookUp(large.domain, string(last), fold, sides[1], x.several)})
		return
	}
}

// idAndAddress says that one of a field and a term is an id and the other an address or
// a name.
func idAndAddress(field string, t *ast.Term) bool {
	other, _ := lastWord(t)
	isName := func(word string) bool { return word == "email" || word == "name" }
	return slices.Contains(idFields, field) && isName(other) || isName(field) && slices.Contains(idFields, other)
}

func nameOf(s generator) string {
	if s.argument {
		return "call of the function"
	}
	if s.name == "" || strings.HasPrefix(s.name, "$") || strings.HasPrefix(s.name, "__") {
		return "row"
	}
	return s.name
}

// written is an expression as its author wrote it.
func written(e *ast.Expr) string {
	if e.Location != nil && len(e.Location.Text) > 0 && len(e.Location.Text) < 80 && !strings.Contains(string(e.Location.Text), "\n") {
		return string(e.Location.Text)
	}
	return e.String()
}

// lookUp says how to find a row by a field at once.
func (s speed) lookUp(domain, field, fold string, key *ast.Term, several bool) string {
	if by, ok := largeInputs[domain][field]; ok && (fold == "" || field == "email") {
		if _, plain := folded(key); field == "email" {
			key = plain // in any case
		}
		return "a look-up: " + fmt.Sprintf(by, textOf(key))
	}
	index, by := "by_"+field, "x."+field
	if fold != "" {
		by = fmt.Sprintf("%s(%s)", fold, by)
	}
	if several {
		return fmt.Sprintf("rows that are grouped once, by rules of their own: grouped[%s] contains x if some x in %s, and %s := grouped, which reads them whole; and then %s[%s]",
			by, domain, index, index, textOf(key))
	}
	return fmt.Sprintf("a look-up in a rule of its own, which is made once: %s := {%s: x | some x in %s}, and then %s[%s]",
		index, by, domain, index, textOf(key))
}

// grouping says how to collect once, for all, what a comprehension collects for each row
// around it.
func (s speed) grouping(e *ast.Expr, field *ast.Term, last, fold string, key *ast.Term, body ast.Body, x scope) string {
	by := textOf(field)
	if fold != "" {
		by = fmt.Sprintf("%s(%s)", fold, by)
	}
	var names, conditions []string
	for _, other := range body {
		if other == e {
			continue
		}
		for v := range varsOf(other) {
			if slices.ContainsFunc(x.of[v], func(id int) bool { return id < x.outside }) {
				return fmt.Sprintf("what is collected to be grouped once by %s, in a rule of its own, and looked up there", by)
			}
		}
		if decl, ok := other.Terms.(*ast.SomeDecl); ok {
			for _, symbol := range decl.Symbols {
				if call, ok := symbol.Value.(ast.Call); ok {
					for _, t := range call[1 : len(call)-1] {
						if v, ok := t.Value.(ast.Var); ok && !v.IsWildcard() {
							names = append(names, textOf(t))
						}
					}
				}
			}
		}
		conditions = append(conditions, written(other))
	}
	return fmt.Sprintf("rows that are grouped once, by rules of their own: grouped[%s] contains [%s] if { %s }, and by_%s := grouped, which reads them whole; and then object.get(by_%s, %s, set())",
		by, strings.Join(names, ", "), strings.Join(conditions, "; "), last, last, textOf(key))
}

// folded is the term within a function that makes texts comparable, and that
// function.
func folded(t *ast.Term) (fold string, plain *ast.Term) {
	call, ok := t.Value.(ast.Call)
	if !ok || len(call) != 2 {
		return "", t
	}
	switch name := call[0].String(); name {
	case "lower", "upper", "trim_space":
		return name, call[1]
	}
	return "", t
}

func textOf(t *ast.Term) string {
	if t.Location != nil && len(t.Location.Text) > 0 && !strings.Contains(string(t.Location.Text), "\n") {
		return string(t.Location.Text)
	}
	return t.String()
}

// closures checks what stands in comprehensions and every.
func (s speed) closures(x any, outer scope) {
	ast.NewGenericVisitor(func(y any) bool {
		switch y := y.(type) {
		case *ast.Expr:
			if isCall(y, ast.Member.Name) && len(y.Operands()) == 2 {
				s.searched(y, outer)
				return true
			}
		case *ast.ArrayComprehension:
			s.closures(y.Term, s.body(y.Body, outer.collecting()))
			return true
		case *ast.SetComprehension:
			s.madeAnew(y.Term, y, y.Body, outer)
			s.closures(y.Term, s.body(y.Body, outer.collecting()))
			return true
		case *ast.ObjectComprehension:
			if _, constant := y.Key.Value.(ast.String); !constant {
				s.madeAnew(y.Key, y, y.Body, outer)
			}
			inner := s.body(y.Body, outer)
			s.closures(y.Key, inner)
			s.closures(y.Value, inner)
			return true
		case *ast.Every:
			inner := outer.inner()
			src := s.sourceOf(y.Domain)
			for v := range y.Value.Vars() {
				src.name = string(v)
				inner.add(v, src)
			}
			s.body(y.Body, inner)
			return true
		}
		return false
	}).Walk(x)
}
