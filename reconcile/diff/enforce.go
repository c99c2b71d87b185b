package diff

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// enforce takes out of the proposed changes what operators only want to see
// (modes observe and grant-only) or do not manage at all.
func (b *builder) enforce() {
	unmanaged := map[string]int{}
	kept := make([]plan.Change, 0, len(b.proposed))
	for _, c := range b.proposed {
		switch mode := b.mode(c.Resource); {
		case mode == plan.Unmanaged:
			unmanaged[b.resourceName(c.Resource)]++
		case mode == plan.Observe, mode == plan.GrantOnly && c.Effect == plan.Lower:
			b.plan.Observed = append(b.plan.Observed, c)
		default:
			kept = append(kept, c)
		}
	}
	b.proposed = kept
	for name, n := range unmanaged {
		b.warn(plan.CodeNotIncluded, "policies would change %d pairs of %s, which is not imported: nothing is done there", n, name)
	}
}

// enforced says whether a change of this effect would be made on the resource.
func (b *builder) enforced(c plan.Change) bool {
	mode := b.mode(c.Resource)
	return mode == plan.Sync || mode == plan.GrantOnly && c.Effect == plan.Raise
}

// neverEnding warns of windowed grants on resources in grant-only (S19): what
// they give would never be taken back.
func (b *builder) neverEnding() {
	seen := map[desired.Notice]bool{}
	for target, grants := range b.access.Grants {
		for _, g := range grants {
			if g.UntilKind != desired.BoundDate || b.mode(target.Resource) != plan.GrantOnly {
				continue
			}
			for _, by := range g.By {
				seen[desired.Notice{Code: plan.CodeEndless, About: target.Resource, Origin: by.Origin, Message: fmt.Sprintf(
					"this grant has an end, but %s is in grant-only, where nothing is taken back", b.resourceName(target.Resource))}] = true
			}
		}
	}
	for n := range seen {
		b.plan.Warnings = append(b.plan.Warnings, n)
	}
}

// baseAfter is a person's base role once the plan's changes are made.
func (b *builder) baseAfter(user string) string {
	if c, ok := b.bases[user]; ok && b.enforced(c) {
		return c.After
	}
	return b.in.Snapshot.RoleOf(user, inventory.AccountRef)
}

// indexBases notes the changes of base roles that are proposed now.
func (b *builder) indexBases() {
	b.bases = map[string]plan.Change{}
	for _, c := range b.proposed {
		if c.Kind == plan.BaseRole {
			b.bases[c.User] = c
		}
	}
}
