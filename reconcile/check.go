package reconcile

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Check takes the round up to its plan for the problems of its policies alone:
// what loading them warned of, elements that are not as the contract demands,
// rules that failed, names that nothing has, and statements that nothing uses.
// The result is nil where the policies could not be planned with at all.
func (r *Round) Check(ctx context.Context) (policies.Problems, *Result, error) {
	set, err := r.set()
	if err != nil {
		return nil, nil, err
	}
	lenient := *r
	lenient.Good = true // bad elements are told among the others, not instead of them
	problems := slices.Clone(policies.Problems(set.Warnings()))
	result, err := lenient.Plan(ctx)
	var wrong *PolicyError
	switch {
	case errors.As(err, &wrong):
		return append(problems, policies.Problem{Message: wrong.Error()}), nil, nil
	case err != nil:
		return nil, nil, err
	}
	told := map[desired.Notice]bool{}
	for _, s := range []*policies.Statements{result.Statements, result.Risk} {
		problems = append(problems, s.Bad...)
		for _, f := range s.Failures {
			told[desired.Notice{Message: f.Message, Origin: f.Origin}] = f.Bad
		}
	}
	for _, n := range result.Plan.Errors {
		if !told[n] {
			problems = append(problems, set.ProblemAt(n.Message, n.Origin, false))
		}
	}
	for _, n := range slices.Concat(result.Plan.Warnings, unusedGroups(result, set.ReadsGroup), unusedLimits(result), unusedWaivers(result), nearlyAccounts(result)) {
		if p := set.ProblemAt(n.Message, n.Origin, true); !toldAt(set.Warnings(), p) {
			problems = append(problems, p)
		}
	}
	return set.Located(once(problems)), result, nil
}

// toldAt says whether loading warned already of what is quoted first in a
// problem, in the same line.
func toldAt(problems policies.Problems, p policies.Problem) bool {
	if pointlessUntil.MatchString(p.Message) {
		return slices.ContainsFunc(problems, func(x policies.Problem) bool {
			return x.File == p.File && p.Line <= x.Line && pointlessUntil.MatchString(x.Found) && strings.HasSuffix(firstPlace.FindString(x.Found), firstPlace.FindString(p.Message))
		})
	}
	if m := followsItself.FindStringSubmatch(p.Message); m != nil {
		return slices.ContainsFunc(problems, func(x policies.Problem) bool {
			return x.File == p.File && p.Line <= x.Line && followsItself.MatchString(x.Found) && strings.HasSuffix(x.Found, "→ "+m[1])
		})
	}
	quoted := firstQuoted.FindString(p.Message)
	return quoted != "" && slices.ContainsFunc(problems, func(x policies.Problem) bool {
		return x.File == p.File && x.Line == p.Line && strings.Contains(x.Found, quoted)
	})
}

// followsItself is how a grant is told that follows from itself; in the plan's words
// the resource comes first.
var followsItself = regexp.MustCompile(`(?:on (.+) |that )follows from itself`)

// pointlessUntil is how an until is told that ends nothing, by loading and by the
// plan; firstPlace is the grant that gives the same.
var (
	pointlessUntil = regexp.MustCompile(`until.* (?:ends nothing|has no effect): `)
	firstPlace     = regexp.MustCompile(`\S+\.rego:\d+`)
)

var firstQuoted = regexp.MustCompile(`"[^"]+"`)

// once leaves out the warnings of loading of which the plan has an error, which
// takes over how it is mended.
func once(problems policies.Problems) policies.Problems {
	return slices.DeleteFunc(problems, func(w policies.Problem) bool {
		i := slices.IndexFunc(problems, func(p policies.Problem) bool { return w.Warning && !p.Warning && sameFault(w, p) })
		if i < 0 {
			return false
		}
		if p := &problems[i]; p.Expected == "" && !strings.Contains(p.Message, "did you mean") {
			p.Expected, p.Suggestion = w.Expected, w.Suggestion
		}
		return true
	})
}

