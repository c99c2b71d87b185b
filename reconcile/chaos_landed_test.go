package reconcile_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// takenOver says that somebody made an event of a half edited schedule again as it stood
// then, with the end that the program gave it for a successor, and that an alarm
// stands. What they mean by the end nobody can tell: the program leaves it to them.
func (c *chaos) takenOver(id string) bool {
	alarms, err := c.journal.Alarms(context.Background(), false)
	if err != nil {
		c.fail("%v", err)
	}
	if !slices.ContainsFunc(alarms, func(a apply.EditAlarmed) bool { return a.Schedule == id }) {
		return false
	}
	for _, r := range c.sim.Account().Schedules[id].Rotations {
		for _, e := range r.Events {
			if e.EffectiveUntil != nil && c.deeds[e.ID] > c.edited[id] {
				return true
			}
		}
	}
	return false
}

// settle ends the trouble: people put names right or say what they mean, and all
// that is due must land.
func (c *chaos) settle() {
	c.Helper()
	c.sim.ClearFaults()
	c.calm()
	c.stale, c.skewed, c.paused, c.broken, c.refusals, c.why = false, false, false, nil, nil, "schedule"
	if l := c.laws[c.at]; len(l.gives) == 0 || l.draft {
		c.write(0)
	}
	c.setOperators(sweepMail("OPR"))
	c.pass(3 * time.Minute)
	c.confirm()
	c.tell("the trouble ends")
	c.quiet(6)
	maps.DeleteFunc(c.gaps, func(x gap, _ int) bool { return c.takenOver(x.schedule) })
	if open := c.gaps.open(c.now()); len(open) > 0 {
		c.fail("by our doing nobody is on call: %s", open)
	}
	held := c.landed()
	if len(held) == 0 {
		return
	}
	c.counts["settled: held, and released"] += len(held)
	c.released = held
	c.tell("what is held is released: %v", held)
	c.relaxed = true
	for _, key := range held {
		if err := c.journal.Release(context.Background(), key, "looked at it"); err != nil {
			c.fail("%v", err)
		}
	}
	c.quiet(3)
	for _, key := range c.landed() {
		if slices.Contains(held, key) {
			c.fail("%s is still held after its release", key)
		}
	}
}

// quiet makes rounds in which nothing goes wrong.
func (c *chaos) quiet(rounds int) {
	c.Helper()
	for range rounds {
		c.pass(3 * time.Minute)
		c.round()
	}
}

// confirm has people say what each name means that is there, and put back what is
// not.
func (c *chaos) confirm() {
	c.Helper()
	is := c.sim.Account()
	refs := slices.Sorted(maps.Keys(c.bound))
	for _, ref := range slices.Concat(refs, refs) { // what one name meant may have had another's
		if _, ok := c.resolve(is, ref); !ok {
			c.fix(is, ref)
			is = c.sim.Account()
		}
	}
	c.note()
}

// landed checks that what is due is there, but for what the plan holds until a
// person releases it, whose keys it returns, and what it says is blocked.
func (c *chaos) landed() (keys []string) {
	c.Helper()
	p := c.plan()
	excused := map[string]bool{}
	for _, h := range p.Held {
		switch {
		case h.Rule == "S3" && h.Layer != "":
			c.counts["settled: the last ones on a part"]++ // whom no release takes off
			excused[h.Resource.ID+" "+h.User] = true
			continue
		case !h.Releasable && releasedWith(h, p.Held):
			excused[h.Resource.ID+" "+h.User] = true
			continue
		case !h.Releasable:
			c.fail("%s is held by %s though nothing is wrong any more: %s", h.ID, h.Rule, h.Why)
		}
		excused[h.Resource.ID+" "+h.User] = true
		keys = append(keys, h.ID)
	}
	for _, b := range p.Blocked {
		excused[b.Resource.ID+" "+b.User] = true
		c.counts["settled: blocked"]++
		c.tell("blocked: %s: %s", b.ID, b.Why)
	}
	for _, u := range p.Unknown {
		c.counts["settled: unknown"]++
		c.tell("unknown: %s on %s: %s", u.User, u.Resource, u.Reason)
		excused[u.Resource.ID+" "+u.User] = true
	}
	if len(p.Changes) > 0 {
		c.counts["settled: with changes at a boundary"]++
		return keys
	}
	is, now, l := c.sim.Account(), sample{c.now(), c.sim.Account()}, c.laws[c.at]
	for name, id := range c.bound {
		if strings.HasPrefix(name, "team:") && l.names(name, "") && !strings.Contains(l.rego, "Nope") {
			c.landedTeam(name, is.Teams[id], now, excused)
		}
		if strings.HasPrefix(name, "schedule:") {
			for _, part := range partsOf(is.Schedules[id]) {
				c.landedTurns(name, part, is.Schedules[id], now, excused)
			}
		}
	}
	return keys
}

