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

// DataText is a text in the data or in a policy with its place, and the rule that reads it.
type DataText struct {
	Text, Place string
	// Lower says that it is compared with an address in small letters.
	Lower  bool
	Origin policies.Origin
}

// ComparedAddresses are the e-mail addresses in data and policies that a rule compares
// letter by letter with those of the account: in documents that it reads, where it says
// `u.email in …`, `… == u.email` or `…[u.email]` and changes the case of neither, or of
// one alone.
func (s *Set) ComparedAddresses() []DataText {
	var out []DataText
	for _, phase := range []policies.Phase{policies.PhaseAccess, policies.PhaseRisk} {
		for _, r := range s.rules[phase] {
			if !r.needs.input.named["users"] {
				continue
			}
			c := s.comparisons(r)
			if c.changes || !c.withData && !c.withText {
				continue
			}
			for _, t := range c.texts {
				out = append(out, DataText{Text: string(t.Value.(ast.String)), Place: fmt.Sprintf("%s:%d", t.Location.File, t.Location.Row), Lower: c.lower, Origin: r.origin})
			}
			if r.needs.data.all || !c.withData {
				continue
			}
			find := s.rowFinder()
			for _, key := range slices.Sorted(maps.Keys(r.needs.data.named)) {
				for _, f := range s.under[key] {
					eachScalar(find.places.Document(f), func(n *yaml.Node) {
						if strings.Contains(n.Value, "@") {
							out = append(out, DataText{Text: n.Value, Place: fmt.Sprintf("%s:%d", f.Name, n.Line), Lower: c.lower, Origin: r.origin})
						}
					})
				}
			}
		}
	}
	return out
}

// comparisons are how a rule, and those that it follows from, compare addresses.
type comparisons struct {
	// withData says that they compare an address with what is not written out where
	// they do, withText with a text.
	withData, withText bool
	// lower says that only one side is in small letters, changes that more is changed.
	lower, changes bool
	// texts are the addresses that stand in them.
	texts []*ast.Term
}

func (s *Set) comparisons(r *rule) comparisons {
	var c comparisons
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
			if r.needs.rules[compiled[i]] {
				c.note(parsed)
			}
		}
	}
	return c
}

// note notes what one rule compares.
func (c *comparisons) note(r *ast.Rule) {
	cases, sides := 0, 0
	lowered := func(t *ast.Term) (*ast.Term, bool) {
		if call, ok := t.Value.(ast.Call); ok && len(call) == 2 && call[0].String() == ast.Lower.Name && isAddress(call[1]) {
			return call[1], true
		}
		return t, false
	}
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if !e.IsCall() || len(e.Operands()) < 2 {
			return false
		}
		a, lowerA := lowered(e.Operand(0))
		b, lowerB := lowered(e.Operand(1))
		compares := false
		switch e.Operator().String() {
		case ast.Member.Name:
			compares = isAddress(a)
			c.withData = c.withData || compares
		case ast.Equal.Name, ast.NotEqual.Name, ast.Equality.Name:
			compares = isAddress(a) || isAddress(b)
			text := isConstantText(a) || isConstantText(b)
			c.withData, c.withText = c.withData || compares && !text, c.withText || compares && text
		}
		if compares && lowerA != lowerB {
			c.lower = true
			sides++
		}
		return false
	})
	ast.WalkTerms(r, func(t *ast.Term) bool {
		switch x := t.Value.(type) {
		case ast.Ref:
			c.withData = c.withData || slices.ContainsFunc(x[1:], isAddress)
		case ast.Call:
			if name := x[0].String(); name == ast.Lower.Name || name == ast.Upper.Name {
				cases++
			}
			c.withData = c.withData || x[0].String() == ast.ObjectGet.Name && len(x) == 4 && isAddress(x[2])
		case ast.String:
			if strings.Contains(string(x), "@") && !strings.Contains(string(x), ":") && t.Location != nil {
				c.texts = append(c.texts, t)
			}
		}
		return false
	})
	c.changes = c.changes || cases > sides
}

func isAddress(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	return ok && len(ref) > 1 && ref[len(ref)-1].Value.Compare(ast.String("email")) == 0
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

// Pattern is a condition that asks of a text of the account whether it is, holds or
// matches one that stands in a policy.
type Pattern struct {
	// Call is the name of the function, such as endswith or equal, and Text what it asks for.
	Call, Text string
	// Of is the part of the input, and Field the field of what is in it: users, email.
	Of, Field string
	// Written is the condition as it stands there, and Operand what it looks at.
	Written, Operand string
	Origin           policies.Origin
}

// patternCalls are the functions with such a condition, and which operand the text is.
var patternCalls = map[string]int{"startswith": 1, "endswith": 1, "contains": 1, "equal": 1, "regex.match": 0}

// Patterns are such conditions on the names, titles and addresses of what the access
// rules go over: `some u in input.users; endswith(u.email, "@acme.com")`.
func (s *Set) Patterns() []Pattern {
	var out []Pattern
	for _, f := range s.files {
		m := s.parsed[f.Name]
		if m == nil || f.IsTest() {
			continue
		}
		ast.WalkBodies(m, func(body ast.Body) bool {
			over := map[ast.Var]string{}
			for _, e := range body {
				noteDomain(e, over)
				if p, ok := patternOf(e, over); ok {
					p.Origin = policies.Origin{File: f.Name, Line: e.Location.Row, Package: source.PackageName(m), Root: f.Root}
					out = append(out, p)
				}
			}
			return false
		})
	}
	return out
}

// noteDomain notes what `some u in input.users` goes over.
func noteDomain(e *ast.Expr, over map[ast.Var]string) {
	decl, ok := e.Terms.(*ast.SomeDecl)
	if !ok || len(decl.Symbols) != 1 {
		return
	}
	call, ok := decl.Symbols[0].Value.(ast.Call)
	if !ok {
		return
	}
	domain, ok := call[len(call)-1].Value.(ast.Ref)
	row, isVar := call[len(call)-2].Value.(ast.Var)
	if !ok || !isVar || len(domain) != 2 || !domain.HasPrefix(ast.InputRootRef) {
		return
	}
	if name, ok := domain[1].Value.(ast.String); ok {
		over[row] = string(name)
	}
}

func patternOf(e *ast.Expr, over map[ast.Var]string) (Pattern, bool) {
	if !e.IsCall() || len(e.Operands()) != 2 || e.Location == nil {
		return Pattern{}, false
	}
	call := e.Operator().String()
	at, ok := patternCalls[call]
	if !ok {
		return Pattern{}, false
	}
	if call == "contains" && isConstantText(e.Operand(0)) || call == "equal" && isConstantText(e.Operand(0)) {
		at = 0
	}
	text, isText := e.Operand(at).Value.(ast.String)
	ref, isRef := e.Operand(1 - at).Value.(ast.Ref)
	if !isText || !isRef || len(ref) != 2 {
		return Pattern{}, false
	}
	row, isVar := ref[0].Value.(ast.Var)
	field, isField := ref[1].Value.(ast.String)
	if !isVar || !isField || over[row] == "" {
		return Pattern{}, false
	}
	if call == "contains" && at == 0 {
		call = "contained"
	}
	return Pattern{Call: call, Text: string(text), Of: over[row], Field: string(field), Written: textOf(e), Operand: e.Operand(1 - at).String()}, true
}
