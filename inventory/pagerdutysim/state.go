package pagerdutysim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/catalogue"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
)

// account is all that the simulator holds. It is read and written under
// Server.mu only. Membership is kept once, on the team; a policy's services and
// a schedule's policies are derived.
type account struct {
	name, region string
	// abilities is nil where the seed could not say: then everything is allowed.
	abilities map[string]bool
	// unavailable are the optional parts that nobody may read, as a snapshot
	// names them.
	unavailable []string
	users       map[string]*user
	teams       map[string]*team
	schedules   map[string]*schedule
	policies    map[string]*policy
	services    map[string]*service
	licenses    map[string]*license
	catalogue   *catalogue.Store
	incidents   *incident.Store
	// audit is oldest first.
	audit []auditRecord
	// counter is what ids and creation order are made from.
	counter int
	// version changes with every write.
	version int
	orders  orders
}

type user struct {
	id, name, email string
	role            string
	jobTitle        string
	timeZone        string
	description     string
	color           string
	invited         bool
	// license is "" where none is allocated.
	license     string
	allocatedAt time.Time
	// deleted is when the user was marked as deleted, or zero. Such people are
	// listed still, unless they are unlisted, and are nobody otherwise.
	deleted  time.Time
	unlisted bool
	// revoked are the types of OAuth delegations that were taken back.
	revoked  []string
	contacts []contactMethod
	rules    []notificationRule
	// edits are the moments at which contact methods were written.
	edits   []time.Time
	created int
}

// live says that a user was not deleted.
func (u *user) live() bool { return u != nil && u.deleted.IsZero() }

type contactMethod struct {
	id, kind, label, address string
	countryCode              int
	sendShortEmail           bool
	deviceType               string
	createdAt                time.Time
	// blocked says that nothing is sent to it.
	blocked bool
}

type notificationRule struct {
	id      string
	delay   int
	urgency string
	// contact is the id of one of the user's contact methods, and contactType what it
	// was called, if anything.
	contact, contactType string
}

type team struct {
	id, name, description string
	// parent is "" for a team at the top.
	parent      string
	defaultRole string
	// members maps user id to team role.
	members map[string]string
	created int
}

// schedule is a schedule of either kind. Users, EscalationPolicies, Shifts and
// Coverage of the embedded value are derived and not kept up to date: ask
// People, policiesOf and the rendering. Layers are lowest precedence first.
type schedule struct {
	inventory.Schedule
	created int
	// withdrawn are the ids of events and rotations that were deleted while they had
	// a past: they are rendered, and not listed.
	withdrawn map[string]bool
}

type policy struct {
	id, name, description string
	// teams is one team at most, unless the seed says otherwise.
	teams    []string
	repeat   int
	handoffs string
	rules    []escalationRule
	created  int
}

type escalationRule struct {
	id    string
	delay int
	// strategy is how the level is assigned, or "" where nothing said.
	strategy string
	targets  []inventory.Target
}

type service struct {
	inventory.Service
	createdAt              time.Time
	acknowledgementTimeout *int
	autoResolveTimeout     *int
	alertCreation          string
	// settings are what else was sent of it, as it was sent: the urgency rule, support
	// hours, scheduled actions, how alerts are grouped.
	settings map[string]any
	created  int
}

type license struct {
	id, name, roleGroup string
	validRoles          []string
	// seats is how many there are in all, or nil without limit.
	seats *int
}

// next advances the counter: the creation order of the next thing.
func (a *account) next() int {
	a.counter++
	return a.counter
}

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// newID makes an id in PagerDuty's form, P and six characters, that nothing in
// the account has.
func (a *account) newID() string { return a.makeID("P", 6) }

// newLongID makes an id in the form of the newer things, Q and 13 characters.
func (a *account) newLongID() string { return a.makeID("Q", 13) }

// makeID spreads the counter over the space of ids, so that ids made one after
// another do not look alike.
func (a *account) makeID(prefix string, length int) string {
	for {
		n := uint64(a.next()) * 0x9E3779B97F4A7C15
		id := []byte(prefix)
		for range length {
			id = append(id, idAlphabet[n%uint64(len(idAlphabet))])
			n = n/uint64(len(idAlphabet)) ^ n<<40
		}
		if !a.taken(string(id)) {
			return string(id)
		}
	}
}

func (a *account) taken(id string) bool {
	return has(a.users, id) || has(a.teams, id) || has(a.schedules, id) ||
		has(a.policies, id) || has(a.services, id) || has(a.licenses, id) || a.catalogue.Has(id) ||
		id[0] == 'Q' && a.onSchedules(id)
}

// onSchedules says that a part of a schedule has an id, as of one that a simulator
// made before the seed was taken of it.
func (a *account) onSchedules(id string) bool {
	for _, c := range a.schedules {
		for _, r := range c.Rotations {
			if r.ID == id || slices.ContainsFunc(r.Events, func(e inventory.Event) bool { return e.ID == id }) {
				return true
			}
		}
		if slices.ContainsFunc(c.Overrides, func(o inventory.Override) bool { return o.ID == id }) ||
			slices.ContainsFunc(c.CustomShifts, func(s inventory.CustomShift) bool { return s.ID == id }) {
			return true
		}
	}
	return false
}

func has[V any](m map[string]V, id string) bool {
	_, ok := m[id]
	return ok
}

// userByEmail finds a user without regard to case, or returns nil.
func (a *account) userByEmail(email string) *user {
	for _, u := range a.users {
		if u.deleted.IsZero() && strings.EqualFold(u.email, email) {
			return u
		}
	}
	return nil
}

