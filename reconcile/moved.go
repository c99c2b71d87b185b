package reconcile

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Moved says in words in what a plan differs from one that a person agreed to:
// nothing where it makes the same changes.
func Moved(agreed, now *plan.Plan) []string {
	var moved []string
	for _, c := range agreed.Changes {
		if !due(now, c) {
			moved = append(moved, "no longer due: "+inWords(agreed, c))
		}
	}
	for _, c := range now.Changes {
		if !due(agreed, c) {
			moved = append(moved, "due now: "+inWords(now, c))
		}
	}
	if len(moved) == 0 {
		_, moved = savedEdits(agreed, now, now.Changes)
	}
	return moved
}

func due(p *plan.Plan, c plan.Change) bool {
	return slices.ContainsFunc(p.Changes, func(d plan.Change) bool { return d.ID == c.ID })
}

// inWords says which change it is.
func inWords(p *plan.Plan, c plan.Change) string {
	return fmt.Sprintf("%s on %s from %s to %s", Name(p, "user:#"+c.User), Name(p, c.Resource.String()), c.Before, c.After)
}
