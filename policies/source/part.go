package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Part is what of a revision of policies an edit can have made another, by file.
type Part struct {
	// Affected are the files that were edited, and those whose rules follow from them.
	Affected map[string]bool
	// Needed are these and all that they ask: what has to be compiled together.
	Needed map[string]bool
}

// Mentions are the parts of data that modules may ask, as paths, found once for each.
type Mentions map[*ast.Module][]string

// PartOf is the part that an edit of some files touches, in modules whose files and
// packages are the same as before. A package is affected as a whole, since its files
// share their names; so is one below a package that is, since METADATA and rules of the
// outer one reach into it.
func PartOf(m *Modules, changed []string, known Mentions) Part {
	g := packagesOf(m, known)
	var first []string
	for _, name := range changed {
		if module := m.Parsed[name]; module != nil {
			first = append(first, pathOf(module.Package.Path))
		}
	}
	affected := reach(first, g.askedBy)
	needed := reach(slices.Collect(maps.Keys(affected)), g.asks)
	return Part{Affected: g.filesOf(affected), Needed: g.filesOf(needed)}
}

// Only are the modules of some files, and the library.
func (m *Modules) Only(files map[string]bool) *Modules {
	part := *m
	part.Parsed = map[string]*ast.Module{}
	for name, module := range m.Parsed {
		if files[name] {
			part.Parsed[name] = module
		}
	}
	return &part
}

// packages is which packages ask which, by path.
type packages struct {
	files         map[string][]string
	asks, askedBy map[string][]string
}

func packagesOf(m *Modules, known Mentions) *packages {
	g := &packages{files: map[string][]string{}, asks: map[string][]string{}, askedBy: map[string][]string{}}
	under := map[string][]string{} // packages by each path above them, their own included
	for name, module := range m.Parsed {
		path := pathOf(module.Package.Path)
		if g.files[path] == nil {
			for _, above := range upwards(path) {
				under[above] = append(under[above], path)
			}
		}
		g.files[path] = append(g.files[path], name)
	}
	fresh := Mentions{}
	for path, names := range g.files {
		asked := map[string]bool{}
		for _, above := range upwards(path) {
			asked[above] = g.files[above] != nil
		}
		for _, name := range names {
			module := m.Parsed[name]
			mentions, ok := known[module]
			if !ok {
				mentions = mentionsIn(module)
			}
			fresh[module] = mentions
			for _, mention := range mentions {
				for _, above := range upwards(mention) {
					asked[above] = g.files[above] != nil
				}
				for _, below := range under[mention] {
					asked[below] = true
				}
			}
		}
		for other, there := range asked {
			if there && other != path {
				g.asks[path] = append(g.asks[path], other)
				g.askedBy[other] = append(g.askedBy[other], path)
			}
		}
	}
	clear(known) // modules of the past are not to be kept
	maps.Copy(known, fresh)
	return g
}

// reach are the packages that can be come to.
func reach(from []string, next map[string][]string) map[string]bool {
	seen := map[string]bool{}
	for len(from) > 0 {
		path := from[len(from)-1]
		from = from[:len(from)-1]
		if !seen[path] {
			seen[path] = true
			from = append(from, next[path]...)
		}
	}
	return seen
}

func (g *packages) filesOf(paths map[string]bool) map[string]bool {
	files := map[string]bool{}
	for path := range paths {
		for _, name := range g.files[path] {
			files[name] = true
		}
	}
	return files
}

// mentionsIn are the parts of data that a module names, by import or in its rules.
func mentionsIn(m *ast.Module) []string {
	found := map[string]bool{}
	for _, i := range m.Imports {
		if ref, ok := i.Path.Value.(ast.Ref); ok && ref.HasPrefix(ast.DefaultRootRef) {
			found[pathOf(ref)] = true
		}
	}
	var visit *ast.GenericVisitor
	visit = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if !x.HasPrefix(ast.DefaultRootRef) {
				return false
			}
			found[pathOf(x.ConstantPrefix())] = true
			for _, t := range x[1:] {
				visit.Walk(t)
			}
			return true
		case ast.Var:
			if x.Equal(ast.DefaultRootDocument.Value) {
				found[rootPath] = true
			}
		}
		return false
	})
	for _, r := range m.Rules {
		visit.Walk(r)
	}
	return slices.Collect(maps.Keys(found))
}

const (
	rootPath  = "data"
	separator = "\x00"
)

// pathOf is a reference into data as one text.
func pathOf(ref ast.Ref) string {
	var b strings.Builder
	b.WriteString(rootPath)
	for _, t := range ref[1:] {
		s, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		b.WriteString(separator)
		b.WriteString(string(s))
	}
	return b.String()
}

// upwards is a path and those above it.
func upwards(path string) []string {
	all := []string{path}
	for i := strings.LastIndex(path, separator); i >= 0; i = strings.LastIndex(path[:i], separator) {
		all = append(all, path[:i])
	}
	return all
}
