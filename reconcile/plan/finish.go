package plan

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
)

const day = 24 * time.Hour

// target narrows the changes to those asked for, with what they need. The
// limits on lowerings have counted all of them before.
func (b *builder) target() {
	if len(b.in.Settings.Targets) == 0 {
		return
	}
	all := len(b.proposed)
	byID := map[string]Change{}
	for _, c := range b.proposed {
		byID[c.ID] = c
	}
	wanted := map[string]bool{}
	var need func(c Change) (lowering string)
	need = func(c Change) string {
		for _, id := range c.Requires {
			other := byID[id]
			if other.Effect == Lower && !b.targeted(other) {
				return id
			}
			if lowering := need(other); lowering != "" {
				return lowering
			}
		}
		return ""
	}
	var want func(c Change)
	want = func(c Change) {
		wanted[c.ID] = true
		for _, id := range c.Requires {
			want(byID[id])
		}
	}
	for _, c := range b.proposed {
		if !b.targeted(c) {
			continue
		}
		if lowering := need(c); lowering != "" {
			b.block(c, "it needs "+b.describe(lowering)+", a lowering that is not targeted", "target that as well")
			continue
		}
		want(c)
	}
	b.proposed = slices.DeleteFunc(b.proposed, func(c Change) bool { return !wanted[c.ID] })
	b.plan.Notices = append(b.plan.Notices, fmt.Sprintf("narrowed to %s: %d of %d changes",
		strings.Join(b.in.Settings.Targets, ", "), len(b.proposed), all))
}

// targeted says whether a target names a change: by its resource, its person or
// its key.
func (b *builder) targeted(c Change) bool {
	return slices.ContainsFunc(b.in.Settings.Targets, func(t string) bool {
		if t == c.ID {
			return true
		}
		kind, pattern, _ := strings.Cut(t, ":")
		switch inventory.Kind(kind) {
		case inventory.KindUser:
			return Matches(strings.ToLower(pattern), c.User, strings.ToLower(b.userName(c.User)))
		case c.Resource.Kind:
			return c.Resource.Kind == inventory.KindAccount ||
				Matches(pattern, c.Resource.ID, b.index.Name(c.Resource.Kind, c.Resource.ID))
		}
		return false
	})
}

// notice adds what is to be said of the round beside its changes.
func (b *builder) notice() {
	p := b.plan
	p.Unknown = b.access.Unknown
	p.Absent = b.access.Absent
	p.Errors = b.access.Errors
	p.Warnings = slices.Concat(b.access.Warnings, p.Warnings)
	if len(b.in.Statements.Grants) == 0 {
		p.Notices = append(p.Notices, "the policies hold no grant yet: nothing is planned, findings only")
	}
	if u := b.in.Snapshot.Account.Unavailable; len(u) > 0 {
		p.Notices = append(p.Notices, "not available to this token or on this account: "+strings.Join(u, ", "))
	}
	b.noticeVanished()
	b.noticeAdminByFacts()
	b.noticeRenderings()
}

// noticeAdminByFacts finds admin roles that follow from PagerDuty's own facts:
// whoever can make an override could give them to themselves (S30).
func (b *builder) noticeAdminByFacts() {
	for _, pair := range b.access.Pairs() {
		g := b.access.Grants[pair]
		if pair.Resource.Kind != inventory.KindAccount || g.Role != "admin" {
			continue
		}
		for _, by := range g.By {
			if len(by.Chain) == 0 || strings.HasPrefix(by.Chain[len(by.Chain)-1], "group:") {
				continue
			}
			fact := by.Chain[len(by.Chain)-1]
			b.finding(Finding{
				Rule: "dutyward.admin-by-facts", Subject: b.ref(inventory.KindUser, pair.User), Resource: inventory.AccountRef, Severity: "high",
				Message:     fmt.Sprintf("%s is admin through %s: whoever can change that in PagerDuty can make themselves admin", b.userName(pair.User), fact),
				Remediation: "give admin to named people or to a group from a roster",
				By:          []policies.Origin{by.Origin},
			})
			break
		}
	}
}

// noticeRenderings finds schedules that we render otherwise than PagerDuty
// (S22).
func (b *builder) noticeRenderings() {
	for id, s := range b.in.Snapshot.Schedules {
		diffs, err := oncall.Compare(s, b.in.Snapshot.Account.Window)
		message := ""
		switch {
		case err != nil:
			message = fmt.Sprintf("schedule %s can't be rendered here: %v", s.Name, err)
		case len(diffs) > 0:
			message = fmt.Sprintf("schedule %s renders otherwise here than in PagerDuty, first %s: what is reached through it follows PagerDuty, and its rotations are not changed", s.Name, diffs[0])
		default:
			continue
		}
		b.finding(Finding{
			Rule: "dutyward.rendering-differs", Subject: b.ref(inventory.KindSchedule, id), Resource: b.ref(inventory.KindSchedule, id),
			Severity: "low", Message: message, Remediation: "report it with the schedule's JSON",
		})
	}
}

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
}

// complete sorts, counts and names everything, so that equal inputs give equal
// plans.
func (b *builder) complete() {
	p := b.plan
	byPlace := func(x, y Change) int {
		return cmp.Or(
			cmp.Compare(b.resourceName(x.Resource), b.resourceName(y.Resource)),
			cmp.Compare(b.userName(x.User), b.userName(y.User)), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Reason, y.Reason),
		)
	}
	slices.SortFunc(p.Observed, byPlace)
	slices.SortFunc(p.Blocked, func(x, y Blocked) int { return byPlace(x.Change, y.Change) })
	slices.SortFunc(p.Held, func(x, y Held) int { return byPlace(x.Change, y.Change) })
	SortFindings(p.Findings)
	slices.SortFunc(p.Warnings, func(x, y desired.Notice) int {
		return cmp.Or(cmp.Compare(x.Origin.File, y.Origin.File), cmp.Compare(x.Origin.Line, y.Origin.Line), cmp.Compare(x.Message, y.Message))
	})
	fill(p)
	p.Count()
	b.nameEverything()
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
	name := func(r inventory.Ref) {
		if r.ID != "" {
			b.plan.Names[r.String()] = b.index.Named(r)
		}
	}
	user := func(id string) {
		if id != "" && id != "*" {
			b.plan.Names["user:#"+id] = b.userName(id)
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
	for _, f := range b.plan.Findings {
		name(f.Subject)
		name(f.Resource)
	}
}
