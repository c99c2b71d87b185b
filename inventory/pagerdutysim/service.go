package pagerdutysim

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
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
	o["scheduled_actions"], o["addons"] = []object{}, []object{}
	o["alert_grouping"], o["alert_grouping_timeout"] = nil, nil
	for name, value := range v.settings {
		if name != pauses || whole(pauses) {
			o[name] = value
		}
	}
	integrations := []any{}
	for _, i := range s.acct.catalogue.Of("/services/" + v.ID + "/integrations") {
		integrations = append(integrations, either(whole("integrations"), i, s.integrationRef(v, i)))
	}
	o["integrations"] = integrations
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

// pauses are parameters that a service shows only where they are asked for.
const pauses = "auto_pause_notifications_parameters"

// settings are the members of a service that are kept as they are sent.
var settings = []string{
	"incident_urgency_rule", "support_hours", "scheduled_actions", "alert_grouping", "alert_grouping_timeout",
	"alert_grouping_parameters", pauses, "response_play",
}

func (s *Server) integrationRef(v *service, i object) reference {
	id, _ := i["id"].(string)
	kind, _ := i["type"].(string)
	name, _ := i["name"].(string)
	return s.refer(kind+"_reference", id, name, "/services/"+v.ID+"/integrations")
}

// urgencyAt is the urgency of an incident of the service, by its rule.
func (v *service) urgencyAt(now time.Time) string {
	rule, _ := v.settings["incident_urgency_rule"].(map[string]any)
	if rule["type"] == "use_support_hours" {
		name := "outside_support_hours"
		if v.supported(now) {
			name = "during_support_hours"
		}
		rule, _ = rule[name].(map[string]any)
	}
	if rule["urgency"] == "low" {
		return "low"
	}
	return "high"
}

// supported says that now is within the support hours.
func (v *service) supported(now time.Time) bool {
	hours, _ := v.settings["support_hours"].(map[string]any)
	name, _ := hours["time_zone"].(string)
	zone, err := input.Zone(name)
	if err != nil {
		return false
	}
	local := now.In(zone)
	clock := local.Format(time.TimeOnly)
	from, _ := hours["start_time"].(string)
	to, _ := hours["end_time"].(string)
	days, _ := hours["days_of_week"].([]any)
	return slices.Contains(days, any(float64((int(local.Weekday())+6)%7+1))) && from <= clock && clock < to
}

// defaultTimeWindow is how long alerts are grouped where nothing says it, in seconds.
// Source: PagerDuty's Terraform provider, TestAccPagerDutyService_FormatValidation.
const defaultTimeWindow = 300.0

// byContent is the older name of alerts that are grouped by content. Source: PagerDuty's
// Terraform provider, TestAccPagerDutyService_AlertGroupingContentBased.
const byContent = "rules"

// groupWithin gives alerts that are grouped by content or intelligently the window
// that PagerDuty gives them.
func (v *service) groupWithin() {
	grouping, _ := v.settings["alert_grouping_parameters"].(map[string]any)
	switch {
	case grouping["type"] == "content_based":
		v.settings["alert_grouping"] = byContent
	case v.settings["alert_grouping"] == byContent:
		delete(v.settings, "alert_grouping")
	}
	if grouping["type"] != "content_based" && grouping["type"] != "intelligent" {
		return
	}
	config, _ := grouping["config"].(map[string]any)
	if window, _ := config["time_window"].(float64); window > 0 {
		return
	}
	config, grouping = maps.Clone(config), maps.Clone(grouping)
	if config == nil {
		config = map[string]any{}
	}
	config["time_window"] = defaultTimeWindow
	grouping["config"] = config
	v.settings["alert_grouping_parameters"] = grouping
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
	Name                   *string          `json:"name"`
	Description            optional[string] `json:"description"`
	Status                 *string          `json:"status"`
	AcknowledgementTimeout timeout          `json:"acknowledgement_timeout"`
	AutoResolveTimeout     timeout          `json:"auto_resolve_timeout"`
	AlertCreation          *string          `json:"alert_creation"`
	EscalationPolicy       *given           `json:"escalation_policy"`
	settings               map[string]any
}

// UnmarshalJSON keeps the settings besides.
func (b *serviceBody) UnmarshalJSON(data []byte) error {
	type plain serviceBody
	if err := json.Unmarshal(data, (*plain)(b)); err != nil {
		return err
	}
	return json.Unmarshal(data, &b.settings)
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

// settingsOf are the members of a service that say when its incidents are urgent; nil
// where they are as those of a new one.
func settingsOf(v inventory.Service) map[string]any {
	during, outside := cmp.Or(v.Urgency.During, inventory.UrgencyHigh), cmp.Or(v.Urgency.Outside, v.Urgency.During, inventory.UrgencyHigh)
	constant := func(urgency string) map[string]any { return map[string]any{"type": "constant", "urgency": urgency} }
	if v.SupportHours == nil {
		if during == inventory.UrgencyHigh {
			return nil
		}
		return map[string]any{"incident_urgency_rule": constant(during)}
	}
	days := []any{}
	for _, d := range v.SupportHours.Days {
		days = append(days, float64(d))
	}
	settings := map[string]any{
		"incident_urgency_rule": map[string]any{
			"type": "use_support_hours", "during_support_hours": constant(during), "outside_support_hours": constant(outside),
		},
		"support_hours": map[string]any{
			"type": "fixed_time_per_day", "time_zone": v.SupportHours.TimeZone, "days_of_week": days,
			"start_time": v.SupportHours.StartTime, "end_time": v.SupportHours.EndTime,
		},
	}
	if v.RaisedAtSupportHours {
		settings["scheduled_actions"] = []any{map[string]any{
			"type": "urgency_change", "to_urgency": inventory.UrgencyHigh,
			"at": map[string]any{"type": "named_time", "name": "support_hours_start"},
		}}
	}
	return settings
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
	body.Description.set(&v.Description)
	set(&v.alertCreation, body.AlertCreation)
	set(&v.Status, body.Status)
	v.Name = strings.TrimSpace(v.Name)
	body.AcknowledgementTimeout.set(&v.acknowledgementTimeout)
	body.AutoResolveTimeout.set(&v.autoResolveTimeout)
	v.settings = maps.Clone(v.settings)
	for _, name := range settings {
		value, sent := body.settings[name]
		if list, ok := value.([]any); ok {
			// PagerDuty's Terraform provider sends scheduled_actions as [null] where support
			// hours have none (resource_pagerduty_service.go).
			value = slices.DeleteFunc(list, func(v any) bool { return v == nil })
		}
		switch {
		case sent && value == nil:
			delete(v.settings, name)
		case sent && v.settings == nil:
			v.settings = map[string]any{name: value}
		case sent:
			v.settings[name] = value
		}
	}
	v.groupWithin()
	if rule, ok := v.settings["incident_urgency_rule"].(map[string]any); ok && rule["type"] == "constant" {
		// No urgency goes by support hours any more. Source:
		// PagerDuty's Terraform provider, TestAccPagerDutyService_SupportHoursChange.
		delete(v.settings, "scheduled_actions")
		delete(v.settings, "support_hours")
	}
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
	if len(s.acct.incidents.OfService(v.ID)) > 0 {
		writeInvalid(w, "Service can't be deleted while it has open incidents")
		return
	}
	ref := s.serviceRef(v)
	delete(s.acct.services, v.ID)
	s.acct.catalogue.Gone("services", v.ID)
	s.record(r, "delete", ref, nil)
	w.WriteHeader(http.StatusNoContent)
}
