package pagerdutysim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/contract"
)

// traffic exercises the simulator as the contract test needs it. Operations that
// the simulator does not offer are left out.
type traffic struct {
	*api
	// offers are the operations to exercise; nil for all.
	offers map[string]bool
}

// ok makes a request that must succeed, by its operation and the ids in its path;
// it says whether it was made.
func (tr traffic) ok(operation string, body any, args ...string) (answer, bool) {
	tr.t.Helper()
	return tr.send(context.Background(), operation, body, args, func(status int) bool { return status < 300 })
}

// refused makes a request that must be answered with a status; with Deliberate
// its own form does not count.
func (tr traffic) refused(status int, operation string, body any, args ...string) {
	tr.t.Helper()
	tr.send(contract.Deliberate(context.Background()), operation, body, args, func(got int) bool { return got == status })
}

// send fills the path's variables with args in order; an arg that begins with
// '?' is the query.
func (tr traffic) send(ctx context.Context, operation string, body any, args []string, fine func(int) bool) (answer, bool) {
	tr.t.Helper()
	if tr.offers != nil && !tr.offers[operation] {
		return answer{}, false
	}
	method, path, _ := strings.Cut(operation, " ")
	for _, arg := range args {
		if strings.HasPrefix(arg, "?") {
			path += arg
			continue
		}
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + arg + after
	}
	got := tr.callWith(ctx, method, path, body)
	if !fine(got.status) {
		tr.t.Errorf("%s answered %d: %s", operation+" "+path, got.status, got.json())
		return got, false
	}
	return got, true
}

// made is the id of what a request made.
func made(t *testing.T, got answer, ok bool, path ...any) string {
	t.Helper()
	if !ok {
		return "PNOBODY"
	}
	return got.text(append(path, "id")...)
}

func (tr traffic) people() {
	one := fields{"user": fields{"type": "user", "name": "Eve", "email": "eve@acme.com", "role": "limited_user"}}
	got, ok := tr.ok("POST /users", one)
	id := made(tr.t, got, ok, "user")
	tr.refused(http.StatusBadRequest, "POST /users", one)
	tr.ok("GET /users", nil, "?include[]=contact_methods&include[]=notification_rules&include[]=teams&limit=100&total=true")
	tr.ok("GET /users/{id}", nil, id)
	tr.ok("PUT /users/{id}", one, id)
	tr.refused(http.StatusNotFound, "GET /users/{id}", nil, "PNOBODY")

	method := fields{"contact_method": fields{"type": "email_contact_method", "label": "Work", "address": "eve@work.com"}}
	got, ok = tr.ok("POST /users/{id}/contact_methods", method, id)
	contact := made(tr.t, got, ok, "contact_method")
	tr.ok("GET /users/{id}/contact_methods", nil, id)
	tr.ok("GET /users/{id}/contact_methods/{contact_method_id}", nil, id, contact)
	tr.ok("PUT /users/{id}/contact_methods/{contact_method_id}", method, id, contact)
	rule := fields{"notification_rule": fields{"type": "assignment_notification_rule", "start_delay_in_minutes": 0, "urgency": "high",
		"contact_method": fields{"id": contact, "type": "email_contact_method_reference"}}}
	got, ok = tr.ok("POST /users/{id}/notification_rules", rule, id)
	notification := made(tr.t, got, ok, "notification_rule")
	tr.ok("GET /users/{id}/notification_rules", nil, id)
	tr.ok("GET /users/{id}/notification_rules/{notification_rule_id}", nil, id, notification)
	tr.ok("PUT /users/{id}/notification_rules/{notification_rule_id}", rule, id, notification)
	tr.ok("DELETE /users/{id}/notification_rules/{notification_rule_id}", nil, id, notification)
	tr.ok("DELETE /users/{id}/contact_methods/{contact_method_id}", nil, id, contact)
	tr.ok("GET /users/{id}/license", nil, "PANN001")
	tr.ok("GET /users/{id}/sessions", nil, id)
	tr.ok("DELETE /users/{id}/sessions", nil, id)
	tr.ok("DELETE /oauth_delegations", nil, "?user_id="+id+"&type=mobile")
	tr.refused(http.StatusBadRequest, "DELETE /users/{id}", nil, "PANN001")
	tr.ok("DELETE /users/{id}", nil, id)
}

