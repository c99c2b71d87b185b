package eval

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/open-policy-agent/opa/v1/ast"
)

// changing are the parts of the input that change by themselves or by plans,
// with the fields by which they do; without fields it is the whole.
var changing = map[string][]string{
	"now":       nil,
	"on_calls":  nil,
	"licenses":  nil,
	"users":     {"base_role", "teams", "license"},
	"teams":     {"members"},
	"schedules": {"users", "layers", "rotations", "overrides", "custom_shifts", "shifts", "coverage"},
}

// still are the parts that change by people's hands alone.
var still = []string{"account", "escalation_policies", "services"}

// changes are the parts of the input that may change, a new one as a whole.
func changes() map[string][]string {
	parts := maps.Clone(changing)
	for _, part := range inventory.Keys() {
		if _, known := parts[part]; !known && !slices.Contains(still, part) {
			parts[part] = nil
		}
	}
	return parts
}

// ReadingRules are the access rules that read what changes by itself or by a
// plan, helpers and library included, in the order of their files. What they say
// at one moment need not be what they say at another. A rule that only looks up
// that a person or a team exists is none.
func (s *Set) ReadingRules() []policies.Reads {
	var out []policies.Reads
	changing := changes()
	for _, r := range s.rules[policies.PhaseAccess] {
		seen := reader{compiler: r.compiler, parts: map[string]bool{}, words: map[string]bool{}, rules: map[*ast.Rule]bool{}}
		seen.body(r.query)
		var what []string
		for _, part := range slices.Sorted(maps.Keys(changing)) {
			fields := changing[part]
			if seen.parts[part] && (fields == nil || slices.ContainsFunc(fields, func(f string) bool { return seen.words[f] })) {
				what = append(what, part)
			}
		}
		if len(what) > 0 {
			out = append(out, policies.Reads{Origin: r.origin, What: what})
		}
	}
	return out
}

// reader gathers what rules read.
type reader struct {
	compiler *ast.Compiler
	// parts are the parts of the input, words all literal fields.
	parts, words map[string]bool
	rules        map[*ast.Rule]bool
}

func (x *reader) body(b ast.Body) { ast.WalkRefs(b, x.ref) }

func (x *reader) ref(ref ast.Ref) bool {
	fields := ref[1:]
	if ref.HasPrefix(ast.InputRootRef) && len(ref) > 1 {
		fields = ref[2:]
	}
	for _, term := range fields {
		if s, ok := term.Value.(ast.String); ok {
			x.words[string(s)] = true
		}
	}
	switch {
	case ref.HasPrefix(ast.InputRootRef) && len(ref) > 1:
		if s, ok := ref[1].Value.(ast.String); ok {
			x.parts[string(s)] = true
		}
	case ref.HasPrefix(ast.DefaultRootRef):
		for _, r := range x.compiler.GetRules(ref.ConstantPrefix()) {
			if !x.rules[r] {
				x.rules[r] = true
				ast.WalkRefs(r, x.ref)
			}
		}
	}
	return false
}
