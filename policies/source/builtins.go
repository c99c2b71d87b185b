package source

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Clock is the builtin whose place dutyward.now takes.
const Clock = "time.now_ns"

// Outreaching says that a builtin asks something outside the evaluation or
// gives another answer each time: the plan could then not be computed again.
func Outreaching(b *ast.Builtin) bool {
	switch {
	case b.Name == Clock:
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
	names := []string{Clock}
	for _, b := range ast.Builtins {
		if Outreaching(b) {
			names = append(names, b.Name)
		}
	}
	slices.Sort(names)
	return names
}
