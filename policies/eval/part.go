package eval

import (
	"maps"
	"reflect"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/check"
	"github.com/dutyward/dutyward/policies/source"
)

// revision is policies that are loaded or were, with what was found on the way.
type revision struct {
	options  Options
	left     []string
	schemas  []source.Schema
	problems policies.Problems // of reading
	files    []*source.File
	// early are the problems before the analyzers ran, found what each of these found,
	// in the order of check.All.
	early policies.Problems
	found []policies.Problems
	pass  *source.Pass
	set   *Set
}

func (r *revision) modules() *source.Modules {
	if r == nil {
		return nil
	}
	return r.pass.Modules
}

func (r *revision) setOf() *Set {
	if r == nil {
		return nil
	}
	return r.set
}

// mostCompilers bounds the compilers that a set's rules are of, each of which holds the
// library, and what its rules ask: then all is compiled together again.
const mostCompilers = 8

// checkAll runs all analyzers on everything.
func (r *revision) checkAll() {
	r.pass.Part, r.pass.Resolved, r.found = nil, r.pass.Modules.Resolved(), nil
	for _, a := range check.All {
		before := len(r.pass.Problems)
		a.Run(r.pass)
		r.found = append(r.found, slices.Clone(r.pass.Problems[before:]))
	}
}

// checkPart checks and compiles only what can have become another since the revision
// last loaded: where rules alone were edited, in the files that there were, and what
// all others were found to be still holds. It says whether that is so; anything that
// is wrong is for checkAll to say, as are warnings that move elsewhere.
func (l *Loader) checkPart(r *revision) bool {
	changed, ok := r.editedSince(l.last)
	if !ok || l.last.set.manyCompilers() {
		return false
	}
	if l.mentions == nil {
		l.mentions = source.Mentions{}
	}
	part := source.PartOf(r.pass.Modules, changed, l.mentions)
	if 2*len(part.Needed) > len(r.pass.Modules.Parsed) {
		return false
	}
	l.checked = len(part.Needed)
	r.pass.Part, r.pass.Resolved = &part, r.pass.Modules.ResolvedPart(part, l.last.pass.Resolved)
	only := r.pass.ForPart(part)
	outside := func(p policies.Problem) bool { return !part.Affected[p.File] }
	for i, a := range check.All {
		was := slices.DeleteFunc(slices.Clone(l.last.found[i]), func(p policies.Problem) bool { return !outside(p) })
		before := len(r.pass.Problems)
		if a.Local {
			a.Run(only)
			inside := slices.DeleteFunc(slices.Clone(r.pass.Problems[before:]), outside)
			r.pass.Problems = append(r.pass.Problems[:before], slices.Concat(inside, was)...)
		} else {
			a.Run(r.pass)
			is := slices.DeleteFunc(slices.Clone(r.pass.Problems[before:]), func(p policies.Problem) bool { return !outside(p) })
			if !reflect.DeepEqual(is, was) && len(is)+len(was) > 0 {
				return false
			}
		}
		r.found = append(r.found, slices.Clone(r.pass.Problems[before:]))
	}
	r.pass.Compiler = only.Compiler
	return only.Err == nil && r.pass.Err == nil && only.Compiler != nil && len(r.pass.Problems.Errors()) == 0
}

// editedSince are the names of the policies that are not as in an earlier revision; ok
// is false where anything else is not.
func (r *revision) editedSince(last *revision) (changed []string, ok bool) {
	if last == nil || len(r.files) != len(last.files) || len(r.pass.Modules.Broken) > 0 || len(r.early.Errors()) > 0 ||
		!reflect.DeepEqual(r.options, last.options) || !slices.Equal(r.left, last.left) ||
		!reflect.DeepEqual(r.schemas, last.schemas) || !slices.Equal(r.early, last.early) {
		return nil, false
	}
	for i, f := range r.files {
		was := last.files[i]
		if f.Root != was.Root || f.Path != was.Path || f.Name != was.Name {
			return nil, false
		}
		if string(f.Content) == string(was.Content) {
			continue
		}
		is, before := r.pass.Modules.Parsed[f.Name], last.pass.Modules.Parsed[f.Name]
		if !f.IsRego() || is == nil || before == nil || !is.Package.Path.Equal(before.Package.Path) {
			return nil, false
		}
		changed = append(changed, f.Name)
	}
	return changed, true
}

// compilers are those that rules are of, each once.
func (s *Set) compilers() []*ast.Compiler {
	all := map[*ast.Compiler]bool{}
	for _, rules := range s.rules {
		for _, r := range rules {
			all[r.compiler] = true
		}
	}
	return slices.Collect(maps.Keys(all))
}

func (s *Set) manyCompilers() bool { return len(s.compilers()) >= mostCompilers }
