package diff

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// baseRoles are base roles on the account.
//
//	asked    held      and                          then
//	------   -------   --------------------------   -------------------------------
//	any      any       the pair is unknown          nothing; the unknown is listed
//	= held   = asked                                nothing
//	any      any       a protection covers it       protected
//	a role   owner                                  blocked (S13)
//	role     other                                  change (raise or lower)
//	none     role      a raise of ours has ended    back to before it (S4)
//	none     role      beyond a limit               down to the limit (S38)
//	none     role                                   unassigned, left alone
//
// The first line that fits decides. What became a change then goes through
// enforcement, constraints and holds.
type baseRoles struct{}

func (baseRoles) name() plan.Kind { return plan.BaseRole }

func (baseRoles) on() inventory.Kind { return inventory.KindAccount }

func (baseRoles) held(s *inventory.Snapshot, p desired.Pair) string {
	return s.RoleOf(p.User, p.Resource)
}

func (baseRoles) traits() traits { return traits{role: true} }

func (baseRoles) compare(b *builder) {
	allKnown := len(failedGrants(b.in.Statements)) == 0
	for _, user := range b.accounts() {
		b.contain(inventory.AccountRef, user, func() {
			pair := desired.Pair{User: user, Resource: inventory.AccountRef}
			s := situation{pair: pair, held: b.in.Snapshot.RoleOf(user, pair.Resource), asked: b.asked(b.access, pair)}
			if s.asked == inventory.None && s.held != "owner" && allKnown {
				b.plan.Unassigned = append(b.plan.Unassigned, user)
			}
			b.settle(s, b.baseRole(s))
		})
	}
	b.indexBases()
}

func (b *builder) baseRole(s situation) verdict {
	switch {
	case s.asked == s.held:
		return verdict{}
	case s.asked == inventory.None && s.held == "owner":
		return b.limitedBaseRole(s)
	case s.asked == inventory.None:
		return b.unassigned(s)
	case b.unknown(s.pair):
		return verdict{}
	}
	if v, ok := b.protects(s, s.asked); ok {
		return v
	}
	v := due(b.change(s.pair, s.held, s.asked))
	if s.held == "owner" {
		v.barred = obstacle{codes.BlockedOwner, "the account owner's role can't be changed through PagerDuty's API",
			"make somebody else the owner in PagerDuty, or take the grant out of the policy"}
	}
	return v
}

// unassigned is about somebody without a grant on the account: they keep it (S4),
// but for a raise of ours whose time is over, and for limits.
func (b *builder) unassigned(s situation) verdict {
	before, raised := b.in.Memory.Raised[s.pair]
	if !raised || before == inventory.None || !higher(s.pair, s.held, before) || b.unknown(s.pair) {
		return b.limitedBaseRole(s)
	}
	ended, until := b.raiseEnded(s)
	if !ended {
		v := b.limitedBaseRole(s)
		v.raised = before
		return v
	}
	if limit, limited := b.access.Cap(s.pair); limited && higher(s.pair, before, limit.AtMost) {
		return b.limitedBaseRole(s) // a limit leaves less than that
	}
	if v, ok := b.protects(s, before); ok {
		return v
	}
	v := due(b.change(s.pair, s.held, before))
	v.wayBack = true
	v.due.Reason = "back to what it was before it was raised"
	if until != "" {
		v.due.Reason = "back to what it was before the raise that ended " + until
	}
	return v
}

// raiseEnded says whether a raise of ours is over, and when it was to end as far as
// that is known.
func (b *builder) raiseEnded(s situation) (ended bool, until string) {
	last, known := b.last[s.pair]
	ended, end := known && last.Desired == s.held && !last.Window.Until.IsZero(), last.Window.Until
	if e, ok := b.in.Memory.Ends[s.pair]; ok && e.Role == s.held && !ended {
		ended, end = true, e.Until
	}
	// While a grant lasted, what was due and not made was another change than the way back.
	pending := known && last.Desired == inventory.None && last.Pending != "" && last.Actual == s.held
	if !end.IsZero() {
		until = clock(end)
	}
	return ended || pending, until
}

// limitedBaseRole lowers a base role that no grant gives to what limits leave.
func (b *builder) limitedBaseRole(s situation) verdict {
	limit, beyond := b.access.Beyond(s.pair, s.held)
	if !beyond || b.unknown(s.pair) || b.mode(s.pair.Resource) == plan.Unmanaged {
		return verdict{}
	}
	if v, ok := b.protects(s, limit.AtMost); ok {
		return v
	}
	v := due(b.limitedTo(s.pair, s.held, limit))
	switch {
	case s.held == "owner":
		v.barred = obstacle{codes.BlockedOwner, "the account owner's role can't be changed through PagerDuty's API",
			"make somebody else the owner in PagerDuty, or take this person out of the limit"}
	case limit.AtMost == inventory.None:
		v.barred = obstacle{codes.BlockedRemoval, "nobody is removed from the account for lack of a role (S4)",
			"remove the person in PagerDuty, or have the limit say which base role is allowed"}
	}
	return v
}

func (baseRoles) refused(b *builder, c *plan.Change, room *room) obstacle {
	account := b.in.Snapshot.Account
	if inventory.Stakeholder(c.After) {
		if !slices.Contains(account.Unavailable, "abilities") && !slices.Contains(account.Abilities, "read_only_users") {
			return obstacle{codes.BlockedAbility, fmt.Sprintf("the account lacks the ability read_only_users, which %s needs", c.After),
				"add stakeholder seats to the account's plan, or grant another base role"}
		}
		if where := onDuty(b.in.Snapshot, c.User); where != "" {
			return obstacle{codes.BlockedStakeholder, fmt.Sprintf("%s is on %s, and stakeholders can't be on call", b.userName(c.User), where),
				"take them off it in PagerDuty first"}
		}
	}
	frees, why := room.seats.take(c.User, c.After)
	if why != "" {
		return obstacle{codes.BlockedNoSeat, why, "free a seat or buy one, or grant another base role"}
	}
	if frees != "" {
		for _, other := range b.proposed {
			if other.User == frees && other.Kind == plan.BaseRole {
				c.Requires = append(c.Requires, other.ID)
			}
		}
	}
	return obstacle{}
}

func (baseRoles) require(*builder, *plan.Change, others) {}

// members are none: everybody has a base role, and is remembered by what policies
// say of it.
func (baseRoles) members(*inventory.Snapshot, desired.Target) iter.Seq[string] { return nobody }

// capped tells of nobody: who is beyond a limit on the account has an account.
func (baseRoles) capped(*inventory.Snapshot, map[string]bool, time.Time, func(desired.Pair, string)) {
}

func (baseRoles) make(e *inventory.Edit, c plan.Change) { e.SetBaseRole(c.User, c.After) }
