package check

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

// noteLookups notes the rules of which single keys are asked for.
func noteLookups(m *ast.Module, lookedUp map[string]bool) {
	ast.WalkRefs(m, func(ref ast.Ref) bool {
		if !ref.HasPrefix(ast.DefaultRootRef) {
			return false
		}
		for i := 2; i < len(ref); i++ {
			switch v := ref[i].Value.(type) {
			case ast.String:
				continue
			case ast.Var:
				if v.IsWildcard() {
					return false
				}
			}
			lookedUp[ref[:i].String()] = true
			return false
		}
		return false
	})
}

// partial reports a rule that gives its keys one by one and is asked for single
// ones: OPA evaluates its body for each.
func (s speed) partial(m *ast.Module, r *ast.Rule, lookedUp, reported map[string]bool) {
	ref := r.Head.Ref()
	if len(ref) != 2 || len(r.Head.Args) > 0 {
		return
	}
	if _, isVar := ref[1].Value.(ast.String); isVar {
		return
	}
	name := string(ref[0].Value.(ast.Var))
	path := m.Package.Path.Append(ast.StringTerm(name)).String()
	if !lookedUp[path] || reported[name] || !s.iterates(r.Body) {
		return
	}
	reported[name] = true
	p := policies.Problem{Code: codeKeyedRule, Warning: true,
		Found: fmt.Sprintf("%s[…], which is evaluated again for each key that is looked up: the square of their number", name)}
	if source.IsContains(r) {
		p.Expected = fmt.Sprintf("it to be read whole once, by a rule such as all_%s := %s, and looked up there: all_%s[key]", name, name, name)
	} else {
		p.Expected = fmt.Sprintf("an object that is made once: %s := {key: value | …}", name)
		if r.Head.Value != nil && len(r.Body) == 1 && r.Body[0].Location != nil && !strings.Contains(string(r.Body[0].Location.Text), "\n") {
			p.Expected = fmt.Sprintf("an object that is made once: %s := {%s: %s | %s}", name, textOf(ref[1]), textOf(r.Head.Value), r.Body[0].Location.Text)
		}
	}
	s.report.Besides(r.Location, p)
}

// iterates says whether a body goes over a large collection.
func (s speed) iterates(body ast.Body) bool {
	found := false
	ast.WalkTerms(body, func(t *ast.Term) bool {
		if ref, ok := t.Value.(ast.Ref); ok {
			if _, _, ok := s.large(ref); ok {
				found = true
			}
		}
		return found
	})
	return found
}

// madeAnew reports an index or a set that does not depend on where it stands, and is made
// each time that one gets there. What is bound behind it does not repeat it.
func (s speed) madeAnew(first *ast.Term, comprehension any, body ast.Body, outer scope) {
	repeated := false
	for id, src := range outer.sources {
		repeated = repeated || (src.argument || src.domain != "") && !outer.later[id]
	}
	domain, conditions := s.madeOf(body)
	if !repeated || domain == "" {
		return
	}
	for v := range varsOf(comprehension) {
		if _, around := outer.of[v]; around {
			return
		}
	}
	p := policies.Problem{Code: codeRepeatedIndex, Warning: true,
		Found:    fmt.Sprintf("an index of %s that is built again each time the expressions around it are evaluated", domain),
		Expected: "a rule of its own outside, such as index := {… | …}: a rule without arguments is evaluated once"}
	if _, set := comprehension.(*ast.SetComprehension); set {
		name := "all_values"
		if field, ok := lastWord(first); ok {
			name = "all_" + field + "s"
		}
		p.Found = fmt.Sprintf("a set of %s that is made again each time the expressions around it are evaluated", domain)
		p.Expected = fmt.Sprintf("a rule of its own outside, %s := {%s | %s}: a rule without arguments is evaluated once", name, textOf(first), conditions)
	}
	s.report.Besides(first.Location, p)
}

// madeOf is the large collection that a comprehension's body goes over, and its conditions
// as they are written.
func (s speed) madeOf(body ast.Body) (domain, conditions string) {
	var texts []string
	for _, e := range body {
		src := s.domainOf(e)
		if domain == "" && (src.rows >= manyRows || src.domain != "" && !strings.HasPrefix(src.domain, "data.")) {
			domain = src.domain
		}
		texts = append(texts, written(e))
	}
	return domain, strings.Join(texts, "; ")
}

// searched checks what stands in `x in y`, of which a set that is made again is reported
// as a search already.
func (s speed) searched(e *ast.Expr, outer scope) {
	for _, t := range e.Operands() {
		switch c := t.Value.(type) {
		case *ast.SetComprehension:
			s.closures(c.Term, s.body(c.Body, outer.collecting()))
		default:
			s.closures(t, outer)
		}
	}
}
