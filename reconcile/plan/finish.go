package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
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
		case c.Override == nil:
		case c.Override.Start.After(b.in.Now):
			ends(c.Override.Start)
		default:
			ends(c.Override.End)
		}
	}
}

// nextTurnOf is when the first turn of an edit begins after a moment.
func nextTurnOf(e Edit, now time.Time) (next time.Time, ok bool) {
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
	byPlace(p.Observed, func(c *Change) place { return at(c, 0) })
	byPlace(p.Blocked, func(x *Blocked) place { return at(&x.Change, 0) })
	byPlace(p.Held, func(h *Held) place { return at(&h.Change, 0) })
	SortFindings(p.Findings)
	slices.SortFunc(p.Warnings, func(x, y desired.Notice) int {
		return cmp.Or(cmp.Compare(x.Origin.File, y.Origin.File), cmp.Compare(x.Origin.Line, y.Origin.Line), cmp.Compare(x.Message, y.Message))
	})
	fill(p)
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
func (b *builder) places() func(c *Change, phase int) place {
	names := map[inventory.Ref]string{}
	return func(c *Change, phase int) place {
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

// SortFindings puts the worst first.
func SortFindings(fs []Finding) {
	severities := []string{"critical", "high", "medium", "low"}
	slices.SortFunc(fs, func(x, y Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(severities, x.Severity), slices.Index(severities, y.Severity)),
			cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Subject.String(), y.Subject.String()),
			cmp.Compare(x.Resource.String(), y.Resource.String()), cmp.Compare(x.Message, y.Message),
		)
	})
}

// fill makes every collection present.
func fill(p *Plan) {
	p.Changes, p.Observed = changesOrEmpty(p.Changes), changesOrEmpty(p.Observed)
	p.Edits, p.WouldEdit = orEmpty(p.Edits), orEmpty(p.WouldEdit)
	p.Blocked, p.Held = orEmpty(p.Blocked), orEmpty(p.Held)
	for i := range p.Blocked {
		p.Blocked[i].Change = changesOrEmpty([]Change{p.Blocked[i].Change})[0]
	}
	for i := range p.Held {
		p.Held[i].Change = changesOrEmpty([]Change{p.Held[i].Change})[0]
	}
	p.Unknown, p.Drift, p.Implied = orEmpty(p.Unknown), orEmpty(p.Drift), orEmpty(p.Implied)
	p.Protected, p.Absent, p.Unassigned = orEmpty(p.Protected), orEmpty(p.Absent), orEmpty(p.Unassigned)
	p.Findings, p.Errors, p.Warnings = orEmpty(p.Findings), orEmpty(p.Errors), orEmpty(p.Warnings)
	p.Notices, p.Suspended = orEmpty(p.Notices), orEmpty(p.Suspended)
	p.Policies = orEmpty(p.Policies)
	p.Expiring = orEmpty(p.Expiring)
	for i := range p.Findings {
		p.Findings[i].By = orEmpty(p.Findings[i].By)
	}
}

func changesOrEmpty(cs []Change) []Change {
	for i := range cs {
		cs[i].By, cs[i].LimitedBy, cs[i].Requires = orEmpty(cs[i].By), orEmpty(cs[i].LimitedBy), orEmpty(cs[i].Requires)
	}
	return orEmpty(cs)
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Count brings the summary up to date.
func (p *Plan) Count() {
	p.Summary = Summary{
		Observed: len(p.Observed), Blocked: len(p.Blocked), Held: len(p.Held), Unknown: len(p.Unknown),
		Drift: len(p.Drift), Protected: len(p.Protected),
	}
	for _, c := range p.Changes {
		if c.Effect == Lower {
			p.Summary.Lower++
		} else {
			p.Summary.Raise++
		}
	}
	for _, f := range p.Findings {
		if f.Waived != nil {
			p.Summary.Waived++
		} else {
			p.Summary.Findings++
		}
	}
}

// nameEverything says what people call whatever the plan refers to by id.
func (b *builder) nameEverything() {
	name := func(r inventory.Ref) { b.plan.name(b.index, r) }
	user := func(id string) {
		if id != "*" {
			name(b.ref(inventory.KindUser, id))
		}
	}
	for _, c := range b.everyChange() {
		user(c.User)
		name(c.Resource)
	}
	for _, x := range b.plan.Unknown {
		user(x.User)
		name(x.Resource)
	}
	for _, x := range b.plan.Drift {
		user(x.User)
		name(x.Resource)
	}
	for _, x := range b.plan.Implied {
		user(x.User)
		name(x.Resource)
	}
	for _, x := range b.plan.Protected {
		user(x.User)
		name(x.Resource)
	}
	for _, id := range b.plan.Unassigned {
		user(id)
	}
	for _, x := range b.plan.Expiring {
		user(x.User)
		name(x.Resource)
	}
	for _, f := range b.plan.Findings {
		name(f.Subject)
		name(f.Resource)
	}
}

// name says what people call what r refers to by id: people by e-mail address,
// all else as a reference by name.
func (p *Plan) name(x *inventory.Index, r inventory.Ref) {
	switch {
	case r.ID == "":
	case r.Kind == inventory.KindUser:
		p.Names[r.String()] = x.Name(r.Kind, r.ID)
	default:
		p.Names[r.String()] = x.Named(r)
	}
}

// Brief is the plan as it is recorded for good: its changes and edits, with the
// names of what they are about, and without what it only told.
func (p *Plan) Brief() *Plan {
	brief := &Plan{
		Version: p.Version, Account: p.Account, Now: p.Now, TakenAt: p.TakenAt, Expires: p.Expires,
		Revision: p.Revision, Policies: p.Policies, Changes: p.Changes, Edits: p.Edits, Names: map[string]string{},
	}
	keep := func(ref string) {
		if name, ok := p.Names[ref]; ok {
			brief.Names[ref] = name
		}
	}
	for _, c := range p.Changes {
		keep(inventory.ByID(inventory.KindUser, c.User).String())
		keep(c.Resource.String())
		keep(c.Resource.String() + "/" + c.Layer)
		if c.Override != nil {
			keep(inventory.ByID(inventory.KindUser, c.Override.Replaces).String())
		}
	}
	fill(brief)
	brief.Count()
	return brief
}
