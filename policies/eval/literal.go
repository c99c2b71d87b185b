package eval

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

// DataText is a text in the data with its place, and the rule that reads it.
type DataText struct {
	Text, Place string
	Origin      policies.Origin
}

// ComparedAddresses are the e-mail addresses in data that a rule compares letter by
// letter with those of the account: in documents that it reads, where it says
// `u.email in …`, `… == u.email` or `…[u.email]` and changes the case of neither.
func (s *Set) ComparedAddresses() []DataText {
	var out []DataText
	for _, phase := range []policies.Phase{policies.PhaseAccess, policies.PhaseRisk} {
		for _, r := range s.rules[phase] {
			if !r.needs.input.named["users"] || r.needs.data.all || !s.comparesAddresses(r) {
				continue
			}
			find := s.rowFinder()
			for _, key := range slices.Sorted(maps.Keys(r.needs.data.named)) {
				for _, f := range s.under[key] {
					eachScalar(find.places.Document(f), func(n *yaml.Node) {
						if strings.Contains(n.Value, "@") {
							out = append(out, DataText{Text: n.Value, Place: fmt.Sprintf("%s:%d", f.Name, n.Line), Origin: r.origin})
						}
					})
				}
			}
		}
	}
	return out
}

// comparesAddresses says that a rule, or one that it asks, compares addresses as they
// stand, and that none of them changes the case of anything.
func (s *Set) comparesAddresses(r *rule) bool {
	compares, changes := false, false
	isAddress := func(t *ast.Term) bool {
		ref, ok := t.Value.(ast.Ref)
		return ok && len(ref) > 1 && ref[len(ref)-1].Value.Compare(ast.String("email")) == 0
	}
	for name, m := range s.parsed {
		module := r.compiler.Modules[name]
		if module == nil {
			continue // the rule asks none of it
		}
		compiled := module.Rules
		if len(compiled) != len(m.Rules) || strings.HasPrefix(name, source.LibraryDir+"/") {
			continue
		}
		for i, parsed := range m.Rules {
			if !r.needs.rules[compiled[i]] {
				continue
			}
			ast.WalkExprs(parsed, func(e *ast.Expr) bool {
				if !e.IsCall() || len(e.Operands()) < 2 {
					return false
				}
				a, b := e.Operand(0), e.Operand(1)
				switch e.Operator().String() {
				case ast.Member.Name:
					compares = compares || isAddress(a)
				case ast.Equal.Name, ast.NotEqual.Name, ast.Equality.Name:
					compares = compares || isAddress(a) && !isConstantText(b) || isAddress(b) && !isConstantText(a)
				}
				return false
			})
			ast.WalkTerms(parsed, func(t *ast.Term) bool {
				switch x := t.Value.(type) {
				case ast.Ref:
					compares = compares || slices.ContainsFunc(x[1:], isAddress)
				case ast.Call:
					changes = changes || x[0].String() == ast.Lower.Name || x[0].String() == ast.Upper.Name
				}
				return false
			})
		}
	}
	return compares && !changes
}

func isConstantText(t *ast.Term) bool {
	_, ok := t.Value.(ast.String)
	return ok
}

// eachScalar calls f with the values and keys of a document.
func eachScalar(n *yaml.Node, f func(*yaml.Node)) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		f(n)
	}
	for _, child := range n.Content {
		eachScalar(child, f)
	}
}

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
