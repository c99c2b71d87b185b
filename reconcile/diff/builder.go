package diff

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/circles"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// builder makes one plan. Its methods are the stages, in the order of build.
type builder struct {
	in     Input
	index  *inventory.Index
	access *desired.Access
	// before is desired access under the last round's policies; nil if the same.
	before *desired.Access
	last   map[desired.Pair]plan.RoundPair
	// cache is what does not depend on policies.
	cache *Cache
	// circles are what of access follows from itself alone; nil if that is not known.
	circles *circles.Circles
	// scope is what is compared; nil is everything.
	scope *scope
	// was are the rules that gave pairs their role before, as far as known.
	was map[desired.Pair][]desired.By
	// onSchedules are the ids of the schedules that are compared, sorted.
	onSchedules []string
	// proposed are the changes that are neither blocked nor put down as not enforced yet.
	proposed []plan.Change
	// untargeted are those that the plan was narrowed away from.
	untargeted []plan.Change
	// wayBack are the keys of the proposed changes that undo a raise of ours, which
	// nothing but the memory asks for.
	wayBack []string
	// raised are the base roles that this program raised and no policy gives.
	raised []findings.Raised
	// bases are the proposed changes of base roles, by user.
	bases map[string]plan.Change
	// keptBases are the people whose change of the base role an earlier pass found blocked or
	// held, so that they keep the one that they have.
	keptBases map[string]bool
	// suspendedBy is the rule of the first reason for which nothing is lowered.
	suspendedBy string
	// clockDoubt is why the time can't be trusted; empty if it can. Otherwise is then
	// desired access by the other clock, nil if that can't be known, and elsewhen
	// makes it.
	clockDoubt string
	otherwise  *desired.Access
	elsewhen   func(time.Time) *desired.Access
	// bursts say of what bounds count by how much it exceeds them.
	bursts map[counted]string
	// after are the schedules that the plan changes as they will be, as far as an
	// earlier pass tells.
	after map[string]inventory.Schedule
	// asks are a Result's; adopted are the overrides that are there and are taken
	// for ours.
	asks    map[string]bool
	adopted []plan.OurOverride
	// operators are who is never changed.
	operators operators
	// recent is an edit of policies or configuration; nil if there is none.
	recent *recentEdit
	plan   *plan.Plan
}

func newBuilder(in Input, cache *Cache, index *inventory.Index, access, before *desired.Access) *builder {
	b := &builder{
		in: in, cache: cache, index: index, access: access, before: before,
		last: map[desired.Pair]plan.RoundPair{},
		asks: map[string]bool{},
		plan: &plan.Plan{
			Version: plan.Version, Account: in.Snapshot.Account.Name, Now: in.Now,
			TakenAt: in.Snapshot.Account.TakenAt, Revision: in.Revision, Policies: in.Provenance, Names: map[string]string{},
		},
	}
	if in.Memory.Last != nil {
		for _, p := range in.Memory.Last.Pairs {
			b.last[p.Pair] = p
		}
	}
	return b
}

// grants says whether policies give a pair anything.
func (b *builder) grants(pair desired.Pair) bool { return b.asked(b.access, pair) != inventory.None }

// granted are the people to whom policies give something on a target, in no order.
func (b *builder) granted(t desired.Target) iter.Seq[string] {
	return func(yield func(string) bool) {
		for user, g := range b.access.Grants.On(t) {
			if g.Role != inventory.None && !yield(user) {
				return
			}
		}
	}
}

// build goes through the stages.
func (b *builder) build(e *desired.Expansion) *plan.Plan {
	b.elsewhen = e.At
	b.decide()
	b.unsupported()
	b.notice()
	b.expires(e)
	b.expiring(e)
	b.starting(e)
	if !b.in.brief {
		b.wouldEdit()
		b.findings(e)
	}
	b.complete()
	return b.plan
}

