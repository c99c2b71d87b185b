package policies

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// originOf says where a rule comes from. Title and owner are those of the
// nearest METADATA that has them: the rule's, its document's, its package's.
func originOf(r *ast.Rule, f *file, annotations *ast.AnnotationSet) Origin {
	o := Origin{File: f.name, Line: r.Location.Row, Package: packageName(r.Module), Root: f.root}
	for _, ref := range annotations.Chain(r) {
		if ref.Annotations == nil {
			continue
		}
		o.Title = cmp.Or(o.Title, ref.Annotations.Title)
		if owner, ok := ref.Annotations.Custom["owner"]; ok && o.Owner == "" && owner != nil {
			o.Owner = fmt.Sprint(owner)
		}
	}
	return o
}

func compareOrigins(a, b Origin) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Package, b.Package),
		cmp.Compare(a.Source, b.Source),
	)
}

// addOrigin adds o to sorted origins, once.
func addOrigin(origins []Origin, o Origin) []Origin {
	i, found := slices.BinarySearchFunc(origins, o, compareOrigins)
	if found {
		return origins
	}
	return slices.Insert(origins, i, o)
}
