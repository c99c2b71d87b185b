package report

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestANameDoesNothingToATerminalButStandThere(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a plain name", "Zoë Ångström 日本 🚒", "Zoë Ångström 日本 🚒"},
		{"a family of emoji keeps its joiners", "👩\u200d🚒", "👩\u200d🚒"},
		{"clearing the screen", "a\x1b[2Jb", `a\x1b[2Jb`},
		{"hidden text", "a\x1b[8mb", `a\x1b[8mb`},
		{"a title, by its older form", "a\u009d0;b\ac", `a\u009d0;b\ac`},
		{"back to the line's beginning", "a\rb", `a\rb`},
		{"a turned order", "a\u202eb\u2066c", `a\u202eb\u2066c`},
		{"our own colours", "\x1b[1ma\x1b[22m", "\x1b[1ma\x1b[22m"},
		{"line breaks of a longer text", "a\n\tb", "a\n\tb"},
	} {
		if got := Clean(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestATeamsNameAddsNoLineToAPlan(t *testing.T) {
	p := &plan.Plan{
		Changes: []plan.Change{{Action: plan.ActionGrant, Effect: plan.Raise, User: "P1", Resource: team("T1"), Before: "none", After: "manager"}},
		Names:   map[string]string{"team:#T1": "team:Pay\nNo changes.\x1b[8m", "user:#P1": "ann@acme.com"},
	}
	var b strings.Builder
	if err := PlanText(&b, p, Style{Colour: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `team:Pay\nNo changes.\x1b[8m`) || strings.Contains(b.String(), "\x1b[8m") {
		t.Errorf("the name stands there as:\n%q", b.String())
	}
}
