package desired

import "github.com/dutyward/dutyward/inventory"

// with is what several grants say of the cycle: the lowest place, and a weight if one
// of them has it. Of weights themselves the highest wins, as of all roles.
func (t Turns) with(g *given) Turns {
	t.Weighted = t.Weighted || g.weighted
	if g.order != nil && (t.Order == nil || *g.order < *t.Order) {
		t.Order = g.order
	}
	return t
}

// turnsAside is a role without how many turns within a cycle it stands for.
func turnsAside(role string) string {
	if inventory.TurnsOf(role) > 0 {
		return Rotation
	}
	return role
}
