package source

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// RuleTree is where packages and rules are, by the words of their paths.
type RuleTree struct {
	Children map[string]*RuleTree
	// Rule says that a rule's own value begins here.
	Rule bool
}

// Child is what stands below, by the next word; nil if nothing does.
func (t *RuleTree) Child(word string) *RuleTree {
	if t == nil {
		return nil
	}
	return t.Children[word]
}

func (t *RuleTree) add(path ast.Ref, rule bool) {
	for _, term := range path {
		s, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		next := t.Children[string(s)]
		if next == nil {
			next = &RuleTree{Children: map[string]*RuleTree{}}
			t.Children[string(s)] = next
		}
		t = next
	}
	t.Rule = t.Rule || rule
}

// TreeOf is the tree of the packages and rules of modules.
func TreeOf(modules map[string]*ast.Module) *RuleTree {
	root := &RuleTree{Children: map[string]*RuleTree{}}
	for _, m := range modules {
		root.add(m.Package.Path[1:], false)
		for _, r := range m.Rules {
			path := slices.Clone(m.Package.Path[1:])
			for i, term := range r.Head.Ref() {
				if i == 0 {
					term = ast.StringTerm(RuleName(r))
				}
				path = append(path, term)
			}
			root.add(path, true)
		}
	}
	return root
}

// RuleName is the first word of a rule's name: "finding" of finding.high.
func RuleName(r *ast.Rule) string {
	if v, ok := r.Head.Ref()[0].Value.(ast.Var); ok {
		return string(v)
	}
	return ""
}

// IsContains says that a rule gives elements of a set.
func IsContains(r *ast.Rule) bool { return r.Head.RuleKind() == ast.MultiValue }

// WrongForm names the form of a rule that is no plain `name contains …`.
func WrongForm(r *ast.Rule) string {
	ref := r.Head.Ref()
	switch {
	case r.Default:
		return "a default"
	case len(r.Head.Args) > 0:
		return "a function"
	case IsContains(r) && len(ref) > 1:
		return ref.String() + " contains"
	case IsContains(r):
		return ""
	case len(ref) > 1:
		return "an object, " + ref.String()
	case r.Head.Assign:
		return "a single value (:=)"
	}
	return "a single value"
}
