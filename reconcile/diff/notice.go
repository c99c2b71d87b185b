package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/findings"
)

// notice adds what is to be said of the round beside its changes.
func (b *builder) notice() {
	if b.in.brief {
		return
	}
	b.neverEnding()
	p := b.plan
	p.Unknown = b.access.Unknown
	p.Absent = b.access.Absent
	p.Errors = slices.Concat(b.access.Errors, b.operatorErrors())
	p.Warnings = slices.Concat(b.access.Warnings, p.Warnings)
	switch failed := failedGrants(b.in.Statements); {
	case len(b.in.Statements.Grants) > 0:
	case len(failed) > 0:
		b.notify(codeNoGrantKnown, "no grant is known in this round, so that nothing is planned: %s", strings.Join(failed, "; "))
	default:
		b.notify(codeNoGrants, "the policies hold no grant yet: nothing is planned, findings only")
	}
	if u := b.in.Snapshot.Account.Unavailable; len(u) > 0 {
		b.notify(codeUnavailable, "not available to this token or on this account: %s", strings.Join(u, ", "))
	}
}

// findings looks for the risks that need no policy.
func (b *builder) findings(e *desired.Expansion) {
	facts := findings.Facts{
		Plan: b.plan, Snapshot: b.in.Snapshot, Index: b.index, Statements: b.in.Statements, Access: b.access, Expansion: e,
		Last: b.in.Memory.Last, Now: b.in.Now, RuleFailed: len(failedGrants(b.in.Statements)) > 0, Raised: b.raised,
		Rendering: b.cache.rendersOtherwise, Contain: b.containTold,
	}
	facts.Find()
}

// failedGrants are the rules that failed and might have named a resource. What they
// would have said is not known, and must not be told as not said.
func failedGrants(s *policies.Statements) []string {
	var failed []string
	for _, f := range s.Failures {
		at := fmt.Sprintf("the %s rule at %s:%d failed", f.Rule, f.Origin.File, f.Origin.Line)
		if (f.Rule == "grant" || f.Rule == "empty") && !slices.Contains(failed, at) {
			failed = append(failed, at)
		}
	}
	return failed
}

// unnamed says why a resource is left alone that no policy names.
func (b *builder) unnamed(what string) string {
	if len(failedGrants(b.in.Statements)) > 0 {
		return "a rule failed that may name this " + what
	}
	return "no policy names this " + what
}
