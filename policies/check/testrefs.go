package check

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies/source"
)

// checkTestReferences refuses names of rules that a test asks of a package which has
// none of that name: what is undefined is as good as false under not and in counts, and
// the test passes for nothing.
func checkTestReferences(p *source.Pass) {
	if p.Data.Broken || len(p.Modules.Broken) > 0 {
		return
	}
	c := pathCheck{tree: source.TreeOf(p.Modules.All()), data: p.Data, modules: p.Modules, report: p.Report}
	for _, f := range p.Files {
		m := p.Modules.Parsed[f.Name]
		if m == nil || !f.IsTest() {
			continue
		}
		imports, replaced := importsOf(m), replacedIn(m)
		for _, r := range m.Rules {
			own := declaredIn(r)
			ast.WalkTerms(r, func(t *ast.Term) bool {
				ref, ok := t.Value.(ast.Ref)
				if !ok || len(ref) < 2 {
					return false
				}
				head, _ := ref[0].Value.(ast.Var)
				if path, imported := imports[head]; imported && !own[head] {
					ref = path.Concat(ref[1:])
				}
				if ref.HasPrefix(ast.DefaultRootRef) && !replaced(ref) {
					c.ruleOf(t.Location, ref)
				}
				return false
			})
		}
	}
}

// ruleOf reports a reference to a rule that its package does not have.
func (c pathCheck) ruleOf(loc *ast.Location, ref ast.Ref) {
	tree := c.tree
	for i, term := range ref[1:] {
		word, ok := term.Value.(ast.String)
		if !ok || tree.Rule {
			return
		}
		next := tree.Child(string(word))
		if next == nil {
			if rulesIn(tree) && !c.hasDocument(ref[:i+2]) {
				c.missing(loc, ref[:i+2], c.names(tree, nil))
			}
			return
		}
		tree = next
	}
}

// rulesIn says whether a package has rules of its own.
func rulesIn(tree *source.RuleTree) bool {
	for _, child := range tree.Children {
		if child.Rule {
			return true
		}
	}
	return false
}

func (c pathCheck) hasDocument(ref ast.Ref) bool {
	doc := any(c.data.Root)
	for _, term := range ref[1:] {
		m, ok := doc.(map[string]any)
		word, isWord := term.Value.(ast.String)
		if !ok || !isWord {
			return false
		}
		if doc, ok = m[string(word)]; !ok {
			return false
		}
	}
	return true
}

// importsOf are the paths of data that a module imports, by the names it has for them.
func importsOf(m *ast.Module) map[ast.Var]ast.Ref {
	out := map[ast.Var]ast.Ref{}
	for _, i := range m.Imports {
		if ref, ok := i.Path.Value.(ast.Ref); ok && ref.HasPrefix(ast.DefaultRootRef) {
			out[i.Name()] = ref
		}
	}
	return out
}

// replacedIn says of paths whether `with` replaces them somewhere in a module.
func replacedIn(m *ast.Module) func(ast.Ref) bool {
	var targets []ast.Ref
	imports := importsOf(m)
	ast.WalkWiths(m, func(w *ast.With) bool {
		if ref, ok := w.Target.Value.(ast.Ref); ok {
			if path, imported := imports[ref[0].Value.(ast.Var)]; imported {
				ref = path.Concat(ref[1:])
			}
			targets = append(targets, ref)
		}
		return false
	})
	return func(ref ast.Ref) bool {
		return slices.ContainsFunc(targets, func(t ast.Ref) bool { return ref.HasPrefix(t) || t.HasPrefix(ref) })
	}
}

// declaredIn are the variables to which a rule gives values of its own.
func declaredIn(r *ast.Rule) map[ast.Var]bool {
	own := map[ast.Var]bool{}
	for _, arg := range r.Head.Args {
		if v, ok := arg.Value.(ast.Var); ok {
			own[v] = true
		}
	}
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if e.IsAssignment() {
			if v, ok := e.Operand(0).Value.(ast.Var); ok {
				own[v] = true
			}
		}
		if decl, ok := e.Terms.(*ast.SomeDecl); ok {
			for _, s := range decl.Symbols {
				declared := []*ast.Term{s}
				if call, ok := s.Value.(ast.Call); ok {
					declared = call[1 : len(call)-1] // the last is what is gone over
				}
				for _, t := range declared {
					ast.WalkVars(t, func(v ast.Var) bool {
						own[v] = true
						return false
					})
				}
			}
		}
		return false
	})
	return own
}
