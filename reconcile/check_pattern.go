package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/check"
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
		condition := check.Pattern{Call: p.Call, Text: p.Text, Operand: p.Operand, Field: p.Field}
		if len(texts) == 0 || slices.ContainsFunc(texts, condition.Holds) {
			continue
		}
		why, meant := condition.Meant(texts)
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
