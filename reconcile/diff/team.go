package diff

import (
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// teamRoles are memberships of teams, with a role there.
//
//	asked    held      and                          then
//	------   -------   --------------------------   -------------------------------
//	any      any       the pair is unknown          nothing; the unknown is listed
//	role     any       base role is owner or admin  implied (S13)
//	= held   = asked                                nothing
//	any      any       a protection covers it       protected
//	role     any       a stakeholder                blocked (S13)
//	role     other                                  change (raise or lower)
//	none     member    nothing names the team, and  drift, left alone (S1)
//	                   within its limits
//	none     member    base role is fixed           drift, left alone (S13)
//	none     member    PagerDuty adds them itself   implied (S17), or down to the
//	                                                limit that they are beyond
//	none     member    nothing names the team       down to the limit (S38)
//	none     member                                 revoke
//
// The first line that fits decides. What became a change then goes through
// enforcement, constraints and holds.
type teamRoles struct{}

func (teamRoles) name() plan.Kind { return plan.TeamRole }

func (teamRoles) compare(b *builder) {
	before := b.ground.impliedMembers()
	implied := before
	if len(b.after) > 0 {
		implied = impliedMembers(b.in.Snapshot, b.in.Now, b.after)
	}
	for _, id := range b.teams() {
		b.contain(b.ref(inventory.KindTeam, id), "*", func() {
			b.team(id, implied[id])
			b.joinsByItself(id, before[id], implied[id])
		})
	}
}

// team compares the members of a team. Implied are those whom PagerDuty puts
// there by itself, with the reason.
func (b *builder) team(id string, implied map[string]string) {
	resource := inventory.ByID(inventory.KindTeam, id)
	_, named := b.access.Named[desired.Target{Resource: resource}]
	for _, user := range b.onTeam(id) {
		pair := desired.Pair{User: user, Resource: resource}
		s := situation{pair: pair, held: b.in.Snapshot.RoleOf(user, resource), asked: b.asked(b.access, pair), named: named}
		switch {
		case s.asked != inventory.None:
			b.settle(s, b.member(s))
		case s.held != inventory.None:
			b.settle(s, b.stranger(s, implied[user]))
		}
	}
}

// member is about somebody whom policies put on a team.
func (b *builder) member(s situation) verdict {
	if b.unknown(s.pair) {
		return verdict{}
	}
	base := b.baseAfter(s.pair.User)
	switch {
	case base == "owner" || base == "admin":
		return impliedAs("manager", s, fmt.Sprintf("%s counts as manager of every team", article(base)))
	case s.asked == s.held:
		return verdict{}
	}
	if v, ok := b.protects(s, s.asked); ok {
		return v
	}
	v := due(b.change(s.pair, s.held, s.asked))
	if inventory.Stakeholder(base) {
		v.barred = obstacle{plan.BlockedStakeholder,
			fmt.Sprintf("%s is a stakeholder (%s), who can't hold a role on a team", b.userName(s.pair.User), base),
			"grant a base role such as limited_user"}
	}
	return v
}

func impliedAs(role string, s situation, why string) verdict {
	return verdict{implied: &plan.Implied{User: s.pair.User, Resource: s.pair.Resource, Role: role, Why: why}}
}

// stranger is about somebody who is on a team without a grant.
func (b *builder) stranger(s situation, implied string) verdict {
	if b.unknown(s.pair) {
		return verdict{}
	}
	limit, beyond := b.beyond(s.pair, s.held)
	if !s.named && (!beyond || b.mode(s.pair.Resource) == plan.Unmanaged) {
		return verdict{drift: b.unnamed("team")}
	}
	if base := b.baseAfter(s.pair.User); inventory.FixedBaseRole(base) {
		return verdict{drift: fmt.Sprintf("team roles of %s are not managed", article(base))}
	}
	if !s.named || implied != "" && beyond && limit.AtMost != inventory.None {
		return b.limitedStranger(s, implied, limit)
	}
	if v, ok := b.protects(s, inventory.None); ok {
		return v
	}
	if implied == "" {
		return due(b.change(s.pair, s.held, inventory.None))
	}
	if before, raised := b.in.Memory.Raised[s.pair]; raised && before != inventory.None && higher(s.pair, s.held, before) {
		v := due(b.change(s.pair, s.held, before))
		v.wayBack = true
		v.due.Reason = "stays a member, since " + implied + "; back to the role from before this program raised it"
		return v
	}
	return impliedAs(s.held, s, implied)
}

// limitedStranger is about somebody whom nothing but a limit is about there.
func (b *builder) limitedStranger(s situation, implied string, limit desired.Cap) verdict {
	if v, ok := b.protects(s, limit.AtMost); ok {
		return v
	}
	if implied != "" && limit.AtMost == inventory.None {
		return impliedAs(s.held, s, implied)
	}
	return due(b.limitedTo(s.pair, s.held, limit))
}

func (teamRoles) refused(b *builder, c *plan.Change, room *room) obstacle {
	team := c.Resource.ID
	switch c.Action {
	case plan.ActionRevoke:
		room.teamSize[team]--
		room.userTeams[c.User]--
	case plan.ActionGrant:
		if len(b.in.Snapshot.Teams[team].Members)+room.teamSize[team] >= maxTeamMembers {
			return obstacle{plan.BlockedTeamFull, fmt.Sprintf("the team has %d members, and PagerDuty allows no more", maxTeamMembers), "take somebody off the team, or split it"}
		}
		if len(b.in.Snapshot.Users[c.User].Teams)+room.userTeams[c.User] >= maxUserTeams {
			return obstacle{plan.BlockedTooManyTeams, fmt.Sprintf("%s is on %d teams, and PagerDuty allows no more", b.userName(c.User), maxUserTeams), "take them off a team"}
		}
		room.teamSize[team]++
		room.userTeams[c.User]++
	}
	return obstacle{}
}

// require has people leave a team's schedules before they leave the team, and touches
// their role only once their base role leaves it to us.
func (teamRoles) require(b *builder, c *plan.Change, o others) {
	if c.Action == plan.ActionRevoke {
		for _, leave := range o.leaves[c.User] {
			if b.ofTeam(leave.Resource.ID, c.Resource.ID) {
				c.Requires = append(c.Requires, leave.ID)
			}
		}
	}
	if base, ok := b.bases[c.User]; ok && inventory.FixedBaseRole(base.Before) {
		c.Requires = append(c.Requires, base.ID)
	}
}

func (teamRoles) members(s *inventory.Snapshot, t desired.Target) iter.Seq[string] {
	return maps.Keys(s.Teams[t.Resource.ID].Members)
}

func (teamRoles) capped(s *inventory.Snapshot, people map[string]bool, _ time.Time, tell func(desired.Pair, string)) {
	for id, team := range s.Teams {
		for user, role := range team.Members {
			if people[user] {
				tell(desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, id)}, role)
			}
		}
	}
}

func (teamRoles) make(e *inventory.Edit, c plan.Change) {
	e.SetTeamRole(c.Resource.ID, c.User, c.After)
}

// article is a base role as the subject of a sentence.
func article(base string) string {
	switch base {
	case "owner":
		return "the account owner"
	case "admin":
		return "an admin"
	}
	return "a stakeholder"
}
