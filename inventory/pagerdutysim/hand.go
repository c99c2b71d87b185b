package pagerdutysim

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// What follows is what somebody does in PagerDuty's pages while the program looks
// away, as SetMember is: nothing stands in its way.

// Account is the account as it is: people, teams, schedules as they are defined,
// and escalation policies. It shares nothing with the simulator.
func (s *Server) Account() *inventory.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &schedule{Schedule: cloneSchedule(v), created: s.acct.next()}
	s.acct.schedules[v.ID] = c
	s.acct.implicitMembership(c.Teams, c.People(s.now()))
}

// RemoveSchedule deletes a schedule, and takes it off the escalation policies.
func (s *Server) RemoveSchedule(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acct.schedules, id)
	for _, p := range s.acct.policies {
		for i, r := range p.rules {
			p.rules[i].targets = slices.DeleteFunc(slices.Clone(r.targets), func(t inventory.Target) bool { return t.ID == id })
		}
	}
}

// AddTeam makes a team.
func (s *Server) AddTeam(v inventory.Team) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acct.teams[v.ID] = s.acct.seedTeam(v)
}

// RemoveTeam deletes a team, and takes schedules and escalation policies off it.
func (s *Server) RemoveTeam(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acct.teams, id)
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acct.users[v.ID] = s.acct.seedUser(v, s.now())
}

// RenameUser gives a user another name and another e-mail address.
func (s *Server) RenameUser(id, name, email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.acct.users[id]; u != nil {
		u.name, u.email = name, email
	}
}

// RemoveUser deletes a user, off all teams. Whoever takes turns or stands on an
// escalation policy can't be deleted: it then says so and changes nothing.
func (s *Server) RemoveUser(id string) (removed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	return true
}

// AlterPolicy changes what an escalation policy notifies: its rules' targets and
// its teams.
func (s *Server) AlterPolicy(id string, change func(*inventory.EscalationPolicy)) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
