package eval

import (
	"fmt"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"github.com/dutyward/dutyward/policies/source"
)

// generator is an expression of a rule's body that goes over the rows of a data
// document: `some p in data.people`.
type generator struct {
	// document is the reference to the document, and key the variable of a row's key.
	document ast.Ref
	key      ast.Var
	// row is the variable of the row itself; empty if there is none.
	row ast.Var
	// ref is the reference to a row or to something within one.
	ref ast.Ref
}

// generatorsIn are the generators of a compiled body over documents that no rule makes.
func generatorsIn(body ast.Body, compiler *ast.Compiler) []generator {
	var out []generator
	for _, e := range body {
		if e.Negated || len(e.With) > 0 || e.IsEvery() {
			continue
		}
		ref, ok := refIn(e)
		if !ok || !ref.HasPrefix(ast.DefaultRootRef) {
			continue
		}
		document := ref.ConstantPrefix()
		if len(document) < 2 || len(document) == len(ref) || len(compiler.GetRules(document)) > 0 {
			continue
		}
		key, ok := ref[len(document)].Value.(ast.Var)
		if !ok || key.IsWildcard() {
			continue
		}
		g := generator{document: document, key: key, ref: ref}
		if v, isVar := e.Operand(0).Value.(ast.Var); isVar && e.IsEquality() {
			g.row = v
		}
		out = append(out, g)
	}
	return out
}

// path is that of what the generator has come to; nil if it is not known.
func (g generator) path(known map[ast.Var]*ast.Term) ast.Ref {
	ref := plugged(g.ref, known)
	if !ref.IsGround() {
		return nil
	}
	return ref[1:]
}

// of is the place, "file:line", of the row of data for which a rule's variables
// have these values; empty if that can't be told.
func (x *rowFinder) of(r *rule, known map[ast.Var]*ast.Term) string {
	for _, g := range r.generators {
		if p := g.path(known); p != nil {
			if place := x.at(p); place != "" {
				return place
			}
		}
	}
	var texts []string
	for v, name := range x.set.compiler.RewrittenVars {
		if t := known[v]; t != nil && !name.IsWildcard() {
			texts = append(texts, textsOf(t)...)
		}
	}
	return x.place(r.needs.data, texts, "")
}

// at is "file:line" of what stands at a path in the data; empty if that can't be told.
func (x *rowFinder) at(where ast.Ref) string {
	if len(where) == 0 {
		return ""
	}
	first, _ := where[0].Value.(ast.String)
	for _, f := range x.set.under[string(first)] {
		rest, ok := within(f, where)
		if !ok {
			continue
		}
		n := x.document(f)
		for _, key := range rest {
			n = child(n, key.Value)
		}
		if n != nil {
			return fmt.Sprintf("%s:%d", f.Name, n.Line)
		}
	}
	return ""
}

// within is a path within the document of a file, if it leads there.
func within(f *source.File, where ast.Ref) (ast.Ref, bool) {
	dir := path.Dir(f.Path)
	if dir == "." {
		return where, true
	}
	keys := strings.Split(dir, "/")
	if len(where) < len(keys) {
		return nil, false
	}
	for i, key := range keys {
		if where[i].Value.Compare(ast.String(key)) != 0 {
			return nil, false
		}
	}
	return where[len(keys):], true
}

// child is what a node has under a key.
func child(n *yaml.Node, key ast.Value) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if i, ok := key.(ast.Number); ok {
			if index, ok := i.Int(); ok && index >= 0 && index < len(n.Content) {
				return n.Content[index]
			}
		}
	case yaml.MappingNode:
		text, ok := key.(ast.String)
		for i := 0; ok && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == string(text) {
				// A row that is a mapping begins behind its key.
				return n.Content[i+1]
			}
		}
	}
	return nil
}
