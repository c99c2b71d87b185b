package diff

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// A limit speaks of what is there, not only of what grants give (S38). Somebody who
// holds more than it leaves them is lowered to it as if it named their pair: theirs
// alone, so that others on the same resource are left as S1 leaves them.

// limitedTo describes the change of a pair down to what limits leave it.
func (b *builder) limitedTo(pair desired.Pair, held string, limit desired.Cap) plan.Change {
	c := b.change(pair, held, limit.AtMost)
	c.LimitedBy = limit.By
	c.By = rulesOf(limit)
	c.Cause, c.Drifted = b.causeOfLimit(pair, held, limit)
	c.Reason = b.reason(c, b.access.Grant(pair))
	return c
}

// rulesOf are the rules of limits.
func rulesOf(limit desired.Cap) []desired.By {
	var rules []desired.By
	for _, l := range limit.By {
		if !slices.ContainsFunc(rules, func(by desired.By) bool { return by.Origin == l.By.Origin }) {
			rules = append(rules, l.By)
		}
	}
	return rules
}

// byLimit says whether nothing but a limit asks for a lowering.
func byLimit(a *desired.Access, c plan.Change) bool {
	return c.Effect == plan.Lower && len(c.LimitedBy) > 0 && (traitsOf(c.Kind).several || a.Grant(c.Pair()).Role == "")
}

// causeOfLimit is why a pair is beyond a limit now: the limit is new, somebody came
// under it, or the pair was raised beyond one that was there (S14).
func (b *builder) causeOfLimit(pair desired.Pair, held string, limit desired.Cap) (plan.Cause, string) {
	last := b.in.Memory.Last
	if last == nil || last.Limits == nil {
		return plan.CausePolicy, ""
	}
	if !last.Limited(pair, limit.AtMost) {
		return b.causeOfNewLimit(pair, limit), ""
	}
	then, known := b.last[pair]
	switch {
	case known && then.Actual != held:
		return plan.CauseDrift, then.Actual
	case known && then.Pending != "":
		return then.Pending, ""
	case known || pair.Resource.Kind == inventory.KindAccount && !b.accountSeen(pair):
		return plan.CausePolicy, ""
	}
	return plan.CauseDrift, ""
}

// accountSeen says whether somebody had an account when the last round ended, as far
// as it recorded them.
func (b *builder) accountSeen(pair desired.Pair) bool {
	return slices.ContainsFunc(b.in.Memory.Last.Pairs, func(p plan.RoundPair) bool { return p.User == pair.User })
}

// causeOfNewLimit is why a limit is on a pair that the last round had none for.
func (b *builder) causeOfNewLimit(pair desired.Pair, limit desired.Cap) plan.Cause {
	last := b.in.Memory.Last
	if b.in.Revision != last.Revision {
		if b.before == nil {
			return plan.CausePolicy
		}
		was, limited := b.before.Cap(pair)
		if !limited || inventory.CompareRoles(pair.Resource.Kind, was.AtMost, limit.AtMost) > 0 {
			return plan.CausePolicy
		}
	}
	if !limit.From.After(last.At) || limit.From.After(b.in.Now) {
		return plan.CauseFacts
	}
	switch limit.FromKind {
	case desired.BoundDate:
		return plan.CauseExpiry
	case desired.BoundShift, desired.BoundTakeover, desired.BoundSnapshot:
		return plan.CauseHandoff
	}
	return plan.CauseFacts
}

// stays says whether somebody stays on a target that no grant names, since the limits
// that lower others there are not on them.
func (b *builder) stays(target desired.Target) bool {
	if _, named := b.access.Named[target]; named {
		return false
	}
	for user := range membersOf(b.in.Snapshot, target) {
		if _, read := b.in.Snapshot.Users[user]; !read {
			continue
		}
		limit, limited := b.access.Cap(desired.Pair{User: user, Resource: target.Resource, Layer: target.Layer})
		if !limited || limit.AtMost != inventory.None {
			return true
		}
	}
	return false
}