// decide finds the changes, and what becomes of each.
func (b *builder) decide() {
	b.protectOperators()
	b.edited()
	b.diff()
	b.suspend()
	b.doubtClock()
	b.enforce()
	b.constrain()
	b.depend()
	b.holdAll(guards)
	b.cascade()
	b.target()
	b.settleEdits()
	b.order()
}

// change describes a change of a pair, with its cause.
func (b *builder) change(pair desired.Pair, held, asked string) plan.Change {
	grant := b.access.Grant(pair)
	c := plan.Change{
		ID: plan.Key(pair, held, asked), Kind: plan.KindOf(pair), Action: plan.ActionRole, Effect: plan.Raise,
		User: pair.User, Resource: pair.Resource, Layer: pair.Layer,
		Before: held, After: asked, By: grant.By, LimitedBy: grant.Limited,
	}
	if takesAway(pair.Resource.Kind, held, asked) {
		c.Effect = plan.Lower
	}
	switch {
	case held == inventory.None:
		c.Action = plan.ActionGrant
	case asked == inventory.None:
		c.Action = plan.ActionRevoke
	}
	if len(c.By) == 0 {
		c.By = b.circular(pair)
	}
	if len(c.By) == 0 {
		c.By = b.was[pair]
	}
	if len(c.By) == 0 {
		c.By = b.naming(pair.Target())
	}
	if !grant.Until.IsZero() && grant.UntilKind != desired.BoundSnapshot && asked == grant.Role {
		c.Until = &grant.Until
	}
	c.Cause, c.Drifted = b.cause(pair, held)
	c.Reason = b.reason(c, grant)
	return c
}

// takesAway says that somebody may do less with the role asked than with the one held.
// What a role may do that PagerDuty has and this program does not know, nobody can say
// (S13).
func takesAway(on inventory.Kind, held, asked string) bool {
	strange := held != inventory.None && inventory.CompareRoles(on, held, inventory.None) == 0
	return strange || inventory.CompareRoles(on, asked, held) < 0
}

// naming are the rules that name a target, each once whatever its data.
func (b *builder) naming(t desired.Target) []desired.By {
	var by []desired.By
	for _, o := range b.access.Named[t] {
		o.Source = ""
		if !slices.ContainsFunc(by, func(x desired.By) bool { return x.Origin == o }) {
			by = append(by, desired.By{Origin: o, Chain: []string{}})
		}
	}
	return by
}

func (b *builder) propose(c plan.Change) { b.proposed = append(b.proposed, c) }

func (b *builder) extra(pair desired.Pair, held string, l left) {
	b.plan.Extra = append(b.plan.Extra, plan.Extra{User: pair.User, Resource: pair.Resource, Layer: pair.Layer, Role: held, Code: l.code, Why: l.why})
}

func (b *builder) warn(c code.Code, format string, args ...any) {
	b.plan.Warnings = append(b.plan.Warnings, desired.Notice{Code: c, Message: fmt.Sprintf(format, args...)})
}

// notify says something of the round as a whole.
func (b *builder) notify(c code.Code, format string, args ...any) {
	b.plan.Notices = append(b.plan.Notices, desired.Notice{Code: c, Message: fmt.Sprintf(format, args...)})
}

// circular are the rules that would give a pair something that follows from itself
// alone (S34).
func (b *builder) circular(pair desired.Pair) []desired.By {
	return b.circles.By(pair)
}

// unsupported shows as blocked what this version reads and does not carry out.
func (b *builder) unsupported() {
	for _, u := range b.access.Unsupported {
		c := plan.Change{
			ID: u.Key, Kind: plan.Rotation, Action: plan.ActionGrant, Effect: plan.Raise, Cause: plan.CausePolicy,
			User: u.User, Resource: u.Resource, By: u.By, Reason: u.What,
		}
		if u.Lowers {
			c.Kind, c.Action, c.Effect, c.Cause = plan.Deprovision, plan.ActionDeprovision, plan.Lower, plan.CauseLeaver
		}
		if u.Role != "" {
			c.Before, c.After = inventory.None, u.Role
		}
		if u.Why != "" {
			b.block(c, obstacle{codes.BlockedNoPart, u.Why, u.Unblock})
			continue
		}
		b.block(c, obstacle{codes.BlockedUnsupported, "not supported yet", "nothing: a later version carries it out"})
	}
}

