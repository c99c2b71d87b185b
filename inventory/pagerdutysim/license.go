package pagerdutysim

import (
	"net/http"
	"slices"
	"time"
)

func (s *Server) licenseRoutes() {
	s.handle("GET /licenses", s.listLicenses)
	s.handle("GET /license_allocations", s.listAllocations)
	s.handle("GET /users/{id}/license", s.getUserLicense)
}

// allocated counts the users who have a license.
func (a *account) allocated(licenseID string) int {
	n := 0
	for _, u := range a.users {
		if u.license == licenseID && u.deleted.IsZero() {
			n++
		}
	}
	return n
}

// free says whether a license can be given to one more user.
func (a *account) free(l *license) bool { return l.seats == nil || a.allocated(l.id) < *l.seats }

func (s *Server) licenseView(l *license) object {
	return object{
		"id": l.id, "type": "license", "summary": l.name, "name": l.name, "description": "",
		"valid_roles": l.validRoles, "role_group": l.roleGroup,
	}
}

func (s *Server) listLicenses(w http.ResponseWriter, _ *http.Request) {
	if !s.available(w, "licenses") {
		return
	}
	list := []object{}
	for _, l := range s.acct.licensesByName() {
		o := s.licenseView(l)
		n := s.acct.allocated(l.id)
		o["current_value"], o["allocations_available"] = n, nil
		if l.seats != nil {
			o["allocations_available"] = *l.seats - n
		}
		list = append(list, o)
	}
	writeJSON(w, http.StatusOK, object{"licenses": list})
}

func (s *Server) listAllocations(w http.ResponseWriter, r *http.Request) {
	if !s.available(w, "licenses") {
		return
	}
	users := slices.DeleteFunc(s.acct.usersByName(), func(u *user) bool { return !has(s.acct.licenses, u.license) })
	paginate(s, w, r, "license_allocations", users, func(u *user) any {
		return object{
			"user": s.userRef(u.id), "license": s.licenseView(s.acct.licenses[u.license]),
			"allocated_at": u.allocatedAt.UTC().Format(time.RFC3339),
		}
	})
}

func (s *Server) getUserLicense(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok || !s.available(w, "licenses") {
		return
	}
	l := s.acct.licenses[u.license]
	if l == nil {
		writeNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, object{"license": s.licenseView(l)})
}

const licenseUnavailable = "License error: License is not available"

// chooseLicense says which license a user has with a role: the one asked for,
// else the one they have, else the first that is free. An account without
// licenses, as of one whose licenses could not be read, needs none. The text is
// what stands against it. Source: PagerDuty's Terraform provider, issues 715 and
// 745.
func (a *account) chooseLicense(u *user, role, wanted string) (id, refusal string) {
	fits := func(l *license) bool {
		return l != nil && slices.Contains(l.validRoles, role) && (l.id == u.license || a.free(l))
	}
	switch {
	case wanted != "":
		if !fits(a.licenses[wanted]) {
			return "", licenseUnavailable
		}
		return wanted, ""
	case len(a.licenses) == 0 || fits(a.licenses[u.license]):
		return u.license, ""
	case u.id != "" && u.license == "":
		// The seed does not say what this person has.
		return "", ""
	}
	for _, l := range a.licensesByName() {
		if fits(l) {
			return l.id, ""
		}
	}
	return "", licenseUnavailable
}

// The abilities that the simulator asks for. PagerDuty's documentation names
// the first two; it speaks of advanced permissions without naming the ability,
// and accounts have been seen with either of the names here.
const (
	abilityTeams     = "teams"
	abilityReadOnly  = "read_only_users"
	abilityUrgencies = "urgencies"
)

var advancedPermissions = []string{"permissions_service", "advanced_permissions"}

func (s *Server) abilityRoutes() {
	s.handle("GET /abilities", s.listAbilities)
	s.handle("GET /abilities/{id}", s.getAbility)
}

func (s *Server) listAbilities(w http.ResponseWriter, _ *http.Request) {
	if !s.available(w, "abilities") {
		return
	}
	names := append([]string{}, sortedKeys(s.acct.abilities)...)
	writeJSON(w, http.StatusOK, object{"abilities": names})
}

func (s *Server) getAbility(w http.ResponseWriter, r *http.Request) {
	if s.available(w, "abilities") && s.ability(w, r.PathValue("id")) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// able says whether the account has one of the abilities. An account whose
// abilities are not known has them all.
func (a *account) able(names ...string) bool {
	return a.abilities == nil || slices.ContainsFunc(names, func(n string) bool { return a.abilities[n] })
}

// ability answers 402 where the account has none of the abilities.
func (s *Server) ability(w http.ResponseWriter, names ...string) bool {
	if s.acct.able(names...) {
		return true
	}
	writeError(w, http.StatusPaymentRequired, codeMissingAbility,
		"Account does not have the abilities to perform the action.", "Required abilities: "+names[0])
	return false
}

// available answers 403 for an optional part that the seed could not read
// either.
func (s *Server) available(w http.ResponseWriter, part string) bool {
	if !slices.Contains(s.acct.unavailable, part) {
		return true
	}
	writeDenied(w)
	return false
}

// roleAbility answers 402 where the account's plan lacks a base role.
func (s *Server) roleAbility(w http.ResponseWriter, role string) bool {
	switch role {
	case "read_only_user", "read_only_limited_user":
		return s.ability(w, abilityReadOnly)
	case "observer", "restricted_access":
		return s.ability(w, advancedPermissions...)
	}
	return true
}
