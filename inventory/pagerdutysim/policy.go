package pagerdutysim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

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
		rule := object{"id": r.id, "escalation_delay_in_minutes": r.delay, "targets": targets}
		if whole(strategies) {
			rule["escalation_rule_assignment_strategy"] = object{"type": r.assignment()}
		}
		rules = append(rules, rule)
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
	s.acct.catalogue.Gone("escalation_policies", p.id)
	s.record(r, "delete", s.policyRef(p), nil)
	w.WriteHeader(http.StatusNoContent)
}

// policyBody is a policy as clients send one. A nil field was not sent.
type policyBody struct {
	Name        *string          `json:"name"`
	Description optional[string] `json:"description"`
	NumLoops    *int             `json:"num_loops"`
	Handoffs    *string          `json:"on_call_handoff_notifications"`
	// Teams is null where a policy is to be of none: PagerDuty's Terraform provider
	// sends that.
	Teams optional[[]given] `json:"teams"`
	Rules *[]ruleSent       `json:"escalation_rules"`
}

type ruleSent struct {
	ID       string       `json:"id"`
	Delay    int          `json:"escalation_delay_in_minutes"`
	Strategy strategySent `json:"escalation_rule_assignment_strategy"`
	Targets  []given      `json:"targets"`
}

// The two ways in which a level is assigned.
const (
	everyone   = "assign_to_everyone"
	roundRobin = "round_robin"
)

// strategySent is how a level is assigned, an object that names its type or, as the
// API description has it, the type alone. A level that is sent without one is
// everyone's: whether PagerDuty keeps what it was is not known, so the cautious
// reading is that it does not.
type strategySent string

// UnmarshalJSON reads either form.
func (t *strategySent) UnmarshalJSON(data []byte) error {
	var whole struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(data, (*string)(t))
	if err == nil {
		return nil
	}
	err = json.Unmarshal(data, &whole)
	*t = strategySent(whole.Type)
	return err
}

// assignment is how a level is assigned.
func (r escalationRule) assignment() string { return cmp.Or(r.strategy, everyone) }

// Limits of escalation policies. Source: PagerDuty's API description and
// support documentation, "Escalation Policies".
const (
	maxLoops       = 9
	maxRuleTargets = 10
)

func (s *Server) createPolicy(w http.ResponseWriter, r *http.Request) {
	p := &policy{handoffs: "if_has_services"}
	told, ok := s.applyPolicy(w, r, p)
	if !ok {
		return
	}
	p.id, p.created = s.acct.newID(), s.acct.next()
	s.acct.policies[p.id] = p
	s.acct.implicitMembership(p.teams, p.people(s.acct, s.now()))
	s.record(r, "create", s.policyRef(p), []auditField{{Name: "name", Value: &p.name}})
	writeJSON(w, http.StatusCreated, object{"escalation_policy": s.policyView(p, slices.Concat(includes(r), told))})
}

func (s *Server) updatePolicy(w http.ResponseWriter, r *http.Request) {
	p, ok := s.policyOf(w, r)
	if !ok {
		return
	}
	after := *p
	told, ok := s.applyPolicy(w, r, &after)
	if !ok {
		return
	}
	before := *p
	*p = after
	s.acct.implicitMembership(p.teams, p.people(s.acct, s.now()))
	s.record(r, "update", s.policyRef(p), changed(
		field("name", before.name, p.name), field("description", before.description, p.description),
		field("num_loops", fmt.Sprint(before.repeat), fmt.Sprint(p.repeat)),
	))
	writeJSON(w, http.StatusOK, object{"escalation_policy": s.policyView(p, slices.Concat(includes(r), told))})
}

// strategies is the include that shows how levels are assigned.
const strategies = "escalation_rule_assignment_strategies"

