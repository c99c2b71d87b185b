package diff

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The cases of a pair, by what policies ask for and what PagerDuty holds. The
// first line that fits decides.
//
//	asked    held      and                          then
//	------   -------   --------------------------   -------------------------------
//	any      any       the pair is unknown          nothing; the unknown is listed
//	= held   = asked                                nothing
//	any      any       a protection covers it       protected
//	a role   owner                                  blocked (S13)
//	role     other                                  change (raise or lower)
//	none     role      account                      back to before a raise of ours
//	                                                that has ended, else unassigned
//	none     role      beyond a limit, account      down to the limit (S38)
//	none     member    nothing names the team, and  drift, left alone (S1)
//	                   within its limits
//	none     member    base role is fixed           drift, left alone (S13)
//	none     member    PagerDuty adds them itself   implied (S17), or down to the
//	                                                limit that they are beyond
//	none     member    nothing names the team       down to the limit (S38)
//	none     member                                 revoke
//	role     any       team; base role is fixed     implied, or blocked for
//	                                                stakeholders (S13)
//
// What became a change then goes through enforcement, constraints and holds.

// diff compares every pair in scope.
func (b *builder) diff() {
	for _, user := range b.accounts() {
		b.contain(inventory.AccountRef, user, func() { b.account(user) })
	}
	b.indexBases()
	b.schedules()
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

// account compares a person's base role.
func (b *builder) account(user string) {
	pair := desired.Pair{User: user, Resource: inventory.AccountRef}
	held := b.in.Snapshot.RoleOf(user, pair.Resource)
	asked := b.asked(b.access, pair)
	if asked == inventory.None {
		if held == "owner" || !b.unassigned(pair, held) {
			b.limitAccount(pair, held)
		}
		return
	}
	if asked == held || b.access.UnknownReason(pair) != "" || b.protected(pair, held, asked) {
		return
	}
	if held == "owner" {
		b.block(b.change(pair, held, asked), obstacle{plan.BlockedOwner, "the account owner's role can't be changed through PagerDuty's API",
			"make somebody else the owner in PagerDuty, or take the grant out of the policy"})
		return
	}
	b.propose(b.change(pair, held, asked))
}

// unassigned is about somebody without a grant on the account: they keep it
// (S4), but for a raise of ours whose time is over. It says whether there is one.
func (b *builder) unassigned(pair desired.Pair, held string) bool {
	if len(failedGrants(b.in.Statements)) == 0 { // else nobody knows
		b.plan.Unassigned = append(b.plan.Unassigned, pair.User)
	}
	before, raised := b.in.Memory.Raised[pair]
	if !raised || before == inventory.None || !higher(pair, held, before) || b.access.UnknownReason(pair) != "" {
		return false
	}
	last, known := b.last[pair]
	ended, until := known && last.Desired == held && !last.Window.Until.IsZero(), last.Window.Until
	if end, ok := b.in.Memory.Ends[pair]; ok && end.Role == held && !ended {
		ended, until = true, end.Until
	}
	pending := known && last.Pending != "" && last.Actual == held
	if !ended && !pending {
		b.finding(plan.Finding{
			Rule: "dutyward.stays-raised", Subject: b.ref(inventory.KindUser, pair.User), Resource: inventory.AccountRef,
			Severity: "medium",
			Message: fmt.Sprintf("%s was raised from %s to %s by this program, and no policy gives a base role any more: it stays",
				b.userName(pair.User), before, held),
			Remediation: "grant the base role that the person should have",
		})
		return false
	}
	if limit, limited := b.access.Cap(pair); limited && higher(pair, before, limit.AtMost) {
		return false // a limit leaves less than that
	}
	if b.protected(pair, held, before) {
		return true
	}
	c := b.change(pair, held, before)
	c.Reason = "back to what it was before it was raised"
	if !until.IsZero() {
		c.Reason = fmt.Sprintf("back to what it was before the raise that ended %s", clock(until))
	}
	b.wayBack = append(b.wayBack, c.ID)
	b.propose(c)
	return true
}

// team compares the members of a team. Implied are those whom PagerDuty puts
// there by itself, with the reason.
func (b *builder) team(id string, implied map[string]string) {
	resource := inventory.ByID(inventory.KindTeam, id)
	_, named := b.access.Named[desired.Target{Resource: resource}]
	for _, user := range b.onTeam(id) {
		pair := desired.Pair{User: user, Resource: resource}
		held := b.in.Snapshot.RoleOf(user, resource)
		if asked := b.asked(b.access, pair); asked != inventory.None {
			b.member(pair, held, asked)
			continue
		}
		b.stranger(pair, held, named, implied[user])
	}
}

// member compares somebody whom policies put on a team.
func (b *builder) member(pair desired.Pair, held, asked string) {
	if b.access.UnknownReason(pair) != "" {
		return
	}
	base := b.baseAfter(pair.User)
	switch {
	case base == "owner" || base == "admin":
		b.plan.Implied = append(b.plan.Implied, plan.Implied{User: pair.User, Resource: pair.Resource, Role: "manager",
			Why: fmt.Sprintf("%s counts as manager of every team", article(base))})
		return
	case asked == held:
		return
	case b.protected(pair, held, asked):
		return
	case inventory.Stakeholder(base):
		b.block(b.change(pair, held, asked), obstacle{plan.BlockedStakeholder,
			fmt.Sprintf("%s is a stakeholder (%s), who can't hold a role on a team", b.userName(pair.User), base),
			"grant a base role such as limited_user"})
		return
	}
	b.propose(b.change(pair, held, asked))
}

// stranger compares somebody who is on a team without a grant.
func (b *builder) stranger(pair desired.Pair, held string, named bool, implied string) {
	if held == inventory.None || b.access.UnknownReason(pair) != "" {
		return
	}
	limit, beyond := b.beyond(pair, held)
	if !named && (!beyond || b.mode(pair.Resource) == plan.Unmanaged) {
		b.drift(pair, held, b.unnamed("team"))
		return
	}
	if base := b.baseAfter(pair.User); inventory.FixedBaseRole(base) {
		b.drift(pair, held, fmt.Sprintf("team roles of %s are not managed", article(base)))
		return
	}
	if !named || implied != "" && beyond && limit.AtMost != inventory.None {
		b.strangerBeyond(pair, held, implied, limit)
		return
	}
	if b.protected(pair, held, inventory.None) {
		return
	}
	if implied == "" {
		b.propose(b.change(pair, held, inventory.None))
		return
	}
	if before, raised := b.in.Memory.Raised[pair]; raised && before != inventory.None && higher(pair, held, before) {
		c := b.change(pair, held, before)
		c.Reason = "stays a member, since " + implied + "; back to the role from before this program raised it"
		b.wayBack = append(b.wayBack, c.ID)
		b.propose(c)
		return
	}
	b.plan.Implied = append(b.plan.Implied, plan.Implied{User: pair.User, Resource: pair.Resource, Role: held, Why: implied})
}

// strangerBeyond lowers somebody whom nothing but a limit is about there.
func (b *builder) strangerBeyond(pair desired.Pair, held, implied string, limit desired.Cap) {
	switch {
	case b.protected(pair, held, limit.AtMost):
	case implied != "" && limit.AtMost == inventory.None:
		b.plan.Implied = append(b.plan.Implied, plan.Implied{User: pair.User, Resource: pair.Resource, Role: held, Why: implied})
	default:
		b.propose(b.limitedTo(pair, held, limit))
	}
}

// higher says that a role of a pair is higher than another. What is not was
// lowered by somebody since, and no grant raises it.
func higher(p desired.Pair, role, than string) bool {
	return inventory.CompareRoles(p.Resource.Kind, role, than) > 0
}

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
	onSchedule := func(schedule inventory.Schedule) map[string]string {
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
	for _, id := range slices.Sorted(maps.Keys(s.Schedules)) {
		schedule := s.Schedules[id]
		if len(schedule.Teams) == 0 {
			continue
		}
		for user, until := range onSchedule(schedule) {
			for _, team := range schedule.Teams {
				add(team, user, fmt.Sprintf("on schedule %s of this team%s", schedule.Name, until))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.EscalationPolicies)) {
		policy := s.EscalationPolicies[id]
		for _, team := range policy.Teams {
			for _, t := range targets(policy) {
				if t.Type == "user" {
					add(team, t.ID, fmt.Sprintf("on escalation policy %s of this team", policy.Name))
					continue
				}
				for user, until := range onSchedule(s.Schedules[t.ID]) {
					add(team, user, fmt.Sprintf("on schedule %s, which escalation policy %s of this team uses%s", s.Schedules[t.ID].Name, policy.Name, until))
				}
			}
		}
	}
	return why
}

// targets are the targets of all levels.
func targets(p inventory.EscalationPolicy) []inventory.Target {
	var all []inventory.Target
	for _, rule := range p.Rules {
		all = append(all, rule.Targets...)
	}
	return all
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
