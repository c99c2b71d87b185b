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

// What hangs together between schedules and teams (S16, S17): PagerDuty puts
// whoever comes onto a schedule of a team on that team, and takes nobody off a
// team while they are on a schedule of it.

// farAhead is after whatever a schedule says.
var farAhead = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

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

// dependOnSchedules says what changes of schedules wait for, and what waits for
// them: people are on a team before they are on its schedule, and off the
// schedule before they are off the team; what is taken back of an override waits
// for what takes its place.
func (b *builder) dependOnSchedules() {
	leaves := map[string][]plan.Change{} // by user
	var overrides []plan.Change
	any := false
	for _, c := range b.proposed {
		switch {
		case !c.Kind.OnSchedule():
			continue
		case c.After == inventory.None:
			leaves[c.User] = append(leaves[c.User], c)
		case c.Kind == plan.Override:
			overrides = append(overrides, c)
		}
		any = true
	}
	if !any {
		return
	}
	teamGrants := map[desired.Pair]string{}
	for _, c := range b.everyChange() {
		if c.Action == plan.ActionGrant && c.Kind == plan.TeamRole {
			teamGrants[c.Pair()] = c.ID
		}
	}
	for i := range b.proposed {
		c := &b.proposed[i]
		switch {
		case c.Kind == plan.TeamRole && c.Action == plan.ActionRevoke:
			for _, leave := range leaves[c.User] {
				if b.ofTeam(leave.Resource.ID, c.Resource.ID) {
					c.Requires = append(c.Requires, leave.ID)
				}
			}
		case !c.Kind.OnSchedule():
		case c.After == inventory.None:
			for _, o := range overrides {
				if c.Kind == plan.Override && o.Resource == c.Resource && overlap(*o.Override, *c.Override) {
					c.Requires = append(c.Requires, o.ID)
				}
			}
		default:
			if base, ok := b.bases[c.User]; ok && inventory.Stakeholder(base.Before) {
				c.Requires = append(c.Requires, base.ID)
			}
			for _, team := range b.in.Snapshot.Schedules[c.Resource.ID].Teams {
				if id, ok := teamGrants[desired.Pair{User: c.User, Resource: b.ref(inventory.KindTeam, team)}]; ok {
					c.Requires = append(c.Requires, id)
				}
			}
		}
	}
}

func overlap(a, b plan.Standin) bool { return a.Start.Before(b.End) && b.Start.Before(a.End) }

// ofTeam says whether a schedule is a team's, or an escalation policy's of it.
func (b *builder) ofTeam(schedule, team string) bool {
	if slices.Contains(b.in.Snapshot.Schedules[schedule].Teams, team) {
		return true
	}
	for _, p := range b.in.Snapshot.EscalationPolicies {
		if slices.Contains(p.Teams, team) && slices.Contains(targets(p), inventory.Target{Type: "schedule", ID: schedule}) {
			return true
		}
	}
	return false
}

// nameEdits says what people call whom the edits name.
func (b *builder) nameEdits() {
	user := func(id string) {
		if id != "" {
			b.plan.Name(b.index, b.ref(inventory.KindUser, id))
		}
		if b.in.Snapshot.Gone(id) {
			b.plan.Names[b.ref(inventory.KindUser, id).String()] = "#" + id + " (deleted)"
		}
	}
	for _, e := range slices.Concat(b.plan.Edits, b.plan.WouldEdit) {
		b.plan.Name(b.index, e.Schedule)
		for _, t := range slices.Concat(e.Before, e.After) {
			user(t.User)
		}
		for _, p := range e.Parts {
			for _, id := range slices.Concat(p.Before, p.After) {
				user(id)
			}
		}
		for _, d := range e.Displaced {
			user(d.User)
		}
	}
	for _, c := range b.everyChange() {
		if c.Kind == plan.Override {
			user(c.Override.Replaces)
		}
		b.nameLayer(c.Resource, c.Layer)
	}
	for _, d := range b.plan.Drift {
		b.nameLayer(d.Resource, d.Layer)
	}
	for _, p := range b.plan.Protected {
		b.nameLayer(p.Resource, p.Layer)
	}
}

// nameLayer says what people call a layer or event, "layer Day", by the
// schedule's reference by id, a slash and the layer's id.
func (b *builder) nameLayer(r inventory.Ref, layer string) {
	s := b.in.Snapshot.Schedules[r.ID]
	if line, ok := oncall.LineOf(s, layer); ok && layer != "" && line.Name != "" {
		b.plan.Names[r.String()+"/"+layer] = partName(s) + " " + line.Name
	}
}
