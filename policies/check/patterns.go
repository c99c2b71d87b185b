package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
)

const codeRowPattern code.Code = "policy/matches-no-row"

// Pattern is a condition on a text with another that is written out.
type Pattern struct {
	// Call is startswith, endswith, contains, contained (the written text is looked in),
	// regex.match or equal.
	Call, Text string
	// Operand is how the text that is looked at is written, Field its last name.
	Operand, Field string
}

// Holds says what it says of a text.
func (p Pattern) Holds(text string) bool { return patternHolds(p.Call, p.Text, text) }

func patternHolds(call, asked, text string) bool {
	switch call {
	case "startswith":
		return strings.HasPrefix(text, asked)
	case "endswith":
		return strings.HasSuffix(text, asked)
	case "contains":
		return strings.Contains(text, asked)
	case "contained":
		return strings.Contains(asked, text)
	case "equal":
		return text == asked
	case "regex.match":
		re, err := regexp.Compile(asked)
		return err != nil || re.MatchString(text)
	}
	return true
}

// Meant is why it holds for none of some texts, and what was likely meant; empty if
// that can't be known.
func (p Pattern) Meant(texts []string) (why, meant string) {
	some := func(call, asked string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return patternHolds(call, asked, t) })
	}
	switch p.Call {
	case "contained":
		if some("contains", p.Text) {
			return "what is looked for stands behind what it is looked for in", fmt.Sprintf("contains(%s, %q)", p.Operand, p.Text)
		}
		return "", ""
	case "regex.match":
		return p.meantByRegex(some)
	case "equal":
		return p.meantByText(texts)
	}
	if slices.ContainsFunc(texts, func(t string) bool { return patternHolds(p.Call, strings.ToLower(p.Text), strings.ToLower(t)) }) {
		return "it is compared letter by letter, and they are written in other letters", fmt.Sprintf("%s(lower(%s), %q)", p.Call, p.Operand, strings.ToLower(p.Text))
	}
	if domain, ok := strings.CutPrefix(p.Text, "@"); ok && p.Call == "endswith" && p.Field == "email" {
		if near := nearDomain(domain, texts); near != "" {
			return "nobody has an address there", fmt.Sprintf("endswith(%s, %q)", p.Operand, "@"+near)
		}
	}
	return "", ""
}

func (p Pattern) meantByText(texts []string) (why, meant string) {
	if p.Field == "email" {
		return "", "" // said with other addresses
	}
	// Engineer II is another title than Engineer III.
	step := func(title string) string { return strings.TrimRight(title, "IVX0123456789 ") }
	if near, ok := inventory.Nearest(p.Text, texts); ok && step(near) != step(p.Text) || strings.EqualFold(near, p.Text) {
		return "nothing has exactly this text", fmt.Sprintf("%q", near)
	}
	return "", ""
}

// meantByRegex looks whether an expression matches without its anchors, or in any case.
func (p Pattern) meantByRegex(some func(call, asked string) bool) (why, meant string) {
	loose := strings.TrimSuffix(strings.TrimPrefix(p.Text, "^"), "$")
	for _, c := range []struct{ why, asked string }{
		{"it is to match from the beginning", strings.TrimPrefix(p.Text, "^")},
		{"it is to match up to the end", strings.TrimSuffix(p.Text, "$")},
		{"it is to match from the beginning to the end", loose},
		{"it is compared letter by letter", "(?i)" + p.Text},
	} {
		if c.asked != p.Text && some("regex.match", c.asked) {
			return c.why, fmt.Sprintf("regex.match(`%s`, %s)", c.asked, p.Operand)
		}
	}
	return "", ""
}

// nearDomain is the domain of some addresses that is a slip away from one; empty if none is.
func nearDomain(domain string, emails []string) string {
	for _, email := range emails {
		_, other, _ := strings.Cut(email, "@")
		if d := levenshtein.ComputeDistance(strings.ToLower(domain), strings.ToLower(other)); d > 0 && d <= min(2, len(domain)/4) {
			return other
		}
	}
	return ""
}

// rowPatternCalls are the functions that look at a text, by which argument is the
// pattern.
var rowPatternCalls = map[string]int{"startswith": 1, "endswith": 1, "contains": 1, "regex.match": 0}

// pattern warns of a pattern that matches none of the texts that the data has there, and
// that would match some if it were written a little otherwise.
func (n never) pattern(e *ast.Expr, ps places) {
	if n.data.Broken || !e.IsCall() || len(e.Operands()) != 2 || e.Negated {
		return
	}
	call := e.Operator().String()
	at, ok := rowPatternCalls[call]
	if !ok {
		return
	}
	if _, literal := e.Operand(0).Value.(ast.String); call == "contains" && literal {
		call, at = "contained", 0
	}
	text, isText := e.Operand(at).Value.(ast.String)
	operand := e.Operand(1 - at)
	in := ps.of(operand)
	if !isText || !in.known() || in.key || in.words[0] != "data" || len(in.words) < 3 {
		return
	}
	seen := map[string]bool{}
	if !textsAt(n.data.Root, in.words[1:], seen) || len(seen) == 0 {
		return
	}
	p := Pattern{Call: call, Text: string(text), Operand: textOf(operand), Field: in.words[len(in.words)-1]}
	texts := sortedTexts(seen)
	if slices.ContainsFunc(texts, p.Holds) {
		return
	}
	if why, meant := p.Meant(texts); meant != "" {
		n.report.Besides(e.Location, policies.Problem{Code: codeRowPattern, Warning: true,
			Found:    fmt.Sprintf("%s, which holds for no row of the data: %s", written(e), why),
			Expected: "a condition that some row meets", Suggestion: meant})
	}
}
