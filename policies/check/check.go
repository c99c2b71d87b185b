// Package check looks for mistakes in policies before they are evaluated: names that
// nothing has, values that a rule can't hold, rules that never say anything.
package check

import (
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/check/forms"
	"github.com/dutyward/dutyward/policies/check/typed"
	"github.com/dutyward/dutyward/policies/source"
)

// Analyzer looks for one kind of mistake in policies.
type Analyzer = source.Analyzer

// All are the analyzers in the order in which they run. Several of them pass over a
// place at which another found something.
var All = []Analyzer{
	repeatedKeys,
	contractRules,
	dataAsRules,
	builtins,
	references,
	typed.Fields,
	unreadRules,
	withOutsideTests,
	quadratic,
	timeInRules,
	namesAsKeys,
	baseRoles,
	arguments,
	constantFields,
	neverHolds,
	oddRows,
	unreadData,
	duplicateGroups,
	undeclaredGroups,
	unusedGroups,
	circularGroups,
	circularGrants,
	pointlessUntils,
	unrunTests,
	forms.EmptyPolicies,
	forms.Metadata,
	forms.Fixtures,
	forms.Variables,
	forms.Formats,
	forms.Patterns,
	forms.HighestLimits,
	forms.Exclusions,
	forms.EmptyGroups,
	forms.FilledEmpties,
}

// Pages explain the codes of all analyzers.
var Pages = pagesOf(All)

func pagesOf(all []Analyzer) code.Pages {
	var out code.Pages
	for _, a := range all {
		out = slices.Concat(out, a.Pages)
	}
	return out
}
