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
		{"what has no width", "a\u200bb\u200cc\u2060d\ufeffe\u00adf", `a\u200bb\u200cc\u2060d\ufeffe\u00adf`},
		{"a joiner between letters", "pay\u200dments", `pay\u200dments`},
		{"a mark of direction", "a\u200eb\u200fc\u061cd", `a\u200eb\u200fc\u061cd`},
		{"letters that nobody sees", "a\u3164b\u115fc\u2800d", `a\u3164b\u115fc\u2800d`},
		{"a hidden message", "a\U000e0041b\U000e0101c\ufe01", `a\U000e0041b\U000e0101c\ufe01`},
		{"a heart as an emoji", "❤\ufe0f", "❤\ufe0f"},
		{"a control in its old form", "a\x9b2Jb", `a\x9b2Jb`},
		{"what is not UTF-8", "a\xff", `a\xff`},
		{"Persian and its numbers", "\u0600۱۲ سلام", "\u0600۱۲ سلام"},
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
		Changes: []plan.Change{{Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, User: "P1", Resource: team("T1"), Before: "none", After: "manager"}},
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

// evil is a name that tries everything.
const evil = "x\x1b[31m\a\u202e\u200b\x9b|`@all <img src=x> ![a](http://e) \\[b](http://e) https://e.test www.e.test\n```\n# h\n-->"

func TestNoNameColoursItselfOrLooksLikeAnother(t *testing.T) {
	p := &plan.Plan{
		Changes: []plan.Change{{Kind: plan.TeamRole, Action: plan.ActionGrant, Effect: plan.Raise, User: "P1", Resource: team("T1"), Before: "none", After: "manager", Reason: evil}},
		Names:   map[string]string{"team:#T1": "team:" + evil, "user:#P1": evil},
	}
	for _, coloured := range []bool{false, true} {
		var b strings.Builder
		if err := PlanText(&b, p, Style{Colour: coloured}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, bad := range []string{"x\x1b[31m", "\a", "\u202e", "\u200b", "\x9b", seal} {
			if strings.Contains(text, bad) {
				t.Errorf("colours %v: %q stands in %q", coloured, bad, text)
			}
		}
		if strings.Contains(text, "\x1b") != coloured || !strings.Contains(text, `x\x1b[31m\a`) {
			t.Errorf("colours %v: %q", coloured, text)
		}
	}
}

func TestNoNameMeansAnythingInMarkdown(t *testing.T) {
	for _, text := range []string{escaped(evil), codeSpan(evil)} {
		for _, bad := range []string{"\x1b", "\a", "\u202e", "\x9b", "```", "\n"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q stands in %q", bad, text)
			}
		}
	}
	text := escaped(evil)
	for _, bad := range []string{"@all", "<", ">", "://", "www.", "`", "![a]", "[b]", " |"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in %q", bad, text)
		}
	}
	if !strings.Contains(text, `\\\[b\](http`) {
		t.Errorf("a backslash takes the next one's meaning away: %q", text)
	}
}
