package pagerdutysim

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) userRoutes() {
	s.handle("GET /users", s.listUsers)
	s.handle("POST /users", s.createUser)
	s.handle("GET /users/me", s.getMe)
	s.handle("GET /users/{id}", s.getUser)
	s.handle("PUT /users/{id}", s.updateUser)
	s.handle("DELETE /users/{id}", s.deleteUser)
}

// userOf finds the user that a request's path names; if there is none it has
// answered.
func (s *Server) userOf(w http.ResponseWriter, r *http.Request) (*user, bool) {
	u := s.acct.users[r.PathValue("id")]
	if u == nil || !u.deleted.IsZero() {
		writeNotFound(w)
		return nil, false
	}
	return u, true
}

// includes are the models that a request wants whole.
func includes(r *http.Request) []string { return r.URL.Query()["include[]"] }

// userView is a user as answers show them; include names what of contact
// methods, notification rules, teams and subdomains is whole.
func (s *Server) userView(u *user, include []string) object {
	o := s.head("user", u.id, u.name, "/users")
	o["name"], o["email"], o["time_zone"], o["color"] = u.name, u.email, u.timeZone, u.color
	o["avatar_url"] = "https://pd-static-assets.pagerduty.com/users/blank-avatar.png"
	o["billed"], o["role"], o["description"] = true, u.role, nil
	o["invitation_sent"], o["job_title"], o["created_via_sso"] = u.invited, u.jobTitle, false
	if u.description != "" {
		o["description"] = u.description
	}
	if !u.deleted.IsZero() {
		o["deleted_at"] = u.deleted.Format(time.RFC3339)
	}
	whole := func(name string) bool { return slices.Contains(include, name) }
	contacts, rules, teams := []any{}, []any{}, []any{}
	for _, c := range u.contacts {
		contacts = append(contacts, either(whole("contact_methods"), s.contactView(u, c), s.contactRef(u, c)))
	}
	for _, n := range u.rules {
		rules = append(rules, either(whole("notification_rules"), s.ruleView(u, n), s.ruleRef(u, n)))
	}
	for _, id := range s.acct.teamsOf(u.id) {
		teams = append(teams, either(whole("teams"), s.teamView(s.acct.teams[id]), s.teamRef(id)))
	}
	o["contact_methods"], o["notification_rules"], o["teams"] = contacts, rules, teams
	if whole("subdomains") {
		o["subdomains"] = []string{subdomain(s.acct.name)}
	}
	return o
}

func either(first bool, a, b any) any {
	if first {
		return a
	}
	return b
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("team_ids[]") && !s.ability(w, abilityTeams) {
		return
	}
	// The description speaks of names alone; clients look people up by their
	// e-mail address this way.
	query := strings.ToLower(q.Get("query"))
	users := slices.DeleteFunc(s.acct.usersByName(), func(u *user) bool {
		if query != "" && !strings.Contains(strings.ToLower(u.name), query) && !strings.Contains(strings.ToLower(u.email), query) {
			return true
		}
		return q.Has("team_ids[]") && !slices.ContainsFunc(q["team_ids[]"], func(id string) bool {
			t := s.acct.teams[id]
			return t != nil && has(t.members, u.id)
		})
	})
	include := includes(r)
	paginate(s, w, r, "users", users, func(u *user) any { return s.userView(u, include) })
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	if u, ok := s.userOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"user": s.userView(u, includes(r))})
	}
}

// getMe knows users' own tokens only. For an account API key PagerDuty's answer
// has a text where other errors have an object.
func (s *Server) getMe(w http.ResponseWriter, r *http.Request) {
	u := s.acct.users[callOf(r).actor.user]
	if u == nil {
		writeJSON(w, http.StatusBadRequest, object{
			"error": "The user cannot be identified: this endpoint requires a user-level API key",
		})
		return
	}
	writeJSON(w, http.StatusOK, object{"user": s.userView(u, includes(r))})
}

// deleteUser refuses while the user stands on schedules or policies; what else
// would hold them, incidents, the simulator does not have.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	if u.role == "owner" {
		writeInvalid(w, "The account owner can't be deleted")
		return
	}
	var held []string
	for _, c := range s.acct.schedulesByName() {
		if slices.Contains(c.People(s.now()), u.id) {
			held = append(held, "User is on the schedule "+c.Name)
		}
	}
	for _, p := range s.acct.policiesWith(inventory.Target{Type: "user", ID: u.id}) {
		held = append(held, "User is on the escalation policy "+p.name)
	}
	if len(held) > 0 {
		writeError(w, http.StatusBadRequest, codeInvalidInput,
			"User cannot be deleted while on schedules or escalation policies", held...)
		return
	}
	ref := s.userRef(u.id)
	for _, t := range s.acct.teams {
		delete(t.members, u.id)
	}
	delete(s.acct.users, u.id)
	s.record(r, "delete", ref, nil)
	w.WriteHeader(http.StatusNoContent)
}
