package pagerdutysim

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// clone is a copy that shares nothing that a write changes in place.
func (a *account) clone() *account {
	c := *a
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
		return v
	})
	c.licenses = maps.Clone(a.licenses)
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
