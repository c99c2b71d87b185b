package pagerdutysim

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) teamRoutes() {
	s.handle("GET /teams", s.listTeams)
	s.handle("POST /teams", s.createTeam)
	s.handle("GET /teams/{id}", s.getTeam)
	s.handle("PUT /teams/{id}", s.updateTeam)
	s.handle("DELETE /teams/{id}", s.deleteTeam)
}

func (s *Server) teamView(t *team) object {
	o := s.head("team", t.id, t.name, "/teams")
	o["name"], o["default_role"], o["parent"] = t.name, t.defaultRole, nil
	o["description"] = t.description
	if t.parent != "" {
		o["parent"] = s.teamRef(t.parent)
	}
	return o
}

// teamOf finds the team that a request's path names; if there is none, or the
// account has no teams, it has answered.
func (s *Server) teamOf(w http.ResponseWriter, r *http.Request) (*team, bool) {
	if !s.ability(w, abilityTeams) {
		return nil, false
	}
	t := s.acct.teams[r.PathValue("id")]
	if t == nil {
		writeError(w, http.StatusNotFound, codeTeamNotFound, "Team Not Found")
		return nil, false
	}
	return t, true
}

func (s *Server) listTeams(w http.ResponseWriter, r *http.Request) {
	if !s.ability(w, abilityTeams) {
		return
	}
	query := strings.ToLower(r.URL.Query().Get("query"))
	teams := s.acct.teamsByName()
	teams = slices.DeleteFunc(teams, func(t *team) bool { return !strings.Contains(strings.ToLower(t.name), query) })
	paginate(s, w, r, "teams", teams, func(t *team) any { return s.teamView(t) })
}

func (s *Server) getTeam(w http.ResponseWriter, r *http.Request) {
	if t, ok := s.teamOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"team": s.teamView(t)})
	}
}

type teamBody struct {
	Name        *string          `json:"name"`
	Description optional[string] `json:"description"`
	DefaultRole *string          `json:"default_role"`
	// Parent is null for a team that is to stand at the top.
	Parent optional[given] `json:"parent"`
}

// decodeTeam reads a team, wrapped or bare: PagerDuty's own Go client (go-pagerduty,
// CreateTeamWithContext and UpdateTeamWithContext) sends it without the wrapper.
func decodeTeam(w http.ResponseWriter, r *http.Request) (*teamBody, bool) {
	var body struct {
		teamBody
		Wrapped *teamBody `json:"team"`
	}
	if !decodeBody(w, r, "", &body) {
		return nil, false
	}
	switch {
	case body.Wrapped != nil:
		return body.Wrapped, true
	case body.Name != nil:
		return &body.teamBody, true
	}
	writeInvalid(w, "team is required")
	return nil, false
}

func (s *Server) createTeam(w http.ResponseWriter, r *http.Request) {
	if !s.ability(w, abilityTeams) {
		return
	}
	t := &team{defaultRole: "manager", members: map[string]string{}}
	if !s.applyTeam(w, r, t) {
		return
	}
	t.id, t.created = s.acct.newID(), s.acct.next()
	s.acct.teams[t.id] = t
	s.record(r, "create", s.teamRef(t.id), []auditField{{Name: "name", Value: &t.name}})
	writeJSON(w, http.StatusCreated, object{"team": s.teamView(t)})
}

func (s *Server) updateTeam(w http.ResponseWriter, r *http.Request) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return
	}
	after := *t
	if !s.applyTeam(w, r, &after) {
		return
	}
	before := *t
	*t = after
	if fields := changed(
		field("name", before.name, t.name), field("description", before.description, t.description),
		field("default_role", before.defaultRole, t.defaultRole), field("parent", before.parent, t.parent),
	); len(fields) > 0 {
		s.record(r, "update", s.teamRef(t.id), fields)
	}
	writeJSON(w, http.StatusOK, object{"team": s.teamView(t)})
}

func (s *Server) applyTeam(w http.ResponseWriter, r *http.Request, t *team) bool {
	body, ok := decodeTeam(w, r)
	if !ok {
		return false
	}
	set(&t.name, body.Name)
	body.Description.set(&t.description)
	set(&t.defaultRole, body.DefaultRole)
	t.name = strings.TrimSpace(t.name)
	var errs []string
	if t.name == "" {
		errs = append(errs, "Name can't be blank")
	}
	if t.defaultRole != "manager" && t.defaultRole != "none" {
		errs = append(errs, "Default role must be manager or none")
	}
	if body.Parent.Given {
		t.parent = body.Parent.Value.ID
		// Nothing is under a team that is only being made.
		if t.parent != "" && (s.acct.teams[t.parent] == nil || t.id != "" && s.acct.under(t.parent, t.id)) {
			errs = append(errs, "Parent is invalid")
		}
	}
	if len(errs) > 0 {
		writeInvalid(w, errs...)
		return false
	}
	return true
}

// under says whether a team is another or below it.
func (a *account) under(id, ancestor string) bool {
	for range a.teams {
		if id == ancestor {
			return true
		}
		t := a.teams[id]
		if t == nil {
			return false
		}
		id = t.parent
	}
	return false
}

// deleteTeam refuses while anything belongs to the team. Source: PagerDuty's
// Terraform provider, issue 358, and PagerDuty's API description.
func (s *Server) deleteTeam(w http.ResponseWriter, r *http.Request) {
	t, ok := s.teamOf(w, r)
	if !ok {
		return
	}
	var errs []string
	for _, what := range s.acct.associations(t.id) {
		errs = append(errs, "Cannot delete team with existing "+what+" association(s)")
	}
	if len(errs) > 0 {
		writeError(w, http.StatusBadRequest, codeTeamInUse, "Team has existing associations", errs...)
		return
	}
	ref := s.teamRef(t.id)
	delete(s.acct.teams, t.id)
	s.acct.catalogue.Gone("teams", t.id)
	s.record(r, "delete", ref, nil)
	w.WriteHeader(http.StatusNoContent)
}

func (a *account) associations(teamID string) []string {
	var kinds []string
	for _, p := range a.policies {
		if slices.Contains(p.teams, teamID) {
			kinds = append(kinds, "Escalation Policies")
		}
	}
	for _, c := range a.schedules {
		if slices.Contains(c.Teams, teamID) {
			kinds = append(kinds, "Schedules")
		}
	}
	for _, v := range a.services {
		if slices.Contains(v.Teams, teamID) {
			kinds = append(kinds, "Services")
		}
	}
	for _, t := range a.teams {
		if t.parent == teamID {
			kinds = append(kinds, "Subteams")
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}
