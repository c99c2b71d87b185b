package pagerdutysim

import (
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
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
	if !u.live() {
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
	query, ofTeams, teams := strings.ToLower(q.Get("query")), q.Has("team_ids[]"), q["team_ids[]"]
	users := slices.DeleteFunc(s.acct.usersByName(), func(u *user) bool {
		if u.unlisted {
			return true
		}
		if query != "" && !strings.Contains(strings.ToLower(u.name), query) && !strings.Contains(strings.ToLower(u.email), query) {
			return true
		}
		return ofTeams && !slices.ContainsFunc(teams, func(id string) bool {
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

// accountLevel is what /users/me answers an account API key; clients look for these
// words. Source: PagerDuty/python-pagerduty, tests/rest_api_v2_client_test.py.
const accountLevel = "Because this request was made using an account-level access token, we were unable to determine " +
	"the user's identity. Please use a user-level token."

// getMe knows users' own tokens only. For an account API key PagerDuty's answer
// has a text where other errors have an object.
func (s *Server) getMe(w http.ResponseWriter, r *http.Request) {
	u := s.acct.users[callOf(r).actor.user]
	if u == nil {
		writeJSON(w, http.StatusBadRequest, object{"error": accountLevel})
		return
	}
	writeJSON(w, http.StatusOK, object{"user": s.userView(u, includes(r))})
}

// deleteUser refuses the owner, whoever asks, and whom something holds. With offboarding
// it takes people off everything by itself, and a stub stays where they stood.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	switch {
	case u.role == "owner":
		writeInvalid(w, "The account owner can't be deleted")
		return
	case u.id == callOf(r).actor.user:
		// Source: PagerDuty support documentation, "Manage Users". Its text is not known.
		writeInvalid(w, "You can't delete yourself")
		return
	}
	if held := s.heldBy(u); len(held) > 0 {
		writeError(w, http.StatusBadRequest, codeInvalidInput,
			"User cannot be deleted while on schedules or escalation policies", held...)
		return
	}
	ref := s.userRef(u.id)
	s.acct.forget(u, s.now())
	if len(s.acct.incidents.Open(u.id)) > 0 {
		s.afterwards(r, func() { s.incidents.Restart(u.id, s.acct.owner()) })
	}
	s.record(r, "delete", ref, nil)
	w.WriteHeader(http.StatusNoContent)
}

// heldBy says what keeps a user from being deleted. An open incident keeps its
// escalation policy as it was, also where the user left that policy since. Source:
// PagerDuty support documentation, "Escalation Policies" and "Offboarding".
func (s *Server) heldBy(u *user) []string {
	var held []string
	if s.opts.Offboarding == NoOffboarding {
		for _, c := range s.acct.schedulesByName() {
			if slices.Contains(c.People(s.now()), u.id) {
				held = append(held, "User is on the schedule "+c.Name)
			}
		}
		for _, p := range s.acct.policiesWith(inventory.Target{Type: "user", ID: u.id}) {
			held = append(held, "User is on the escalation policy "+p.name)
		}
	}
	assigned := s.acct.incidents.Open(u.id)
	if s.opts.Offboarding != OffboardingRestarts {
		for _, id := range assigned {
			held = append(held, "User is assigned to the open incident "+id)
		}
	}
	for _, id := range s.acct.incidents.Pinning(incident.Target{Type: "user", ID: u.id}) {
		// What is assigned to them starts anew, with the policy as it is then.
		if s.opts.Offboarding != OffboardingRestarts || !slices.Contains(assigned, id) {
			held = append(held, "User is on the escalation policy of the open incident "+id)
		}
	}
	return held
}

// forget deletes a user with what is theirs. Where a schedule or an escalation policy
// names them, a stub stays.
func (a *account) forget(u *user, now time.Time) {
	for _, t := range a.teams {
		delete(t.members, u.id)
	}
	a.catalogue.Gone("users", u.id)
	if !a.names(u.id) {
		delete(a.users, u.id)
		return
	}
	u.deleted, u.unlisted, u.license, u.contacts, u.rules = now, true, "", nil, nil
}

// names says that a schedule or an escalation policy names a user.
func (a *account) names(id string) bool {
	for _, c := range a.schedules {
		if slices.Contains(mentioned(c.Schedule), id) {
			return true
		}
	}
	return len(a.policiesWith(inventory.Target{Type: "user", ID: id})) > 0
}

// owner is the id of the account's owner, or "".
func (a *account) owner() string {
	for _, u := range a.usersByName() {
		if u.role == "owner" {
			return u.id
		}
	}
	return ""
}

// userBody is a user as clients send one. A nil field was not sent.
type userBody struct {
	Type        string           `json:"type"`
	Name        *string          `json:"name"`
	Email       *string          `json:"email"`
	Role        *string          `json:"role"`
	JobTitle    optional[string] `json:"job_title"`
	TimeZone    *string          `json:"time_zone"`
	Description optional[string] `json:"description"`
	Color       *string          `json:"color"`
	License     *given           `json:"license"`
}

func (s *Server) createUser(w http.ResponseWriter, r *http.Request) {
	var body userBody
	if !s.requester(w, r) || !decodeBody(w, r, "user", &body) {
		return
	}
	u := &user{role: "user", timeZone: "Etc/UTC", invited: true, allocatedAt: s.now()}
	if !s.applyUser(w, r, u, body) {
		return
	}
	u.id, u.created = s.acct.newID(), s.acct.next()
	if u.color == "" {
		u.color = colors[u.created%len(colors)]
	}
	// A new user can be reached by e-mail, at once.
	c := contactMethod{id: s.acct.newID(), kind: "email_contact_method", label: "Default", address: u.email, createdAt: s.now()}
	u.contacts = []contactMethod{c}
	u.rules = []notificationRule{{id: s.acct.newID(), urgency: "high", contact: c.id}}
	if s.acct.able(abilityUrgencies) {
		// Source: PagerDuty support documentation, "User Profile".
		u.rules = append(u.rules, notificationRule{id: s.acct.newID(), urgency: "low", contact: c.id})
	}
	s.acct.users[u.id] = u
	s.record(r, "create", s.userRef(u.id), []auditField{{Name: "name", Value: &u.name}, {Name: "email", Value: &u.email}})
	writeJSON(w, http.StatusCreated, object{"user": s.userView(u, includes(r))})
}

func (s *Server) updateUser(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	var body userBody
	if !decodeBody(w, r, "user", &body) {
		return
	}
	if u.role == "owner" {
		// Source: PagerDuty's Terraform provider, pull request 379.
		writeInvalid(w, "The account owner can't be updated")
		return
	}
	after := *u
	if !s.applyUser(w, r, &after, body) {
		return
	}
	before := *u
	*u = after
	if fields := changed(
		field("name", before.name, u.name), field("email", before.email, u.email),
		field("role", before.role, u.role), field("job_title", before.jobTitle, u.jobTitle),
		field("time_zone", before.timeZone, u.timeZone), field("description", before.description, u.description),
	); len(fields) > 0 {
		s.record(r, "update", s.userRef(u.id), fields)
	}
	writeJSON(w, http.StatusOK, object{"user": s.userView(u, includes(r))})
}

// applyUser brings a body into u; if it can't, it has answered and u is not to
// be kept.
func (s *Server) applyUser(w http.ResponseWriter, r *http.Request, u *user, body userBody) bool {
	if s.fault(r, FaultLicenseLock) != nil {
		writeInvalid(w, "License error: Unable to perform request at this time. account could not be locked")
		return false
	}
	if errs := s.userErrors(u, body); len(errs) > 0 {
		writeInvalid(w, errs...)
		return false
	}
	// Addresses are kept in lower case. Source: PagerDuty's Terraform provider,
	// SuppressCaseDiff.
	u.name, u.email = input.Name(*body.Name), strings.ToLower(strings.TrimSpace(*body.Email))
	if body.Role != nil && *body.Role != u.role {
		if !s.roleAbility(w, *body.Role) {
			return false
		}
		u.role = *body.Role
	}
	wanted := ""
	if body.License != nil {
		wanted = body.License.ID
	}
	license, refusal := s.acct.chooseLicense(u, u.role, wanted)
	if refusal != "" {
		writeInvalid(w, refusal)
		return false
	}
	if license != u.license {
		u.license, u.allocatedAt = license, s.now()
	}
	body.JobTitle.set(&u.jobTitle)
	set(&u.timeZone, body.TimeZone)
	body.Description.set(&u.description)
	set(&u.color, body.Color)
	return true
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

// userErrors says everything that stands against a body at once. Name and e-mail
// address are required in updates too; a type may be left out, as PagerDuty's
// Terraform provider does. Source: its issues 312 and 845, and resource_pagerduty_user.go.
func (s *Server) userErrors(u *user, body userBody) []string {
	var errs []string
	if body.Type != "" && body.Type != "user" && body.Type != "user_reference" {
		errs = append(errs, "Type must be user")
	}
	if body.Name == nil || strings.TrimSpace(*body.Name) == "" {
		errs = append(errs, "Name cannot be empty")
	}
	switch {
	case body.Email == nil || strings.TrimSpace(*body.Email) == "":
		errs = append(errs, "Email cannot be empty")
	case !plausible(*body.Email):
		errs = append(errs, "Email is invalid")
	default:
		if other := s.acct.userByEmail(strings.TrimSpace(*body.Email)); other != nil && other.id != u.id {
			errs = append(errs, "Email has already been taken")
		}
	}
	if body.Role != nil {
		switch {
		case *body.Role == "owner":
			errs = append(errs, "Role can't be owner")
		case !slices.Contains(inventory.BaseRoles(), *body.Role):
			errs = append(errs, "Role is invalid")
		case u.id != "" && inventory.Stakeholder(*body.Role) && s.onCallSomewhere(u.id):
			errs = append(errs, "Stakeholders cannot be added to schedules")
		}
	}
	if body.TimeZone != nil && *body.TimeZone != "" {
		if _, err := input.Zone(*body.TimeZone); err != nil {
			errs = append(errs, "Time zone is invalid")
		}
	}
	return errs
}

func plausible(email string) bool {
	a, err := mail.ParseAddress(strings.TrimSpace(email))
	return err == nil && a.Name == ""
}

// onCallSomewhere says that a user is on a schedule or a policy: nobody there
// can become a stakeholder.
func (s *Server) onCallSomewhere(userID string) bool {
	for _, c := range s.acct.schedules {
		if slices.Contains(c.People(s.now()), userID) {
			return true
		}
	}
	return len(s.acct.policiesWith(inventory.Target{Type: "user", ID: userID})) > 0
}
