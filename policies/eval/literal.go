package eval

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

// literalReferences are the literal arguments of lookups in the policies.
func literalReferences(files []*source.File, resolved map[string]*ast.Module) []policies.Reference {
	var out []policies.Reference
	for _, f := range files {
		m := resolved[f.Name]
		if m == nil || f.IsTest() {
			continue // tests look things up in accounts of their own
		}
		add := func(call []*ast.Term) {
			if len(call) < 2 {
				return
			}
			name, ok := strings.CutPrefix(call[0].String(), "data."+source.LibraryPackage+".")
			text, isText := call[1].Value.(ast.String)
			kind, isLookup := source.Lookups[name]
			if !ok || !isText || !isLookup {
				return
			}
			out = append(out, policies.Reference{
				Ref:    namedBy(kind, string(text)),
				Origin: policies.Origin{File: f.Name, Line: call[1].Location.Row, Package: source.PackageName(m), Root: f.Root},
			})
		}
		ast.NewGenericVisitor(func(x any) bool {
			switch x := x.(type) {
			case *ast.Expr:
				if terms, ok := x.Terms.([]*ast.Term); ok {
					add(terms)
				}
			case ast.Call:
				add(x)
			}
			return false
		}).Walk(m)
	}
	return out
}

// namedBy is the reference that a lookup's argument makes.
func namedBy(kind inventory.Kind, text string) inventory.Ref {
	if id, ok := strings.CutPrefix(text, "#"); ok {
		return inventory.ByID(kind, id)
	}
	if kind == inventory.KindUser && !strings.Contains(text, "@") {
		return inventory.ByID(kind, text)
	}
	return inventory.Ref{Kind: kind, Name: text}
}