// releasedWith says that a change goes on with another that is held, whose release
// it tells: they are halves of a swap.
func releasedWith(h plan.Held, all []plan.Held) bool {
	return slices.ContainsFunc(all, func(o plan.Held) bool {
		return o.ID != h.ID && o.Resource == h.Resource && o.Releasable && strings.Contains(h.Release+" ", "dutyward release "+o.ID+" ")
	})
}

func (c *chaos) landedTeam(name string, team inventory.Team, now sample, excused map[string]bool) {
	c.Helper()
	for user, u := range now.is.Users {
		want, unknown := c.wants(name, "", user, now)
		implied := slices.ContainsFunc(slices.Collect(maps.Values(now.is.Schedules)), func(s inventory.Schedule) bool { return slices.Contains(s.Teams, team.ID) })
		switch has := held(team, user); {
		case has == want, unknown, excused[team.ID+" "+user], excused[team.ID+" *"], c.protects(user), inventory.FixedBaseRole(u.BaseRole):
		case implied && want == inventory.None, c.turnsNow(now, user):
		default:
			c.fail("%s has %s on %s, and should have %s", user, has, name, want)
		}
	}
}

// turnsNow says that a handoff was so lately that the last round did not see it.
func (c *chaos) turnsNow(now sample, user string) bool {
	before := sample{now.t.Add(-5 * time.Minute), now.is}
	for _, g := range c.laws[c.at].gives {
		a, _ := c.holds(g, user, before)
		b, _ := c.holds(g, user, now)
		if a != b {
			return true
		}
	}
	return false
}

func (c *chaos) landedTurns(name, part string, s inventory.Schedule, now sample, excused map[string]bool) {
	c.Helper()
	if !c.laws[c.at].names(name, part) {
		return
	}
	members := membersOf(s, part, now.t)
	switch {
	case len(members) == 0:
		return // ended by a person, or emptied
	case severalOf(s, part, now.t):
		c.counts["settled: two of one name"]++
		return
	}
	for user, u := range now.is.Users {
		want, unknown := c.wants(name, part, user, now)
		has := slices.Contains(members, user)
		if has == (want != inventory.None) || unknown || excused[s.ID+" "+user] || excused[s.ID+" *"] || c.protects(user) || inventory.Stakeholder(u.BaseRole) {
			continue
		}
		c.fail("%s takes turns on %s/%s: %v, and should: %v", user, name, part, has, want != inventory.None)
	}
}

// wants is the role that policies ask for now.
func (c *chaos) wants(on, layer, user string, now sample) (role string, unknown bool) {
	role = inventory.None
	l := c.laws[c.at]
	for _, g := range l.gives {
		if g.on != on || g.layer != layer || g.role == "override" {
			continue
		}
		may, mayNot := c.holds(g, user, now)
		unknown = unknown || may == mayNot
		if may && (layer != "" || inventory.CompareRoles(kindOf(on), g.role, role) > 0) {
			role = g.role
		}
	}
	if most, limited := c.limited(l, user, on, now); limited && (layer != "" || inventory.CompareRoles(kindOf(on), role, most) > 0) {
		role = most
	}
	return role, unknown
}
