package pagerdutysim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) serviceRoutes() {
	s.handle("GET /services", s.listServices)
	s.handle("POST /services", s.createService)
	s.handle("GET /services/custom_fields", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"fields": []object{}})
	})
	s.handle("GET /services/{id}", s.getService)
	s.handle("PUT /services/{id}", s.updateService)
	s.handle("DELETE /services/{id}", s.deleteService)
}

// serviceView is a service as answers show it; include names what of escalation
// policies and teams is whole.
func (s *Server) serviceView(v *service, include []string) object {
	whole := func(name string) bool { return slices.Contains(include, name) }
	o := s.head("service", v.ID, v.Name, "/services")
	o["html_url"] = s.webURL("/service-directory", v.ID)
	o["name"], o["description"], o["status"] = v.Name, v.Description, v.Status
	o["created_at"] = v.createdAt.UTC().Format(time.RFC3339)
	// Null is off.
	o["acknowledgement_timeout"], o["auto_resolve_timeout"] = v.acknowledgementTimeout, v.autoResolveTimeout
	o["alert_creation"] = v.alertCreation
	o["incident_urgency_rule"] = object{"type": "constant", "urgency": "high"}
	for _, name := range []string{"integrations", "scheduled_actions", "addons"} {
		o[name] = []object{}
	}
	p := s.acct.policies[v.EscalationPolicy]
	o["escalation_policy"] = s.policyRef(p)
	if whole("escalation_policies") {
		o["escalation_policy"] = s.policyView(p, nil)
	}
	teams := []any{}
	for _, id := range v.Teams {
		teams = append(teams, either(whole("teams"), s.teamView(s.acct.teams[id]), s.teamRef(id)))
	}
	o["teams"] = teams
	return o
}

// serviceOf finds the service that a request's path names; if there is none, or
// services can't be read, it has answered.
func (s *Server) serviceOf(w http.ResponseWriter, r *http.Request) (*service, bool) {
	if !s.available(w, "services") {
		return nil, false
	}
	v := s.acct.services[r.PathValue("id")]
	if v == nil {
		writeNotFound(w)
	}
	return v, v != nil
}

func (s *Server) listServices(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !s.available(w, "services") || q.Has("team_ids[]") && !s.ability(w, abilityTeams) {
		return
	}
	query := strings.ToLower(q.Get("query"))
	list := s.acct.servicesByName()
	list = slices.DeleteFunc(list, func(v *service) bool {
		ofTeam := func(id string) bool { return slices.Contains(v.Teams, id) }
		return !strings.Contains(strings.ToLower(v.Name), query) ||
			q.Has("name") && v.Name != q.Get("name") ||
			q.Has("team_ids[]") && !slices.ContainsFunc(q["team_ids[]"], ofTeam)
	})
	descending(r, list)
	include := includes(r)
	paginate(s, w, r, "services", list, func(v *service) any { return s.serviceView(v, include) })
}

func (s *Server) getService(w http.ResponseWriter, r *http.Request) {
	if v, ok := s.serviceOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"service": s.serviceView(v, includes(r))})
	}
}

// serviceBody is a service as clients send one. A nil field was not sent.
type serviceBody struct {
	Name                   *string `json:"name"`
	Description            *string `json:"description"`
	Status                 *string `json:"status"`
	AcknowledgementTimeout timeout `json:"acknowledgement_timeout"`
	AutoResolveTimeout     timeout `json:"auto_resolve_timeout"`
	AlertCreation          *string `json:"alert_creation"`
	EscalationPolicy       *given  `json:"escalation_policy"`
}

// timeout is a number of seconds; null was sent to turn it off.
type timeout struct {
	sent  bool
	value *int
}

func (t *timeout) UnmarshalJSON(data []byte) error {
	t.sent = true
	return json.Unmarshal(data, &t.value)
}

func (t timeout) set(into **int) {
	if t.sent {
		*into = t.value
	}
}

// The timeouts of a service whose maker names none, in seconds. Source:
// PagerDuty's API description, Service.
const (
	defaultAcknowledgementTimeout = 1800
	defaultAutoResolveTimeout     = 14400
)

func newService(v inventory.Service, now time.Time) *service {
	acknowledgement, resolve := defaultAcknowledgementTimeout, defaultAutoResolveTimeout
	return &service{
		Service: v, createdAt: now, alertCreation: "create_alerts_and_incidents",
		acknowledgementTimeout: &acknowledgement, autoResolveTimeout: &resolve,
	}
}

func (s *Server) createService(w http.ResponseWriter, r *http.Request) {
	if !s.available(w, "services") {
		return
	}
	v := newService(inventory.Service{Status: "active"}, s.now())
	if !s.applyService(w, r, v) {
		return
	}
	v.ID, v.created = s.acct.newID(), s.acct.next()
	s.acct.services[v.ID] = v
	s.record(r, "create", s.serviceRef(v), []auditField{{Name: "name", Value: &v.Name}})
	writeJSON(w, http.StatusCreated, object{"service": s.serviceView(v, includes(r))})
}

func (s *Server) updateService(w http.ResponseWriter, r *http.Request) {
	v, ok := s.serviceOf(w, r)
	if !ok {
		return
	}
	after := *v
	if !s.applyService(w, r, &after) {
		return
	}
	before := *v
	*v = after
	s.record(r, "update", s.serviceRef(v), changed(
		field("name", before.Name, v.Name), field("description", before.Description, v.Description),
		field("escalation_policy", before.EscalationPolicy, v.EscalationPolicy),
	))
	writeJSON(w, http.StatusOK, object{"service": s.serviceView(v, includes(r))})
}

func (s *Server) applyService(w http.ResponseWriter, r *http.Request, v *service) bool {
	var body serviceBody
	if !decodeBody(w, r, "service", &body) {
		return false
	}
	set(&v.Name, body.Name)
	set(&v.Description, body.Description)
	set(&v.alertCreation, body.AlertCreation)
	set(&v.Status, body.Status)
	v.Name = strings.TrimSpace(v.Name)
	body.AcknowledgementTimeout.set(&v.acknowledgementTimeout)
	body.AutoResolveTimeout.set(&v.autoResolveTimeout)
	var errs []string
	if v.Name == "" {
		errs = append(errs, "Name can't be blank")
	}
	for _, other := range s.acct.services {
		if other.ID != v.ID && strings.EqualFold(other.Name, v.Name) {
			errs = append(errs, "Name has already been taken")
		}
	}
	if body.EscalationPolicy != nil && body.EscalationPolicy.ID != v.EscalationPolicy {
		v.EscalationPolicy = body.EscalationPolicy.ID
		if p := s.acct.policies[v.EscalationPolicy]; p != nil {
			// A service is of the team that its policy is of.
			v.Teams = slices.Clone(p.teams)
		}
	}
	if s.acct.policies[v.EscalationPolicy] == nil {
		errs = append(errs, "Escalation policy can't be blank")
	}
	if len(errs) > 0 {
		writeInvalid(w, errs...)
		return false
	}
	return true
}

func (s *Server) deleteService(w http.ResponseWriter, r *http.Request) {
	v, ok := s.serviceOf(w, r)
	if !ok {
		return
	}
	ref := s.serviceRef(v)
	delete(s.acct.services, v.ID)
	s.record(r, "delete", ref, nil)
	w.WriteHeader(http.StatusNoContent)
}
