package diff

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// RoundOf is what a round leaves for the next to compare with. After is the
// account as the round left it, done the keys of the changes that were made.
//
// What this round could not tell or touch, since the snapshot is incomplete or
// the pair is unknown or protected, stays as the last one left it: else a shift
// that ends would be taken for drift, and a raise for nobody's.
func RoundOf(r *Result, statements *policies.Statements, after *inventory.Snapshot, done map[string]bool) plan.Round {
	p := r.Plan
	round := plan.Round{
		At: p.Now, Revision: p.Revision, Grants: len(statements.Grants), Fights: fights(r), Still: stillOf(r),
		Held: heldBy(p, plan.HoldBurst), Bounds: r.in.Settings.Bounds, Emptying: heldBy(p, plan.HoldEmptying, plan.HoldEmptyingRotation), Unwitnessed: heldBy(p, plan.HoldUnwitnessed),
		Schedules: slices.Sorted(maps.Keys(r.Snapshot.Schedules)), Limits: r.Access.Ceilings(),
		Rules: findings.Remembered(statements, r.last, p.Now, r.Snapshot.Account.Complete),
	}
	changed, pending := settledIn(p, done)
	carry := newCarry(r, changed)
	carry.over(&round)
	round.Unwitnessed = stillDoubted(round.Unwitnessed, r.last, r.in.Memory, r.in.Memory.Restored != "", after)
	pairs, limits := carry.pairs(), limitedIn(p, r.Access)
	r.addRemembered(pairs, pending)
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), desired.ComparePairs) {
		rp := plan.RoundPair{
			Pair: pair, Desired: inventory.None, Actual: roleHeld(after, pair), Pending: pending[pair],
		}
		if plan.KindOf(pair) == plan.Rotation {
			rp.Actual = turnHeld(r.Snapshot, pair, p.Changes, done)
		}
		if g, ok := r.Access.Grants.Get(pair); ok {
			rp.Desired, rp.Window, rp.Schedules = g.Role, g.Window, g.Schedules
		}
		if role, limited := limits[pair]; limited {
			rp.Desired = role
		}
		if rp, ok := carry.pair(rp); ok {
			round.Pairs = append(round.Pairs, rp)
		}
	}
	round.Named = r.namedTargets()
	round.Overrides, round.PendingOverrides = r.overridesLeft(done)
	return round
}

// settledIn are the pairs of a plan that were changed, and the causes of what is still
// due by pair.
func settledIn(p *plan.Plan, done map[string]bool) (changed map[desired.Pair]bool, pending map[desired.Pair]plan.Cause) {
	changed, pending = map[desired.Pair]bool{}, map[desired.Pair]plan.Cause{}
	for _, c := range p.Changes {
		if done[c.ID] {
			changed[c.Pair()] = true
		} else {
			pending[c.Pair()] = c.Cause
		}
	}
	for _, c := range p.Unenforced {
		pending[c.Pair()] = c.Cause
	}
	for _, c := range p.Blocked {
		pending[c.Pair()] = c.Cause
	}
	for _, h := range p.Held {
		pending[h.Pair()] = h.Cause
	}
	return changed, pending
}

// addRemembered adds the pairs of which a round remembers how it left them: those that
// policies give something, those on what policies name, those of which something is
// due, and those beyond a limit.
func (r *Result) addRemembered(pairs map[desired.Pair]bool, pending map[desired.Pair]plan.Cause) {
	for pair := range r.Access.Grants.All() {
		pairs[pair] = true
	}
	for target := range r.Access.Named {
		for user := range membersOf(r.Snapshot, target) {
			pairs[desired.Pair{User: user, Resource: target.Resource, Layer: target.Layer}] = true
		}
	}
	for pair := range pending {
		if pair.User != "" && !pair.Resource.IsZero() && !traitsOf(plan.KindOf(pair)).several {
			pairs[pair] = true
		}
	}
	for _, pair := range beyondLimits(r) {
		pairs[pair] = true
	}
	for pair := range r.in.Memory.Raised { // it is over once no more is held than before it
		if !traitsOf(plan.KindOf(pair)).several {
			pairs[pair] = true
		}
	}
}

// namedTargets are the targets that policies name, with what people call them.
func (r *Result) namedTargets() []plan.NamedTarget {
	var named []plan.NamedTarget
	index := inventory.NewIndex(r.Snapshot)
	for target := range r.Access.Named {
		named = append(named, plan.NamedTarget{Target: target, Name: targetName(r.Snapshot, index, target)})
	}
	slices.SortFunc(named, func(x, y plan.NamedTarget) int {
		return cmp.Or(cmp.Compare(x.Resource.String(), y.Resource.String()), cmp.Compare(x.Layer, y.Layer))
	})
	return named
}

// beyondLimits are those that hold more than limits leave them,
// whatever becomes of it: once they are lowered, nobody has put them there since (S38).
func beyondLimits(r *Result) []desired.Pair {
	var pairs []desired.Pair
	note := func(pair desired.Pair, held string) {
		limit, limited := r.Access.Cap(pair)
		if limited && inventory.CompareRoles(pair.Resource.Kind, held, limit.AtMost) > 0 {
			pairs = append(pairs, pair)
		}
	}
	for _, k := range kinds {
		if people := r.Access.Capped(k.on()); len(people) > 0 {
			k.capped(r.Snapshot, people, r.Plan.Now, note)
		}
	}
	return pairs
}

