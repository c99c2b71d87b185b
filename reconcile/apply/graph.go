package apply

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// graph is which change waits for which, by position in the plan.
type graph struct {
	changes []plan.Change
	// waits counts what a change still waits for.
	waits []int
	// dependents are the changes that wait for one.
	dependents [][]edge
	// absent is, for a change, a requirement that the plan does not hold.
	absent []string
}

// edge leads to a change that waits for another.
type edge struct {
	to int
	// order says that it waits for the other to be settled, however that ends.
	order bool
}

func newGraph(changes []plan.Change, kinds map[plan.Kind]kind) (*graph, error) {
	g := &graph{
		changes:    changes,
		waits:      make([]int, len(changes)),
		dependents: make([][]edge, len(changes)),
		absent:     make([]string, len(changes)),
	}
	at := make(map[string]int, len(changes))
	for i, c := range changes {
		if first, twice := at[c.ID]; twice {
			return nil, fmt.Errorf("changes %d and %d have the same id %q", first+1, i+1, c.ID)
		}
		at[c.ID] = i
		if _, ok := kinds[c.Kind]; !ok {
			return nil, fmt.Errorf("change %q is of kind %q, which this version does not carry out", c.ID, c.Kind)
		}
	}
	for i, c := range changes {
		for _, id := range c.Requires {
			j, ok := at[id]
			if !ok {
				g.absent[i] = id
				continue
			}
			g.waits[i]++
			g.dependents[j] = append(g.dependents[j], edge{to: i})
		}
	}
	g.raiseFirst(at)
	return g, g.acyclic()
}

// raiseFirst lets lowerings wait until the raises on the same resource that
// stand before them are settled (S16). It leaves a plan alone whose order goes
// against its requirements.
func (g *graph) raiseFirst(at map[string]int) {
	for i, c := range g.changes {
		for _, id := range c.Requires {
			if j, ok := at[id]; ok && j > i {
				return
			}
		}
	}
	raises := map[inventory.Ref][]int{}
	for i, c := range g.changes {
		if c.Kind.OnSchedule() {
			continue // turns are edited together; overrides name what they wait for
		}
		if c.Effect == plan.Raise {
			raises[c.Resource] = append(raises[c.Resource], i)
			continue
		}
		for _, j := range raises[c.Resource] {
			if !slices.Contains(c.Requires, g.changes[j].ID) {
				g.waits[i]++
				g.dependents[j] = append(g.dependents[j], edge{to: i, order: true})
			}
		}
	}
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
			if waits[d.to]--; waits[d.to] == 0 {
				free = append(free, d.to)
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