func (tr traffic) teams() {
	one := fields{"team": fields{"type": "team", "name": "New team"}}
	got, ok := tr.ok("POST /teams", one)
	id := made(tr.t, got, ok, "team")
	tr.ok("GET /teams", nil, "?limit=100&total=true&query=new")
	tr.ok("GET /teams/{id}", nil, id)
	tr.ok("PUT /teams/{id}", one, id)
	tr.ok("PUT /teams/{id}/users/{user_id}", fields{"role": "responder"}, id, "PBEN001")
	tr.ok("GET /teams/{id}/members", nil, id, "?limit=100")
	tr.refused(http.StatusBadRequest, "PUT /teams/{id}/users/{user_id}", fields{"role": "observer"}, id, "PSTA001")
	tr.refused(http.StatusBadRequest, "DELETE /teams/{id}/users/{user_id}", nil, "PTEAM01", "PBEN001")
	tr.ok("DELETE /teams/{id}/users/{user_id}", nil, id, "PBEN001")
	policy := fields{"escalation_policy": escalationPolicy("For a team", "PANN001")}
	got, ok = tr.ok("POST /escalation_policies", policy)
	policyID := made(tr.t, got, ok, "escalation_policy")
	tr.ok("PUT /teams/{id}/escalation_policies/{escalation_policy_id}", nil, id, policyID)
	tr.ok("DELETE /teams/{id}/escalation_policies/{escalation_policy_id}", nil, id, policyID)
	tr.ok("DELETE /escalation_policies/{id}", nil, policyID)
	tr.refused(http.StatusBadRequest, "DELETE /teams/{id}", nil, "PTEAM01")
	tr.ok("DELETE /teams/{id}", nil, id)
}

func escalationPolicy(name, user string) fields {
	return fields{"type": "escalation_policy", "name": name, "escalation_rules": []fields{
		{"escalation_delay_in_minutes": 30, "targets": []fields{{"id": user, "type": "user_reference"}}},
	}}
}

func (tr traffic) layerSchedules() {
	body := newSchedule(fields{"description": nil}, layer(nil))
	got, ok := tr.ok("POST /schedules", body)
	id := made(tr.t, got, ok, "schedule")
	tr.ok("GET /schedules", nil, "?"+includeAll+week+"&limit=100&total=true")
	tr.ok("GET /schedules/{id}", nil, id)
	read, _ := tr.ok("GET /schedules/{id}", nil, "PLAYER1", "?"+week)
	tr.ok("PUT /schedules/{id}", read.body, "PLAYER1")
	tr.ok("POST /schedules/preview", body, "?"+week)
	tr.ok("GET /schedules/{id}/users", nil, "PLAYER1", "?"+week)
	tr.ok("GET /schedules/{id}/overrides", nil, "PLAYER1", "?"+week)
	tr.ok("GET /schedules/{id}/overrides", nil, "PLAYER1", "?editable=true&"+week)
	got, ok = tr.ok("POST /schedules/{id}/overrides", fields{"overrides": []fields{
		override("PCAT001", "2026-02-03T10:00:00Z", "2026-02-03T12:00:00Z"),
		override("PCAT001", "2026-02-03T12:00:00Z", "2026-02-03T12:00:00Z"),
	}}, "PLAYER1")
	tr.ok("DELETE /schedules/{id}/overrides/{override_id}", nil, "PLAYER1", made(tr.t, got, ok, 0, "override"))
	tr.ok("POST /schedules/{id}/overrides", fields{
		"override": override("PCAT001", "2026-02-03T14:00:00Z", "2026-02-03T15:00:00Z")}, "PLAYER1")
	now := tr.now
	tr.now = at("2026-01-17T12:00:00Z")
	tr.refused(http.StatusBadRequest, "DELETE /schedules/{id}/overrides/{override_id}", nil, "PLAYER1", "QOVER1")
	tr.now = now
	tr.refused(http.StatusBadRequest, "POST /schedules", newSchedule(nil, layer(fields{"rotation_turn_length_seconds": 60})))
	tr.refused(http.StatusBadRequest, "GET /schedules/{id}", nil, "PSHIFT1")
	tr.refused(http.StatusBadRequest, "DELETE /schedules/{id}", nil, "PLAYER1")
	tr.ok("DELETE /schedules/{id}", nil, id)
}

