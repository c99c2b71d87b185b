package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// expires sets the moment up to which the plan may be applied (S18).
func (b *builder) expires(e *desired.Expansion) {
	if len(b.plan.Changes) == 0 {
		return
	}
	targets := map[desired.Target]bool{}
	for _, c := range b.plan.Changes {
		targets[c.Pair().Target()] = true
	}
	if t, ok := e.NextBoundary(b.in.Now, targets); ok {
		b.plan.Expires = &t
	}
	ends := func(t time.Time) {
		if b.plan.Expires == nil || t.Before(*b.plan.Expires) {
			b.plan.Expires = &t
		}
	}
	for _, edit := range b.plan.Edits {
		switch {
		case edit.Effective == nil:
		case edit.Effective.After(b.in.Now):
			ends(*edit.Effective)
		default: // a layer that had nobody, from the turn under way on
			if t, ok := nextTurnOf(edit, b.in.Now); ok {
				ends(t)
			}
		}
	}
	for _, c := range b.plan.Changes {
		switch {
		case c.Kind != plan.Override:
		case c.Override.Start.After(b.in.Now):
			ends(c.Override.Start)
		default:
			ends(c.Override.End)
		}
	}
}

// nextTurnOf is when the first turn of an edit begins after a moment.
func nextTurnOf(e plan.Edit, now time.Time) (next time.Time, ok bool) {
	for _, t := range e.After {
		if t.Start.After(now) && (!ok || t.Start.Before(next)) {
			next, ok = t.Start, true
		}
	}
	return next, ok
}

// complete sorts, counts and names everything, so that equal inputs give equal
// plans.
func (b *builder) complete() {
	p := b.plan
	at := b.places()
	byPlace(p.Unenforced, func(c *plan.Change) place { return at(c, 0) })
	byPlace(p.Blocked, func(x *plan.Blocked) place { return at(&x.Change, 0) })
	byPlace(p.Held, func(h *plan.Held) place { return at(&h.Change, 0) })
	findings.Sort(p.Findings)
	slices.SortFunc(p.Warnings, func(x, y desired.Notice) int {
		return cmp.Or(cmp.Compare(x.Origin.File, y.Origin.File), cmp.Compare(x.Origin.Line, y.Origin.Line), cmp.Compare(x.Message, y.Message))
	})
	plan.Fill(p)
	p.Count()
	b.nameEdits()
	b.nameEverything()
}

// place is where a change stands among others: what it is about, by name.
type place struct {
	// phase comes first.
	phase            int
	resource, person string
	id, reason       string
}

func comparePlaces(x, y place) int {
	if c := cmp.Compare(x.phase, y.phase); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(x.resource, y.resource), cmp.Compare(x.person, y.person), cmp.Compare(x.id, y.id), cmp.Compare(x.reason, y.reason))
}

// places tells the places of changes. Names are made once, for there are far more
// changes than resources.
func (b *builder) places() func(c *plan.Change, phase int) place {
	names := map[inventory.Ref]string{}
	return func(c *plan.Change, phase int) place {
		name, ok := names[c.Resource]
		if !ok {
			name = b.resourceName(c.Resource)
			names[c.Resource] = name
		}
		return place{phase, name, b.userName(c.User), c.ID, c.Reason}
	}
}

// byPlace sorts what is at a place each. Places are made once, and not for each
// comparison.
func byPlace[T any](xs []T, of func(*T) place) {
	if len(xs) < 2 {
		return
	}
	type placed struct {
		place
		i int
	}
	all := make([]placed, len(xs))
	for i := range xs {
		all[i] = placed{of(&xs[i]), i}
	}
	slices.SortFunc(all, func(x, y placed) int { return comparePlaces(x.place, y.place) })
	sorted := make([]T, len(xs))
	for i, x := range all {
		sorted[i] = xs[x.i]
	}
	copy(xs, sorted)
}

