package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/circles"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// course goes from one instant to the next: the account after the plan of one is
// the account before that of the next, and what the plan leaves to be remembered
// is what the next compares with.
//
// Between two boundaries nothing moves by itself. So the plan of a boundary
// compares only what it touches and what stayed open before; it is the plan that
// Make would make, at a fraction of the cost. Where it changes principals or
// schedules, Make makes it.
//
// What a plan does to schedules changes who is on call, and when: they are
// rendered again, everything is expanded again from them, and what that moves is
// planned a minute later, when a round would have read it.
type course struct {
	in        Input
	Expansion *desired.Expansion
	access    *desired.Access
	// moments are when plans are due, in order; until is before which they are.
	moments []moment
	until   time.Time
	// moved are the pairs that edits of schedules moved, with the rules that gave
	// them their role before.
	moved map[desired.Pair][]desired.By
	// account is as the plans so far leave it; edit edits it in place.
	account *inventory.Snapshot
	edit    *inventory.Edit
	memory  plan.Memory
	last    map[desired.Pair]plan.RoundPair
	Index   *inventory.Index
	// names are what references mean in the account: nothing that a forecast supposes
	// gives anything another name.
	names   *desired.Names
	implied map[string]map[string]string
	// byUser are the pairs with a grant at any time, by person.
	byUser map[string][]desired.Pair
	// Open are the pairs of which a change stays due, with what was said of each.
	Open map[desired.Pair]map[string]bool
	// stuck are the ids of the schedules of which changes are blocked or held.
	stuck []string
	// kept are the ids of those of which protections keep something as it is.
	kept []string
	// turns are when those of stuck schedules begin and end, as far as that was asked
	// for.
	turns map[string][]time.Time
	// Was are the rules that gave what the last boundary touched before it.
	Was map[desired.Pair][]desired.By
	// restless are the teams whose members are principals, and the schedules whose
	// rotations are.
	restless map[string]bool
	// tied are the teams of schedules on which policies give turns or overrides.
	tied map[string]bool
	// circles are what of access follows from itself.
	circles *circles.Circles
}

// NewCourse begins after a first plan, whose changes it takes for made, and ends
// before a moment.
func NewCourse(in Input, first *Result, until time.Time) *course {
	in.disputes = first.Expansion.Disputes()
	names := desired.NewNames(first.Snapshot, nil)
	c := &course{
		in: in, until: until, Index: names.Index(), names: names, restless: map[string]bool{},
	}
	for _, name := range restless(in.Statements) {
		if ref, err := inventory.ParseRef(name); err == nil {
			for _, id := range c.Index.Find(ref) {
				c.restless[id] = true
			}
		}
	}
	c.take(first)
	return c
}

// take goes on from a plan of everything.
func (c *course) take(r *Result) {
	c.Expansion, c.access, c.circles = r.Expansion, r.Access, r.circles
	raised, ends, recent, overrides := c.raised(), c.foreseenEnds(), c.recent(), c.overrides(r)
	c.edit, c.tied = inventory.NewEdit(r.Snapshot), map[string]bool{}
	teams := scheduleTeams(r.Snapshot, r.Access)
	for target := range r.Access.Named {
		for _, team := range teams[target.Resource.ID] {
			c.tied[team] = true
		}
	}
	c.suppose(r.Plan)
	done := map[string]bool{}
	for _, change := range r.Plan.Changes {
		done[change.ID] = true
	}
	round := RoundOf(r, c.in.Statements, c.account, done)
	c.memory = plan.Memory{
		Pinned: c.in.Memory.Pinned, Released: c.in.Memory.Released, Raised: raisedAfter(raised, r.Plan.Changes), Recent: slices.Concat(recent, recentIn(r.Plan, c.in.Memory.Released)), Overrides: overrides,
	}
	c.memory.Ends = endsAfter(ends, c.memory.Raised, r.Plan.Changes)
	c.last = make(map[desired.Pair]plan.RoundPair, len(round.Pairs))
	for _, p := range round.Pairs {
		c.last[p.Pair] = p
	}
	round.Pairs = nil
	c.memory.Last = &round
	c.Open, c.stuck, c.kept = openOf(r.Plan), stuckIn(r.Plan), keptIn(r.Plan)
	c.moved = map[desired.Pair][]desired.By{}
	edited := c.supposeSchedules(r.Plan)
	if len(edited) > 0 {
		c.expand(r.Plan.Now)
	}
	for _, i := range r.Plan.Implied {
		if pair := (desired.Pair{User: i.User, Resource: i.Resource}); i.Foreseen {
			c.moved[pair] = nil // the next round sees them there
		}
	}
	c.settle(r.Plan.Now, edited)
}

