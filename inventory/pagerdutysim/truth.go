package pagerdutysim

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// What follows is the account as it is, without a request, stale reads or
// damage: what tests compare with.

// BaseRole returns a user's base role, and false if there is no such user.
func (s *Server) BaseRole(userID string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.acct.users[userID]
	if u == nil || !u.deleted.IsZero() {
		return "", false
	}
	return u.role, true
}

// Members returns a team's members with their team roles, by user id; nil if
// there is no such team.
func (s *Server) Members(teamID string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.acct.teams[teamID]
	if t == nil {
		return nil
	}
	return maps.Clone(t.members)
}

// SetMember makes a user a member of a team with a team role, and with an empty
// role takes them off it: what somebody does in PagerDuty's pages while the
// program looks away. Nothing stands in its way.
func (s *Server) SetMember(teamID, userID, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.acct.teams[teamID]
	if t == nil {
		return
	}
	if role == "" {
		delete(t.members, userID)
		return
	}
	t.members[userID] = role
}

// SetBaseRole gives a user a base role, as SetMember does. Where a licence that
// allows it has a seat, they have that from then on.
func (s *Server) SetBaseRole(userID, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.acct.users[userID]; u != nil {
		u.role = role
		if id, refusal := s.acct.chooseLicense(u, role, ""); refusal == "" {
			u.license = id
		}
	}
}

// RenameTeam gives a team another name, as SetMember does.
func (s *Server) RenameTeam(teamID, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.acct.teams[teamID]; t != nil {
		t.name = name
	}
}

// AddOverride puts an override on a schedule of either kind, as SetMember does.
func (s *Server) AddOverride(scheduleID string, o inventory.Override) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.acct.schedules[scheduleID]
	if c == nil {
		return
	}
	c.Overrides = append(c.Overrides, o)
	if o.User != nil {
		s.acct.implicitMembership(c.Teams, []string{*o.User})
	}
}

// RemoveOverride takes an override off a schedule, as SetMember does.
func (s *Server) RemoveOverride(scheduleID, overrideID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.acct.schedules[scheduleID]; c != nil {
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.ID == overrideID })
	}
}
