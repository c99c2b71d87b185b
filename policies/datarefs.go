package policies

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// ruleTree is where packages and rules are, by the words of their paths.
type ruleTree struct {
	children map[string]*ruleTree
	// rule says that a rule's own value begins here.
	rule bool
}

func (t *ruleTree) child(word string) *ruleTree {
	if t == nil {
		return nil
	}
	return t.children[word]
}

func (t *ruleTree) add(path ast.Ref, rule bool) {
	for _, term := range path {
		s, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		next := t.children[string(s)]
		if next == nil {
			next = &ruleTree{children: map[string]*ruleTree{}}
			t.children[string(s)] = next
		}
		t = next
	}
	t.rule = t.rule || rule
}

func treeOf(modules map[string]*ast.Module) *ruleTree {
	root := &ruleTree{children: map[string]*ruleTree{}}
	for _, m := range modules {
		root.add(m.Package.Path[1:], false)
		for _, r := range m.Rules {
			path := slices.Clone(m.Package.Path[1:])
			for i, term := range r.Head.Ref() {
				if i == 0 {
					term = ast.StringTerm(ruleName(r))
				}
				path = append(path, term)
			}
			root.add(path, true)
		}
	}
	return root
}

// resolved are the evaluated modules with every name written out from data.
func (m *modules) resolved() map[string]*ast.Module {
	c := ast.NewCompiler().SetErrorLimit(0).WithCapabilities(capabilities(m.allowed)).
		WithDefaultRegoVersion(ast.RegoV1).WithOnlyStagesUpTo(ast.StageResolveRefs)
	c.Compile(m.production())
	return c.Modules
}

// checkReferences refuses ground data paths that exist nowhere, neither as a
// rule nor in a data document: Rego would take them as undefined, silently.
func checkReferences(m *modules, resolved map[string]*ast.Module, d documents, r *report) {
	c := pathCheck{tree: treeOf(m.production()), data: d, modules: m, report: r}
	for _, f := range m.files {
		module := resolved[f.name]
		if module == nil {
			continue
		}
		dangling := c.imports(m.parsed[f.name])
		visit(module, func(t *ast.Term) {
			ref := t.Value.(ast.Ref)
			switch {
			case slices.ContainsFunc(dangling, ref.HasPrefix):
			case ref.HasPrefix(ast.InputRootRef):
				c.checkInput(t.Location, ref, packageRoot(module))
			default:
				c.check(t.Location, ref)
			}
		})
	}
}

// inputKeys are the keys of the input that every phase sees.
var inputKeys = []string{
	"account", "now", "users", "teams", "schedules", "escalation_policies", "services", "licenses", "on_calls",
}

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
	case root == string(PhaseAccess):
		c.report.at(loc, Problem{Found: fmt.Sprintf("input.%s in an access package", string(key)),
			Expected: "it in risk packages only: access packages make it, so they can't read it"})
		return
	default:
		return
	}
	p := Problem{Found: fmt.Sprintf("input.%s, which does not exist", string(key)), Expected: list(inputKeys, "or")}
	if root != string(PhaseAccess) {
		p.Expected = list(append(slices.Clone(inputKeys), later...), "or")
	}
	if near, ok := nearest(string(key), append(slices.Clone(inputKeys), later...)); ok {
		p.Suggestion = "input." + near
	}
	c.report.at(loc, p)
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
	tree    *ruleTree
	data    documents
	modules *modules
	report  *report
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
	tree, doc := c.tree, any(c.data.root)
	hasDoc := true
	for i, term := range ref[1:] {
		if tree != nil && tree.rule || !isConstant(term) {
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

func step(tree *ruleTree, doc any, hasDoc bool, term *ast.Term) (*ruleTree, any, bool) {
	word, isWord := term.Value.(ast.String)
	if isWord {
		tree = tree.child(string(word))
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
func (c pathCheck) names(tree *ruleTree, doc any) []string {
	names := map[string]bool{}
	if tree != nil {
		for name := range tree.children {
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
	if c.data.broken || c.modules.broken[""] {
		return true
	}
	text := strings.TrimPrefix(path.String(), "data.")
	for pkg := range c.modules.broken {
		if text == pkg || strings.HasPrefix(text, pkg+".") || strings.HasPrefix(pkg, text+".") {
			return true
		}
	}
	return false
}

func (c pathCheck) missing(loc *ast.Location, path ast.Ref, names []string) {
	before := path[:len(path)-1]
	p := Problem{Found: path.String() + ", which exists nowhere"}
	shown := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasPrefix(n, "_") })
	switch {
	case len(shown) > 0 && len(shown) <= 20:
		p.Expected = fmt.Sprintf("a rule or data document; %s has %s", before, list(shown, "and"))
	default:
		p.Expected = "a rule or data document of that name, even an empty one"
	}
	if word, ok := path[len(path)-1].Value.(ast.String); ok {
		if near, ok := nearest(string(word), names); ok {
			p.Suggestion = before.Append(ast.StringTerm(near)).String()
		} else if len(before) == 1 {
			if why := c.data.whyMissing(string(word)); why != "" {
				p.Expected = why
			}
		}
	}
	c.report.at(loc, p)
}

// whyMissing is how to have a first key of data that seems to be meant by a file
// or directory which gives another; empty if there is none.
func (d documents) whyMissing(word string) string {
	for _, name := range d.left {
		stem, _, _ := strings.Cut(path.Base(name), ".")
		if stem == word || path.Dir(name) == word {
			return fmt.Sprintf("%s as JSON or YAML, in a directory called %s: other files are not read", name, word)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.under)) {
		for _, f := range d.under[key] {
			dirs := strings.Split(path.Dir(f.path), "/")
			stem, _, _ := strings.Cut(path.Base(f.path), ".")
			switch {
			case len(dirs) > 1 && dirs[len(dirs)-1] == word:
				return fmt.Sprintf("the root to be the directory that holds %s: %s lies further down, where it is data.%s",
					word, f.path, strings.Join(dirs, "."))
			case stem == word && path.Dir(f.path) == ".":
				return fmt.Sprintf("%s in a directory called %s, which names it: at the top of the root its keys are data's own", f.path, word)
			case stem == word:
				return fmt.Sprintf("data.%s, which holds %s: documents are named by directory, not by file", strings.Join(dirs, "."), f.path)
			}
		}
	}
	return ""
}
