package reconcile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
)

// idlePatterns are conditions that hold for nothing on this account as they are written,
// and that would hold if they were written a little otherwise. One that may come to hold
// as people come and go is none.
func idlePatterns(r *Result, patterns []eval.Pattern) []desired.Notice {
	var out []desired.Notice
	for _, p := range patterns {
		texts := textsOf(r.Snapshot, p.Of, p.Field)
		if len(texts) == 0 || slices.ContainsFunc(texts, func(t string) bool { return holds(p.Call, p.Text, t) }) {
			continue
		}
		why, meant := meantBy(p, texts)
		if meant == "" {
			continue
		}
		out = append(out, desired.Notice{Code: codeIdlePattern, Origin: p.Origin, Suggestion: meant, Message: fmt.Sprintf(
			"%s holds for none of the %d %s of this account: %s; did you mean %s?", p.Written, len(texts), strings.ReplaceAll(p.Of, "_", " "), why, meant)})
	}
	return out
}

// textsOf are the texts in a field of all that a part of the input holds.
func textsOf(s *inventory.Snapshot, of, field string) []string {
	var out []string
	switch {
	case of == "users":
		for _, u := range s.Users {
			out = append(out, map[string]string{"email": u.Email, "name": u.Name, "job_title": u.JobTitle}[field])
		}
	case field != "name":
	case of == "teams":
		for _, t := range s.Teams {
			out = append(out, t.Name)
		}
	case of == "schedules":
		for _, x := range s.Schedules {
			out = append(out, x.Name)
		}
	case of == "services":
		for _, x := range s.Services {
			out = append(out, x.Name)
		}
	case of == "escalation_policies":
		for _, x := range s.EscalationPolicies {
			out = append(out, x.Name)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(out, func(t string) bool { return t == "" })
}

// holds says what a condition says of a text.
func holds(call, asked, text string) bool {
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

// meantBy is why a condition holds for nothing, and what was likely meant; empty if
// that can't be known.
func meantBy(p eval.Pattern, texts []string) (why, meant string) {
	some := func(call, asked string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return holds(call, asked, t) })
	}
	folded := func() bool {
		return slices.ContainsFunc(texts, func(t string) bool { return holds(p.Call, strings.ToLower(p.Text), strings.ToLower(t)) })
	}
	switch p.Call {
	case "contained":
		if some("contains", p.Text) {
			return "what is looked for stands behind what it is looked for in", fmt.Sprintf("contains(%s, %q)", p.Operand, p.Text)
		}
		return "", ""
	case "regex.match":
		return meantByRegex(p, some)
	case "equal":
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
	if folded() {
		return "it is compared letter by letter, and they are written in other letters", fmt.Sprintf("%s(lower(%s), %q)", p.Call, p.Operand, strings.ToLower(p.Text))
	}
	if domain, ok := strings.CutPrefix(p.Text, "@"); ok && p.Call == "endswith" && p.Field == "email" {
		if near := nearDomain(domain, texts); near != "" {
			return "nobody has an address there", fmt.Sprintf("endswith(%s, %q)", p.Operand, "@"+near)
		}
	}
	return "", ""
}

// meantByRegex looks whether an expression matches without its anchors, or in any case.
func meantByRegex(p eval.Pattern, some func(call, asked string) bool) (why, meant string) {
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

// nearDomain is the domain of the account that is a slip away from one; empty if none is.
func nearDomain(domain string, emails []string) string {
	for _, email := range emails {
		_, other, _ := strings.Cut(email, "@")
		if d := levenshtein.ComputeDistance(strings.ToLower(domain), strings.ToLower(other)); d > 0 && d <= min(2, len(domain)/4) {
			return other
		}
	}
	return ""
}