func (b *builder) ref(kind inventory.Kind, id string) inventory.Ref { return inventory.ByID(kind, id) }

func (b *builder) userName(id string) string { return b.index.Name(inventory.KindUser, id) }

func (b *builder) resourceName(r inventory.Ref) string { return b.index.Named(r) }

// reference is how a policy names a resource: by its name, or by its id where
// another has the same name.
func (b *builder) reference(r inventory.Ref) string {
	if ref, err := inventory.ParseRef(b.resourceName(r)); err != nil || len(b.index.Find(ref)) != 1 {
		return r.String()
	}
	return b.resourceName(r)
}

func (b *builder) mode(r inventory.Ref) plan.Mode {
	return b.in.Settings.ModeOf(r.Kind, r.ID, b.index.Name(r.Kind, r.ID))
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// contain plans something about one resource. Where that panics, the resource is
// unknown in this plan, and the rest of it is planned on: internal error
// about one schedule must not stop the handoffs of others.
func (b *builder) contain(r inventory.Ref, user string, do func()) {
	defer func() {
		if p := recover(); p != nil {
			b.fault(r, user, faultOf(p))
		}
	}()
	if b.in.sabotage != nil {
		b.in.sabotage(r)
	}
	do()
}

// containTold is contain for what is only reported of a resource: then that is not.
func (b *builder) containTold(r inventory.Ref, do func()) {
	defer func() {
		if p := recover(); p != nil {
			message := fmt.Sprintf("%s telling of %s: %s", desired.Fault, b.resourceName(r), faultOf(p))
			b.plan.Errors = slices.Concat(b.plan.Errors, []desired.Notice{{Code: desired.CodeFault, About: r, Message: message}})
		}
	}()
	do()
}

// fault makes a resource, or one person's pair there, unknown.
func (b *builder) fault(r inventory.Ref, user, what string) {
	on := b.resourceName(r)
	if user != "*" {
		on = b.userName(user) + " on " + on
	}
	reason := fmt.Sprintf("%s planning %s: %s", desired.Fault, on, what)
	b.access.Unknown = append(b.access.Unknown, desired.Unknown{Code: desired.CodeFault, User: user, Resource: r, Reason: reason})
	b.access.Errors = slices.Concat(b.access.Errors, []desired.Notice{{Code: desired.CodeFault, About: r, Message: reason}})
	about := func(c plan.Change) bool { return c.Resource == r && (user == "*" || c.User == user) }
	b.proposed = slices.DeleteFunc(b.proposed, about)
	b.plan.Unenforced = slices.DeleteFunc(b.plan.Unenforced, about)
	b.plan.Blocked = slices.DeleteFunc(b.plan.Blocked, func(x plan.Blocked) bool { return about(x.Change) })
	b.plan.Held = slices.DeleteFunc(b.plan.Held, func(x plan.Held) bool { return about(x.Change) })
}

// faulty says that planning a resource was at fault before: another kind of access to
// it is not planned then.
func (b *builder) faulty(r inventory.Ref) bool {
	return slices.ContainsFunc(b.access.Unknown, func(u desired.Unknown) bool {
		return u.Code == desired.CodeFault && u.User == "*" && u.Resource == r
	})
}

// FaultError says that no plan could be made since this program is at fault.
type FaultError struct{ What string }

func (e *FaultError) Error() string { return desired.Fault + " " + e.What }

// faultOf says what panicked, and where.
func faultOf(p any) string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		inside := !strings.HasPrefix(f.Function, "runtime.") && f.Function != ""
		if inside || !more {
			name := f.File[strings.LastIndexByte(f.File, '/')+1:]
			return fmt.Sprintf("%v (%s:%d)", p, name, f.Line)
		}
	}
}
