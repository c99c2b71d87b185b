package pagerdutysim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
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
		i := slices.IndexFunc(u.contacts, func(c contactMethod) bool { return c.kind == r.Contact })
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
	c := contactMethod{id: a.newID(), kind: m.Type, label: m.Label, createdAt: now}
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
		p.rules = append(p.rules, escalationRule{id: a.newID(), delay: r.DelayMinutes, targets: slices.Clone(r.Targets)})
	}
	return p
}

func (a *account) seedService(v inventory.Service, now time.Time) *service {
	v.Teams = slices.Clone(v.Teams)
	seeded := newService(v, now)
	seeded.created = a.next()
	return seeded
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