// limitedIn are the roles down to which nothing but limits lower pairs.
func limitedIn(p *plan.Plan, a *desired.Access) map[desired.Pair]string {
	limits := map[desired.Pair]string{}
	note := func(c plan.Change) {
		if byLimit(a, c) && !traitsOf(c.Kind).several {
			limits[c.Pair()] = c.After
		}
	}
	for _, c := range slices.Concat(p.Changes, p.Unenforced) {
		note(c)
	}
	for _, x := range p.Blocked {
		note(x.Change)
	}
	for _, h := range p.Held {
		note(h.Change)
	}
	return limits
}

// turnHeld is what a pair on a layer or event holds after the round.
func turnHeld(s *inventory.Snapshot, pair desired.Pair, changes []plan.Change, done map[string]bool) string {
	for _, c := range changes {
		if c.Pair() == pair && done[c.ID] {
			return c.After
		}
	}
	return roleHeld(s, pair)
}

// overridesLeft are the overrides that policies asked for, and those of them that
// were not made.
func (r *Result) overridesLeft(done map[string]bool) (asked, pending []string) {
	asked, pending = plan.OrEmpty(slices.Sorted(maps.Keys(r.asks))), []string{}
	p := r.Plan
	all := slices.Concat(p.Changes, p.Unenforced)
	for _, b := range p.Blocked {
		all = append(all, b.Change)
	}
	for _, h := range p.Held {
		all = append(all, h.Change)
	}
	for _, c := range all {
		if c.Kind == plan.Override && c.After != inventory.None && !done[c.ID] {
			pending = append(pending, overrideKey(c.Pair(), c.Override.Key()))
		}
	}
	for key, unprotected := range r.asks {
		if !unprotected {
			pending = append(pending, key)
		}
	}
	slices.Sort(pending)
	return asked, pending
}

// heldBy are the keys of the changes that are held for one of some reasons.
func heldBy(p *plan.Plan, reasons ...code.Code) []string {
	keys := []string{}
	for _, h := range p.Held {
		if slices.Contains(reasons, h.Code) {
			keys = append(keys, h.ID)
		}
	}
	return keys
}

// carry is what a round leaves as the one before left it.
type carry struct {
	result     *Result
	last       map[desired.Pair]plan.RoundPair
	changed    map[desired.Pair]bool
	protected  map[desired.Pair]bool
	incomplete bool
}

// newCarry is the carry of a round that made the given pairs' changes.
func newCarry(r *Result, changed map[desired.Pair]bool) *carry {
	c := &carry{
		result: r, last: map[desired.Pair]plan.RoundPair{}, changed: changed,
		protected: map[desired.Pair]bool{}, incomplete: !r.Snapshot.Account.Complete,
	}
	if r.last != nil {
		for _, p := range r.last.Pairs {
			c.last[p.Pair] = p
		}
	}
	for _, p := range r.Plan.Protected {
		c.protected[desired.Pair{User: p.User, Resource: p.Resource, Layer: p.Layer}] = true
	}
	return c
}

// stays says that the round could not tell or touch a pair.
func (c *carry) stays(p desired.Pair) bool {
	return !c.changed[p] && (c.incomplete || c.protected[p] || c.result.Access.UnknownReason(p) != "")
}

// pairs are those of the last round that stay.
func (c *carry) pairs() map[desired.Pair]bool {
	pairs := map[desired.Pair]bool{}
	for p := range c.last {
		if c.stays(p) {
			pairs[p] = true
		}
	}
	return pairs
}

// pair is what is to be remembered of a pair, if anything is known of it. What
// an incomplete snapshot shows as nothing may only not have been read.
func (c *carry) pair(now plan.RoundPair) (plan.RoundPair, bool) {
	if !c.stays(now.Pair) {
		return now, true
	}
	unread := c.incomplete && now.Actual == inventory.None
	then, known := c.last[now.Pair]
	if !known {
		return now, !unread
	}
	if !unread && then.Actual != now.Actual {
		// Others moved it: what was pending was about another role.
		then.Actual, then.Pending = now.Actual, now.Pending
	}
	return then, true
}

// over carries over what is not about a pair.
func (c *carry) over(round *plan.Round) {
	if c.result.last == nil {
		return
	}
	round.Held = c.stillHeld(round.Held, c.result.last.Held)
	round.Emptying = c.stillHeld(round.Emptying, c.result.last.Emptying)
	round.Unwitnessed = c.stillHeld(round.Unwitnessed, c.result.last.Unwitnessed)
	if c.incomplete {
		round.At = c.result.last.At
		round.Schedules = slices.Concat(round.Schedules, c.result.last.Schedules)
		slices.Sort(round.Schedules)
		round.Schedules = slices.Compact(round.Schedules)
	}
}

// stillDoubted adds to the ways back that are held those from raises that stand: all
// of them where the memory is a copy from earlier, for the raise that it knows may be
// over and the role a person's decision since; and those doubted before, until their
// raise is over (S4).
func stillDoubted(keys []string, last *plan.Round, memory plan.Memory, restored bool, is *inventory.Snapshot) []string {
	if !restored && (last == nil || len(last.Unwitnessed) == 0) {
		slices.Sort(keys)
		return keys
	}
	for pair, before := range memory.Raised {
		if !traitsOf(plan.KindOf(pair)).role {
			continue
		}
		key := plan.Key(pair, roleHeld(is, pair), before)
		if (restored || last != nil && slices.Contains(last.Unwitnessed, key)) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// stillHeld are the keys that a rule holds, and of those that it held before the
// ones that this round holds for another reason or could not look at: time alone
// does not release them (S3, S26).
func (c *carry) stillHeld(now, before []string) []string {
	suspended := map[string]bool{}
	for _, h := range c.result.Plan.Held {
		suspended[h.ID] = true
	}
	for _, key := range before {
		if (suspended[key] || c.incomplete) && !slices.Contains(now, key) {
			now = append(now, key)
		}
	}
	return now
}
