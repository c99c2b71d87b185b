package pagerdutysim

import (
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// userBody is a user as clients send one. A nil field was not sent.
type userBody struct {
	Type        string  `json:"type"`
	Name        *string `json:"name"`
	Email       *string `json:"email"`
	Role        *string `json:"role"`
	JobTitle    *string `json:"job_title"`
	TimeZone    *string `json:"time_zone"`
	Description *string `json:"description"`
	Color       *string `json:"color"`
	License     *given  `json:"license"`
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
	u.name, u.email = strings.TrimSpace(*body.Name), strings.TrimSpace(*body.Email)
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
	set(&u.jobTitle, body.JobTitle)
	set(&u.timeZone, body.TimeZone)
	set(&u.description, body.Description)
	set(&u.color, body.Color)
	return true
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

// userErrors says everything that stands against a body at once. Name, e-mail
// address and type are required in updates too. Source: PagerDuty's Terraform
// provider, issues 312 and 845.
func (s *Server) userErrors(u *user, body userBody) []string {
	var errs []string
	if body.Type != "user" {
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
		if _, err := loadZone(*body.TimeZone); err != nil {
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
