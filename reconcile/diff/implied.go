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
			for _, t := range targets(policy) {
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

// targets are the targets of all levels.
func targets(p inventory.EscalationPolicy) []inventory.Target {
	var all []inventory.Target
	for _, rule := range p.Rules {
		all = append(all, rule.Targets...)
	}
	return all
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
			User: user, Resource: resource, Role: impliedRole(b.baseAfter(user)), Foreseen: true,
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
