package findings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// findAdminByFacts finds admin roles that follow from PagerDuty's own facts:
// whoever can make an override could give them to themselves (S30).
func findAdminByFacts(f *Facts, found func(plan.Finding)) {
	var admins []desired.Pair
	for id, g := range f.Access.Grants.On(desired.Target{Resource: inventory.AccountRef}) {
		if g.Role == "admin" {
			admins = append(admins, desired.Pair{User: id, Resource: inventory.AccountRef})
		}
	}
	slices.SortFunc(admins, desired.ComparePairs)
	for _, pair := range admins {
		for _, by := range f.Access.Grant(pair).By {
			if len(by.Chain) == 0 || strings.HasPrefix(by.Chain[len(by.Chain)-1], "group:") {
				continue
			}
			fact := by.Chain[len(by.Chain)-1]
			found(plan.Finding{
				Subject: user(pair.User), Resource: inventory.AccountRef, By: []policies.Origin{by.Origin},
				Message: fmt.Sprintf("%s is admin through %s: whoever can change that in PagerDuty can make themselves admin", f.userName(pair.User), fact),
			})
			break
		}
	}
}

// findNoLongerNamed finds what policies named in the last round and no longer do:
// it is left alone, and said (S1).
func findNoLongerNamed(f *Facts, found func(plan.Finding)) {
	if f.Last == nil || f.RuleFailed {
		return // a rule that failed may name it
	}
	for _, n := range f.Last.Named {
		if _, named := f.Access.Named[n.Target]; named || f.Access.UnknownReason(desired.Pair{User: "*", Resource: n.Target.Resource}) != "" {
			continue
		}
		found(plan.Finding{
			Subject: n.Resource, Resource: n.Resource,
			Message: fmt.Sprintf("policies named %s in the last round and no longer do: everybody keeps what they have there", n.Name),
		})
	}
}
