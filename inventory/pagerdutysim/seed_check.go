package pagerdutysim

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// checkSeed names what in a snapshot refers to things that are not in it, all at
// once.
func checkSeed(snap *inventory.Snapshot) error {
	c := checker{snap: snap}
	c.users()
	c.teams()
	c.schedules()
	c.policies()
	c.services()
	if n := len(unknownUsers(snap)); n > snap.Account.DeletedUsers {
		c.fail("%d people stand on schedules or escalation policies and are not among the users (%v), but account.deleted_users is %d",
			n, unknownUsers(snap), snap.Account.DeletedUsers)
	}
	if len(c.errs) == 0 {
		return nil
	}
	return fmt.Errorf("simulator: the seed is not consistent: %w", errors.Join(c.errs...))
}

type checker struct {
	snap *inventory.Snapshot
	errs []error
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) key(kind, key, id string) {
	if key != id || id == "" {
		c.fail("%s %q has the id %q: key and id must be the same", kind, key, id)
	}
}

func (c *checker) users() {
	for _, id := range sortedKeys(c.snap.Users) {
		u := c.snap.Users[id]
		c.key("user", id, u.ID)
		if u.BaseRole != "owner" && !slices.Contains(inventory.BaseRoles(), u.BaseRole) {
			c.fail("user %s (%s): %q is not a base role", u.Email, id, u.BaseRole)
		}
		if u.License != nil && !has(c.snap.Licenses, *u.License) {
			c.fail("user %s (%s): there is no licence %q", u.Email, id, *u.License)
		}
		for _, teamID := range sortedKeys(u.Teams) {
			if role := c.snap.Teams[teamID].Members[id]; role != u.Teams[teamID] {
				c.fail("user %s (%s): is %s of team %s, whose members say %q", u.Email, id, u.Teams[teamID], teamID, role)
			}
		}
		for _, r := range u.NotificationRules {
			if !slices.ContainsFunc(u.ContactMethods, func(m inventory.ContactMethod) bool { return m.Type == r.Contact }) {
				c.fail("user %s (%s): a notification rule uses a %s, of which there is none", u.Email, id, r.Contact)
			}
		}
	}
}

func (c *checker) teams() {
	for _, id := range sortedKeys(c.snap.Teams) {
		t := c.snap.Teams[id]
		c.key("team", id, t.ID)
		if t.Parent != nil {
			c.team(fmt.Sprintf("team %s (%s)", t.Name, id), *t.Parent)
		}
		for _, userID := range sortedKeys(t.Members) {
			if !has(c.snap.Users, userID) {
				c.fail("team %s (%s): its member %s is not among the users", t.Name, id, userID)
			}
			if role := t.Members[userID]; !slices.Contains(inventory.TeamRoles(), role) {
				c.fail("team %s (%s): %q is not a team role", t.Name, id, role)
			}
		}
	}
}

func (c *checker) team(who, id string) {
	if !has(c.snap.Teams, id) {
		c.fail("%s: there is no team %q", who, id)
	}
}

func (c *checker) schedules() {
	for _, id := range sortedKeys(c.snap.Schedules) {
		s := c.snap.Schedules[id]
		c.key("schedule", id, s.ID)
		who := fmt.Sprintf("schedule %s (%s)", s.Name, id)
		for _, t := range s.Teams {
			c.team(who, t)
		}
		for _, p := range s.EscalationPolicies {
			if !onPolicy(c.snap.EscalationPolicies[p], inventory.Target{Type: "schedule", ID: id}) {
				c.fail("%s: escalation policy %q does not have it", who, p)
			}
		}
	}
}

func onPolicy(p inventory.EscalationPolicy, target inventory.Target) bool {
	return slices.ContainsFunc(p.Rules, func(r inventory.EscalationRule) bool { return slices.Contains(r.Targets, target) })
}

func (c *checker) policies() {
	for _, id := range sortedKeys(c.snap.EscalationPolicies) {
		p := c.snap.EscalationPolicies[id]
		c.key("escalation policy", id, p.ID)
		who := fmt.Sprintf("escalation policy %s (%s)", p.Name, id)
		for _, t := range p.Teams {
			c.team(who, t)
		}
		for _, v := range p.Services {
			if c.snap.Services[v].EscalationPolicy != id && !slices.Contains(c.snap.Account.Unavailable, "services") {
				c.fail("%s: service %q does not use it", who, v)
			}
		}
		for _, r := range p.Rules {
			for _, t := range r.Targets {
				if t.Type != "user" && t.Type != "schedule" {
					c.fail("%s: %q is not a type of target", who, t.Type)
				}
				if t.Type == "schedule" && !has(c.snap.Schedules, t.ID) {
					c.fail("%s: there is no schedule %q", who, t.ID)
				}
			}
		}
	}
}

func (c *checker) services() {
	for _, id := range sortedKeys(c.snap.Services) {
		v := c.snap.Services[id]
		c.key("service", id, v.ID)
		who := fmt.Sprintf("service %s (%s)", v.Name, id)
		if !has(c.snap.EscalationPolicies, v.EscalationPolicy) {
			c.fail("%s: there is no escalation policy %q", who, v.EscalationPolicy)
		}
		for _, t := range v.Teams {
			c.team(who, t)
		}
	}
}

// unknownUsers are the ids on schedules and policies that no user has, sorted:
// people marked as deleted.
func unknownUsers(snap *inventory.Snapshot) []string {
	var ids []string
	for _, s := range snap.Schedules {
		ids = append(ids, mentioned(s)...)
	}
	for _, p := range snap.EscalationPolicies {
		for _, r := range p.Rules {
			for _, t := range r.Targets {
				if t.Type == "user" {
					ids = append(ids, t.ID)
				}
			}
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return has(snap.Users, id) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mentioned are the ids of all people that a schedule's definition names.
func mentioned(s inventory.Schedule) []string {
	var ids []string
	for _, l := range s.Layers {
		ids = append(ids, l.Users...)
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			ids = append(ids, present(e.Assignment.Members)...)
		}
	}
	for _, c := range s.CustomShifts {
		ids = append(ids, present([]*string{c.User})...)
	}
	for _, o := range s.Overrides {
		ids = append(ids, present([]*string{o.User, o.Replaces})...)
	}
	return ids
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
