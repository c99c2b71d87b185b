package diff

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Reversal is a plan that undoes what a round wrote.
type Reversal struct {
	// Plan is under the limits, protections and modes that any plan is under.
	Plan *plan.Plan
	// Left are the writes that are not undone.
	Left []Left
	// Again are the keys of the plan's changes whose contrary the policies ask
	// for: the next round would make that again.
	Again []string
}

// Left is a write that is not undone, and why.
type Left struct {
	Change plan.Change
	Why    string
}

// Revert plans to undo the writes of an earlier round, from what a plan of today
// was made of. What has moved since is left as it is.
//
//	PagerDuty holds             then
//	-------------------------   ------------------------------------
//	what was written            back to what was there before
//	what was there before       left: undone already
//	anything else               left: somebody moved it since
func (r *Result) Revert(made []plan.Change) *Reversal {
	b := newBuilder(r.in, r.in.Cache.of(r.Snapshot, r.in.Now, r.in.Memory.Pinned), r.Expansion.Index(), r.Access, nil)
	v := &Reversal{Left: []Left{}, Again: []string{}}
	for _, c := range made {
		if why := b.undo(c); why != "" {
			v.Left = append(v.Left, Left{c, why})
		}
	}
	b.indexBases()
	b.findOperators()
	b.suspend()
	b.enforce()
	b.constrain()
	b.depend()
	b.holdAll(revertGuards)
	b.cascade()
	b.order()
	b.complete()
	v.Plan = b.plan
	for _, c := range v.Plan.Changes {
		asked, named := b.asked(r.Access, c.Pair()), true
		if asked == inventory.None {
			_, named = r.Access.Named[c.Pair().Target()]
			named = named && c.Kind != plan.BaseRole
		}
		if limit, limited := r.Access.Cap(c.Pair()); asked == inventory.None && limited && inventory.CompareRoles(c.Resource.Kind, c.After, limit.AtMost) > 0 {
			named = true
		}
		if named && asked != c.After {
			v.Again = append(v.Again, c.ID)
		}
	}
	return v
}

// undo proposes the contrary of a write, or says why it is left.
func (b *builder) undo(c plan.Change) string {
	if !traitsOf(c.Kind).role {
		return "what was changed on schedules is not undone by this: edit the schedule in PagerDuty, or the policy"
	}
	if _, there := b.in.Snapshot.Users[c.User]; !there {
		return "this person is not in PagerDuty any more"
	}
	pair := c.Pair()
	switch held := roleHeld(b.in.Snapshot, pair); {
	case held == c.Before:
		return "undone already"
	case held != c.After:
		return "somebody moved it since: PagerDuty holds " + held
	}
	s := situation{pair: pair, held: c.After, asked: c.Before}
	if v, ok := b.protects(s, c.Before); ok {
		b.settle(s, v)
		return ""
	}
	contrary := b.change(pair, c.After, c.Before)
	contrary.Cause, contrary.Drifted, contrary.Until, contrary.LimitedBy = plan.CauseRevert, "", nil, nil
	contrary.By = []desired.By{}
	contrary.Reason = fmt.Sprintf("back to what it was before: the change for %q is undone", c.Cause)
	b.propose(contrary)
	return ""
}

// revertedEmpty holds what would leave nobody where somebody must remain (S3), whatever
// policies say of it.
var revertedEmpty = guard{hold: hold{code: plan.HoldEmptying, rule: "S3", releasable: true}, lowers: true, judge: func(b *builder) judge {
	left := map[inventory.Ref]int{}
	for _, c := range b.proposed {
		switch {
		case !traitsOf(c.Kind).staffed:
		case c.Action == plan.ActionRevoke:
			left[c.Resource]--
		case c.Action == plan.ActionGrant:
			left[c.Resource]++
		}
	}
	return func(c plan.Change) (wait, bool) {
		if c.Action != plan.ActionRevoke || !traitsOf(c.Kind).staffed {
			return wait{}, false
		}
		remain := left[c.Resource]
		for range membersOf(b.in.Snapshot, c.Pair().Target()) {
			remain++
		}
		return wait{
			why:     fmt.Sprintf("nobody would be left on %s", b.resourceName(c.Resource)),
			release: "if that is meant: " + letThrough(c),
		}, remain <= 0 && !b.released(c)
	}
}}
