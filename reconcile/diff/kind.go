package diff

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// kind is a kind of access: what a plan does differently for it than for others.
type kind interface {
	// name is what changes of the kind say, on the kind of resource that it is about.
	name() plan.Kind
	on() inventory.Kind
	// compare finds what differs between desired access and the snapshot.
	compare(b *builder)
	// refused says why PagerDuty would refuse a change, as far as the snapshot
	// tells, and counts what the change takes up (S16).
	refused(b *builder, c *plan.Change, room *room) obstacle
	// require says what a change waits for, beside handoffs (S16).
	require(b *builder, c *plan.Change, o others)
	// held is the role that a pair holds now.
	held(s *inventory.Snapshot, p desired.Pair) string
	// members are those who are on a target now, in no order.
	members(s *inventory.Snapshot, t desired.Target) iter.Seq[string]
	// capped tells what people hold who are under some limit on the kind of resource
	// (S38).
	capped(s *inventory.Snapshot, people map[string]bool, now time.Time, tell func(pair desired.Pair, held string))
	// traits are what else sets it apart.
	traits() traits
	// make makes a change in an edit of the account, where that can be.
	make(e *inventory.Edit, c plan.Change)
}

// traits say how a person holds a kind of access.
type traits struct {
	// role says that it is one role on a resource, which a snapshot tells, and which
	// can be set back to what it was.
	role bool
	// several says that a person may have several on one resource, which a pair does
	// not tell apart.
	several bool
	// staffed says that somebody must remain on a resource: the last people on it are
	// not taken off for want of a rule (S3).
	staffed bool
}

// kinds are all kinds that are compared, in this order: turns and team roles depend
// on what becomes of base roles, and who is on a team on what becomes of turns.
var kinds = []kind{baseRoles{}, rotations{}, overrides{}, teamRoles{}}

// diff compares every pair in scope.
func (b *builder) diff() {
	b.onSchedules = b.concerned()
	for _, k := range kinds {
		k.compare(b)
	}
}

// kindOf is the kind of that name; nil for one that is only shown.
func kindOf(name plan.Kind) kind {
	for _, k := range kinds {
		if k.name() == name {
			return k
		}
	}
	return nil
}

// membersOf are those who are on a target now, in no order; none where no kind of access
// is about it.
func membersOf(s *inventory.Snapshot, t desired.Target) iter.Seq[string] {
	if k := kindOf(plan.KindOf(desired.Pair{Resource: t.Resource, Layer: t.Layer})); k != nil {
		return k.members(s, t)
	}
	return nobody
}

// roleHeld is the role that a pair holds now.
func roleHeld(s *inventory.Snapshot, p desired.Pair) string {
	if k := kindOf(plan.KindOf(p)); k != nil {
		return k.held(s, p)
	}
	return inventory.None
}

// resourceKinds are the kinds of resources on which there is access of some kind, each
// once.
func resourceKinds() []inventory.Kind {
	var on []inventory.Kind
	for _, k := range kinds {
		if !slices.Contains(on, k.on()) {
			on = append(on, k.on())
		}
	}
	return on
}

// unplanned says which granted resource no kind of access is about: nothing would come
// of its grants, and nobody would hear of it.
func unplanned(access *desired.Access) error {
	for pair := range access.Grants.All() {
		if kindOf(plan.KindOf(pair)) == nil {
			return fmt.Errorf("policies grant access to %s, and this program has no kind of access for %s: take the grant out of the policy, or report this as a fault of the program", pair.Resource, pair.Resource.Kind)
		}
	}
	return nil
}

// Suppose takes a change for made in an edit of the account. Turns and overrides
// follow from a plan's edits of schedules.
func Suppose(e *inventory.Edit, c plan.Change) {
	if k := kindOf(c.Kind); k != nil {
		k.make(e, c)
	}
}

// traitsOf are those of a kind by its name; none for one that is only shown.
func traitsOf(name plan.Kind) traits {
	if k := kindOf(name); k != nil {
		return k.traits()
	}
	return traits{}
}

// situation is a pair as it is compared.
type situation struct {
	pair desired.Pair
	// held is what PagerDuty holds, asked what policies give.
	held, asked string
	// named says that policies name what it is about.
	named bool
}

// verdict says what is to become of a pair; the zero verdict is nothing.
type verdict struct {
	// due is the change to make; barred is what keeps it from being made.
	due    *plan.Change
	barred obstacle
	// wayBack says that due undoes a raise of ours, which nothing but the memory
	// asks for.
	wayBack bool
	// extra is why access that no policy gives is left as it is.
	extra left
	// implied is why PagerDuty gives by itself the role that is held.
	implied   *plan.Implied
	protected *plan.Protected
	// raised is the base role that was held before this program raised it, where it
	// stays.
	raised string
}

// left is why something is left as it is.
type left struct {
	code code.Code
	why  string
}

func due(c plan.Change) verdict { return verdict{due: &c} }

// settle lists what becomes of a pair.
func (b *builder) settle(s situation, v verdict) {
	if v.protected != nil {
		b.plan.Protected = append(b.plan.Protected, *v.protected)
	}
	if v.implied != nil {
		b.plan.Implied = append(b.plan.Implied, *v.implied)
	}
	if v.extra.code != "" {
		b.extra(s.pair, s.held, v.extra)
	}
	if v.raised != "" {
		b.raised = append(b.raised, findings.Raised{User: s.pair.User, Before: v.raised, Held: s.held})
	}
	switch {
	case v.due == nil:
	case !v.barred.none():
		b.block(*v.due, v.barred)
	default:
		b.propose(*v.due)
	}
	if v.wayBack {
		b.wayBack = append(b.wayBack, v.due.ID)
	}
}

// protects is the verdict of a protection that keeps a pair as it is, if there is
// one against making something else of it.
func (b *builder) protects(s situation, other string) (verdict, bool) {
	for _, p := range b.access.Protections {
		if p.Covers(s.pair, s.held, other) {
			return verdict{protected: &plan.Protected{
				User: s.pair.User, Resource: s.pair.Resource, Layer: s.pair.Layer,
				Before: s.held, Would: other, Code: protectedBy(p), Reason: p.Reason, By: p.By,
			}}, true
		}
	}
	return verdict{}, false
}

// protectedBy is the kind of a protection.
func protectedBy(p desired.Protection) code.Code {
	if p.By.File == "" {
		return codes.ProtectedOperator
	}
	return codes.Protected
}

func nobody(func(string) bool) {}

func (b *builder) unknown(pair desired.Pair) bool { return b.access.UnknownReason(pair) != "" }

// higher says that a role of a pair is higher than another. What is not was
// lowered by somebody since, and no grant raises it.
func higher(p desired.Pair, role, than string) bool {
	return inventory.CompareRoles(p.Resource.Kind, role, than) > 0
}