// expand expands everything again from the account as edits of schedules leave it.
func (c *course) expand(now time.Time) {
	c.follow()
	before := c.access
	c.Expansion = desired.Expand(desired.Input{
		Snapshot: c.account, Statements: c.in.Statements, Pinned: c.in.Memory.Pinned, References: c.in.References,
		Longest: c.in.Settings.Longest, Disputes: c.in.disputes,
	})
	in := c.in
	in.Snapshot, in.Now, in.Memory = c.account, now, c.memory
	c.circles = circles.Find(circlesIn(in, newCache(c.account, now, c.memory.Pinned).names, c.Expansion, nil, unread(c.account)), nil)
	c.access = c.circles.Access
	for _, pair := range movedPairs(before, c.access) {
		c.moved[pair] = before.Grant(pair).By
	}
}

// settle works out what is to come after a moment, given the schedules that were
// edited then.
func (c *course) settle(now time.Time, edited []string) {
	c.byUser, c.turns = c.Expansion.PairsByUser(), map[string][]time.Time{}
	c.implied = impliedMembers(c.account, now, nil)
	c.moments = c.momentsAfter(now, edited)
}

// follow brings what is remembered of layers and events to those that took over
// from them.
func (c *course) follow() {
	last := *c.memory.Last
	last.Pairs = slices.Collect(maps.Values(c.last))
	memory := follow(c.account, plan.Memory{Last: &last})
	c.last = make(map[desired.Pair]plan.RoundPair, len(memory.Last.Pairs))
	for _, p := range memory.Last.Pairs {
		c.last[p.Pair] = p
	}
	memory.Last.Pairs = nil
	c.memory.Last = memory.Last
}

// movedPairs are those of which two accesses say otherwise: another role, or by
// another time or schedule. Sorted.
func movedPairs(before, after *desired.Access) []desired.Pair {
	var moved []desired.Pair
	for pair, was := range before.Grants.All() {
		is, stays := after.Grants.Get(pair)
		if !stays || was.Role != is.Role || was.Window != is.Window || !slices.Equal(was.Schedules, is.Schedules) {
			moved = append(moved, pair)
		}
	}
	for pair := range after.Grants.All() {
		if _, was := before.Grants.Get(pair); !was {
			moved = append(moved, pair)
		}
	}
	slices.SortFunc(moved, desired.ComparePairs)
	return moved
}

// Step makes the plan of a moment.
func (c *course) Step(m moment) (*plan.Plan, error) {
	moved := *c.account
	moved.Now = m.At
	c.Was = map[desired.Pair][]desired.By{}
	for _, pair := range m.pairs {
		c.Was[pair] = c.access.Grant(pair).By
		if by, known := c.moved[pair]; known {
			c.Was[pair] = by
		}
	}
	c.Expansion.Move(c.access, m.At, m.pairs)
	in := c.in
	in.Snapshot, in.Memory, in.Now, in.Previous, in.ClockDoubt = &moved, c.memory, m.At, nil, ""
	in.Horizon, in.was = c.in.HorizonAt(m.At), c.Was
	if m.whole {
		return c.again(in)
	}
	if m.implied {
		c.implied = impliedMembers(c.account, m.At, nil)
	}
	m.schedules = slices.Concat(m.schedules, c.waitingFor(m.pairs, m.schedules))
	if m.protections {
		m.schedules = slices.Concat(m.schedules, c.kept)
	}
	b := c.plan(in, m)
	var made []desired.Pair
	for _, change := range b.plan.Changes {
		made = append(made, change.Pair())
	}
	if more := c.waitingFor(made, m.schedules); len(more) > 0 {
		m.schedules = slices.Concat(m.schedules, more)
		b = c.plan(in, m)
	}
	if c.movesPrincipals(b.plan) {
		return c.again(in)
	}
	c.goOn(b)
	return b.plan, nil
}

// plan makes the plan of what a moment touches.
func (c *course) plan(in Input, m moment) *builder {
	stays := map[string]bool{}
	for {
		b := c.planWith(in, m, stays)
		if !b.noteUnmade(stays) {
			return b
		}
	}
}

// planWith makes it where people are known whose base role stays as it is.
func (c *course) planWith(in Input, m moment, stays map[string]bool) *builder {
	cache := newCache(in.Snapshot, m.At, nil)
	cache.implied, cache.named = c.implied, c.names
	b := &builder{
		in: in, was: c.Was, cache: cache, circles: c.circles, index: c.Index, access: c.access, last: c.last, scope: c.scope(m), keptBases: stays, asks: map[string]bool{},
		plan: &plan.Plan{Now: m.At, Names: map[string]string{}},
	}
	if len(b.scope.schedules) > 0 {
		c.Expansion.MoveOverrides(c.access, m.At)
	}
	b.decide()
	b.complete()
	return b
}

// waitingFor are the ids of the stuck schedules, but for those known, on which
// something of people stays due whose roles elsewhere pairs are about: it may have
// waited for these (S16).
func (c *course) waitingFor(pairs []desired.Pair, known []string) []string {
	if len(c.stuck) == 0 {
		return nil
	}
	moves := map[string]bool{}
	for _, pair := range pairs {
		moves[pair.User] = moves[pair.User] || pair.Resource.Kind != inventory.KindSchedule
	}
	var waiting []string
	for pair := range c.Open {
		if id := pair.Resource.ID; moves[pair.User] && slices.Contains(c.stuck, id) && !slices.Contains(known, id) {
			waiting = append(waiting, id)
		}
	}
	slices.Sort(waiting)
	return slices.Compact(waiting)
}

