package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/open-policy-agent/opa/v1/ast"
)

// clock is the builtin whose place dutyward.now takes.
const clock = "time.now_ns"

// Outreaching says that a builtin asks something outside the evaluation or
// gives another answer each time: the plan could then not be computed again.
func Outreaching(b *ast.Builtin) bool {
	switch {
	case b.Name == clock:
		return false // tests may use it
	case b.Name == "http.send", b.Name == "opa.runtime", strings.HasPrefix(b.Name, "net.lookup"), strings.HasPrefix(b.Name, "rand."):
		return true
	}
	return b.Nondeterministic
}

// Capabilities are OPA's without the builtins that reach out, but for those
// allowed by name.
func Capabilities(allowed []string) *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return Outreaching(b) && !slices.Contains(allowed, b.Name)
	})
	if !slices.ContainsFunc(allowed, func(name string) bool { return name == "http.send" || strings.HasPrefix(name, "net.") }) {
		c.AllowNet = []string{}
	}
	return c
}

// RefusedBuiltins are the names of the builtins that policies may use only
// where Options allow them, sorted.
func RefusedBuiltins() []string {
	names := []string{clock}
	for _, b := range ast.Builtins {
		if Outreaching(b) {
			names = append(names, b.Name)
		}
	}
	slices.Sort(names)
	return names
}

// CheckBuiltins refuses builtins that reach out and, outside tests, the clock,
// unless they are allowed.
func CheckBuiltins(m *Modules, r *Report) {
	off := map[string]bool{}
	for _, name := range RefusedBuiltins() {
		off[name] = !slices.Contains(m.Allowed, name)
	}
	for _, f := range m.Files {
		module := m.Parsed[f.Name]
		if module == nil {
			continue
		}
		ast.WalkTerms(module, func(t *ast.Term) bool {
			ref, ok := t.Value.(ast.Ref)
			if !ok {
				return false
			}
			switch name := ref.String(); {
			case off[name] && name != clock:
				r.At(t.Location, policies.Problem{
					Code:  codeRefusedBuiltin,
					Found: fmt.Sprintf("%s, which reaches out or answers differently each time", name),
					Expected: "policies that follow from input and data alone; bring what it would fetch as a data document, " +
						"or have an operator allow it by name (evaluation.allow_builtins)",
				})
			case off[name] && !f.IsTest():
				r.At(t.Location, policies.Problem{
					Code:     codeClock,
					Found:    clock + " outside a test",
					Expected: "data.dutyward.now, the time of this evaluation; in access rules, give the element \"from\" and \"until\" instead",
				})
			}
			return false
		})
	}
}
