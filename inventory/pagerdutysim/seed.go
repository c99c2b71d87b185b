package pagerdutysim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/catalogue"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
)

// seed makes an account of a snapshot. What a snapshot does not hold, such as
// phone numbers, is made up; what it derives is derived again.
func seed(snap *inventory.Snapshot, now time.Time) (*account, error) {
	if err := checkSeed(snap); err != nil {
		return nil, err
	}
	a := &account{
		name: snap.Account.Name, region: snap.Account.Region,
		unavailable: slices.Clone(snap.Account.Unavailable),
		users:       map[string]*user{}, teams: map[string]*team{}, schedules: map[string]*schedule{},
		policies: map[string]*policy{}, services: map[string]*service{}, licenses: map[string]*license{},
		catalogue: catalogue.New(), incidents: incident.New(),
	}
	if len(snap.Account.Abilities) > 0 {
		a.abilities = map[string]bool{}
		for _, name := range snap.Account.Abilities {
			a.abilities[name] = true
		}
	}
	// Things are known before any id is made, so that none is made twice.
	for _, v := range inOrder(snap.Schedules) {
		a.schedules[v.ID] = &schedule{Schedule: cloneSchedule(v), created: a.next()}
	}
	for _, v := range inOrder(snap.Teams) {
		a.teams[v.ID] = a.seedTeam(v)
	}
	for _, v := range inOrder(snap.Users) {
		a.users[v.ID] = &user{id: v.ID}
	}
	a.seedDeleted(snap, now)
	for _, v := range inOrder(snap.Users) {
		a.users[v.ID] = a.seedUser(v, now)
	}
	for _, v := range inOrder(snap.Licenses) {
		a.licenses[v.ID] = a.seedLicense(v)
	}
	for _, v := range inOrder(snap.EscalationPolicies) {
		a.policies[v.ID] = a.seedPolicy(v)
	}
	for _, v := range inOrder(snap.Services) {
		a.services[v.ID] = a.seedService(v, now)
	}
	return a, a.checkRendering(now)
}

// inOrder lists the values of m by id, so that what is made up is the same for
// the same seed.
func inOrder[V any](m map[string]V) []V {
	list := make([]V, 0, len(m))
	for _, id := range sortedKeys(m) {
		list = append(list, m[id])
	}
	return list
}

func (a *account) seedUser(v inventory.User, now time.Time) *user {
	u := &user{
		id: v.ID, name: v.Name, email: v.Email, role: v.BaseRole, jobTitle: v.JobTitle, timeZone: v.TimeZone,
		description: v.Description, invited: v.Invited, created: a.next(), allocatedAt: now,
	}
	u.color = colors[u.created%len(colors)]
	if v.License != nil {
		u.license = *v.License
	}
	for _, m := range v.ContactMethods {
		u.contacts = append(u.contacts, a.fabricateContact(u, m, now))
	}
	for _, r := range v.NotificationRules {
		i := slices.IndexFunc(u.contacts, func(c contactMethod) bool { return c.kind == r.Contact && c.blocked == r.Blocked })
		u.rules = append(u.rules, notificationRule{
			id: a.newID(), delay: r.DelayMinutes, urgency: r.Urgency, contact: u.contacts[i].id,
		})
	}
	return u
}

// fabricateContact makes up the address that a snapshot never holds, from the
// ranges set aside for examples.
func (a *account) fabricateContact(u *user, m inventory.ContactMethod, now time.Time) contactMethod {
	n := a.next()
	c := contactMethod{id: a.newID(), kind: m.Type, label: m.Label, createdAt: now, blocked: m.Blocked}
	switch m.Type {
	case "email_contact_method":
		c.address = fmt.Sprintf("contact%d@example.com", n)
		if !slices.ContainsFunc(u.contacts, func(c contactMethod) bool { return c.kind == m.Type }) {
			c.address = u.email
		}
	case "push_notification_contact_method":
		c.address, c.deviceType = fmt.Sprintf("%064x", n), "ios"
	default:
		c.address, c.countryCode = fmt.Sprintf("415555%04d", n%10000), 1
	}
	return c
}

