package diff

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
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
	byPlace(p.Observed, func(c *plan.Change) place { return at(c, 0) })
	byPlace(p.Blocked, func(x *plan.Blocked) place { return at(&x.Change, 0) })
	byPlace(p.Held, func(h *plan.Held) place { return at(&h.Change, 0) })
	plan.SortFindings(p.Findings)
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