// teamsOf lists the ids of the teams that a user is a member of, by name.
func (a *account) teamsOf(userID string) []string {
	var ids []string
	for _, t := range ordered(a, &a.orders.teams, a.teams, func(t *team) string { return t.name }) {
		if has(t.members, userID) {
			ids = append(ids, t.id)
		}
	}
	return ids
}

// policiesOf lists the policies that a schedule stands on, by name.
func (a *account) policiesOf(scheduleID string) []*policy {
	return a.policiesWith(inventory.Target{Type: "schedule", ID: scheduleID})
}

// policiesWith lists the policies that have a target on a level, by name.
func (a *account) policiesWith(target inventory.Target) []*policy {
	var list []*policy
	for _, p := range a.policiesByName() {
		if slices.ContainsFunc(p.rules, func(r escalationRule) bool { return slices.Contains(r.targets, target) }) {
			list = append(list, p)
		}
	}
	return list
}

// servicesOf lists the services that use a policy, by name.
func (a *account) servicesOf(policyID string) []*service {
	var list []*service
	for _, v := range a.servicesByName() {
		if v.EscalationPolicy == policyID {
			list = append(list, v)
		}
	}
	return list
}

// withdraw takes an event or a rotation off the lists.
func (c *schedule) withdraw(id string) {
	if c.withdrawn == nil {
		c.withdrawn = map[string]bool{}
	}
	c.withdrawn[id] = true
}

// listedRotations are the rotations that were not deleted.
func (c *schedule) listedRotations() []inventory.Rotation {
	return slices.DeleteFunc(slices.Clone(c.Rotations), func(r inventory.Rotation) bool { return c.withdrawn[r.ID] })
}

// listedEvents are the events of a rotation that were not deleted, by their start.
func (c *schedule) listedEvents(rot inventory.Rotation) []inventory.Event {
	events := slices.DeleteFunc(slices.Clone(rot.Events), func(e inventory.Event) bool { return c.withdrawn[e.ID] })
	slices.SortStableFunc(events, func(x, y inventory.Event) int { return x.Start.Compare(y.Start) })
	return events
}

func present(members []*string) []string {
	var ids []string
	for _, m := range members {
		if m != nil {
			ids = append(ids, *m)
		}
	}
	return ids
}

// people are the ids of the users and the people of the schedules on the
// policy's levels.
func (p *policy) people(a *account, now time.Time) []string {
	var ids []string
	for _, r := range p.rules {
		for _, t := range r.targets {
			switch {
			case t.Type == "user":
				ids = append(ids, t.ID)
			case has(a.schedules, t.ID):
				ids = append(ids, a.schedules[t.ID].People(now)...)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// clone is a copy that shares nothing that a write changes in place.
func (a *account) clone() *account {
	c := *a
	c.orders = orders{} // of the things that c has of its own
	c.users = cloneMap(a.users, func(u user) user {
		u.contacts = slices.Clone(u.contacts)
		u.rules = slices.Clone(u.rules)
		return u
	})
	c.teams = cloneMap(a.teams, func(t team) team {
		t.members = maps.Clone(t.members)
		return t
	})
	c.schedules = cloneMap(a.schedules, func(s schedule) schedule {
		s.Schedule = cloneSchedule(s.Schedule)
		s.withdrawn = maps.Clone(s.withdrawn)
		return s
	})
	c.policies = cloneMap(a.policies, func(p policy) policy {
		p.teams = slices.Clone(p.teams)
		p.rules = slices.Clone(p.rules)
		for i := range p.rules {
			p.rules[i].targets = slices.Clone(p.rules[i].targets)
		}
		return p
	})
	c.services = cloneMap(a.services, func(v service) service {
		v.Teams = slices.Clone(v.Teams)
		v.settings = maps.Clone(v.settings)
		return v
	})
	c.licenses = maps.Clone(a.licenses)
	c.catalogue, c.incidents = a.catalogue.Clone(), a.incidents.Clone()
	c.audit = slices.Clip(a.audit)
	return &c
}

func cloneMap[V any](m map[string]*V, clone func(V) V) map[string]*V {
	c := make(map[string]*V, len(m))
	for id, v := range m {
		w := clone(*v)
		c[id] = &w
	}
	return c
}

// cloneSchedule copies a schedule down to what its layers, rotations and
// overrides hold. Pointers inside (an end, an override's user) are shared: they
// are replaced, never written through.
func cloneSchedule(s inventory.Schedule) inventory.Schedule {
	s.Teams = slices.Clone(s.Teams)
	s.EscalationPolicies = slices.Clone(s.EscalationPolicies)
	s.Users = slices.Clone(s.Users)
	s.Layers = slices.Clone(s.Layers)
	for i := range s.Layers {
		l := &s.Layers[i]
		l.Users = slices.Clone(l.Users)
		l.Restrictions = slices.Clone(l.Restrictions)
	}
	s.Rotations = slices.Clone(s.Rotations)
	for i := range s.Rotations {
		events := slices.Clone(s.Rotations[i].Events)
		for j := range events {
			events[j].Recurrence = slices.Clone(events[j].Recurrence)
			events[j].Assignment.Members = slices.Clone(events[j].Assignment.Members)
		}
		s.Rotations[i].Events = events
	}
	s.CustomShifts = slices.Clone(s.CustomShifts)
	s.Overrides = slices.Clone(s.Overrides)
	s.Shifts = slices.Clone(s.Shifts)
	return s
}
