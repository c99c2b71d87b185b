package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeUnknownInput code.Code = "policy/unknown-input"
	codeInputOfRisk  code.Code = "policy/input-of-risk"
	codeUnknownPath  code.Code = "policy/unknown-path"
)

var references = Analyzer{
	Local: true,
	Name:  "references",
	Doc:   "paths of input and data that exist nowhere",
	Run:   checkReferences,
	Pages: code.Pages{
		{
			Code:    codeUnknownInput,
			Title:   "The input has no such key",
			Means:   "A policy reads a top-level key of input that never exists.",
			Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
			Do:      "Use one of the keys that the message lists.",
			Example: "input.user  # input.users",
		},
		{
			Code:    codeInputOfRisk,
			Title:   "An access rule reads what access rules make",
			Means:   "input.desired and input.groups exist for risk packages only.",
			Why:     "They are the result of the access rules.",
			Do:      "Move the rule to a risk package, or read the groups' sources instead.",
			Example: "package access.x reading input.desired  # package risk.x",
		},
		{
			Code:    codeUnknownPath,
			Title:   "A path of data exists nowhere",
			Means:   "There is neither a rule nor a document at the path.",
			Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
			Do:      "Correct the path, or add the document, even an empty one.",
			Example: "some p in data.peple  # data.people",
		},
	},
}

// checkReferences refuses ground data paths that exist nowhere, neither as a
// rule nor in a data document: Rego would take them as undefined, silently.
func checkReferences(p *source.Pass) {
	c := pathCheck{tree: source.TreeOf(p.Modules.Production()), data: p.Data, modules: p.Modules, report: p.Report}
	for _, f := range p.Files {
		module := p.Resolved[f.Name]
		if module == nil {
			continue
		}
		dangling := c.imports(p.Modules.Parsed[f.Name])
		visit(module, func(t *ast.Term) {
			ref := t.Value.(ast.Ref)
			switch {
			case slices.ContainsFunc(dangling, ref.HasPrefix):
			case ref.HasPrefix(ast.InputRootRef):
				c.checkInput(t.Location, ref, source.PackageRoot(module))
			default:
				c.check(t.Location, ref)
			}
		})
	}
	checkTestReferences(p)
}

// inputKeys are the keys of the input that every phase sees.
var inputKeys = inventory.Keys()

// checkInput reports a key that the input never has, or not in access packages.
func (c pathCheck) checkInput(loc *ast.Location, ref ast.Ref, root string) {
	if len(ref) < 2 {
		return
	}
	key, ok := ref[1].Value.(ast.String)
	if !ok || slices.Contains(inputKeys, string(key)) {
		return
	}
	later := []string{"desired", "groups"}
	switch {
	case !slices.Contains(later, string(key)):
	case root == string(policies.PhaseAccess):
		c.report.At(loc, policies.Problem{Code: codeInputOfRisk, Found: fmt.Sprintf("input.%s in an access package", string(key)),
			Expected: "it in risk packages only: access packages make it, so they can't read it"})
		return
	default:
		return
	}
	p := policies.Problem{Code: codeUnknownInput, Found: fmt.Sprintf("input.%s, which does not exist", string(key)), Expected: policies.List(inputKeys, "or")}
	if root != string(policies.PhaseAccess) {
		p.Expected = policies.List(append(slices.Clone(inputKeys), later...), "or")
	}
	if near, ok := policies.Nearest(string(key), append(slices.Clone(inputKeys), later...)); ok {
		p.Suggestion = "input." + near
	}
	c.report.At(loc, p)
}

// visit calls f with each reference to data or input in a module's rules, but for what
// `with` replaces.
func visit(m *ast.Module, f func(*ast.Term)) {
	var v *ast.GenericVisitor
	v = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.With:
			v.Walk(x.Value)
			return true
		case *ast.Term:
			if ref, ok := x.Value.(ast.Ref); ok && (ref.HasPrefix(ast.DefaultRootRef) || ref.HasPrefix(ast.InputRootRef)) {
				f(x)
			}
		}
		return false
	})
	for _, rule := range m.Rules {
		v.Walk(rule)
	}
}

