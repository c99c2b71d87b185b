package diff

import (
	"cmp"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// expiring lists the access whose end by date is near. Shifts end every day, and
// are no news.
func (b *builder) expiring(e *desired.Expansion) {
	for pair, g := range b.access.Grants.All() {
		if g.UntilKind != desired.BoundDate || g.Role == inventory.None || g.Until.Sub(b.in.Now) > b.in.Settings.WarnBefore {
			continue
		}
		then := e.RoleAt(pair, g.Until)
		if inventory.CompareRoles(pair.Resource.Kind, then, g.Role) >= 0 || b.access.UnknownReason(pair) != "" {
			continue
		}
		b.plan.Expiring = append(b.plan.Expiring, plan.Expiring{
			User: pair.User, Resource: pair.Resource, Role: g.Role, Until: g.Until.UTC(), Then: then, By: g.By,
		})
	}
	slices.SortFunc(b.plan.Expiring, func(x, y plan.Expiring) int {
		return cmp.Or(x.Until.Compare(y.Until), cmp.Compare(x.Resource.String(), y.Resource.String()),
			cmp.Compare(b.userName(x.User), b.userName(y.User)), cmp.Compare(x.User, y.User))
	})
}
