package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// findBeyond finds whatever is beyond a limit, whether or not it is lowered (S38).
func findBeyond(f *Facts, found func(plan.Finding)) {
	beyond := func(pair desired.Pair, holds string) {
		if limit, limited := f.Access.Beyond(pair, f.Snapshot.RoleOf(pair.User, pair.Resource)); limited {
			found(f.beyond(pair, holds, limit))
		}
	}
	for user := range f.Access.Capped(inventory.KindAccount) {
		pair := desired.Pair{User: user, Resource: inventory.AccountRef}
		beyond(pair, "has the base role "+f.Snapshot.RoleOf(user, pair.Resource))
	}
	if capped := f.Access.Capped(inventory.KindTeam); len(capped) > 0 {
		for id, team := range f.Snapshot.Teams {
			for user, role := range team.Members {
				if capped[user] {
					pair := desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, id)}
					beyond(pair, fmt.Sprintf("is %s on %s", role, f.name(pair.Resource)))
				}
			}
		}
	}
	capped := f.Access.Capped(inventory.KindSchedule)
	if len(capped) == 0 {
		return
	}
	for id, s := range f.Snapshot.Schedules {
		r := inventory.ByID(inventory.KindSchedule, id)
		f.Contain(r, func() {
			for user, holds := range UnderLimit(f.Access, s, capped, f.Now) {
				pair := desired.Pair{User: user, Resource: r}
				if limit, limited := f.Access.Cap(pair); limited {
					found(f.beyond(pair, holds, limit))
				}
			}
		})
	}
}

// UnderLimit is what those people hold on a schedule who are under a limit there, by id.
func UnderLimit(a *desired.Access, s inventory.Schedule, capped map[string]bool, now time.Time) map[string]string {
	holds := map[string]string{}
	note := func(user, what string) {
		if !capped[user] || holds[user] != "" {
			return
		}
		pair := desired.Pair{User: user, Resource: inventory.ByID(inventory.KindSchedule, s.ID)}
		if _, limited := a.Cap(pair); limited {
			holds[user] = what
		}
	}
	for _, line := range oncall.Lines(s, now) {
		for _, user := range line.Members {
			note(user, fmt.Sprintf("takes turns on schedule %s", s.Name))
		}
	}
	for _, o := range plan.OverridesOn(s, now) {
		note(o.User, fmt.Sprintf("has an override on schedule %s from %s to %s", s.Name, clock(o.Start), clock(o.End)))
	}
	return holds
}

// beyond is the finding of a pair that is beyond a limit.
func (f *Facts) beyond(pair desired.Pair, holds string, limit desired.Cap) plan.Finding {
	var by []policies.Origin
	var reasons []string
	for _, l := range limit.By {
		if len(l.By.File) > 0 && !slices.Contains(by, l.By.Origin) {
			by = append(by, l.By.Origin)
		}
		if !slices.Contains(reasons, l.Reason) {
			reasons = append(reasons, l.Reason)
		}
	}
	allowed := "at most " + limit.AtMost
	if limit.AtMost == inventory.None {
		allowed = "nothing there"
	}
	return plan.Finding{
		Subject: user(pair.User), Resource: pair.Resource,
		Message:     fmt.Sprintf("%s %s, and a limit allows %s: %s", f.userName(pair.User), holds, allowed, strings.Join(reasons, "; ")),
		Remediation: f.remedy(pair), By: by,
	}
}

// remedy says what becomes of what is beyond a limit, and what a person can do.
func (f *Facts) remedy(pair desired.Pair) string {
	about := func(c plan.Change) bool {
		return c.User == pair.User && c.Resource == pair.Resource && c.Effect == plan.Lower
	}
	if slices.ContainsFunc(f.Plan.Changes, about) {
		return "apply the plan, which lowers it"
	}
	if i := slices.IndexFunc(f.Plan.Held, func(h plan.Held) bool { return about(h.Change) }); i >= 0 {
		return "its lowering is held: " + f.Plan.Held[i].Release
	}
	if i := slices.IndexFunc(f.Plan.Blocked, func(x plan.Blocked) bool { return about(x.Change) }); i >= 0 {
		return f.Plan.Blocked[i].Unblock
	}
	if slices.ContainsFunc(f.Plan.Unenforced, about) {
		return "lower it in PagerDuty, or set `manage` to sync for it in the configuration"
	}
	if why := f.Access.UnknownReason(pair); why != "" {
		return "lower it in PagerDuty, or fix what makes it unknown: " + why
	}
	if slices.ContainsFunc(f.Plan.Protected, func(p plan.Protected) bool { return p.User == pair.User && p.Resource == pair.Resource }) {
		return "end the protection that keeps it, or take this person out of the limit"
	}
	if i := slices.IndexFunc(f.Plan.Implied, func(i plan.Implied) bool { return i.User == pair.User && i.Resource == pair.Resource }); i >= 0 {
		return "change in PagerDuty what keeps it there: " + f.Plan.Implied[i].Why
	}
	if i := slices.IndexFunc(f.Plan.Extra, func(d plan.Extra) bool { return d.User == pair.User && d.Resource == pair.Resource }); i >= 0 {
		return "lower it in PagerDuty: " + f.Plan.Extra[i].Why
	}
	if pair.Resource.Kind == inventory.KindSchedule {
		return "take it back in PagerDuty: an override that this program did not make is never touched"
	}
	return "lower it in PagerDuty"
}

// findLeavers finds leavers who are still on teams and schedules and are not taken off
// them by the plan (S17).
func findLeavers(f *Facts, found func(plan.Finding)) {
	remains := func(id string, resource inventory.Ref, why, remedy string) {
		if leavers := f.Access.Leavers[id]; len(leavers) > 0 {
			l := leavers[0]
			found(plan.Finding{
				Subject: user(id), Resource: resource, Remediation: remedy, By: l.Origins,
				Message: fmt.Sprintf("%s has left (%s) and is still on %s: %s", f.userName(id), l.Reason, f.name(resource), why),
			})
		}
	}
	for _, i := range f.Plan.Implied {
		if !i.Foreseen {
			remains(i.User, i.Resource, i.Why, "take them off that in PagerDuty, then off the team")
		}
	}
	for _, d := range f.Plan.Extra {
		remains(d.User, d.Resource, d.Why, "take them off it in PagerDuty, or set a limit of none on them")
	}
}
