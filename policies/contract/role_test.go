package contract

import (
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory"
)

func TestARoleIsOneOfSomeKindWhileTheKindOfTheResourceIsNotKnown(t *testing.T) {
	was := resourceKinds
	t.Cleanup(func() { resourceKinds = was; delete(roles, inventory.KindService) })
	resourceKinds = append(slices.Clone(was), inventory.KindService)
	roles[inventory.KindService] = func() []string { return []string{"on_crew"} }

	crew := Value{Typ: "string", Whole: true, Text: "on_crew"}
	open := Element{Fields: map[string]Value{"resource": {}}}
	for name, check := range map[string]check{"grant": grantRole, "protect": protectRole} {
		if c := check("role", crew, open); c != nil {
			t.Errorf("%s: %+v", name, *c)
		}
	}
	if c := limitRole("at_most", crew, open); c == nil {
		t.Error("a limit knows the role of what none is about")
	}
}

func TestEveryResourceOfAGrantHasRoles(t *testing.T) {
	for _, kind := range resourceKinds {
		if len(rolesOn(kind)) == 0 {
			t.Errorf("%s has none", kind)
		}
	}
}