func (tr traffic) shiftSchedules() {
	body := fields{"schedule": fields{"name": "New shifts", "time_zone": "UTC"}}
	got, ok := tr.ok("POST /v3/schedules", body)
	id := made(tr.t, got, ok, "schedule")
	tr.ok("GET /v3/schedules", nil, "?limit=1000")
	tr.ok("GET /v3/schedules/{id}", nil, "PSHIFT1", "?include[]=final_schedule&"+week)
	tr.ok("PUT /v3/schedules/{id}", body, id)
	tr.refused(http.StatusBadRequest, "PUT /v3/schedules/{id}", fields{"schedule": fields{"rotations": []any{fields{}}}}, id)
	tr.refused(http.StatusBadRequest, "GET /v3/schedules/{id}", nil, "PLAYER1")
	tr.refused(http.StatusBadRequest, "DELETE /v3/schedules/{id}", nil, "PSHIFT1")
	tr.refused(http.StatusNotFound, "GET /v3/schedules/{id}", nil, "PNOBODY")
	tr.ok("DELETE /v3/schedules/{id}", nil, id)
}

func (tr traffic) shiftParts() {
	const rotations, events = "/v3/schedules/{id}/rotations", "/v3/schedules/{id}/rotations/{rotation_id}/events"
	got, ok := tr.ok("POST "+rotations, fields{}, "PSHIFT1")
	rotation := made(tr.t, got, ok, "rotation")
	tr.ok("GET "+rotations, nil, "PSHIFT1")
	tr.ok("GET "+rotations+"/{rotation_id}", nil, "PSHIFT1", rotation)
	got, ok = tr.ok("POST "+events, v3Event(nil), "PSHIFT1", rotation)
	event := made(tr.t, got, ok, "event")
	tr.refused(http.StatusBadRequest, "POST "+events, v3Event(fields{"recurrence": []string{}}), "PSHIFT1", rotation)
	tr.ok("GET "+events, nil, "PSHIFT1", rotation)
	tr.ok("GET "+events+"/{event_id}", nil, "PSHIFT1", rotation, event)
	tr.ok("PUT "+events+"/{event_id}", fields{"event": fields{"effective_until": "2026-03-01T00:00:00Z"}}, "PSHIFT1", rotation, event)
	tr.ok("DELETE "+events+"/{event_id}", nil, "PSHIFT1", rotation, event)

	const shift, over = "/v3/schedules/{id}/custom_shifts", "/v3/schedules/{id}/overrides"
	got, ok = tr.ok("POST "+shift, fields{"custom_shifts": []fields{customShift(nil)}}, "PSHIFT1")
	id := made(tr.t, got, ok, "custom_shifts", 0)
	tr.ok("GET "+shift, nil, "PSHIFT1", "?"+week)
	tr.ok("GET "+shift+"/{custom_shift_id}", nil, "PSHIFT1", id)
	tr.ok("PUT "+shift+"/{custom_shift_id}", fields{"custom_shift": fields{"end_time": "2026-02-03T13:00:00Z"}}, "PSHIFT1", id)
	tr.ok("DELETE "+shift+"/{custom_shift_id}", nil, "PSHIFT1", id)
	got, ok = tr.ok("POST "+over, fields{"overrides": []fields{v3Override(nil)}}, "PSHIFT1")
	id = made(tr.t, got, ok, "overrides", 0)
	tr.ok("GET "+over, nil, "PSHIFT1", "?"+week)
	tr.ok("GET "+over+"/{override_id}", nil, "PSHIFT1", id)
	tr.ok("PUT "+over+"/{override_id}", fields{"override": fields{"end_time": "2026-02-03T13:00:00Z"}}, "PSHIFT1", id)
	tr.ok("DELETE "+over+"/{override_id}", nil, "PSHIFT1", id)

	now := tr.now
	tr.now = at("2026-01-18T00:00:00Z")
	tr.refused(http.StatusBadRequest, "DELETE "+over+"/{override_id}", nil, "PSHIFT1", "QOVER4")
	tr.now = now
	got, ok = tr.ok("POST "+events, v3Event(fields{"effective_since": "2026-01-01T00:00:00Z"}), "PSHIFT1", rotation)
	event = made(tr.t, got, ok, "event")
	tr.now = now.AddDate(0, 0, 1)
	tr.ok("DELETE "+events+"/{event_id}", nil, "PSHIFT1", rotation, event)
	tr.refused(http.StatusBadRequest, "DELETE "+events+"/{event_id}", nil, "PSHIFT1", rotation, event)
	tr.ok("DELETE "+rotations+"/{rotation_id}", nil, "PSHIFT1", rotation)
	tr.now = now
}

