package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What the plans of a forecast leave to be remembered, as the journal and the last
// round keep it between rounds.

func (c *course) raised() map[desired.Pair]string {
	if c.account == nil {
		return c.in.Memory.Raised
	}
	return c.memory.Raised
}

func (c *course) foreseenEnds() map[desired.Pair]plan.Ending {
	if c.account == nil {
		return c.in.Memory.Ends
	}
	return c.memory.Ends
}

// overrides are the overrides that this program made before a plan, those included
// that it takes for its own.
func (c *course) overrides(r *Result) []plan.OurOverride {
	if c.account == nil {
		return slices.Concat(c.in.Memory.Overrides, r.Adopted)
	}
	return c.memory.Overrides
}

func (c *course) recent() []plan.Recent {
	if c.account == nil {
		return c.in.Memory.Recent
	}
	return c.memory.Recent
}

// leaveOpen notes what a plan leaves due. Of schedules that it did not look at it
// is what it was.
func (c *course) leaveOpen(b *builder) {
	before := c.Open
	c.Open = openOf(b.plan)
	for pair, said := range before {
		if pair.Resource.Kind == inventory.KindSchedule && !b.scope.has(pair) {
			c.Open[pair] = said
		}
	}
	elsewhere := func(ids []string) []string {
		return slices.DeleteFunc(ids, func(id string) bool { return b.scope.schedules[id] })
	}
	c.stuck, c.kept = append(stuckIn(b.plan), elsewhere(c.stuck)...), append(keptIn(b.plan), elsewhere(c.kept)...)
}

// overridesAfter are the overrides that policies ask for, and those of them that
// are not made, where a plan looked at some schedules only.
func overridesAfter(b *builder, before plan.Round) (asked, pending []string) {
	elsewhere := func(keys []string) []string {
		return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
			id, _, _ := strings.Cut(key, "/")
			return b.scope.schedules[id]
		})
	}
	asked, pending = (&Result{Plan: b.plan, asks: b.asks}).overridesLeft(nil)
	return slices.Concat(elsewhere(before.Overrides), asked), slices.Concat(elsewhere(before.PendingOverrides), pending)
}

// openOf are the pairs of which a plan leaves something due.
func openOf(p *plan.Plan) map[desired.Pair]map[string]bool {
	open := map[desired.Pair]map[string]bool{}
	note := func(pair desired.Pair, what string) {
		pair = presentPair(pair)
		if open[pair] == nil {
			open[pair] = map[string]bool{}
		}
		open[pair][presentKey(what)] = true
	}
	for _, x := range p.Unenforced {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Blocked {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Held {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Protected {
		note(desired.Pair{User: x.User, Resource: x.Resource, Layer: x.Layer}, "")
	}
	return open
}

// stuckIn are the ids of the schedules of which a plan blocks or holds changes,
// sorted.
func stuckIn(p *plan.Plan) []string {
	var ids []string
	note := func(c plan.Change) {
		if c.Kind.OnSchedule() {
			ids = append(ids, c.Resource.ID)
		}
	}
	for _, x := range p.Blocked {
		note(x.Change)
	}
	for _, x := range p.Held {
		note(x.Change)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// keptIn are the ids of the schedules of which protections keep something as it is,
// sorted.
func keptIn(p *plan.Plan) []string {
	var ids []string
	for _, x := range p.Protected {
		if x.Resource.Kind == inventory.KindSchedule {
			ids = append(ids, x.Resource.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// raisedAfter are the raises that stand once changes are made, with what was
// there before each, as the journal keeps them.
func raisedAfter(raised map[desired.Pair]string, changes []plan.Change) map[desired.Pair]string {
	after := maps.Clone(raised)
	if after == nil {
		after = map[desired.Pair]string{}
	}
	stand(after, changes)
	return after
}

// stand brings the raises that stand up to date with changes made.
func stand(raised map[desired.Pair]string, changes []plan.Change) {
	for _, change := range changes {
		pair := change.Pair()
		before, stands := raised[pair]
		switch {
		case change.Effect == plan.Raise && !stands:
			raised[pair] = change.Before
		case change.Effect == plan.Lower && stands && !higher(pair, change.After, before):
			delete(raised, pair)
		}
	}
}

// endsAfter are when the raises that stand once changes are made were to end, as the
// journal keeps them: by the last raise of each.
func endsAfter(ends map[desired.Pair]plan.Ending, standing map[desired.Pair]string, changes []plan.Change) map[desired.Pair]plan.Ending {
	after := maps.Clone(ends)
	if after == nil {
		after = map[desired.Pair]plan.Ending{}
	}
	foresee(after, standing, changes)
	maps.DeleteFunc(after, func(pair desired.Pair, _ plan.Ending) bool { _, stands := standing[pair]; return !stands })
	return after
}

// foresee brings when raises were to end up to date with changes made, after stand.
func foresee(ends map[desired.Pair]plan.Ending, standing map[desired.Pair]string, changes []plan.Change) {
	for _, change := range changes {
		pair := change.Pair()
		if _, stands := standing[pair]; !stands {
			delete(ends, pair)
			continue
		}
		if change.Effect != plan.Raise {
			continue
		}
		delete(ends, pair)
		if end, foreseen := plan.EndingOf(change); foreseen {
			ends[pair] = end
		}
	}
}

// recentIn are a plan's changes that bounds count.
func recentIn(p *plan.Plan, released map[string]plan.Release) []plan.Recent {
	var recent []plan.Recent
	for _, change := range p.Changes {
		if _, let := released[change.ID]; !let && !foreseen(change.Cause) {
			recent = append(recent, plan.RecentOf(change, p.Now))
		}
	}
	return recent
}
