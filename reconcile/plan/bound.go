package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Bound is a limit on how many changes of one effect are made within a window: what
// exceeds it is held until a person releases it (S26). It counts for each cause by
// itself, and for each kind of resource.
type Bound struct {
	// Name is the bound's key below limits in the configuration.
	Name   string
	Effect Effect
	// Causes are those that it counts; never CauseHandoff or CauseExpiry, which are
	// foreseen.
	Causes []Cause
	// Kinds are those of resources that it counts; empty for all.
	Kinds []inventory.Kind
	// Roles are what a change raises to, or lowers from; empty for all.
	Roles []string
	// Resources are patterns as ResourceMode.Resource has them; empty for all.
	Resources []string
	// Share is a percentage of the pairs held now on resources in sync; what it comes
	// to is taken as Least at least, and as Most at most.
	Share       int
	Least, Most int
	Window      time.Duration
}

// LongestWindow is how far back a bound may count.
const LongestWindow = 7 * 24 * time.Hour

// CountedCauses are the causes whose changes a bound may count: what is foreseen goes on.
func CountedCauses() []Cause {
	return []Cause{CausePolicy, CauseFacts, CauseDrift, CauseLeaver, CauseRevert}
}

// DefaultBounds hold where the configuration says nothing else.
func DefaultBounds() []Bound {
	return []Bound{
		{Name: "lowerings", Effect: Lower, Causes: CountedCauses(), Share: 10, Least: 5, Most: 50, Window: 24 * time.Hour},
		{
			Name: "admins", Effect: Raise, Causes: CountedCauses(), Kinds: []inventory.Kind{inventory.KindAccount},
			Roles: []string{"admin", "owner"}, Share: 1, Least: 3, Most: 10, Window: 24 * time.Hour,
		},
		{
			Name: "managers", Effect: Raise, Causes: CountedCauses(), Kinds: []inventory.Kind{inventory.KindTeam},
			Roles: []string{"manager"}, Share: 10, Least: 10, Most: 50, Window: 24 * time.Hour,
		},
	}
}

// Recent is one applied change that bounds count.
type Recent struct {
	Effect   Effect
	Resource inventory.Ref
	// Role is what it raised to, or lowered from.
	Role  string
	Cause Cause
	At    time.Time
}

// RecentOf is a change as bounds count it.
func RecentOf(c Change, at time.Time) Recent {
	r := Recent{Effect: c.Effect, Resource: c.Resource, Role: c.After, Cause: c.Cause, At: at}
	if c.Effect == Lower {
		r.Role = c.Before
	}
	return r
}

// Counts says whether the bound counts a change. Name is that of its resource.
func (b Bound) Counts(r Recent, name string) bool {
	return r.Effect == b.Effect && slices.Contains(b.Causes, r.Cause) &&
		(len(b.Roles) == 0 || slices.Contains(b.Roles, r.Role)) && b.On(r.Resource, name)
}

// On says whether the bound counts changes on a resource of a name.
func (b Bound) On(resource inventory.Ref, name string) bool {
	if len(b.Kinds) > 0 && !slices.Contains(b.Kinds, resource.Kind) {
		return false
	}
	return len(b.Resources) == 0 || slices.ContainsFunc(b.Resources, func(pattern string) bool {
		return ResourceMode{Resource: pattern}.matches(resource.Kind, resource.ID, name)
	})
}

// Allowed is how many changes the bound lets through where that many pairs are held.
func (b Bound) Allowed(held int) int { return max(b.Least, min(b.Most, held*b.Share/100)) }

// Quantity is a number of the changes that the bound counts, in words.
func (b Bound) Quantity(n int) string {
	noun, join := "raise", " to "
	if b.Effect == Lower {
		noun, join = "lowering", " from "
	}
	if n != 1 {
		noun += "s"
	}
	if len(b.Roles) > 0 {
		noun += join + strings.Join(b.Roles, " or ")
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Figures say how Allowed comes about.
func (b Bound) Figures(held int) string {
	if b.Share == 0 || b.Least >= b.Most {
		return "limits." + b.Name
	}
	return fmt.Sprintf("limits.%s: %d%% of %d pairs held, at least %d, at most %d", b.Name, b.Share, held, b.Least, b.Most)
}
