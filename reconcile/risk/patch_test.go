package risk_test

import (
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/reconcile/risk"
)

// Whatever people and things are called, a patch holds policies that can be read, and says
// the names as they are.
func TestAPatchHoldsPoliciesWhateverThingsAreCalled(t *testing.T) {
	for _, name := range []string{"plain", "[Bot] alarm", "- x: {", "bell \a, vertical \v, del \x7f", "tag \U000E0001 and \u200b", "a \" b \\ c", "two\nlines", "bad \xff byte"} {
		items := []risk.Item{{
			Rule: "dutyward.observer-manages", Name: "user:" + name, On: "team:" + name, Subject: "user:#U1", Resource: "team:#T1", Message: name,
		}}
		patch, n := risk.Limits(items, "policies", now)
		if n != 1 {
			t.Fatalf("%q: %d limits", name, n)
		}
		for _, p := range []string{patch, risk.Waivers(items, "policies", name, now, now)} {
			module, err := ast.ParseModuleWithOpts("a.rego", added(p), ast.ParserOptions{ProcessAnnotation: true})
			if err != nil {
				t.Errorf("%q: %v\n%s", name, err, p)
				continue
			}
			if want := ast.StringTerm(strings.ToValidUTF8(name, "\uFFFD")); !strings.Contains(module.Rules[0].Head.Key.String(), want.String()) {
				t.Errorf("%q stands there as %s", name, module.Rules[0].Head.Key)
			}
		}
	}
}

// added are the lines that a patch adds.
func added(patch string) string {
	var b strings.Builder
	for line := range strings.Lines(patch) {
		if text, ok := strings.CutPrefix(line, "+"); ok && !strings.HasPrefix(line, "+++") {
			b.WriteString(text)
		}
	}
	return b.String()
}