type pathCheck struct {
	tree    *source.RuleTree
	data    source.Documents
	modules *source.Modules
	report  *source.Report
}

// imports checks a module's imports and returns those of nothing.
func (c pathCheck) imports(m *ast.Module) []ast.Ref {
	var dangling []ast.Ref
	for _, i := range m.Imports {
		ref, ok := i.Path.Value.(ast.Ref)
		if ok && ref.HasPrefix(ast.DefaultRootRef) && !c.check(i.Path.Location, ref) {
			dangling = append(dangling, ref)
		}
	}
	return dangling
}

// check reports a reference whose ground beginning leads nowhere.
func (c pathCheck) check(loc *ast.Location, ref ast.Ref) bool {
	tree, doc := c.tree, any(c.data.Root)
	hasDoc := true
	for i, term := range ref[1:] {
		if tree != nil && tree.Rule || !isConstant(term) {
			return true
		}
		names := c.names(tree, doc)
		nextTree, nextDoc, nextHas := step(tree, doc, hasDoc, term)
		if nextTree == nil && !nextHas {
			if c.excused(ref[:i+2]) {
				return true
			}
			c.missing(loc, ref[:i+2], names)
			return false
		}
		tree, doc, hasDoc = nextTree, nextDoc, nextHas
	}
	return true
}

func isConstant(t *ast.Term) bool {
	switch t.Value.(type) {
	case ast.String, ast.Number, ast.Boolean, ast.Null:
		return true
	}
	return false
}

func step(tree *source.RuleTree, doc any, hasDoc bool, term *ast.Term) (*source.RuleTree, any, bool) {
	word, isWord := term.Value.(ast.String)
	if isWord {
		tree = tree.Child(string(word))
	} else {
		tree = nil
	}
	if !hasDoc {
		return tree, nil, false
	}
	switch doc := doc.(type) {
	case map[string]any:
		next, ok := doc[string(word)]
		return tree, next, ok && isWord
	case []any:
		if n, ok := term.Value.(ast.Number); ok {
			if i, ok := n.Int(); ok && i >= 0 && i < len(doc) {
				return tree, doc[i], true
			}
		}
	}
	return tree, nil, false
}

// names are what could stand next, for suggestions.
func (c pathCheck) names(tree *source.RuleTree, doc any) []string {
	names := map[string]bool{}
	if tree != nil {
		for name := range tree.Children {
			names[name] = true
		}
	}
	if m, ok := doc.(map[string]any); ok {
		for name := range m {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// excused says that what is missing may be in a file that could not be read,
// whose own problem is reported.
func (c pathCheck) excused(path ast.Ref) bool {
	if c.data.Broken || c.modules.Broken[""] {
		return true
	}
	text := strings.TrimPrefix(path.String(), "data.")
	for pkg := range c.modules.Broken {
		if text == pkg || strings.HasPrefix(text, pkg+".") || strings.HasPrefix(pkg, text+".") {
			return true
		}
	}
	return false
}

func (c pathCheck) missing(loc *ast.Location, path ast.Ref, names []string) {
	before := path[:len(path)-1]
	p := policies.Problem{Code: codeUnknownPath, Found: path.String() + ", which exists nowhere"}
	shown := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasPrefix(n, "_") })
	switch {
	case len(shown) > 0 && len(shown) <= 20:
		p.Expected = fmt.Sprintf("a rule or data document; %s has %s", before, policies.List(shown, "and"))
	default:
		p.Expected = "a rule or data document of that name, even an empty one"
	}
	if word, ok := path[len(path)-1].Value.(ast.String); ok {
		if near, ok := policies.Nearest(string(word), names); ok {
			p.Suggestion = before.Append(ast.StringTerm(near)).String()
		} else if len(before) == 1 {
			if why := c.data.WhyMissing(string(word)); why != "" {
				p.Expected = why
			}
		}
	}
	c.report.At(loc, p)
}
