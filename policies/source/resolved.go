package source

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Resolved are the evaluated modules with every name written out from data.
func (m *Modules) Resolved() map[string]*ast.Module {
	return m.resolve(m.Production())
}

// ResolvedPart are the evaluated modules as Resolved has them, where those of a part
// alone may be others than before.
func (m *Modules) ResolvedPart(part Part, before map[string]*ast.Module) map[string]*ast.Module {
	out := maps.Clone(before)
	for name, module := range m.resolve(m.Only(part.Needed).Production()) {
		if part.Affected[name] {
			out[name] = module
		}
	}
	return out
}

func (m *Modules) resolve(modules map[string]*ast.Module) map[string]*ast.Module {
	c := ast.NewCompiler().SetErrorLimit(0).WithCapabilities(Capabilities(m.Allowed)).
		WithDefaultRegoVersion(ast.RegoV1).WithOnlyStagesUpTo(ast.StageResolveRefs)
	c.Compile(modules)
	return c.Modules
}

// WhyMissing is how to have a first key of data that seems to be meant by a file
// or directory which gives another; empty if there is none.
func (d Documents) WhyMissing(word string) string {
	for _, name := range d.Left {
		stem, _, _ := strings.Cut(path.Base(name), ".")
		if stem == word || path.Dir(name) == word {
			return fmt.Sprintf("%s as JSON or YAML, in a directory called %s: other files are not read", name, word)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.Under)) {
		for _, f := range d.Under[key] {
			dirs := strings.Split(path.Dir(f.Path), "/")
			stem, _, _ := strings.Cut(path.Base(f.Path), ".")
			switch {
			case len(dirs) > 1 && dirs[len(dirs)-1] == word:
				return fmt.Sprintf("the root to be the directory that holds %s: %s lies further down, where it is data.%s",
					word, f.Path, strings.Join(dirs, "."))
			case stem == word && path.Dir(f.Path) == ".":
				return fmt.Sprintf("%s in a directory called %s, which names it: at the top of the root its keys are data's own", f.Path, word)
			case stem == word:
				return fmt.Sprintf("data.%s, which holds %s: documents are named by directory, not by file", strings.Join(dirs, "."), f.Path)
			}
		}
	}
	return ""
}
