package policies

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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

// checkFields reports fields that the input never has and warns of those that
// no row of a data document has, wherever OPA's type checker can follow them:
// through variables, comprehensions, rules and the library. Rego would take
// them as undefined, silently.
//
// It compiles a copy of the policies in which input and documents are rules of
// a known type. Whatever else that compile finds is not reported: what policies
// may do is for the compile that is evaluated to say.
func checkFields(resolved map[string]*ast.Module, tree *ruleTree, d documents, schemas []schema, r *report) error {
	before := &report{problems: slices.Clone(r.problems)}
	c := &fieldCheck{report: r, before: before, tree: tree, data: d, caps: capabilities(), rules: map[string]ast.Ref{},
		declared: declaredFields(schemas), optional: map[place]bool{}}
	c.give(inputPath, inputType())
	parsed, err := c.typed(resolved)
	if err != nil {
		return err
	}
	parsed[typesPackage] = c.module()
	for range maxCompiles {
		compiler := ast.NewCompiler().
			SetErrorLimit(0).
			WithCapabilities(c.caps).
			WithDefaultRegoVersion(ast.RegoV1).
			WithOnlyStagesUpTo(ast.StageCheckTypes)
		compiler.Compile(parsed)
		if !compiler.Failed() {
			return nil
		}
		var rest ast.Errors
		for _, e := range compiler.Errors {
			mended, err := c.found(e, parsed)
			if err != nil {
				return err
			}
			if !mended {
				rest = append(rest, e)
			}
		}
		// Rules that fail otherwise are left out, so that others can be checked.
		if next, names := withoutFailing(parsed, rest); len(names) > 0 {
			parsed = next
		} else if len(rest) > 0 {
			return nil
		}
	}
	return nil
}

type fieldCheck struct {
	report *report
	// before are the problems found before, of which these may be a part.
	before *report
	tree   *ruleTree
	data   documents
	caps   *ast.Capabilities
	// paths are what has a rule of its own, in the order of their numbers, and
	// rules those rules by path.
	paths []ast.Ref
	rules map[string]ast.Ref
	// declared are the fields that a schema of a document names.
	declared map[string]bool
	// optional are the references under not, which may well be absent.
	optional map[place]bool
}

var inputPath = ast.InputRootRef

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
	known, err := ast.ParseModuleWithOpts(knownFile, knownFunctions, parserOptions())
	if err != nil {
		return nil, fmt.Errorf("parse the library's types: %w", err)
	}
	replaced := map[string]bool{}
	for _, rule := range known.Rules {
		replaced[ruleName(rule)] = true
	}
	out := map[string]*ast.Module{}
	for name, m := range resolved {
		m = m.Copy()
		m.Annotations = nil
		if c.report.files[name] == nil && packageName(m) == libraryPackage {
			m.Rules = slices.DeleteFunc(m.Rules, func(r *ast.Rule) bool { return replaced[ruleName(r)] })
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

const knownFile = libraryDir + "/types"

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
			doc, _ := c.data.find(words)
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
	if c.data.broken || !ref.HasPrefix(ast.DefaultRootRef) {
		return 0
	}
	tree, doc := c.tree, any(c.data.root)
	for i, t := range ref[1:] {
		word, ok := t.Value.(ast.String)
		m, isMap := doc.(map[string]any)
		if !ok || !isMap || tree.rule {
			return 0
		}
		if doc, ok = m[string(word)]; !ok {
			return 0
		}
		if tree = tree.child(string(word)); tree == nil {
			return i + 2
		}
	}
	return 0
}

// noteOptional notes what is referred to under not.
func (c *fieldCheck) noteOptional(m *ast.Module) {
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		if _, not := e.Terms.(*ast.Not); !not && !e.Negated {
			return false
		}
		ast.WalkRefs(e, func(ref ast.Ref) bool {
			if loc := ref[0].Location; loc != nil {
				c.optional[placeOf(loc)] = true
			}
			return false
		})
		return false
	})
}

// declaredFields are the names of all properties in schemas of documents.
func declaredFields(schemas []schema) map[string]bool {
	out := map[string]bool{}
	var walk func(x any)
	walk = func(x any) {
		switch x := x.(type) {
		case []any:
			for _, y := range x {
				walk(y)
			}
		case map[string]any:
			properties, _ := x["properties"].(map[string]any)
			for name := range properties {
				out[name] = true
			}
			for _, y := range x {
				walk(y)
			}
		}
	}
	for _, s := range schemas {
		var doc any
		if json.Unmarshal(s.file.content, &doc) == nil {
			walk(doc)
		}
	}
	return out
}

// found reports an error of the type checker if it is about a field that
// nothing of the known type has, and mends it in the modules.
func (c *fieldCheck) found(e *ast.Error, parsed map[string]*ast.Module) (mended bool, err error) {
	d, ok := e.Details.(*ast.RefErrInvalidDetail)
	if !ok || e.Location == nil || d.Pos >= len(d.Ref) || parsed[e.Location.File] == nil {
		return false, nil
	}
	field, ok := d.Ref[d.Pos].Value.(ast.String)
	if !ok {
		return false, nil
	}
	var names []string
	known, fromData := false, false
	for _, v := range d.OneOf {
		switch s, ok := v.(ast.String); {
		case !ok:
		case s == anyField:
			known = true
		case s == dataMark:
			fromData = true
		default:
			names = append(names, string(s))
		}
	}
	if !known {
		return false, nil
	}
	c.missing(e.Location, d.Ref[:d.Pos+1], string(field), names, fromData)
	// With a field that has any type in its place, the rest is checked too.
	err = rewriteRefs(parsed[e.Location.File], func(ref ast.Ref) ast.Ref {
		if loc := ref[0].Location; loc == nil || placeOf(loc) != placeOf(e.Location) ||
			len(ref) <= d.Pos || ref[d.Pos].Value.Compare(field) != 0 {
			return ref
		}
		mended = true
		ref = slices.Clone(ref)
		ref[d.Pos] = &ast.Term{Value: ast.String(anyField), Location: ref[d.Pos].Location}
		return ref
	})
	return mended, err
}

// missing reports the last field of a reference.
func (c *fieldCheck) missing(loc *ast.Location, ref ast.Ref, field string, names []string, fromData bool) {
	f := c.report.files[loc.File]
	if f == nil || f.isTest() || c.before.has(f.name, loc.Row) {
		return
	}
	near, isNear := nearest(field, names)
	p := Problem{Found: c.shown(ref) + ", which does not exist", Suggestion: near}
	if fromData {
		if c.declared[field] || !isNear && c.optional[placeOf(loc)] {
			return
		}
		p.Warning, p.Found = true, c.shown(ref)+", which no row of the data has"
	}
	if len(names) > 0 && len(names) <= 16 {
		p.Expected = "one of " + list(names, "or")
	}
	c.report.at(loc, p)
}

// shown is a reference as its author wrote it.
func (c *fieldCheck) shown(ref ast.Ref) string {
	for _, path := range c.paths {
		if rule := c.rules[path.String()]; ref.HasPrefix(rule) {
			return path.Concat(ref[len(rule):]).String()
		}
	}
	if v, ok := ref[0].Value.(ast.Var); ok && v.IsGenerated() {
		return fmt.Sprintf("field %s", ref[len(ref)-1])
	}
	return ref.String()
}
