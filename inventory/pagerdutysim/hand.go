package pagerdutysim

import (
	"maps"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// What follows is what somebody does in PagerDuty's pages while the program looks
// away, as SetMember is: nothing stands in its way.

// Account is the account as it is: people, teams, schedules as they are defined,
// and escalation policies. It shares nothing with the simulator.
func (s *Server) Account() *inventory.Snapshot {
	s.lock()
	defer s.unlock()
	a := s.acct.clone()
	snap := &inventory.Snapshot{
		Now: s.now(), Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	for id, u := range a.users {
		if u.deleted.IsZero() {
			snap.Users[id] = inventory.User{ID: id, Name: u.name, Email: u.email, BaseRole: u.role}
		}
	}
	for id, t := range a.teams {
		snap.Teams[id] = inventory.Team{ID: id, Name: t.name, DefaultRole: t.defaultRole, Members: t.members}
	}
	for id, c := range a.schedules {
		snap.Schedules[id] = c.Schedule
	}
	for id, p := range a.policies {
		snap.EscalationPolicies[id] = p.inventory()
	}
	return snap
}

func (p *policy) inventory() inventory.EscalationPolicy {
	v := inventory.EscalationPolicy{ID: p.id, Name: p.name, Teams: p.teams, Repeat: p.repeat}
	for _, r := range p.rules {
		v.Rules = append(v.Rules, inventory.EscalationRule{DelayMinutes: r.delay, Targets: r.targets})
	}
	return v
}

// AlterSchedule changes a schedule of either kind. Who comes onto it comes onto
// its teams.
func (s *Server) AlterSchedule(id string, change func(*inventory.Schedule)) {
	s.lock()
	defer s.unlock()
	c := s.acct.schedules[id]
	if c == nil {
		return
	}
	after := cloneSchedule(c.Schedule)
	change(&after)
	c.Schedule = after
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
}

// AddSchedule makes a schedule of either kind.
func (s *Server) AddSchedule(v inventory.Schedule) {
	s.lock()
	defer s.unlock()
	c := &schedule{Schedule: cloneSchedule(v), created: s.acct.next()}
	s.acct.schedules[v.ID] = c
	s.recordByHand("create", "schedule_reference", v.ID)
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
}

// RemoveSchedule deletes a schedule, and takes it off the escalation policies.
func (s *Server) RemoveSchedule(id string) {
	s.lock()
	defer s.unlock()
	delete(s.acct.schedules, id)
	s.recordByHand("delete", "schedule_reference", id)
	for _, p := range s.acct.policies {
		for i, r := range p.rules {
			p.rules[i].targets = slices.DeleteFunc(slices.Clone(r.targets), func(t inventory.Target) bool { return t.ID == id })
		}
	}
}

// AddTeam makes a team.
func (s *Server) AddTeam(v inventory.Team) {
	s.lock()
	defer s.unlock()
	s.acct.teams[v.ID] = s.acct.seedTeam(v)
	s.recordByHand("create", "team_reference", v.ID)
}

// RemoveTeam deletes a team, and takes schedules and escalation policies off it.
func (s *Server) RemoveTeam(id string) {
	s.lock()
	defer s.unlock()
	delete(s.acct.teams, id)
	s.recordByHand("delete", "team_reference", id)
	not := func(teams []string) []string {
		return slices.DeleteFunc(slices.Clone(teams), func(t string) bool { return t == id })
	}
	for _, c := range s.acct.schedules {
		c.Teams = not(c.Teams)
	}
	for _, p := range s.acct.policies {
		p.teams = not(p.teams)
	}
}

// AddUser makes a user who takes no turns and is on no team yet.
func (s *Server) AddUser(v inventory.User) {
	s.lock()
	defer s.unlock()
	s.acct.users[v.ID] = s.acct.seedUser(v, s.now())
	s.recordByHand("create", "user_reference", v.ID)
}

// AcceptInvitation has a user sign up: their invitation is no longer outstanding.
func (s *Server) AcceptInvitation(id string) {
	s.lock()
	defer s.unlock()
	if u := s.acct.users[id]; u.live() {
		u.invited = false
	}
}

// RenameUser gives a user another name and another e-mail address.
func (s *Server) RenameUser(id, name, email string) {
	s.lock()
	defer s.unlock()
	if u := s.acct.users[id]; u != nil {
		u.name, u.email = name, email
		s.recordByHand("update", "user_reference", id)
	}
}

// RemoveUser deletes a user, off all teams. Whoever takes turns or stands on an
// escalation policy can't be deleted: it then says so and changes nothing.
func (s *Server) RemoveUser(id string) (removed bool) {
	s.lock()
	defer s.unlock()
	for _, c := range s.acct.schedules {
		if slices.Contains(c.People(s.now()), id) {
			return false
		}
	}
	if len(s.acct.policiesWith(inventory.Target{Type: "user", ID: id})) > 0 {
		return false
	}
	for _, t := range s.acct.teams {
		delete(t.members, id)
	}
	delete(s.acct.users, id)
	s.recordByHand("delete", "user_reference", id)
	return true
}

// AlterPolicy changes what an escalation policy notifies: its rules' targets and
// its teams.
func (s *Server) AlterPolicy(id string, change func(*inventory.EscalationPolicy)) {
	s.lock()
	defer s.unlock()
	p := s.acct.policies[id]
	if p == nil {
		return
	}
	after := p.inventory()
	change(&after)
	changed := s.acct.seedPolicy(after)
	changed.id, changed.created = p.id, p.created
	s.acct.policies[id] = changed
	s.acct.implicitMembership(changed.teams, changed.people(s.acct, s.now()))
}

// What follows is the account as it is, without a request, stale reads or
// damage: what tests compare with.

// BaseRole returns a user's base role, and false if there is no such user.
func (s *Server) BaseRole(userID string) (string, bool) {
	s.lock()
	defer s.unlock()
	u := s.acct.users[userID]
	if !u.live() {
		return "", false
	}
	return u.role, true
}

// Members returns a team's members with their team roles, by user id; nil if
// there is no such team.
func (s *Server) Members(teamID string) map[string]string {
	s.lock()
	defer s.unlock()
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
	s.lock()
	defer s.unlock()
	t := s.acct.teams[teamID]
	if t == nil {
		return
	}
	s.recordByHand("update", "team_reference", teamID)
	if role == "" {
		delete(t.members, userID)
		return
	}
	t.members[userID] = role
}

// SetBaseRole gives a user a base role, as SetMember does. Where a license that
// allows it has a seat, they have that from then on.
func (s *Server) SetBaseRole(userID, role string) {
	s.lock()
	defer s.unlock()
	if u := s.acct.users[userID]; u != nil {
		u.role = role
		s.recordByHand("update", "user_reference", userID)
		if id, refusal := s.acct.chooseLicense(u, role, ""); refusal == "" {
			u.license = id
		}
	}
}

// RenameTeam gives a team another name, as SetMember does.
func (s *Server) RenameTeam(teamID, name string) {
	s.lock()
	defer s.unlock()
	if t := s.acct.teams[teamID]; t != nil {
		t.name = name
		s.recordByHand("update", "team_reference", teamID)
	}
}

// AddOverride puts an override on a schedule of either kind, as SetMember does.
func (s *Server) AddOverride(scheduleID string, o inventory.Override) {
	s.lock()
	defer s.unlock()
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
	s.lock()
	defer s.unlock()
	if c := s.acct.schedules[scheduleID]; c != nil {
		c.Overrides = slices.DeleteFunc(c.Overrides, func(o inventory.Override) bool { return o.ID == overrideID })
	}
}
