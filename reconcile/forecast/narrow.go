package forecast

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Narrowing chooses a part of a forecast; what is empty chooses all.
type Narrowing struct {
	// People are ids, Resources references by id, Groups bare names.
	People    []string
	Resources []inventory.Ref
	Groups    []string
}

// Narrow keeps what is about the people, the resources and, by the rules behind
// it, the groups asked for.
func (f *Forecast) Narrow(n Narrowing) {
	keep := func(step Step) func(plan.Change) bool {
		return func(c plan.Change) bool {
			return (len(n.People) == 0 || slices.Contains(n.People, c.User)) &&
				(len(n.Resources) == 0 || slices.Contains(n.Resources, c.Resource)) &&
				(len(n.Groups) == 0 || n.through(c.By) || n.through(step.was[c.Pair()]))
		}
	}
	steps := f.Steps
	f.Steps = []Step{}
	for _, step := range steps {
		wanted := keep(step)
		step.Changes = slices.DeleteFunc(step.Changes, func(c plan.Change) bool { return !wanted(c) })
		step.Unenforced = slices.DeleteFunc(step.Unenforced, func(c plan.Change) bool { return !wanted(c) })
		step.Blocked = slices.DeleteFunc(step.Blocked, func(x plan.Blocked) bool { return !wanted(x.Change) })
		step.Held = slices.DeleteFunc(step.Held, func(x plan.Held) bool { return !wanted(x.Change) })
		if !step.empty() {
			f.Steps = append(f.Steps, step)
		}
	}
	f.Groups = slices.DeleteFunc(f.Groups, func(g GroupCourse) bool {
		return len(n.Groups) > 0 && !slices.Contains(n.Groups, g.Name) ||
			len(n.Groups) == 0 && len(n.Resources) > 0 ||
			len(n.People) > 0 && !slices.ContainsFunc(g.Spells, func(s GroupSpell) bool {
				return slices.ContainsFunc(s.Users, func(u string) bool { return slices.Contains(n.People, u) })
			})
	})
	f.Endings = f.endings()
	f.count()
}

// through says whether a rule gives something through one of the groups.
func (n Narrowing) through(by []desired.By) bool {
	return slices.ContainsFunc(by, func(b desired.By) bool {
		return slices.ContainsFunc(n.Groups, func(name string) bool {
			return slices.Contains(b.Chain, inventory.Ref{Kind: inventory.KindGroup, Name: name}.String())
		})
	})
}
