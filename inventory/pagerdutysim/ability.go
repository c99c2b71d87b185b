package pagerdutysim

import (
	"net/http"
	"slices"
)

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