func (tr traffic) policiesAndServices() {
	one := escalationPolicy("New policy", "PANN001")
	got, ok := tr.ok("POST /escalation_policies", fields{"escalation_policy": one})
	policy := made(tr.t, got, ok, "escalation_policy")
	tr.ok("GET /escalation_policies", nil, "?limit=100&total=true")
	tr.ok("GET /escalation_policies/{id}", nil, policy, "?include[]=escalation_rule_assignment_strategies")
	tr.ok("PUT /escalation_policies/{id}", fields{"escalation_policy": one}, policy)
	tr.ok("GET /oncalls", nil, "?escalation_policy_ids[]="+policy)
	tr.ok("GET /oncalls", nil, "?include[]=schedules")
	service := fields{"service": fields{"type": "service", "name": "New service",
		"escalation_policy": fields{"id": policy, "type": "escalation_policy_reference"}}}
	got, ok = tr.ok("POST /services", service)
	id := made(tr.t, got, ok, "service")
	tr.ok("GET /services", nil, "?limit=100&total=true")
	tr.ok("GET /services/{id}", nil, id)
	tr.ok("PUT /services/{id}", service, id)
	tr.refused(http.StatusBadRequest, "DELETE /escalation_policies/{id}", nil, policy)
	tr.ok("DELETE /services/{id}", nil, id)
	tr.ok("DELETE /escalation_policies/{id}", nil, policy)
}

func (tr traffic) reads() {
	tr.ok("GET /users/me", nil)
	tr.ok("GET /services/custom_fields", nil)
	tr.ok("GET /abilities", nil)
	tr.ok("GET /abilities/{id}", nil, "teams")
	tr.ok("GET /licenses", nil)
	tr.ok("GET /license_allocations", nil)
	tr.ok("GET /oncalls", nil, "?limit=100&"+week)
	tr.ok("GET /audit/records", nil, "?since=2026-01-13T00:00:00Z")
	tr.ok("GET /users/{id}/audit/records", nil, "PANN001")
	tr.ok("GET /teams/{id}/audit/records", nil, "PTEAM01")
	tr.ok("GET /schedules/{id}/audit/records", nil, "PLAYER1")
	tr.ok("GET /v3/schedules/{id}/audit/records", nil, "PSHIFT1")
	tr.ok("GET /escalation_policies/{id}/audit/records", nil, "PPOLIC1")
	tr.ok("GET /services/{id}/audit/records", nil, "PSERV01")
}
