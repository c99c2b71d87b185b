package inventory

import (
	"maps"
	"slices"
	"time"
)

// Edit is the account after some changes: a copy of a snapshot that shares with
// it all that was not changed. The snapshot itself stays as it is.
type Edit struct {
	after Snapshot
	// own are the teams whose members the copy no longer shares.
	own map[string]bool
	// ownSchedules says that the copy has a map of schedules of its own.
	ownSchedules bool
	// ownLicenses says the same of licenses.
	ownLicenses bool
}

// NewEdit begins an edit of s.
func NewEdit(s *Snapshot) *Edit {
	e := &Edit{after: *s, own: map[string]bool{}}
	e.after.Users = maps.Clone(s.Users)
	e.after.Teams = maps.Clone(s.Teams)
	return e
}

// SetNow takes the account to another moment.
func (e *Edit) SetNow(t time.Time) { e.after.Now = t }

// SetBaseRole gives a person another role on the account.
func (e *Edit) SetBaseRole(user, role string) {
	u, ok := e.after.Users[user]
	if !ok {
		return
	}
	u.BaseRole = role
	e.after.Users[user] = u
}

// SetLicense gives a person a seat on another license; the one that they had is
// free again.
func (e *Edit) SetLicense(user, license string) {
	u, ok := e.after.Users[user]
	if !ok {
		return
	}
	if !e.ownLicenses {
		e.after.Licenses, e.ownLicenses = maps.Clone(e.after.Licenses), true
	}
	if u.License != nil {
		e.free(*u.License, 1)
	}
	e.free(license, -1)
	u.License = &license
	e.after.Users[user] = u
}

// free adds to the seats that are available on a license, if they are limited.
func (e *Edit) free(license string, seats int) {
	l, ok := e.after.Licenses[license]
	if !ok || l.Available == nil {
		return
	}
	left := *l.Available + seats
	l.Available = &left
	e.after.Licenses[license] = l
}

// SetTeamRole gives a person a role on a team; None takes them off it.
func (e *Edit) SetTeamRole(team, user, role string) {
	t, ok := e.after.Teams[team]
	if !ok {
		return
	}
	if !e.own[team] {
		t.Members = maps.Clone(t.Members)
		e.own[team] = true
	}
	u, known := e.after.Users[user]
	if known {
		u.Teams = maps.Clone(u.Teams)
	}
	if role == None {
		delete(t.Members, user)
		delete(u.Teams, team)
	} else {
		t.Members[user] = role
		if known {
			u.Teams[team] = role
		}
	}
	e.after.Teams[team] = t
	if known {
		e.after.Users[user] = u
	}
}

// SetSchedule puts a schedule in place of the one of its id, and on its teams
// everybody whom PagerDuty puts there by itself (S17): who comes onto it, now or
// later, with the role that PagerDuty is taken to choose. Shifts and Coverage are
// the caller's to render.
func (e *Edit) SetSchedule(s Schedule) {
	if !e.ownSchedules {
		e.after.Schedules, e.ownSchedules = maps.Clone(e.after.Schedules), true
	}
	before := everybodyOn(e.after.Schedules[s.ID], e.after.Now)
	e.after.Schedules[s.ID] = s
	for _, team := range s.Teams {
		for _, user := range everybodyOn(s, e.after.Now) {
			u, known := e.after.Users[user]
			if known && !slices.Contains(before, user) && e.after.Teams[team].Members[user] == "" {
				e.SetTeamRole(team, user, ImpliedTeamRole(u.BaseRole))
			}
		}
	}
}

// everybodyOn are the people on a schedule at t or later, overrides included.
func everybodyOn(s Schedule, t time.Time) []string {
	people := s.People(t)
	for _, o := range s.Overrides {
		if o.User != nil && o.End.After(t) {
			people = append(people, *o.User)
		}
	}
	return people
}

// Snapshot is the account after the changes.
func (e *Edit) Snapshot() *Snapshot { return &e.after }

// RoleOf is the role that a person holds on the account or a team given by id;
// None if they hold none.
func (s *Snapshot) RoleOf(user string, resource Ref) string {
	role := ""
	switch resource.Kind {
	case KindAccount:
		role = s.Users[user].BaseRole
	case KindTeam:
		role = s.Teams[resource.ID].Members[user]
	}
	if role == "" {
		return None
	}
	return role
}
