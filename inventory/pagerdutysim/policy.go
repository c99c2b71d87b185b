package pagerdutysim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) policyRoutes() {
	s.handle("GET /escalation_policies", s.listPolicies)
	s.handle("POST /escalation_policies", s.createPolicy)
	s.handle("GET /escalation_policies/{id}", s.getPolicy)
	s.handle("PUT /escalation_policies/{id}", s.updatePolicy)
	s.handle("DELETE /escalation_policies/{id}", s.deletePolicy)
}

// policyView is a policy as answers show it; include names what of services,
// teams and targets is whole.
func (s *Server) policyView(p *policy, include []string) object {
	whole := func(name string) bool { return slices.Contains(include, name) }
	o := s.head("escalation_policy", p.id, p.name, "/escalation_policies")
	o["name"], o["description"], o["num_loops"] = p.name, p.description, p.repeat
	o["on_call_handoff_notifications"] = p.handoffs
	rules := []object{}
	for _, r := range p.rules {
		targets := []any{}
		for _, t := range r.targets {
			targets = append(targets, s.targetView(t, whole("targets")))
		}
		rules = append(rules, object{"id": r.id, "escalation_delay_in_minutes": r.delay, "targets": targets})
	}
	services, teams := []any{}, []any{}
	for _, v := range s.acct.servicesOf(p.id) {
		if whole("services") {
			services = append(services, s.serviceView(v, nil))
			continue
		}
		services = append(services, s.serviceRef(v))
	}
	for _, id := range p.teams {
		teams = append(teams, either(whole("teams"), s.teamView(s.acct.teams[id]), s.teamRef(id)))
	}
	o["escalation_rules"], o["services"], o["teams"] = rules, services, teams
	return o
}

// targetView is a user_reference, a schedule_reference or a
// schedule_v3_reference, or the user or layer-based schedule itself.
func (s *Server) targetView(t inventory.Target, whole bool) any {
	if t.Type == "user" {
		if u := s.acct.users[t.ID]; whole && u != nil {
			return s.userView(u, nil)
		}
		return s.userRef(t.ID)
	}
	c := s.acct.schedules[t.ID]
	if whole && c.Kind == inventory.ScheduleOfLayers {
		return s.scheduleView(c, rendering{}, parts{})
	}
	return s.scheduleRef(c)
}

// policyOf finds the policy that a request's path names; if there is none it has
// answered.
func (s *Server) policyOf(w http.ResponseWriter, r *http.Request) (*policy, bool) {
	p := s.acct.policies[r.PathValue("id")]
	if p == nil {
		writeNotFound(w)
	}
	return p, p != nil
}

func (s *Server) listPolicies(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("team_ids[]") && !s.ability(w, abilityTeams) {
		return
	}
	query := strings.ToLower(q.Get("query"))
	list := s.acct.policiesByName()
	list = slices.DeleteFunc(list, func(p *policy) bool {
		targets := func(id string) bool {
			return slices.ContainsFunc(p.rules, func(r escalationRule) bool {
				return slices.Contains(r.targets, inventory.Target{Type: "user", ID: id})
			})
		}
		ofTeam := func(id string) bool { return slices.Contains(p.teams, id) }
		return !strings.Contains(strings.ToLower(p.name), query) ||
			q.Has("user_ids[]") && !slices.ContainsFunc(q["user_ids[]"], targets) ||
			q.Has("team_ids[]") && !slices.ContainsFunc(q["team_ids[]"], ofTeam)
	})
	descending(r, list)
	include := includes(r)
	paginate(s, w, r, "escalation_policies", list, func(p *policy) any { return s.policyView(p, include) })
}

// descending turns a list around where the request asks for that.
func descending[T any](r *http.Request, list []T) {
	if r.URL.Query().Get("sort_by") == "name:desc" {
		slices.Reverse(list)
	}
}

func (s *Server) getPolicy(w http.ResponseWriter, r *http.Request) {
	if p, ok := s.policyOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"escalation_policy": s.policyView(p, includes(r))})
	}
}

func (s *Server) deletePolicy(w http.ResponseWriter, r *http.Request) {
	p, ok := s.policyOf(w, r)
	if !ok {
		return
	}
	if len(s.acct.servicesOf(p.id)) > 0 {
		writeInvalid(w, "Escalation policy can't be deleted if it's being used by services")
		return
	}
	delete(s.acct.policies, p.id)
	s.record(r, "delete", s.policyRef(p), nil)
	w.WriteHeader(http.StatusNoContent)
}
