package desired_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

func TestByPairHoldsOneThingForEachPairInOrder(t *testing.T) {
	pair := func(user, resource, layer string) desired.Pair {
		return desired.Pair{User: user, Resource: ref(resource), Layer: layer}
	}
	sorted := []desired.Pair{
		pair("ann", "account", ""), pair("bob", "account", ""), pair("ann", "schedule:#S1", "A"), pair("ann", "schedule:#S1", "B"),
		pair("ann", "team:#T1", ""), pair("bob", "team:#T1", ""), pair("ann", "team:#T2", ""), pair("ann", "team:Name", ""), pair("ann", "team:Other", ""),
	}
	m := desired.ByPair[int]{}
	for i := range sorted {
		m.Set(sorted[len(sorted)-1-i], i)
	}
	if got := m.Pairs(); !slices.Equal(got, sorted) {
		t.Errorf("pairs are %v, want %v", got, sorted)
	}
	for i := range sorted {
		for j := range sorted {
			if got := desired.ComparePairs(sorted[i], sorted[j]); cmp.Compare(got, 0) != cmp.Compare(i, j) {
				t.Errorf("%v to %v compares as %d", sorted[i], sorted[j], got)
			}
		}
	}
	m.Set(sorted[0], 42)
	if v, ok := m.Get(sorted[0]); v != 42 || !ok || m.Len() != len(sorted) {
		t.Errorf("set again it is %d of %d", v, m.Len())
	}
	m.Delete(sorted[0])
	if _, ok := m.Get(sorted[0]); ok || m.Len() != len(sorted)-1 {
		t.Error("deleted, it is still there")
	}
	if _, ok := m.Get(sorted[1]); !ok {
		t.Error("the other person on the target went with it")
	}
	m.Delete(sorted[1])
	if _, ok := m[desired.Target{Resource: inventory.AccountRef}]; ok {
		t.Error("a target without anybody stays")
	}
	m.Delete(sorted[1])
}

func TestResourcesOfLevelsAreOrderedByLevel(t *testing.T) {
	level := func(n int) desired.Pair {
		r := inventory.ByID(inventory.KindEscalation, "EP")
		r.Level = n
		return desired.Pair{Resource: r}
	}
	if desired.ComparePairs(level(1), level(2)) >= 0 || desired.ComparePairs(level(2), level(1)) <= 0 || desired.ComparePairs(level(2), level(2)) != 0 {
		t.Error("level 1 does not come before level 2")
	}
}
