package pagerdutysim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) memberRoutes() {
	s.handle("GET /teams/{id}/members", s.listMembers)
	s.handle("PUT /teams/{id}/users/{user_id}", s.putMember)
	s.handle("DELETE /teams/{id}/users/{user_id}", s.deleteMember)
	s.handle("PUT /teams/{id}/escalation_policies/{escalation_policy_id}", s.putTeamPolicy)
	s.handle("DELETE /teams/{id}/escalation_policies/{escalation_policy_id}", s.deleteTeamPolicy)
}

func (s *Server) listMembers(w http.ResponseWriter, r *http.Request) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return
	}
	listed := make(map[string]*user, len(t.members))
	for id := range t.members {
		if u := s.acct.users[id]; u != nil {
			listed[id] = u
		}
	}
	members := byName(s.acct, &ordering[*user]{}, listed, func(u *user) string { return u.name })
	whole := slices.Contains(includes(r), "users")
	paginate(s, w, r, "members", members, func(u *user) any {
		if whole {
			return object{"user": s.userView(u, nil), "role": t.members[u.id]}
		}
		return object{"user": s.userRef(u.id), "role": t.members[u.id]}
	})
}

// putMember adds a member or changes their role. Without a role it is manager.
// Source: PagerDuty's Terraform provider, pull request 151.
func (s *Server) putMember(w http.ResponseWriter, r *http.Request) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return
	}
	u := s.acct.users[r.PathValue("user_id")]
	if !u.live() {
		writeNotFound(w)
		return
	}
	role, ok := readRole(w, r)
	if !ok {
		return
	}
	if inventory.Stakeholder(u.role) {
		writeInvalid(w, "Stakeholders cannot be added to teams")
		return
	}
	if text := s.acct.membershipLimit([]string{t.id}, []string{u.id}); text != "" {
		writeInvalid(w, text)
		return
	}
	before, member := t.members[u.id]
	t.members[u.id] = role
	switch {
	case !member:
		s.record(r, "update", s.teamRef(t.id), []auditField{{Name: "team_role", Value: &role}},
			auditReference{Name: "members", Added: []reference{s.userRef(u.id)}})
	case before != role:
		s.recordOf(r, "update", s.teamRef(t.id), s.userRef(u.id), []auditField{field("team_role", before, role)})
	}
	w.WriteHeader(http.StatusNoContent)
}

func readRole(w http.ResponseWriter, r *http.Request) (string, bool) {
	data, err := io.ReadAll(r.Body)
	body := struct {
		Role string `json:"role"`
	}{}
	if err == nil && len(bytes.TrimSpace(data)) > 0 {
		err = json.Unmarshal(data, &body)
	}
	switch {
	case err != nil:
		writeInvalid(w, "The request body is not a JSON object with a role")
		return "", false
	case body.Role == "":
		return "manager", true
	case !slices.Contains(inventory.TeamRoles(), body.Role):
		writeInvalid(w, "Role must be one of observer, responder, manager")
		return "", false
	}
	return body.Role, true
}

// deleteMember refuses while the person stands on a policy of the team, directly
// or by way of a schedule, or on a schedule of the team. Source: PagerDuty's
// Terraform provider, issues 292 and 558.
func (s *Server) deleteMember(w http.ResponseWriter, r *http.Request) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return
	}
	id := r.PathValue("user_id")
	if !has(t.members, id) {
		writeNotFound(w)
		return
	}
	if s.holds(t.id, id) {
		writeInvalid(w, "User cannot be removed as they belong to an escalation policy on this team")
		return
	}
	delete(t.members, id)
	s.record(r, "update", s.teamRef(t.id), nil, auditReference{Name: "members", Removed: []reference{s.userRef(id)}})
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) holds(teamID, userID string) bool {
	for _, p := range s.acct.policies {
		if slices.Contains(p.teams, teamID) && slices.Contains(p.people(s.acct, s.now()), userID) {
			return true
		}
	}
	for _, c := range s.acct.schedules {
		if slices.Contains(c.Teams, teamID) && slices.Contains(c.People(s.now()), userID) {
			return true
		}
	}
	return false
}

