package apply

import (
	"fmt"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// graph is which change waits for which, by position in the plan.
type graph struct {
	changes []plan.Change
	// waits counts what a change still waits for.
	waits []int
	// dependents are the changes that require one.
	dependents [][]int
	// absent is, for a change, a requirement that the plan does not hold.
	absent []string
}

func newGraph(changes []plan.Change) (*graph, error) {
	g := &graph{
		changes:    changes,
		waits:      make([]int, len(changes)),
		dependents: make([][]int, len(changes)),
		absent:     make([]string, len(changes)),
	}
	at := make(map[string]int, len(changes))
	for i, c := range changes {
		if first, twice := at[c.ID]; twice {
			return nil, fmt.Errorf("changes %d and %d have the same id %q", first+1, i+1, c.ID)
		}
		at[c.ID] = i
	}
	for i, c := range changes {
		for _, id := range c.Requires {
			j, ok := at[id]
			if !ok {
				g.absent[i] = id
				continue
			}
			g.waits[i]++
			g.dependents[j] = append(g.dependents[j], i)
		}
	}
	return g, g.acyclic()
}

// acyclic errs with a change that waits for itself, if there is one.
func (g *graph) acyclic() error {
	waits := append([]int(nil), g.waits...)
	var free []int
	for i, n := range waits {
		if n == 0 {
			free = append(free, i)
		}
	}
	for k := 0; k < len(free); k++ {
		for _, d := range g.dependents[free[k]] {
			if waits[d]--; waits[d] == 0 {
				free = append(free, d)
			}
		}
	}
	if len(free) == len(g.changes) {
		return nil
	}
	for i, n := range waits {
		if n > 0 {
			return fmt.Errorf("change %q requires, directly or through others, itself or a change that does", g.changes[i].ID)
		}
	}
	return nil
}