// seedDeleted makes the people marked as deleted, of whom a snapshot holds only
// the number and, here and there, an id.
func (a *account) seedDeleted(snap *inventory.Snapshot, now time.Time) {
	gone := unknownUsers(snap)
	for i := range snap.Account.DeletedUsers {
		if i < len(gone) {
			a.users[gone[i]] = nil
		} else {
			gone = append(gone, a.newID())
		}
		id, n := gone[i], a.next()
		a.users[id] = &user{
			id: id, name: fmt.Sprintf("Former User %d", i+1), email: fmt.Sprintf("former%d@example.com", i+1),
			role: "user", created: n, color: colors[n%len(colors)], deleted: now.AddDate(0, -1, 0),
		}
	}
}

func (a *account) seedTeam(v inventory.Team) *team {
	t := &team{
		id: v.ID, name: v.Name, description: v.Description, defaultRole: v.DefaultRole,
		members: map[string]string{}, created: a.next(),
	}
	if v.Parent != nil {
		t.parent = *v.Parent
	}
	for id, role := range v.Members {
		t.members[id] = role
	}
	return t
}

func (a *account) seedLicense(v inventory.License) *license {
	l := &license{id: v.ID, name: v.Name, roleGroup: v.RoleGroup, validRoles: slices.Clone(v.ValidRoles)}
	if v.Available != nil {
		seats := *v.Available + a.allocated(v.ID)
		l.seats = &seats
	}
	return l
}

func (a *account) seedPolicy(v inventory.EscalationPolicy) *policy {
	p := &policy{
		id: v.ID, name: v.Name, description: v.Description, teams: slices.Clone(v.Teams), repeat: v.Repeat,
		handoffs: "if_has_services", created: a.next(),
	}
	for _, r := range v.Rules {
		p.rules = append(p.rules, escalationRule{id: a.newID(), delay: r.DelayMinutes, strategy: r.Strategy, targets: slices.Clone(r.Targets)})
	}
	return p
}

func (a *account) seedService(v inventory.Service, now time.Time) *service {
	v.Teams = slices.Clone(v.Teams)
	seeded := newService(v, now)
	seeded.created = a.next()
	seeded.settings = settingsOf(v)
	for _, w := range v.Maintenance {
		a.catalogue.Maintain(a.newID(), v.ID, w)
	}
	return seeded
}

// startUnderWay makes every event start so.
func (a *account) startUnderWay() {
	for _, c := range a.schedules {
		for _, r := range c.Rotations {
			for i := range r.Events {
				r.Events[i].StartsUnderWay = true
			}
		}
	}
}

func (a *account) checkRendering(now time.Time) error {
	var errs []error
	for _, id := range sortedKeys(a.schedules) {
		if err := renderable(a.schedules[id].Schedule, now); err != nil {
			errs = append(errs, fmt.Errorf("simulator: the seed does not render: %w", err))
		}
	}
	return errors.Join(errs...)
}

var colors = []string{"purple", "red", "green", "blue", "teal", "orange", "brown", "turquoise"}

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
			c.fail("user %s (%s): there is no license %q", u.Email, id, *u.License)
		}
		for _, teamID := range sortedKeys(u.Teams) {
			if role := c.snap.Teams[teamID].Members[id]; role != u.Teams[teamID] {
				c.fail("user %s (%s): is %s of team %s, whose members say %q", u.Email, id, u.Teams[teamID], teamID, role)
			}
		}
		for _, r := range u.NotificationRules {
			if !slices.ContainsFunc(u.ContactMethods, func(m inventory.ContactMethod) bool { return m.Type == r.Contact && m.Blocked == r.Blocked }) {
				c.fail("user %s (%s): a notification rule uses a %s, of which there is none%s", u.Email, id, r.Contact, map[bool]string{true: " that is blocked"}[r.Blocked])
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