// nameEverything says what people call whatever the plan refers to by id.
func (b *builder) nameEverything() {
	name := func(user string, r inventory.Ref) {
		if user != "*" {
			b.plan.Name(b.index, b.ref(inventory.KindUser, user))
		}
		b.plan.Name(b.index, r)
	}
	for _, c := range b.everyChange() {
		name(c.User, c.Resource)
	}
	for _, x := range b.plan.Unknown {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Extra {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Implied {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Protected {
		name(x.User, x.Resource)
	}
	for _, id := range b.plan.Unassigned {
		b.plan.Name(b.index, b.ref(inventory.KindUser, id))
	}
	for _, x := range b.plan.Expiring {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Starting {
		name(x.User, x.Resource)
		b.nameLayer(x.Resource, x.Layer)
	}
	for _, f := range b.plan.Findings {
		b.plan.Name(b.index, f.Subject)
		b.plan.Name(b.index, f.Resource)
	}
}

// nameEdits says what people call whom the edits name.
func (b *builder) nameEdits() {
	user := func(id string) {
		if id != "" {
			b.plan.Name(b.index, b.ref(inventory.KindUser, id))
		}
		if b.in.Snapshot.Gone(id) {
			b.plan.Names[b.ref(inventory.KindUser, id).String()] = "#" + id + " (deleted)"
		}
	}
	for _, e := range slices.Concat(b.plan.Edits, b.plan.WouldEdit) {
		b.plan.Name(b.index, e.Schedule)
		for _, t := range slices.Concat(e.Before, e.After) {
			user(t.User)
		}
		for _, p := range e.Parts {
			for _, id := range slices.Concat(p.Before, p.After) {
				user(id)
			}
		}
		for _, d := range e.Displaced {
			user(d.User)
		}
	}
	for _, c := range b.everyChange() {
		if c.Kind == plan.Override {
			user(c.Override.Replaces)
		}
		b.nameLayer(c.Resource, c.Layer)
	}
	for _, d := range b.plan.Extra {
		b.nameLayer(d.Resource, d.Layer)
	}
	for _, p := range b.plan.Protected {
		b.nameLayer(p.Resource, p.Layer)
	}
}

// nameLayer says what people call a layer or event, "layer Day", by the
// schedule's reference by id, a slash and the layer's id.
func (b *builder) nameLayer(r inventory.Ref, layer string) {
	s := b.in.Snapshot.Schedules[r.ID]
	if line, ok := oncall.LineOf(s, layer); ok && layer != "" && line.Name != "" {
		b.plan.Names[r.String()+"/"+layer] = partName(s) + " " + line.Name
	}
}

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
			User: pair.User, Resource: pair.Resource, Role: g.Role, Until: g.Until.UTC(), UntilZone: g.UntilZone, Then: then, By: g.By,
		})
	}
	slices.SortFunc(b.plan.Expiring, func(x, y plan.Expiring) int {
		return cmp.Or(x.Until.Compare(y.Until), cmp.Compare(x.Resource.String(), y.Resource.String()),
			cmp.Compare(b.userName(x.User), b.userName(y.User)), cmp.Compare(x.User, y.User))
	})
}

// notice adds what is to be said of the round beside its changes.
func (b *builder) notice() {
	if b.in.brief {
		return
	}
	b.neverEnding()
	p := b.plan
	p.Unknown = b.access.Unknown
	p.Absent = b.access.Absent
	p.Errors = slices.Concat(b.access.Errors, b.operatorErrors())
	p.Warnings = slices.Concat(b.access.Warnings, p.Warnings)
	if kept := b.in.Settings.Kept; len(kept.Keys) > 0 {
		b.notify(codes.GuardsKept, "%s, which the configuration lost or loosened, is in force as it was until %s, or until that is committed to git; put it back if the file was saved halfway",
			strings.Join(kept.Keys, ", "), clock(kept.Until))
	}
	switch failed := failedGrants(b.in.Statements); {
	case len(b.in.Statements.Grants) > 0:
	case len(failed) > 0:
		b.notify(codes.NoGrantKnown, "no grant is known in this round, so that nothing is planned: %s", strings.Join(failed, "; "))
	default:
		b.notify(codes.NoGrants, "the policies hold no grant yet: nothing is planned, findings only")
	}
	if u := b.in.Snapshot.Account.Unavailable; len(u) > 0 {
		b.notify(codes.Unavailable, "not available to this token or on this account: %s", strings.Join(u, ", "))
	}
}

// findings looks for the risks that need no policy.
func (b *builder) findings(e *desired.Expansion) {
	facts := findings.Facts{
		Plan: b.plan, Snapshot: b.in.Snapshot, Index: b.index, Statements: b.in.Statements, Access: b.access, Expansion: e,
		Last: b.in.Memory.Last, Now: b.in.Now, RuleFailed: len(failedGrants(b.in.Statements)) > 0, Raised: b.raised,
		Rendering: b.cache.rendersOtherwise, Contain: b.containTold,
	}
	facts.Find()
}

// failedGrants are the rules that failed and might have named a resource. What they
// would have said is not known, and must not be reported as not said.
func failedGrants(s *policies.Statements) []string {
	var failed []string
	for _, f := range s.Failures {
		at := fmt.Sprintf("the %s rule at %s:%d failed", f.Rule, f.Origin.File, f.Origin.Line)
		if (f.Rule == "grant" || f.Rule == "empty") && !slices.Contains(failed, at) {
			failed = append(failed, at)
		}
	}
	return failed
}

// unnamed says why a resource is left alone that no policy names.
func (b *builder) unnamed(what string) left {
	if len(failedGrants(b.in.Statements)) > 0 {
		return left{codes.ExtraRuleFailed, "a rule failed that may name this " + what}
	}
	return left{codes.ExtraUnnamed, "no policy names this " + what}
}

// starting lists the access that a date is to give soon. Shifts start every day, and are
// no news.
func (b *builder) starting(e *desired.Expansion) {
	for _, edge := range e.Boundaries(b.in.Now, b.in.Now.Add(b.in.Settings.WarnBefore)) {
		for _, pair := range edge.Pairs {
			g, ok := e.GrantAt(pair, edge.At)
			if !ok || g.FromKind != desired.BoundDate || !g.From.Equal(edge.At) || b.access.UnknownReason(pair) != "" {
				continue
			}
			before := e.RoleAt(pair, edge.At.Add(-1))
			if inventory.CompareRoles(pair.Resource.Kind, g.Role, before) <= 0 {
				continue
			}
			x := plan.Starting{User: pair.User, Resource: pair.Resource, Layer: pair.Layer, Role: g.Role, From: edge.At, FromZone: g.FromZone, Before: before, By: g.By}
			if !g.Until.IsZero() && g.UntilKind != desired.BoundSnapshot {
				x.Until, x.UntilZone = &g.Until, g.UntilZone
			}
			b.plan.Starting = append(b.plan.Starting, x)
		}
	}
}
