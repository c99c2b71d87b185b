package plan

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// course goes from one instant to the next: the account after the plan of one is
// the account before that of the next, and what the plan leaves to be remembered
// is what the next compares with.
//
// Between two boundaries nothing moves by itself. So the plan of a boundary
// compares only what it touches and what stayed open before; it is the plan that
// Make would make, at a fraction of the cost.
type course struct {
	in        Input
	expansion *desired.Expansion
	access    *desired.Access
	// account is as the plans so far leave it; edit edits it in place.
	account *inventory.Snapshot
	edit    *inventory.Edit
	memory  Memory
	last    map[desired.Pair]RoundPair
	granted map[desired.Target]map[string]bool
	index   *inventory.Index
	implied map[string]map[string]string
	// byUser are the pairs with a grant at any time, by person.
	byUser map[string][]desired.Pair
	// open are the pairs of which a change stays due, with what was said of each.
	open map[desired.Pair]map[string]bool
	// was are the rules that gave what the last boundary touched before it.
	was map[desired.Pair][]desired.By
	// restless are the teams whose members are principals.
	restless map[string]bool
}

// newCourse begins after a first plan, whose changes it takes for made.
func newCourse(in Input, first *Result) *course {
	c := &course{
		in: in, index: inventory.NewIndex(first.Snapshot), implied: impliedMembers(first.Snapshot, in.Now, nil),
		restless: map[string]bool{},
	}
	for _, name := range restless(in.Statements) {
		if ref, err := inventory.ParseRef(name); err == nil {
			for _, id := range c.index.Find(ref) {
				c.restless[id] = true
			}
		}
	}
	c.take(first)
	return c
}

// take goes on from a plan of everything.
func (c *course) take(r *Result) {
	c.expansion, c.access = r.Expansion, r.Access
	c.byUser = r.Expansion.PairsByUser()
	raised, lowered := c.raised(), c.lowered()
	c.edit = inventory.NewEdit(r.Snapshot)
	c.suppose(r.Plan)
	done := map[string]bool{}
	for _, change := range r.Plan.Changes {
		done[change.ID] = true
	}
	round := RoundOf(r, c.in.Statements, c.account, done)
	c.memory = Memory{
		Bindings: c.in.Memory.Bindings, Released: c.in.Memory.Released, Ends: c.in.Memory.Ends,
		Raised: raisedAfter(raised, r.Plan.Changes), Lowered: slices.Concat(lowered, loweredBy(r.Plan)),
	}
	c.last = make(map[desired.Pair]RoundPair, len(round.Pairs))
	for _, p := range round.Pairs {
		c.last[p.Pair] = p
	}
	round.Pairs = nil
	c.memory.Last = &round
	c.open = openOf(r.Plan)
	b := &builder{access: r.Access, granted: map[desired.Target]map[string]bool{}}
	for pair := range r.Access.Grants {
		b.grants(pair)
	}
	c.granted = b.granted
}

func (c *course) raised() map[desired.Pair]string {
	if c.account == nil {
		return c.in.Memory.Raised
	}
	return c.memory.Raised
}

func (c *course) lowered() []Lowered {
	if c.account == nil {
		return c.in.Memory.Lowered
	}
	return c.memory.Lowered
}

// step makes the plan of a boundary.
func (c *course) step(at desired.Boundary) (*Plan, error) {
	moved := *c.account
	moved.Now = at.At
	c.was = map[desired.Pair][]desired.By{}
	for _, pair := range at.Pairs {
		c.was[pair] = c.access.Grants[pair].By
	}
	c.expansion.Move(c.access, at.At, at.Pairs)
	in := c.in
	in.Snapshot, in.Memory, in.Now, in.Previous, in.ClockDoubt = &moved, c.memory, at.At, nil, ""
	b := &builder{
		in: in, was: c.was, index: c.index, access: c.access, last: c.last, granted: c.granted, implied: c.implied, scope: c.scope(at.Pairs),
		renderings: map[string]string{}, asks: map[string]bool{},
		plan: &Plan{Now: at.At, Names: map[string]string{}},
	}
	for _, pair := range at.Pairs {
		b.grants(pair)
	}
	b.decide()
	b.complete()
	if c.movesPrincipals(b.plan) {
		return c.again(b.in)
	}
	c.goOn(b)
	return b.plan, nil
}

