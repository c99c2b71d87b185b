package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
)

// Check says what can be known of the policies without an account: what loading
// them warned of, and what the rules come to at a time that follow from data
// alone. Those that read the input are left to a check on a snapshot.
func (s *Set) Check(ctx context.Context, now time.Time, pages code.Pages) (policies.Problems, error) {
	problems := slices.Clone(policies.Problems(s.warnings))
	if s.Rules() == 0 {
		problems = append(problems, s.noRules())
	}
	in, err := NewInput(&inventory.Snapshot{Now: now})
	if err != nil {
		return nil, fmt.Errorf("check policies: %w", err)
	}
	for _, phase := range []policies.Phase{policies.PhaseAccess, policies.PhaseRisk} {
		rules := s.rules[phase]
		outcomes := make([]*outcome, len(rules))
		for i, r := range rules {
			if !r.needs.withoutAccount() {
				outcomes[i] = &outcome{}
			}
		}
		if _, err := s.run(ctx, phase, in, now, outcomes); err != nil {
			return nil, err
		}
		st, _ := s.collect(rules, outcomes, nil, now) // its error is st.Bad
		problems = append(problems, st.Bad...)
		for _, f := range st.Failures {
			if !f.Bad {
				problems = append(problems, s.ProblemOf(f))
			}
		}
		problems = append(problems, st.Warnings...)
	}
	return s.Located(s.Waive(problems, pages, false)), nil
}

// withoutAccount says that a rule reads nothing of the input but the time.
func (n *needs) withoutAccount() bool {
	for key := range n.input.named {
		if key != "now" {
			return false
		}
	}
	return !n.input.all
}

// noRules warns of policies that say nothing.
func (s *Set) noRules() policies.Problem {
	return policies.Problem{Code: codeNoRules, File: strings.Join(s.options.Roots, ", "), Warning: true, Found: "no rule that the program reads",
		Expected: fmt.Sprintf("%s in a package access.NAME, or %s in a package risk.NAME, in files that end in .rego",
			policies.List(contract.ContractNames(policies.PhaseAccess), "or"), policies.List(contract.ContractNames(policies.PhaseRisk), "or"))}
}
