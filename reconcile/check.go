package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
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
	lenient.Good = true // bad elements are reported among the others, not instead of them
	problems := slices.Clone(policies.Problems(set.Warnings()))
	result, err := lenient.Plan(ctx)
	var wrong *PolicyError
	switch {
	case errors.As(err, &wrong):
		return append(problems, policies.Problem{Code: codeNotEvaluated, Message: wrong.Error()}), nil, nil
	case err != nil:
		return nil, nil, err
	}
	loading := slices.Concat(set.Warnings(), set.Ignored())
	failed := map[desired.Notice]bool{}
	for _, s := range []*policies.Statements{result.Statements, result.Risk} {
		problems = append(problems, s.Bad...)
		for _, f := range s.Failures {
			failed[desired.Failed(f)] = true
			if !f.Bad {
				problems = append(problems, set.ProblemOf(f))
			}
		}
	}
	for _, n := range result.Plan.Errors {
		if !failed[n] {
			problems = append(problems, set.ProblemAt(n.Problem(false), n.Origin))
		}
	}
	tooFar, notes := reachTooFar(result)
	for _, n := range slices.Concat(result.Plan.Warnings, unusedGroups(result, set.ReadsGroup), unusedLimits(result), unusedWaivers(result), strangeSubjects(result), nearlyAccounts(result), longLeads(result), tooFar, limitsAtHighest(result), limitsThatTakeAll(result), adminByFacts(result), otherLetters(result, set.ComparedAddresses()), idlePatterns(result, set.Patterns())) {
		p := set.ProblemAt(n.Problem(true), n.Origin)
		if !slices.ContainsFunc(loading, func(w policies.Problem) bool { return sameFault(w, p) }) {
			problems = append(problems, p)
		}
	}
	for _, n := range slices.Concat(result.GivesNothing(), notes, filledEmpties(result)) {
		p := set.ProblemAt(n.Problem(true), n.Origin)
		p.Note = true
		if !slices.ContainsFunc(loading, func(w policies.Problem) bool { return sameFault(w, p) }) {
			problems = append(problems, p)
		}
	}
	idle, err := r.idleRows(ctx, set, result)
	if err != nil {
		return nil, nil, err
	}
	problems = append(problems, idle...)
	return set.Located(set.Waive(once(problems), Pages(), true)), result, nil
}

// idleRows are notes of the rows of data that no access rule used.
func (r *Round) idleRows(ctx context.Context, set *eval.Set, result *Result) (policies.Problems, error) {
	in, err := r.input(result.Snapshot)
	if err != nil {
		return nil, err
	}
	return set.IdleRows(ctx, in, result.Snapshot.Now, result.Statements.Idle)
}

// NoteIdleRows adds to a plan which rows of data no access rule used. It does
// nothing where another process holds the policies.
func (r *Round) NoteIdleRows(ctx context.Context, result *Result) error {
	set, here := r.Policies.(*eval.Set)
	if !here {
		return nil
	}
	notes, err := r.idleRows(ctx, set, result)
	if err != nil {
		return err
	}
	notes, _ = set.Waived(notes)
	for _, n := range notes {
		result.Plan.Notices = append(result.Plan.Notices, desired.Notice{
			Code: n.Code, See: n.See, Message: n.Text(), Origin: policies.Origin{File: n.File, Line: n.Line},
		})
	}
	return nil
}

// once leaves out the warnings of loading of which the plan has an error, which
// takes over how it is fixed.
func once(problems policies.Problems) policies.Problems {
	return slices.DeleteFunc(problems, func(w policies.Problem) bool {
		i := slices.IndexFunc(problems, func(p policies.Problem) bool { return w.Warning && !p.Warning && sameFault(w, p) })
		if i < 0 {
			return false
		}
		if p := &problems[i]; p.Expected == "" && p.Suggestion == "" {
			p.Expected, p.Suggestion = w.Expected, w.Suggestion
		}
		return true
	})
}

// onAccount are the codes that an account has for what loading found.
var onAccount = map[code.Code]code.Code{contract.CodeIDAsName: desired.CodeNotFound}

// sameFault says whether what loading warned of is what the plan says too. The plan
// has the place of the rule, the warning one within it. A circle of groups is one
// wherever it was entered.
func sameFault(w, p policies.Problem) bool {
	if w.Code != p.Code && onAccount[w.Code] != p.Code {
		return false
	}
	if w.About != p.About || w.About == "" && w.See != p.See {
		return false
	}
	return w.Code == policies.CodeCircularGroups || w.File == p.File && w.Line >= p.Line
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
		out = append(out, noticeOf(policies.CodeUnusedGroup, inventory.Ref{Kind: inventory.KindGroup, Name: g.Name}, g.Origins, fmt.Sprintf(
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
			out = append(out, noticeOf(codeIdleLimit, l.Principal, l.Origins, fmt.Sprintf("this limit limits nobody: %s has no members now", l.Principal)))
		}
	}
	return out
}

func noticeOf(c code.Code, about inventory.Ref, origins []policies.Origin, text string) desired.Notice {
	n := desired.Notice{Code: c, About: about, Message: text}
	if len(origins) > 0 {
		n.Origin = origins[0]
	}
	return n
}