// again makes the plan of everything, since principals or schedules move.
func (c *course) again(in Input) (*plan.Plan, error) {
	round := *c.memory.Last
	round.Pairs = slices.Collect(maps.Values(c.last))
	in.Memory.Last, in.brief = &round, true
	r, err := Make(in)
	if err != nil {
		return nil, err
	}
	c.take(r)
	return r.Plan, nil
}

// scope is what the plan of a boundary compares.
func (c *course) scope(m moment) *scope {
	s := newScope()
	for _, id := range m.schedules {
		s.schedules[id] = true
	}
	for _, pair := range m.pairs {
		s.add(pair)
		if pair.Resource.Kind != inventory.KindAccount {
			continue
		}
		// Team roles depend on the base role.
		for _, other := range c.byUser[pair.User] {
			if other.Resource.Kind != inventory.KindSchedule {
				s.add(other)
			}
		}
		for team := range c.account.Users[pair.User].Teams {
			s.add(desired.Pair{User: pair.User, Resource: inventory.ByID(inventory.KindTeam, team)})
		}
	}
	for pair := range c.Open {
		if pair.Resource.Kind != inventory.KindSchedule { // see next
			s.add(pair)
		}
	}
	return s
}

// movesPrincipals says whether a plan changes who principals are, or who can be
// on schedules: members of a team that is a principal, turns and overrides, and
// base roles with which nobody can be on call, or which fix roles on teams that follow
// from themselves.
func (c *course) movesPrincipals(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Changes, func(change plan.Change) bool {
		switch change.Kind {
		case plan.Rotation, plan.Override:
			return true
		case plan.TeamRole:
			return c.restless[change.Resource.ID]
		case plan.BaseRole:
			return inventory.Stakeholder(change.Before) != inventory.Stakeholder(change.After) ||
				c.circles.Any() && inventory.FixedBaseRole(change.Before) != inventory.FixedBaseRole(change.After)
		}
		return false // who has other access is no principal
	})
}

// goOn takes the plan's changes for made.
func (c *course) goOn(b *builder) {
	p := b.plan
	c.suppose(p)
	changed, pending, limits := map[desired.Pair]bool{}, map[desired.Pair]plan.Cause{}, limitedIn(p, c.access)
	for _, change := range p.Changes {
		changed[change.Pair()] = true
	}
	for _, change := range p.Unenforced {
		pending[change.Pair()] = change.Cause
	}
	for _, x := range p.Blocked {
		pending[x.Pair()] = x.Cause
	}
	for _, x := range p.Held {
		pending[x.Pair()] = x.Cause
	}
	carry := &carry{
		result: &Result{Plan: p, Access: c.access, last: c.memory.Last}, last: c.last, changed: changed,
		protected: map[desired.Pair]bool{}, incomplete: !c.account.Account.Complete,
	}
	for _, x := range p.Protected {
		carry.protected[desired.Pair{User: x.User, Resource: x.Resource, Layer: x.Layer}] = true
	}
	note := func(pair desired.Pair) {
		now := plan.RoundPair{Pair: pair, Desired: inventory.None, Actual: roleHeld(c.account, pair), Pending: pending[pair]}
		if g, ok := c.access.Grants.Get(pair); ok {
			now.Desired, now.Window, now.Schedules = g.Role, g.Window, g.Schedules
		}
		if role, limited := limits[pair]; limited {
			now.Desired = role
		}
		if now, ok := carry.pair(now); ok {
			c.last[pair] = now
		}
	}
	b.scope.pairs(note)
	b.turnsInScope(note)
	stand(c.memory.Raised, p.Changes)
	foresee(c.memory.Ends, c.memory.Raised, p.Changes)
	c.memory.Recent = append(c.memory.Recent, recentIn(p, c.memory.Released)...)
	round := *c.memory.Last
	was := round
	round.At, round.Held, round.Emptying, round.Unwitnessed = p.Now, heldBy(p, plan.HoldBurst), heldBy(p, plan.HoldEmptying, plan.HoldEmptyingRotation), heldBy(p, plan.HoldUnwitnessed)
	round.Held = slices.Concat(carry.stillHeld(round.Held, was.Held), b.outOfScope(was.Held))
	round.Emptying = slices.Concat(carry.stillHeld(round.Emptying, was.Emptying), b.outOfScope(was.Emptying))
	round.Unwitnessed = slices.Concat(carry.stillHeld(round.Unwitnessed, was.Unwitnessed), b.outOfScope(was.Unwitnessed))
	round.Unwitnessed = stillDoubted(round.Unwitnessed, &was, c.memory, false, c.account)
	round.Overrides, round.PendingOverrides = overridesAfter(b, round)
	c.memory.Last = &round
	c.leaveOpen(b)
	maps.DeleteFunc(c.moved, func(pair desired.Pair, _ []desired.By) bool { return b.scope.has(pair) })
}
