package diff

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

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