// again makes the plan of everything, since members of teams that are principals
// move.
func (c *course) again(in Input) (*Plan, error) {
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
func (c *course) scope(touched []desired.Pair) *scope {
	s := newScope()
	for _, pair := range touched {
		s.add(pair)
		if pair.Resource.Kind != inventory.KindAccount {
			continue
		}
		// Team roles depend on the base role.
		for _, other := range c.byUser[pair.User] {
			s.add(other)
		}
		for team := range c.account.Users[pair.User].Teams {
			s.add(desired.Pair{User: pair.User, Resource: inventory.ByID(inventory.KindTeam, team)})
		}
	}
	for pair := range c.open {
		s.add(pair)
	}
	return s
}

// movesPrincipals says whether a plan changes the members of a team that is a
// principal.
func (c *course) movesPrincipals(p *Plan) bool {
	return slices.ContainsFunc(p.Changes, func(change Change) bool {
		return change.Resource.Kind == inventory.KindTeam && c.restless[change.Resource.ID]
	})
}

// goOn takes the plan's changes for made.
func (c *course) goOn(b *builder) {
	p := b.plan
	c.suppose(p)
	changed, pending := map[desired.Pair]bool{}, map[desired.Pair]Cause{}
	for _, change := range p.Changes {
		changed[change.Pair()] = true
	}
	for _, change := range p.Observed {
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
		carry.protected[desired.Pair{User: x.User, Resource: x.Resource}] = true
	}
	b.scope.pairs(func(pair desired.Pair) {
		now := RoundPair{Pair: pair, Desired: inventory.None, Actual: c.account.RoleOf(pair.User, pair.Resource), Pending: pending[pair]}
		if pair.Layer != "" {
			now.Actual = c.turnAfter(pair, p)
		}
		if g, ok := c.access.Grants[pair]; ok {
			now.Desired, now.Window, now.Schedules = g.Role, g.Window, g.Schedules
		}
		if now, ok := carry.pair(now); ok {
			c.last[pair] = now
		}
	})
	c.memory.Raised = raisedAfter(c.memory.Raised, p.Changes)
	c.memory.Lowered = append(c.memory.Lowered, loweredBy(p)...)
	round := *c.memory.Last
	was := round
	round.At, round.Held, round.Emptying = p.Now, heldBy("S26", p), heldBy("S3", p)
	round.Held = carry.stillHeld(round.Held, was.Held)
	round.Emptying = carry.stillHeld(round.Emptying, was.Emptying)
	c.memory.Last, c.open = &round, openOf(p)
}

// turnAfter is what a pair on a layer or event holds after a plan.
func (c *course) turnAfter(pair desired.Pair, p *Plan) string {
	for _, change := range p.Changes {
		if change.Pair() == pair {
			return change.After
		}
	}
	if last, known := c.last[pair]; known {
		return last.Actual
	}
	return turnHeld(c.account, pair, nil, nil)
}

// suppose takes a plan's changes for made. What is only observed on a team is as
// well, so that its further course shows; all of it is observed.
func (c *course) suppose(p *Plan) {
	for _, change := range p.Changes {
		change.Make(c.edit)
	}
	for _, change := range p.Observed {
		if c.imagines(change) {
			change.Make(c.edit)
		}
	}
	c.account = c.edit.Snapshot()
}

// imagines says whether an observed change is taken for made: not where other
// changes, which are real, would follow from it.
func (c *course) imagines(change Change) bool {
	return change.Resource.Kind == inventory.KindTeam && !c.restless[change.Resource.ID] &&
		c.in.Settings.ModeOf(inventory.KindTeam, change.Resource.ID, c.index.Name(inventory.KindTeam, change.Resource.ID)) == Observe
}

// openOf are the pairs of which a plan leaves something due.
func openOf(p *Plan) map[desired.Pair]map[string]bool {
	open := map[desired.Pair]map[string]bool{}
	note := func(pair desired.Pair, what string) {
		if open[pair] == nil {
			open[pair] = map[string]bool{}
		}
		open[pair][what] = true
	}
	for _, x := range p.Observed {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Blocked {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Held {
		note(x.Pair(), x.ID)
	}
	for _, x := range p.Protected {
		note(desired.Pair{User: x.User, Resource: x.Resource}, "")
	}
	return open
}

// raisedAfter are the raises that stand once changes are made, with what was
// there before each, as the journal keeps them.
func raisedAfter(raised map[desired.Pair]string, changes []Change) map[desired.Pair]string {
	after := maps.Clone(raised)
	if after == nil {
		after = map[desired.Pair]string{}
	}
	for _, change := range changes {
		pair := change.Pair()
		before, stands := after[pair]
		switch {
		case change.Effect == Raise && !stands:
			after[pair] = change.Before
		case change.Effect == Lower && stands && !higher(pair, change.After, before):
			delete(after, pair)
		}
	}
	return after
}

// loweredBy are a plan's lowerings, as the limit on them counts.
func loweredBy(p *Plan) []Lowered {
	var lowered []Lowered
	for _, change := range p.Changes {
		if change.Effect == Lower && !foreseen(change.Cause) {
			lowered = append(lowered, Lowered{Kind: change.Resource.Kind, Cause: change.Cause, At: p.Now})
		}
	}
	return lowered
}