// applyPolicy brings a request's body into p; if it can't, it has answered and p
// is not to be kept. An answer shows what was sent besides the includes asked for.
func (s *Server) applyPolicy(w http.ResponseWriter, r *http.Request, p *policy) (told []string, ok bool) {
	var body policyBody
	if !decodeBody(w, r, "escalation_policy", &body) {
		return nil, false
	}
	if len(body.Teams.Value) > 0 && !s.ability(w, abilityTeams) {
		return nil, false
	}
	set(&p.name, body.Name)
	body.Description.set(&p.description)
	set(&p.repeat, body.NumLoops)
	set(&p.handoffs, body.Handoffs)
	p.name = strings.TrimSpace(p.name)
	errs := s.policyErrors(p)
	if body.Rules != nil {
		p.rules = nil
		for _, sent := range *body.Rules {
			rule, texts := s.readRule(sent)
			p.rules, errs = append(p.rules, rule), append(errs, texts...)
			if sent.Strategy != "" {
				told = []string{strategies}
			}
		}
	}
	if len(p.rules) == 0 {
		errs = append(errs, "At least one rule must be provided")
	}
	if len(errs) == 0 && body.Teams.Given {
		errs = s.moveToTeams(p, ids(body.Teams.Value))
	} else if len(errs) == 0 {
		if text := s.acct.membershipLimit(p.teams, p.people(s.acct, s.now())); text != "" {
			errs = append(errs, text)
		}
	}
	if len(errs) > 0 {
		writeInvalid(w, errs...)
		return nil, false
	}
	return told, true
}

func (s *Server) policyErrors(p *policy) []string {
	var errs []string
	if p.name == "" {
		errs = append(errs, "Name can't be blank")
	}
	for _, other := range s.acct.policies {
		if other.id != p.id && strings.EqualFold(other.name, p.name) {
			errs = append(errs, "Name has already been taken")
		}
	}
	if p.repeat < 0 || p.repeat > maxLoops {
		errs = append(errs, fmt.Sprintf("Num loops must be between 0 and %d", maxLoops))
	}
	if p.handoffs != "if_has_services" && p.handoffs != "always" {
		errs = append(errs, "On call handoff notifications is invalid")
	}
	return errs
}

// readRule reads one level; a rule that keeps its id stays the same rule.
func (s *Server) readRule(sent ruleSent) (escalationRule, []string) {
	rule := escalationRule{id: sent.ID, delay: sent.Delay, strategy: string(sent.Strategy)}
	if rule.id == "" {
		rule.id = s.acct.newID()
	}
	var errs []string
	if sent.Delay < 1 {
		errs = append(errs, "Escalation delay in minutes must be at least 1")
	}
	if !slices.Contains([]string{everyone, roundRobin}, rule.assignment()) {
		errs = append(errs, "Escalation rule assignment strategy is invalid")
	}
	if len(sent.Targets) == 0 {
		errs = append(errs, "Targets can't be empty")
	}
	if len(sent.Targets) > maxRuleTargets {
		errs = append(errs, fmt.Sprintf("A rule may not have more than %d targets", maxRuleTargets))
	}
	for _, t := range sent.Targets {
		target, text := s.readTarget(t)
		if text != "" {
			errs = append(errs, text)
			continue
		}
		rule.targets = append(rule.targets, target)
	}
	return rule, errs
}

func (s *Server) readTarget(t given) (inventory.Target, string) {
	switch strings.TrimSuffix(t.Type, "_reference") {
	case "user":
		u := s.acct.users[t.ID]
		switch {
		case !u.live():
			return inventory.Target{}, "User " + t.ID + " does not exist"
		case inventory.Stakeholder(u.role):
			return inventory.Target{}, "Stakeholders cannot be added to escalation policies"
		}
		return inventory.Target{Type: "user", ID: t.ID}, ""
	case "schedule", "schedule_v3":
		if s.acct.schedules[t.ID] == nil {
			return inventory.Target{}, "Schedule " + t.ID + " does not exist"
		}
		return inventory.Target{Type: "schedule", ID: t.ID}, ""
	}
	return inventory.Target{}, "Target type " + t.Type + " is invalid"
}

// moveToTeams says what keeps a policy from being of these teams; if nothing
// does, it is.
func (s *Server) moveToTeams(p *policy, teams []string) []string {
	if slices.Equal(teams, p.teams) {
		teams = p.teams
	} else if len(teams) > 1 {
		return []string{"Only one team may be associated with an escalation policy"}
	}
	for _, id := range teams {
		if text := s.acct.policyRefusal(p, id, s.now()); text != "" {
			return []string{text}
		}
	}
	p.teams = teams
	return nil
}

// policyRefusal says what keeps a policy and its people from being of a team.
func (a *account) policyRefusal(p *policy, teamID string, now time.Time) string {
	if a.teams[teamID] == nil {
		return "Team " + teamID + " does not exist"
	}
	if !slices.Contains(p.teams, teamID) {
		if text := a.policyLimit(teamID); text != "" {
			return text
		}
	}
	return a.membershipLimit([]string{teamID}, p.people(a, now))
}
