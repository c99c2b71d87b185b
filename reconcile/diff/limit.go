package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// A limit speaks of what is there, not only of what grants give (S38). Somebody who
// holds more than it leaves them is lowered to it as if it named their pair: theirs
// alone, so that others on the same resource are left as S1 leaves them.

// beyond is what limits leave a pair that holds more, whatever is known of it.
func (b *builder) beyond(pair desired.Pair, held string) (desired.Cap, bool) {
	if held == inventory.None {
		return desired.Cap{}, false
	}
	limit, limited := b.access.Cap(pair)
	return limit, limited && inventory.CompareRoles(pair.Resource.Kind, held, limit.AtMost) > 0
}

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
	return c.Effect == plan.Lower && len(c.LimitedBy) > 0 && (c.Kind == plan.Override || a.Grant(c.Pair()).Role == "")
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
	for user := range kindOn(target).members(b.in.Snapshot, target) {
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

// beyondOn is what the people hold on a schedule who are under a limit there, by id.
func (b *builder) beyondOn(s inventory.Schedule, capped map[string]bool) map[string]string {
	holds := map[string]string{}
	note := func(user, what string) {
		if !capped[user] || holds[user] != "" {
			return
		}
		pair := desired.Pair{User: user, Resource: b.ref(inventory.KindSchedule, s.ID)}
		if _, limited := b.access.Cap(pair); limited {
			holds[user] = what
		}
	}
	for _, line := range oncall.Lines(s, b.in.Now) {
		for _, user := range line.Members {
			note(user, fmt.Sprintf("takes turns on schedule %s", s.Name))
		}
	}
	for _, o := range plan.StandinsOn(s, b.in.Now) {
		note(o.User, fmt.Sprintf("has an override on schedule %s from %s to %s", s.Name, clock(o.Start), clock(o.End)))
	}
	return holds
}

// Rules of findings that say that PagerDuty does not hold what policies say.
const (
	RuleBeyondLimit   = "dutyward.beyond-limit"
	RuleLeaverRemains = "dutyward.leaver-remains"
)

// noticeBeyond finds whatever is beyond a limit, whether or not it is lowered (S38).
func (b *builder) noticeBeyond() {
	for _, user := range slices.Sorted(maps.Keys(b.access.Capped(inventory.KindAccount))) {
		pair := desired.Pair{User: user, Resource: inventory.AccountRef}
		held := b.in.Snapshot.RoleOf(user, pair.Resource)
		if limit, beyond := b.beyond(pair, held); beyond {
			b.tellBeyond(pair, fmt.Sprintf("has the base role %s", held), limit)
		}
	}
	if capped := b.access.Capped(inventory.KindTeam); len(capped) > 0 {
		for _, id := range b.ground.allTeams() {
			b.noticeBeyondOn(id, capped)
		}
	}
	capped := b.access.Capped(inventory.KindSchedule)
	if len(capped) == 0 {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(b.in.Snapshot.Schedules)) {
		b.containTold(b.ref(inventory.KindSchedule, id), func() { b.noticeBeyondTurns(id, capped) })
	}
}

func (b *builder) noticeBeyondTurns(schedule string, capped map[string]bool) {
	holds := b.beyondOn(b.in.Snapshot.Schedules[schedule], capped)
	for _, user := range slices.Sorted(maps.Keys(holds)) {
		pair := desired.Pair{User: user, Resource: b.ref(inventory.KindSchedule, schedule)}
		if limit, limited := b.access.Cap(pair); limited {
			b.tellBeyond(pair, holds[user], limit)
		}
	}
}

func (b *builder) noticeBeyondOn(team string, capped map[string]bool) {
	for _, user := range b.ground.membersOf(team) {
		if !capped[user] {
			continue
		}
		pair := desired.Pair{User: user, Resource: b.ref(inventory.KindTeam, team)}
		held := b.in.Snapshot.RoleOf(user, pair.Resource)
		if limit, beyond := b.beyond(pair, held); beyond {
			b.tellBeyond(pair, fmt.Sprintf("is %s on %s", held, b.resourceName(pair.Resource)), limit)
		}
	}
}

// tellBeyond is the finding of a pair that is beyond a limit.
func (b *builder) tellBeyond(pair desired.Pair, holds string, limit desired.Cap) {
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
	b.finding(plan.Finding{
		Rule: RuleBeyondLimit, Subject: b.ref(inventory.KindUser, pair.User), Resource: pair.Resource, Severity: "high",
		Message:     fmt.Sprintf("%s %s, and a limit allows %s: %s", b.userName(pair.User), holds, allowed, strings.Join(reasons, "; ")),
		Remediation: b.remedy(pair), By: by,
	})
}

// remedy says what becomes of what is beyond a limit, and what a person can do.
func (b *builder) remedy(pair desired.Pair) string {
	about := func(c plan.Change) bool {
		return c.User == pair.User && c.Resource == pair.Resource && c.Effect == plan.Lower
	}
	if slices.ContainsFunc(b.plan.Changes, about) {
		return "apply the plan, which lowers it"
	}
	if i := slices.IndexFunc(b.plan.Held, func(h plan.Held) bool { return about(h.Change) }); i >= 0 {
		return "its lowering is held: " + b.plan.Held[i].Release
	}
	if i := slices.IndexFunc(b.plan.Blocked, func(x plan.Blocked) bool { return about(x.Change) }); i >= 0 {
		return b.plan.Blocked[i].Unblock
	}
	if slices.ContainsFunc(b.plan.Observed, about) {
		return "lower it in PagerDuty, or set `manage` to sync for it in the configuration"
	}
	if why := b.access.UnknownReason(pair); why != "" {
		return "lower it in PagerDuty, or mend what makes it unknown: " + why
	}
	if slices.ContainsFunc(b.plan.Protected, func(p plan.Protected) bool { return p.User == pair.User && p.Resource == pair.Resource }) {
		return "end the protection that keeps it, or take this person out of the limit"
	}
	if i := slices.IndexFunc(b.plan.Implied, func(i plan.Implied) bool { return i.User == pair.User && i.Resource == pair.Resource }); i >= 0 {
		return "change in PagerDuty what keeps it there: " + b.plan.Implied[i].Why
	}
	if i := slices.IndexFunc(b.plan.Drift, func(d plan.Drift) bool { return d.User == pair.User && d.Resource == pair.Resource }); i >= 0 {
		return "lower it in PagerDuty: " + b.plan.Drift[i].Why
	}
	if pair.Resource.Kind == inventory.KindSchedule {
		return "take it back in PagerDuty: an override that this program did not make is never touched"
	}
	return "lower it in PagerDuty"
}

// noticeLeavers finds leavers who are still on teams and schedules and are not taken
// off them by the plan (S17).
func (b *builder) noticeLeavers() {
	tell := func(user string, resource inventory.Ref, why, remedy string) {
		for _, l := range b.access.Leavers[user] {
			b.finding(plan.Finding{
				Rule: RuleLeaverRemains, Subject: b.ref(inventory.KindUser, user), Resource: resource, Severity: "high",
				Message:     fmt.Sprintf("%s has left (%s) and is still on %s: %s", b.userName(user), l.Reason, b.resourceName(resource), why),
				Remediation: remedy, By: l.Origins,
			})
			return
		}
	}
	for _, i := range b.plan.Implied {
		if !i.Foreseen {
			tell(i.User, i.Resource, i.Why, "take them off that in PagerDuty, then off the team")
		}
	}
	for _, d := range b.plan.Drift {
		tell(d.User, d.Resource, d.Why, "take them off it in PagerDuty, or set a limit of none on them")
	}
}
