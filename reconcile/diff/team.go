package diff

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
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
//	none     member    nothing names the team, and  extra, left alone (S1)
//	                   within its limits
//	none     member    base role is fixed           extra, left alone (S13)
//	none     member    PagerDuty adds them itself   implied (S17), or down to the
//	                                                limit that they are beyond
//	none     member    nothing names the team       down to the limit (S38)
//	none     member                                 revoke
//
// The first line that fits decides. What became a change then goes through
// enforcement, constraints and holds.
type teamRoles struct{}

func (teamRoles) name() plan.Kind { return plan.TeamRole }

func (teamRoles) on() inventory.Kind { return inventory.KindTeam }

func (teamRoles) held(s *inventory.Snapshot, p desired.Pair) string {
	return s.RoleOf(p.User, p.Resource)
}

func (teamRoles) traits() traits { return traits{role: true, staffed: true} }

func (teamRoles) compare(b *builder) {
	before := b.cache.impliedMembers()
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
		s := situation{pair: pair, held: roleHeld(b.in.Snapshot, pair), asked: b.asked(b.access, pair), named: named}
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
		v.barred = obstacle{codes.BlockedStakeholder,
			fmt.Sprintf("%s is a stakeholder (%s), who can't hold a role on a team", b.userName(s.pair.User), base),
			"grant a base role such as limited_user"}
	}
	return v
}

func impliedAs(role string, s situation, why string) verdict {
	return verdict{implied: &plan.Implied{User: s.pair.User, Resource: s.pair.Resource, Role: role, Code: codes.Implied, Why: why}}
}

// stranger is about somebody who is on a team without a grant.
func (b *builder) stranger(s situation, implied string) verdict {
	if b.unknown(s.pair) {
		return verdict{}
	}
	limit, beyond := b.access.Beyond(s.pair, s.held)
	if !s.named && (!beyond || b.mode(s.pair.Resource) == plan.Unmanaged) {
		return verdict{extra: b.unnamed("team")}
	}
	if base := b.baseAfter(s.pair.User); inventory.FixedBaseRole(base) {
		return verdict{extra: left{codes.ExtraUnmanaged, fmt.Sprintf("team roles of %s are not managed", article(base))}}
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
		room.teamSize.free(team, c.ID)
		room.userTeams.free(c.User, c.ID)
	case plan.ActionGrant:
		members, teams := len(b.in.Snapshot.Teams[team].Members), len(b.in.Snapshot.Users[c.User].Teams)
		if !room.teamSize.left(team, members, maxTeamMembers) {
			return obstacle{codes.BlockedTeamFull, fmt.Sprintf("the team has %d members, and PagerDuty allows no more", maxTeamMembers), "take somebody off the team, or split it"}
		}
		if !room.userTeams.left(c.User, teams, maxUserTeams) {
			return obstacle{codes.BlockedTooManyTeams, fmt.Sprintf("%s is on %d teams, and PagerDuty allows no more", b.userName(c.User), maxUserTeams), "take them off a team"}
		}
		room.teamSize.take(c, team, members, maxTeamMembers)
		room.userTeams.take(c, c.User, teams, maxUserTeams)
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

// farAhead is after whatever a schedule says.
var farAhead = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// impliedMembers are, by team, the people whom PagerDuty puts on it by itself,
// with the reason: they are on a schedule or an escalation policy of the team,
// or on a schedule of such a policy. It refuses to take them off (facts:
// Terraform provider issues 285, 292, 558).
//
// Schedules that a plan changes are as after it; who leaves one counts until
// their last turn on it is over.
func impliedMembers(s *inventory.Snapshot, now time.Time, changed map[string]inventory.Schedule) map[string]map[string]string {
	why := map[string]map[string]string{}
	add := func(team, user, reason string) {
		if why[team] == nil {
			why[team] = map[string]string{}
		}
		if _, ok := why[team][user]; !ok {
			why[team][user] = reason
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		schedule := s.Schedules[id]
		if len(schedule.Teams) == 0 {
			continue
		}
		for user, until := range onSchedule(schedule, now, changed) {
			for _, team := range schedule.Teams {
				add(team, user, fmt.Sprintf("on schedule %s of this team%s", schedule.Name, until))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.EscalationPolicies)) {
		policy := s.EscalationPolicies[id]
		for _, team := range policy.Teams {
			for _, t := range policy.Targets() {
				if t.Type == "user" {
					add(team, t.ID, fmt.Sprintf("on escalation policy %s of this team", policy.Name))
					continue
				}
				for user, until := range onSchedule(s.Schedules[t.ID], now, changed) {
					add(team, user, fmt.Sprintf("on schedule %s, which escalation policy %s of this team uses%s", s.Schedules[t.ID].Name, policy.Name, until))
				}
			}
		}
	}
	return why
}

// onSchedule are the people on a schedule, each with until when if that is foreseen.
func onSchedule(schedule inventory.Schedule, now time.Time, changed map[string]inventory.Schedule) map[string]string {
	people := map[string]string{}
	after, edited := changed[schedule.ID]
	if edited {
		schedule = after
	}
	for _, user := range oncall.People(schedule, now) {
		people[user] = ""
		if edited && !slices.Contains(oncall.People(schedule, farAhead), user) {
			people[user] = ", until their last turn there is over"
		}
	}
	for _, o := range schedule.Overrides {
		if o.User == nil || !o.End.After(now) {
			continue
		}
		if _, known := people[*o.User]; !known {
			people[*o.User] = ", by an override until " + clock(o.End)
		}
	}
	return people
}

// joinsByItself lists those whom PagerDuty will put on a team since this plan
// puts them on a schedule of it, where no policy does.
func (b *builder) joinsByItself(team string, before, after map[string]string) {
	resource := b.ref(inventory.KindTeam, team)
	for _, user := range slices.Sorted(maps.Keys(after)) {
		_, was := before[user]
		_, member := b.in.Snapshot.Teams[team].Members[user]
		if was || member || b.grants(desired.Pair{User: user, Resource: resource}) {
			continue
		}
		b.plan.Implied = append(b.plan.Implied, plan.Implied{
			User: user, Resource: resource, Role: impliedRole(b.baseAfter(user)), Foreseen: true, Code: codes.Implied,
			Why: fmt.Sprintf("by this plan %s, and PagerDuty puts them on the team", after[user]),
		})
	}
}

// impliedRole is the role on a team that PagerDuty gives with a turn on its
// schedule. Which one that is it does not say: it is shown as the one that
// allows no more than the base role does.
func impliedRole(base string) string {
	switch base {
	case "owner", "admin", "user":
		return "manager"
	case "limited_user":
		return "responder"
	}
	return "observer"
}
