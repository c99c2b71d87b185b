package reconcile_test

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// judge holds what a write of ours changed against the truth.
func (c *chaos) judge(was, is *inventory.Snapshot, r *http.Request) {
	said := c.now().Format(time.RFC3339) + ": " + r.Method + " " + r.URL.Path
	if c.paused {
		c.violate("%s: writing is paused", said)
	}
	c.judgeLease(said)
	for id, u := range was.Users {
		if after := is.Users[id].BaseRole; after != u.BaseRole {
			c.judgePair(said, "account", "", id, u.BaseRole, after)
		}
		if is.Users[id].Email != u.Email || is.Users[id].Name != u.Name {
			c.violate("%s: %s is called %s <%s> now", said, id, is.Users[id].Name, is.Users[id].Email)
		}
	}
	if strings.HasPrefix(r.URL.Path, "/teams/") {
		c.judgeMembers(said, was, is)
	}
	if id, ok := strings.CutPrefix(r.URL.Path, "/users/"); ok && was.Users[id].BaseRole == is.Users[id].BaseRole {
		c.overtaken(id)
	}
	for id, before := range was.Schedules {
		if after := is.Schedules[id]; !reflect.DeepEqual(before, after) {
			c.judgeSchedule(said, before, after)
		}
	}
	c.watchCoverage(was, is, true)
}

// overtaken notes that a person gave somebody a base role after the program looked
// at it and before it gave the same: nobody can tell its raise from theirs.
func (c *chaos) overtaken(user string) {
	deed, given := c.deeds[" "+user]
	if !given || deed <= c.read["/users/"+user] || !c.promoted[user] {
		return
	}
	c.counts["raises: that a person overtook"]++
	delete(c.promoted, user)
	if _, known := c.raisedBy[user]; !known {
		c.raisedBy[user] = c.roleWas[user]
	}
}

// judgeLease says that nothing is written once the writer's lease is over.
func (c *chaos) judgeLease(said string) {
	holder, err := c.journal.Writer(context.Background())
	if err != nil {
		c.violate("%v", err)
	}
	if holder.Until.Before(c.now()) && !c.crowded {
		c.violate("%s: the lease ended at %s", said, holder.Until.Format(time.RFC3339))
	}
}

func (c *chaos) judgeMembers(said string, was, is *inventory.Snapshot) {
	for id, team := range was.Teams {
		users := maps.Clone(team.Members)
		maps.Copy(users, is.Teams[id].Members)
		for user := range users {
			if before, after := held(team, user), held(is.Teams[id], user); before != after {
				on := ""
				for name, bound := range c.bound {
					if bound == id && strings.HasPrefix(name, "team:") {
						on = name
					}
				}
				c.judgePair(said, on, id, user, before, after)
			}
		}
	}
}

func held(t inventory.Team, user string) string {
	if role, ok := t.Members[user]; ok {
		return role
	}
	return inventory.None
}

// judgePair holds a changed role against what policies ask for, by all that the
// program may have seen.
func (c *chaos) judgePair(said, on, id, user, before, after string) {
	kind := kindOf(on)
	said += ": " + user + " on " + on + " " + id + " from " + before + " to " + after + " under " + c.inForce.name
	key := id + " " + user
	c.judgeSeen(said, key, "/teams/"+id+"/members", "/users/"+user)
	if c.protects(user) {
		c.violate("%s: nobody may touch them", said)
		return
	}
	if inventory.CompareRoles(kind, after, before) > 0 {
		c.counts["writes: that raise"]++
		if !c.mayRaise(on, id, "", user, after) {
			c.violate("%s: nothing gives it", said)
		}
		if _, known := c.raisedBy[user]; on == "account" && (!known || c.promoted[user]) {
			c.raisedBy[user] = before // what a person made of it since is what it goes back to
		}
		if on == "account" {
			delete(c.promoted, user)
		}
		return
	}
	c.counts["writes: that lower"]++
	if !c.mayLower(on, id, "", user, after) {
		c.violate("%s: it is theirs, or can't be told", said)
	}
	c.judgeStill(said, on, id, "", user, after)
	if on == "account" {
		c.judgeBack(said, user, after)
	}
}