// The faults that loading warns of and that are errors on an account.
var (
	circle     = regexp.MustCompile(`nest in a circle: .*`)
	undeclared = regexp.MustCompile(`^group ("[^"]+"), which no group rule declares`)
	idForName  = regexp.MustCompile(`: "[a-z]+(?:@\d+)?(:[^"]+)", whose name looks like a PagerDuty id`)
)

// sameFault says whether a warning of loading is about what an error of the plan
// is about. The error stands at the rule, the warning within it.
func sameFault(w, p policies.Problem) bool {
	if circle.MatchString(w.Found) {
		return circle.MatchString(p.Message)
	}
	if w.File != p.File || w.Line < p.Line {
		return false
	}
	if m := undeclared.FindStringSubmatch(w.Found); m != nil {
		return strings.Contains(p.Message, m[1]) || strings.Contains(p.Message, "group:"+strings.Trim(m[1], `"`))
	}
	m := idForName.FindStringSubmatch(w.Found)
	return m != nil && strings.Contains(p.Message, m[1]+" does not exist")
}

// unusedGroups are the groups that nothing refers to: who is in them has
// nothing by it. Policies without a grant are not whole yet.
func unusedGroups(r *Result, read func(group string) bool) []desired.Notice {
	s := r.Statements
	if len(s.Grants) == 0 {
		return nil
	}
	used := map[string]bool{}
	note := func(refs ...inventory.Ref) {
		for _, ref := range refs {
			if ref.Kind == inventory.KindGroup {
				used[ref.Name] = true
			}
		}
	}
	for ref := range s.Principals() {
		note(ref)
	}
	for _, l := range s.Limits {
		note(l.Resource)
	}
	for _, f := range r.Risk.Findings {
		note(f.Subject, f.Resource)
	}
	var out []desired.Notice
	for _, g := range s.Groups {
		if used[g.Name] || read(g.Name) {
			continue
		}
		out = append(out, noticeOf(g.Origins, fmt.Sprintf(
			"nobody uses group %q: no grant, member, limit or protection names %q; grant it something, or delete it", g.Name, "group:"+g.Name)))
	}
	return out
}

// unusedLimits are the limits that can't limit anybody: they stand for nobody.
func unusedLimits(r *Result) []desired.Notice {
	var out []desired.Notice
	for _, l := range r.Statements.Limits {
		if group, ok := r.Access.Groups[l.Principal.Name]; ok && l.Principal.Kind == inventory.KindGroup &&
			len(group.Members) == 0 && len(group.Unknown) == 0 {
			out = append(out, noticeOf(l.Origins, fmt.Sprintf("this limit limits nobody: %s has no members now", l.Principal)))
		}
	}
	return out
}

// unusedWaivers are the waivers in force of findings that there are not.
func unusedWaivers(r *Result) []desired.Notice {
	var out []desired.Notice
	for _, w := range r.Risk.Waivers {
		if !r.Snapshot.Now.Before(w.Until) {
			continue // that it ended is told already
		}
		used := slices.ContainsFunc(r.Plan.Findings, func(f plan.Finding) bool {
			return f.Waived != nil && slices.ContainsFunc(f.Waived.By, func(o policies.Origin) bool { return slices.Contains(w.Origins, o) })
		})
		if used {
			continue
		}
		text := fmt.Sprintf("this waiver waives nothing: there is no finding %q about %s", w.Rule, w.Subject)
		var rules []string
		for _, f := range r.Plan.Findings {
			rules = append(rules, f.Rule)
		}
		if near, ok := inventory.Nearest(w.Rule, rules); ok && near != w.Rule {
			text += fmt.Sprintf("; did you mean %q?", near)
		} else {
			text += "; delete it if the risk is gone"
		}
		out = append(out, noticeOf(w.Origins, text))
	}
	return out
}

func noticeOf(origins []policies.Origin, text string) desired.Notice {
	n := desired.Notice{Message: text}
	if len(origins) > 0 {
		n.Origin = origins[0]
	}
	return n
}
