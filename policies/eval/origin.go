package eval

import (
	"cmp"
	"fmt"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/ast"
)

// originOf says where a rule comes from. Title and owner are those of the
// nearest METADATA that has them: the rule's, its document's, its package's.
func originOf(r *ast.Rule, f *source.File, annotations *ast.AnnotationSet) policies.Origin {
	o := policies.Origin{File: f.Name, Line: r.Location.Row, Package: source.PackageName(r.Module), Root: f.Root}
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