func (s *Server) teamAndPolicy(w http.ResponseWriter, r *http.Request) (*team, *policy, bool) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return nil, nil, false
	}
	p := s.acct.policies[r.PathValue("escalation_policy_id")]
	if p == nil {
		writeNotFound(w)
		return nil, nil, false
	}
	return t, p, true
}

// putTeamPolicy gives a policy to a team, and its people with it. A policy has
// one team at most. Source: PagerDuty's Terraform provider, issues 709, 863 and
// 913; PagerDuty support documentation, "Teams".
func (s *Server) putTeamPolicy(w http.ResponseWriter, r *http.Request) {
	t, p, ok := s.teamAndPolicy(w, r)
	if !ok {
		return
	}
	if len(p.teams) > 0 {
		writeErrors(w, http.StatusBadRequest, codeInvalidInput, "Escalation Policy has already been taken", json.RawMessage("null"))
		return
	}
	if refusal := s.acct.policyRefusal(p, t.id, s.now()); refusal != "" {
		writeInvalid(w, refusal)
		return
	}
	p.teams = []string{t.id}
	s.acct.implicitMembership(p.teams, p.people(s.acct, s.now()))
	s.record(r, "update", s.teamRef(t.id), nil, auditReference{Name: "escalation_policies", Added: []reference{s.policyRef(p)}})
	w.WriteHeader(http.StatusNoContent)
}

// deleteTeamPolicy takes a policy from a team. Those whom it made members stay.
// A policy of another team is no error.
func (s *Server) deleteTeamPolicy(w http.ResponseWriter, r *http.Request) {
	t, p, ok := s.teamAndPolicy(w, r)
	if !ok {
		return
	}
	if slices.Contains(p.teams, t.id) {
		p.teams = slices.DeleteFunc(slices.Clone(p.teams), func(id string) bool { return id == t.id })
		s.record(r, "update", s.teamRef(t.id), nil, auditReference{Name: "escalation_policies", Removed: []reference{s.policyRef(p)}})
	}
	w.WriteHeader(http.StatusNoContent)
}

// policyLimit says what keeps a team from having one more policy, or "".
func (a *account) policyLimit(teamID string) string {
	n := 0
	for _, p := range a.policies {
		if slices.Contains(p.teams, teamID) {
			n++
		}
	}
	if n >= maxTeamPolicies {
		return fmt.Sprintf("Team may not have more than %d escalation policies", maxTeamPolicies)
	}
	return ""
}

// Limits of teams. Source: PagerDuty support documentation, "Teams".
const (
	maxTeamUsers    = 500
	maxTeamPolicies = 100
	maxUserTeams    = 400
)

// implicitMembership makes members of the given teams of the given users, as
// PagerDuty does when people come onto a schedule or policy of a team, or a
// team onto theirs. It is never undone. Who is a member keeps their role.
// Source: PagerDuty support documentation, "Teams".
func (a *account) implicitMembership(teams, users []string) {
	for _, teamID := range teams {
		t := a.teams[teamID]
		if t == nil {
			continue
		}
		for _, id := range users {
			u := a.users[id]
			if !u.live() || has(t.members, id) {
				continue
			}
			t.members[id] = inventory.ImpliedTeamRole(u.role)
		}
	}
}

// membershipLimit says what keeps these users from joining these teams, or "".
func (a *account) membershipLimit(teams, users []string) string {
	for _, teamID := range teams {
		t := a.teams[teamID]
		if t == nil {
			continue
		}
		joining := 0
		for _, id := range users {
			if has(t.members, id) {
				continue
			}
			joining++
			if n := len(a.teamsOf(id)); n >= maxUserTeams {
				return fmt.Sprintf("User may not belong to more than %d teams", maxUserTeams)
			}
		}
		if len(t.members)+joining > maxTeamUsers {
			return fmt.Sprintf("Team may not have more than %d users", maxTeamUsers)
		}
	}
	return ""
}