// judgeBack says that a base role which no grant gives goes back only where the
// program raised it, and no lower than it was.
func (c *chaos) judgeBack(said, user, after string) {
	given := slices.ContainsFunc(c.samples(), func(s sample) bool {
		return slices.ContainsFunc(c.inForce.gives, func(g give) bool {
			yes, _ := c.holds(g, user, s)
			return g.on == "account" && yes
		})
	})
	released := slices.ContainsFunc(c.released, func(key string) bool {
		return strings.HasPrefix(key, "account/"+user+"/") && strings.HasSuffix(key, "/"+after)
	})
	before, raised := c.raisedBy[user]
	switch {
	case given, released:
	case !raised || c.promoted[user]:
		c.violate("%s: it is a person's doing", said)
	case inventory.CompareRoles(inventory.KindAccount, after, before) < 0:
		c.violate("%s: it was %s before", said, before)
	}
	delete(c.promoted, user)
	if raised && inventory.CompareRoles(inventory.KindAccount, after, before) <= 0 {
		delete(c.raisedBy, user)
	}
}

// judgeSeen says that what a person did after the plan, and was there to see when
// the program looked, is not overwritten (S8).
func (c *chaos) judgeSeen(said, key string, paths ...string) {
	deed, ok := c.deeds[key]
	if !ok || c.stale || deed <= c.begun {
		return
	}
	for _, path := range paths {
		if c.read[path] > deed {
			c.violate("%s: a person changed that meanwhile, and it was read since", said)
		}
	}
}

// protects says that nobody may touch a person.
func (c *chaos) protects(user string) bool {
	return user == "OPR" || user == "ADM" || user == "OWN" || slices.ContainsFunc(c.inForce.protected, func(id string) bool {
		return user == id || user == c.bound["user:"+sweepMail(id)] // whom the name means may be another since
	})
}

// mayRaise says that by something which the program may have seen a user has at
// least a role on a resource.
func (c *chaos) mayRaise(on, id, layer, user, role string) bool {
	return slices.ContainsFunc(c.samples(), func(s sample) bool {
		if !c.trusted(on, id, s) {
			return false
		}
		if most, limited := c.limited(c.inForce, user, on, s); limited && inventory.CompareRoles(kindOf(on), role, most) > 0 {
			return false
		}
		return slices.ContainsFunc(c.inForce.gives, func(g give) bool {
			yes, _ := c.holds(g, user, s)
			return yes && g.on == on && g.layer == layer && (layer != "" || inventory.CompareRoles(kindOf(on), g.role, role) >= 0)
		})
	})
}

// mayLower says that by something which the program may have seen no grant leaves
// the user more than a role, and that it could be known.
func (c *chaos) mayLower(on, id, layer, user, to string) bool {
	all := c.samples()
	if slices.ContainsFunc(all, func(s sample) bool {
		most, limited := c.limited(c.inForce, user, on, s)
		return limited && (most == inventory.None || inventory.CompareRoles(kindOf(on), to, most) >= 0) && (on == anySchedule || c.trusted(on, id, s))
	}) {
		return true // also where no grant names it (S38)
	}
	if !c.inForce.names(on, layer) || !slices.ContainsFunc(all, func(s sample) bool { return c.trusted(on, id, s) }) {
		return false
	}
	if strings.Contains(c.inForce.rego, "Nope") && on == "team:Beta" {
		return false
	}
	for _, g := range c.inForce.gives {
		if g.on != on || g.layer != layer || g.role == "override" {
			continue
		}
		less := layer == "" && inventory.CompareRoles(kindOf(on), g.role, to) <= 0
		if !slices.ContainsFunc(all, func(s sample) bool {
			may, mayNot := c.holds(g, user, s)
			return mayNot || may && less
		}) {
			return false
		}
	}
	return true
}

