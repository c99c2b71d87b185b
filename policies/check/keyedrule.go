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
