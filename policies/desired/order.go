package desired

import (
	"cmp"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Everything that leaves the package is sorted, so that equal inputs give equal
// outputs.

func compareOrigins(a, b policies.Origin) int {
	if c := cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Package, b.Package), cmp.Compare(a.Source, b.Source),
	)
}

func compareBy(a, b By) int {
	return cmp.Or(compareOrigins(a.Origin, b.Origin), slices.Compare(a.Chain, b.Chain))
}

func compareNotices(a, b Notice) int {
	return cmp.Or(compareOrigins(a.Origin, b.Origin), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Code, b.Code))
}

func compareUnknown(a, b Unknown) int {
	return cmp.Or(
		cmp.Compare(a.Resource.String(), b.Resource.String()),
		cmp.Compare(a.User, b.User), cmp.Compare(a.Reason, b.Reason),
	)
}

func compareUnsupported(a, b Unsupported) int {
	return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Key, b.Key), slices.CompareFunc(a.By, b.By, compareBy))
}

// compareCandidates puts higher roles first.
func compareCandidates(kind inventory.Kind) func(a, b candidate) int {
	return func(a, b candidate) int {
		if a.role != b.role {
			if c := inventory.CompareRoles(kind, b.role, a.role); c != 0 {
				return c
			}
		}
		if c := cmp.Or(a.window.From.Compare(b.window.From), a.window.Until.Compare(b.window.Until)); c != 0 {
			return c
		}
		return compareBy(a.by[0], b.by[0])
	}
}

// ComparePairs orders pairs by resource, layer and user.
func ComparePairs(a, b Pair) int {
	if c := compareTargets(a.Target(), b.Target()); c != 0 {
		return c
	}
	return cmp.Compare(a.User, b.User)
}

func compareTargets(a, b Target) int {
	if c := compareResources(a.Resource, b.Resource); c != 0 {
		return c
	}
	return cmp.Compare(a.Layer, b.Layer)
}

// compareResources orders resources as their texts, without making these where
// both are given by id: there are as many comparisons as pairs, and more.
func compareResources(a, b inventory.Ref) int {
	switch {
	case a.Kind != b.Kind || a.ID == "" || b.ID == "":
		return cmp.Compare(a.String(), b.String())
	case a.Level != b.Level:
		return cmp.Compare(a.Level, b.Level)
	}
	return cmp.Compare(a.ID, b.ID)
}