// judgeSchedule holds a write on a schedule against the truth.
func (c *chaos) judgeSchedule(said string, before, after inventory.Schedule) {
	said += " of " + before.Name + " under " + c.inForce.name
	c.counts["writes: on schedules"]++
	if _, known := c.base[before.ID]; !known {
		c.base[before.ID] = before
	}
	unseen := c.deeds["frame of "+before.ID] > c.read[before.ID] // PagerDuty takes a schedule whole
	if !unseen && (before.Name != after.Name || !slices.Equal(before.Teams, after.Teams) || before.TimeZone != after.TimeZone) {
		c.violate("%s: its name, teams or time zone changed", said)
	}
	c.judgeOverrides(said, before, after)
	c.noteNets(before, after)
	c.judgeParts(said, before, after)
	parts := partsOf(before)
	for _, part := range partsOf(after) {
		if !slices.Contains(parts, part) {
			c.violate("%s: a layer or event %s is new", said, part)
		}
	}
	for _, part := range parts {
		was, is := membersOf(before, part, c.now()), membersOf(after, part, c.now())
		for _, user := range is {
			if !slices.Contains(was, user) {
				c.judgeTurn(said, before.ID, part, user, true)
			}
		}
		for _, user := range was {
			if !slices.Contains(is, user) {
				c.judgeTurn(said, before.ID, part, user, false)
			}
		}
	}
}

// anySchedule stands for a schedule that no name means: limits on all speak of it too.
const anySchedule = "schedule:"

// judgeTurn judges that somebody takes turns from now on, or none any more.
func (c *chaos) judgeTurn(said, id, part, user string, joins bool) {
	on := anySchedule
	for name, bound := range c.bound {
		if bound == id && strings.HasPrefix(name, "schedule:") {
			on = name
		}
	}
	key := id + "/" + part + " " + user
	said += ": " + user + map[bool]string{true: " joins ", false: " leaves "}[joins] + part
	before, moved := c.moved[key]
	undone := moved && before.joined != joins && (before.at > c.started || c.unfinished[id])
	c.moved[key] = move{joins, c.seq}
	if c.deeds[key] > c.decided(id) {
		c.counts["turns: that a person moved meanwhile"]++
		return // that the program did not see it yet, judgeParts knows
	}
	if _, intended := c.intents[id+" "+user]; !intended {
		c.violate("%s: there is no record of it", said)
	}
	switch {
	case undone:
		c.counts["turns: taken back"]++
	case c.protects(user):
		c.violate("%s: nobody may touch them", said)
	case joins:
		c.counts["turns: people who join"]++
		if !c.mayRaise(on, id, part, user, "rotation") {
			c.violate("%s: nothing gives it", said)
		}
	default:
		c.counts["turns: people who leave"]++
		if !c.mayLower(on, id, part, user, inventory.None) {
			c.violate("%s: their turns are theirs, or can't be told", said)
		}
		c.judgeStill(said, on, id, part, user, inventory.None)
	}
}

// judgeOverrides says that only overrides and custom shifts of ours are taken back.
func (c *chaos) judgeOverrides(said string, before, after inventory.Schedule) {
	was, is := overridesOf(before), overridesOf(after)
	for id, span := range was {
		if reflect.DeepEqual(span, is[id]) {
			continue
		}
		c.counts["overrides: taken back"]++
		if !c.ours[id] && !c.outlasts(id, before, after) {
			c.violate("%s: the override or custom shift %s is a person's", said, id)
		}
	}
	for id := range is {
		if _, known := was[id]; !known {
			c.counts["overrides: made"]++
			c.ours[id] = !c.madeAnew(id, before, after)
		}
	}
}

func overridesOf(s inventory.Schedule) map[string][3]string {
	all := map[string][3]string{}
	text := func(user *string, from, to time.Time) [3]string {
		who := ""
		if user != nil {
			who = *user
		}
		return [3]string{who, when(from), when(to)}
	}
	for _, o := range s.Overrides {
		all[o.ID] = text(o.User, o.Start, o.End)
	}
	for _, x := range s.CustomShifts {
		all[x.ID] = text(x.User, x.Start, x.End)
	}
	return all
}

// finished judges a round as a whole.
func (c *chaos) finished() {
	c.judgeGaps()
	is := c.sim.Account()
	c.judgeOwed(is)
	for id, before := range c.base {
		after, there := is.Schedules[id]
		if there && c.gaps.open(c.now()) == "" && !c.touched[id] {
			c.judgeTurns(id, before, after)
		}
	}
}

// lapsed is a person's cover that is void because of an edit of ours.
func (c *chaos) lapsed(id string, o inventory.Override, at time.Time) {
	c.counts["covers: that lapsed"]++
	if !c.relaxed {
		c.violate("%s: the cover of %s from %s to %s is void at %s", id, *o.User, o.Start, o.End, at)
	}
}
