package policies

import (
	"cmp"
	"slices"
)

// CompareOrigins orders origins by place.
func CompareOrigins(a, b Origin) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Package, b.Package),
		cmp.Compare(a.Source, b.Source),
	)
}

// AddOrigin adds o to sorted origins, once.
func AddOrigin(origins []Origin, o Origin) []Origin {
	i, found := slices.BinarySearchFunc(origins, o, CompareOrigins)
	if found {
		return origins
	}
	return slices.Insert(origins, i, o)
}
