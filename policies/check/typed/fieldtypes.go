package typed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// typesPackage holds, in the compile that checks fields, a rule for the input
// and for each data document, whose type is what is known of it.
const typesPackage = "dutyward types"

// knownFunctions are the functions of the library as far as their type goes:
// OPA can't tell the types of the original ones.
const knownFunctions = `package dutyward

user(_) := u if some u in input.users

team(_) := t if some t in input.teams

schedule(_) := s if some s in input.schedules
`

// give makes a rule of a type, which stands for what is at path.
func (c *fieldCheck) give(path ast.Ref, t types.Type) ast.Ref {
	n := len(c.paths)
	c.caps.Builtins = append(c.caps.Builtins, &ast.Builtin{Name: fmt.Sprintf("dutyward_type_%d", n), Decl: types.NewFunction(nil, t)})
	ref := ast.DefaultRootRef.Append(ast.StringTerm(typesPackage)).Append(ast.StringTerm(fmt.Sprintf("t%d", n)))
	c.paths = append(c.paths, path)
	c.rules[path.String()] = ref
	return ref
}

// module is the module with the rules of give.
func (c *fieldCheck) module() *ast.Module {
	var b strings.Builder
	b.WriteString("package types\n")
	for i := range c.paths {
		fmt.Fprintf(&b, "t%d := dutyward_type_%d()\n", i, i)
	}
	m := ast.MustParseModuleWithOpts(b.String(), ast.ParserOptions{RegoVersion: ast.RegoV1})
	m.Package.Path = ast.DefaultRootRef.Append(ast.StringTerm(typesPackage))
	return m
}

// typed are the modules with all references to input and documents turned into
// references to the rules that stand for them.
func (c *fieldCheck) typed(resolved map[string]*ast.Module) (map[string]*ast.Module, error) {
	known, err := ast.ParseModuleWithOpts(knownFile, knownFunctions, source.ParserOptions())
	if err != nil {
		return nil, fmt.Errorf("parse the library's types: %w", err)
	}
	replaced := map[string]bool{}
	for _, rule := range known.Rules {
		replaced[source.RuleName(rule)] = true
	}
	out := map[string]*ast.Module{}
	for name, m := range resolved {
		m = m.Copy()
		m.Annotations = nil
		if c.report.Files[name] == nil && source.PackageName(m) == source.LibraryPackage {
			m.Rules = slices.DeleteFunc(m.Rules, func(r *ast.Rule) bool { return replaced[source.RuleName(r)] })
		}
		c.noteOptional(m)
		openEvery(m)
		out[name] = m
	}
	out[knownFile] = known
	for _, m := range out {
		if err := rewriteRefs(m, c.instead); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const knownFile = source.LibraryDir + "/types"

// rewriteRefs replaces references in a module's rules.
func rewriteRefs(m *ast.Module, f func(ast.Ref) ast.Ref) error {
	replace := func(ref ast.Ref) (ast.Value, error) { return f(ref), nil }
	for i, rule := range m.Rules {
		x, err := ast.TransformRefs(rule, replace)
		if err != nil {
			return fmt.Errorf("check fields: %w", err)
		}
		m.Rules[i] = x.(*ast.Rule)
	}
	// OPA's transformation leaves out what stands behind some.
	var failed error
	ast.NewGenericVisitor(func(x any) bool {
		some, ok := x.(*ast.SomeDecl)
		if !ok {
			return false
		}
		for _, symbol := range some.Symbols {
			v, err := ast.TransformRefs(symbol.Value, replace)
			if err != nil {
				failed = fmt.Errorf("check fields: %w", err)
				return true
			}
			symbol.Value = v.(ast.Value)
		}
		return false
	}).Walk(m)
	return failed
}

// openEvery turns `every k, v in xs {…}` into `[true | some k, v in xs; …]`: the
// type checker does not look into every.
func openEvery(m *ast.Module) {
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		every, ok := e.Terms.(*ast.Every)
		if !ok {
			return false
		}
		call := ast.Call{ast.NewTerm(ast.Member.Ref()), every.Value, every.Domain}
		if every.Key != nil {
			call = ast.Call{ast.NewTerm(ast.MemberWithKey.Ref()), every.Key, every.Value, every.Domain}
		}
		some := ast.NewExpr(&ast.SomeDecl{Location: e.Location, Symbols: []*ast.Term{{Value: call, Location: e.Location}}})
		some.Location = e.Location
		body := ast.NewBody(some)
		for _, x := range every.Body {
			body.Append(x)
		}
		e.Terms = &ast.Term{Location: e.Location, Value: &ast.ArrayComprehension{Term: ast.BooleanTerm(true), Body: body}}
		return false
	})
}

// instead is the reference with the part that a rule stands for replaced.
func (c *fieldCheck) instead(ref ast.Ref) ast.Ref {
	n := 1
	rule := c.rules[inputPath.String()]
	if !ref.HasPrefix(inputPath) {
		if n = c.document(ref); n == 0 {
			return ref
		}
		path := ref[:n]
		if rule = c.rules[path.String()]; rule == nil {
			words := make([]string, 0, n)
			for _, t := range path[1:] {
				words = append(words, string(t.Value.(ast.String)))
			}
			doc, _ := c.data.Find(words)
			f := &form{}
			f.see(doc)
			rule = c.give(path, f.typ())
		}
	}
	out := make(ast.Ref, 0, len(rule)+len(ref)-n)
	for _, t := range rule {
		out = append(out, &ast.Term{Value: t.Value, Location: ref[0].Location})
	}
	return append(out, ref[n:]...)
}

// document is the length of the part of a reference that names a data document
// which shares its place with no rule; 0 if there is none.
func (c *fieldCheck) document(ref ast.Ref) int {
	if c.inputOnly || c.data.Broken || !ref.HasPrefix(ast.DefaultRootRef) {
		return 0
	}
	tree, doc := c.tree, any(c.data.Root)
	for i, t := range ref[1:] {
		word, ok := t.Value.(ast.String)
		m, isMap := doc.(map[string]any)
		if !ok || !isMap || tree.Rule {
			return 0
		}
		if doc, ok = m[string(word)]; !ok {
			return 0
		}
		if tree = tree.Child(string(word)); tree == nil {
			return i + 2
		}
	}
	return 0
}
