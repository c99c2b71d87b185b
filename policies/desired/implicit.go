package desired

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Implicit are the groups that schedules and escalation policies make without a
// policy, as they are at the snapshot's now: whoever is on call, takes turns, or
// is on call on a policy. Each is called by the reference that makes it a member
// of another group, sorted.
func Implicit(s *inventory.Snapshot) []Group {
	x := newExpander(Input{Snapshot: s, Statements: &policies.Statements{}})
	e := &Expansion{index: x.resolver.index, groups: map[string]people{}}
	add := func(kind inventory.Kind, id string) {
		ref := inventory.ByID(kind, id)
		name := x.resolver.index.Named(ref)
		if named, err := inventory.ParseRef(name); err != nil || len(x.resolver.index.Find(named)) != 1 {
			name = ref.String() // several share the name, which refers to none of them
		}
		e.groups[name] = x.principal(ref, nil)
	}
	for id := range s.Schedules {
		add(inventory.KindOnCall, id)
		add(inventory.KindRotation, id)
	}
	for id := range s.EscalationPolicies {
		add(inventory.KindEscalation, id)
	}
	var out []Group
	for _, name := range slices.Sorted(maps.Keys(e.groups)) {
		out = append(out, e.groupAt(name, nil, s.Now))
	}
	return out
}
