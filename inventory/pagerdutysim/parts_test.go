package pagerdutysim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/catalogue"
)

// serviceOn makes a service on an escalation policy.
func (a *api) serviceOn(policy string, change fields) string {
	a.t.Helper()
	return a.must(http.StatusCreated, "POST", "/services", fields{"service": merged(fields{"type": "service", "name": "Shop",
		"escalation_policy": fields{"id": policy, "type": "escalation_policy_reference"}}, change)}).text("service", "id")
}

func (a *api) incidentOn(service string, change fields) string {
	a.t.Helper()
	return a.must(http.StatusCreated, "POST", "/incidents", fields{"incident": merged(fields{"type": "incident", "title": "Disk full",
		"service": fields{"id": service, "type": "service_reference"}}, change)}).text("incident", "id")
}

func (a *api) changeIncident(status int, id string, change fields) answer {
	a.t.Helper()
	return a.must(status, "PUT", "/incidents", fields{"incidents": []fields{merged(fields{"id": id, "type": "incident"}, change)}})
}

func TestAnIncidentThroughItsLife(t *testing.T) {
	a := newAPI(t)
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", "PANN001")}).text("escalation_policy", "id")
	id := a.incidentOn(a.serviceOn(policy, nil), nil)
	assignee := func(got answer, path ...any) string {
		return got.text(append(path, "assignments", 0, "assignee", "id")...)
	}
	got := a.must(http.StatusOK, "GET", "/incidents/"+id, nil)
	if diff := cmp.Diff([]string{"triggered", "PANN001", "escalation_policy"}, []string{got.text("incident", "status"), assignee(got, "incident"), got.text("incident", "assigned_via")}); diff != "" {
		t.Error(diff)
	}
	got = a.changeIncident(http.StatusOK, id, fields{"status": "acknowledged"})
	if diff := cmp.Diff("PANN001", got.text("incidents", 0, "acknowledgements", 0, "acknowledger", "id")); diff != "" {
		t.Error(diff)
	}
	got = a.changeIncident(http.StatusOK, id, fields{"assignments": []fields{{"assignee": fields{"id": "PBEN001", "type": "user_reference"}}}})
	if diff := cmp.Diff([]string{"triggered", "PBEN001", "direct_assignment"}, []string{got.text("incidents", 0, "status"), assignee(got, "incidents", 0), got.text("incidents", 0, "assigned_via")}); diff != "" {
		t.Errorf("reassigned to a person: %s", diff)
	}
	list := a.must(http.StatusOK, "GET", "/incidents?user_ids[]=PBEN001&statuses[]=triggered", nil)
	if diff := cmp.Diff([]string{id}, list.each("id", "incidents")); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "User is assigned to the open incident "+id, "DELETE", "/users/PBEN001", nil)
	a.changeIncident(http.StatusOK, id, fields{"status": "resolved"})
	a.refused(http.StatusBadRequest, 1001, "Incident Already Resolved", "PUT", "/incidents", fields{"incidents": []fields{{"id": id, "type": "incident", "status": "acknowledged"}}})
	if got = a.must(http.StatusOK, "GET", "/incidents/"+id, nil); len(got.at("incident", "assignments").([]any)) != 0 {
		t.Error("a resolved incident still says whose it was")
	}
	// Its history does.
	log := a.must(http.StatusOK, "GET", "/incidents/"+id+"/log_entries?limit=100", nil).each("type", "log_entries")
	slices.Reverse(log)
	if diff := cmp.Diff([]string{"trigger_log_entry", "assign_log_entry", "acknowledge_log_entry", "assign_log_entry", "resolve_log_entry"}, log); diff != "" {
		t.Error(diff)
	}
	row := a.must(http.StatusOK, "POST", "/analytics/raw/incidents", fields{})
	if diff := cmp.Diff([]any{[]any{"PANN001"}, []any{"PANN001", "PBEN001"}, "PANN001"},
		[]any{row.at("data", 0, "acknowledged_user_ids"), row.at("data", 0, "assigned_user_ids"), row.at("data", 0, "resolved_by_user_id")}); diff != "" {
		t.Error(diff)
	}
}

func TestAnOpenIncidentPinsItsPolicyUntilItIsReassigned(t *testing.T) {
	a := newAPI(t)
	schedule := a.must(http.StatusCreated, "POST", "/schedules", newSchedule(fields{"name": "Pinned"}, layer(fields{"start": "2026-01-01T00:00:00Z"}))).text("schedule", "id")
	body := escalationPolicy("Shop", "PANN001")
	body["escalation_rules"].([]fields)[0]["targets"] = []fields{{"id": "PANN001", "type": "user_reference"}, {"id": schedule, "type": "schedule_reference"}}
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": body}).text("escalation_policy", "id")
	id := a.incidentOn(a.serviceOn(policy, nil), nil)
	a.must(http.StatusOK, "PUT", "/escalation_policies/"+policy, fields{"escalation_policy": escalationPolicy("Shop", "PANN001")})
	a.refused(http.StatusBadRequest, 2001, "an escalation policy snapshot with open incidents", "DELETE", "/schedules/"+schedule, nil)
	a.changeIncident(http.StatusOK, id, fields{"escalation_policy": fields{"id": policy, "type": "escalation_policy_reference"}})
	a.must(http.StatusNoContent, "DELETE", "/schedules/"+schedule, nil)
}

func TestAnIncidentShowsWholeWhatIsIncluded(t *testing.T) {
	a := newAPI(t)
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": merged(escalationPolicy("Shop", "PANN001"),
		fields{"teams": []fields{{"id": "PTEAM01", "type": "team_reference"}}})}).text("escalation_policy", "id")
	id := a.incidentOn(a.serviceOn(policy, nil), nil)
	a.changeIncident(http.StatusOK, id, fields{"status": "acknowledged"})
	const include = "?include[]=services&include[]=escalation_policies&include[]=teams&include[]=assignees&include[]=acknowledgers&include[]=agents"
	for path, at := range map[string][]any{"/incidents/" + id + include: {"incident"}, "/incidents" + include: {"incidents", 0}} {
		got := a.must(http.StatusOK, "GET", path, nil)
		text := func(path ...any) string { return got.text(append(slices.Clone(at), path...)...) }
		types := []string{text("service", "type"), text("escalation_policy", "type"), text("teams", 0, "type"), text("assignments", 0, "assignee", "type"),
			text("acknowledgements", 0, "acknowledger", "type"), text("last_status_change_by", "type")}
		if diff := cmp.Diff([]string{"service", "escalation_policy", "team", "user", "user", "user"}, types); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
		if text("assignments", 0, "assignee", "email") == "" || text("service", "alert_creation") == "" {
			t.Errorf("%s: what is included is not whole: %s", path, got.body)
		}
	}
	bare := a.must(http.StatusOK, "GET", "/incidents/"+id, nil)
	if diff := cmp.Diff("service_reference", bare.text("incident", "service", "type")); diff != "" {
		t.Error(diff)
	}
	log := a.must(http.StatusOK, "GET", "/log_entries?include[]=incidents&include[]=services", nil)
	if diff := cmp.Diff([]string{"incident", "service"}, []string{log.text("log_entries", 0, "incident", "type"), log.text("log_entries", 0, "service", "type")}); diff != "" {
		t.Error(diff)
	}
}

func TestNotesOfAnIncidentAreKeptAndLogged(t *testing.T) {
	a := newAPI(t)
	policy := a.must(http.StatusCreated, "POST", "/escalation_policies", fields{"escalation_policy": escalationPolicy("Shop", "PANN001")}).text("escalation_policy", "id")
	notes := "/incidents/" + a.incidentOn(a.serviceOn(policy, nil), nil) + "/notes"
	id := a.must(http.StatusOK, "POST", notes, fields{"note": fields{"content": "Looking"}}).text("note", "id")
	a.must(http.StatusOK, "PUT", notes+"/"+id, fields{"note": fields{"content": "Found it"}})
	got := a.must(http.StatusOK, "GET", notes, nil)
	if diff := cmp.Diff([]string{"Found it", "PANN001"}, []string{got.text("notes", 0, "content"), got.text("notes", 0, "user", "id")}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("annotate_log_entry", a.must(http.StatusOK, "GET", "/log_entries", nil).text("log_entries", 0, "type")); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "Content cannot be empty", "POST", notes, fields{"note": fields{"content": " "}})
	a.must(http.StatusNoContent, "DELETE", notes+"/"+id, nil)
	if left := a.must(http.StatusOK, "GET", notes, nil).each("id", "notes"); len(left) != 0 {
		t.Errorf("a deleted note is still there: %v", left)
	}
	a.refused(http.StatusNotFound, 2100, "", "DELETE", notes+"/"+id, nil)
}

func TestIncidentsAreRefusedForTheirReasons(t *testing.T) {
	a := newAPI(t)
	service := a.serviceOn("PPOLIC1", nil)
	incident := func(change fields) fields {
		return fields{"incident": merged(fields{"type": "incident", "title": "x", "service": fields{"id": service, "type": "service_reference"}}, change)}
	}
	a.refused(http.StatusBadRequest, 2001, "Title", "POST", "/incidents", incident(fields{"title": " "}))
	a.refused(http.StatusBadRequest, 2001, "Service", "POST", "/incidents", incident(fields{"service": fields{"id": "PNOBODY"}}))
	a.refused(http.StatusBadRequest, 1014, "Policy", "POST", "/incidents", incident(fields{"escalation_policy": fields{"id": "PNOBODY"}}))
	a.refused(http.StatusBadRequest, 1007, "Assigned User", "POST", "/incidents", incident(fields{"assignments": []fields{{"assignee": fields{"id": "PNOBODY"}}}}))
	a.must(http.StatusCreated, "POST", "/incidents", incident(fields{"incident_key": "disk", "assignments": []fields{{"assignee": fields{"id": "PANN001"}}}}))
	a.refused(http.StatusBadRequest, 2002, "dedup key", "POST", "/incidents", incident(fields{"incident_key": "disk"}))
	many := make([]fields, 251)
	a.refused(http.StatusRequestEntityTooLarge, 2001, "250", "PUT", "/incidents", fields{"incidents": many})
	a.must(http.StatusNotFound, "GET", "/incidents/PNOBODY", nil)
	a.must(http.StatusBadRequest, "GET", "/incidents?since=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", nil)
	a.must(http.StatusBadRequest, "GET", "/notifications?since=2026-01-01T00:00:00Z", nil)
	a.must(http.StatusBadRequest, "DELETE", "/services/"+service, nil)
}

func TestAnIncidentNotifiesByItsUrgencysRules(t *testing.T) {
	for urgency, want := range map[string]int{"high": 1, "low": 0} {
		a := newAPI(t)
		method := a.must(http.StatusCreated, "POST", "/users/PANN001/contact_methods", fields{"contact_method": fields{
			"type": "sms_contact_method", "label": "Mobile", "address": "4155550100", "country_code": 1}}).text("contact_method", "id")
		a.must(http.StatusCreated, "POST", "/users/PANN001/notification_rules", fields{"notification_rule": fields{
			"type": "assignment_notification_rule", "start_delay_in_minutes": 0, "urgency": "high", "contact_method": fields{"id": method, "type": "sms_contact_method_reference"}}})
		a.incidentOn(a.serviceOn("PPOLIC1", fields{"incident_urgency_rule": fields{"type": "constant", "urgency": urgency}}),
			fields{"assignments": []fields{{"assignee": fields{"id": "PANN001"}}}})
		got := a.must(http.StatusOK, "GET", "/notifications?since=2026-01-14T00:00:00Z&until=2026-01-15T00:00:00Z&filter=sms_notification", nil)
		if list := got.at("notifications").([]any); len(list) != want {
			t.Errorf("%s: %s", urgency, got.json())
		}
	}
}

func TestAServiceKeepsItsSupportHours(t *testing.T) {
	hours := fields{
		"incident_urgency_rule": fields{"type": "use_support_hours", "during_support_hours": fields{"type": "constant", "urgency": "high"},
			"outside_support_hours": fields{"type": "constant", "urgency": "low"}},
		"support_hours": fields{"type": "fixed_time_per_day", "time_zone": "Europe/Berlin", "start_time": "09:00:00", "end_time": "17:00:00",
			"days_of_week": []any{1.0, 2.0, 3.0, 4.0, 5.0}},
		"scheduled_actions": []any{fields{"type": "urgency_change", "to_urgency": "high", "at": fields{"type": "named_time", "name": "support_hours_start"}}},
	}
	a := newAPI(t) // a Wednesday, 13:00 in Berlin
	service := a.serviceOn("PPOLIC1", hours)
	a.must(http.StatusOK, "PUT", "/services/"+service, fields{"service": fields{"type": "service", "description": "Changed"}})
	got := a.must(http.StatusOK, "GET", "/services/"+service, nil)
	for name, want := range hours {
		if diff := cmp.Diff(want, got.at("service", name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	assigned := fields{"assignments": []fields{{"assignee": fields{"id": "PANN001"}}}}
	day := a.incidentOn(service, assigned)
	a.now = at("2026-01-14T18:00:00Z")
	night := a.incidentOn(service, assigned)
	for id, want := range map[string]string{day: "high", night: "low"} {
		if got := a.must(http.StatusOK, "GET", "/incidents/"+id, nil).text("incident", "urgency"); got != want {
			t.Errorf("urgency %s, want %s", got, want)
		}
	}
}

func TestAServiceDropsNullFromItsLists(t *testing.T) {
	a := newAPI(t)
	id := a.serviceOn("PPOLIC1", fields{"scheduled_actions": []any{nil}})
	if left := a.must(http.StatusOK, "GET", "/services/"+id, nil).at("service", "scheduled_actions").([]any); len(left) != 0 {
		t.Errorf("scheduled_actions are %v", left)
	}
}

func TestAServiceOfConstantUrgencyHasNeitherSupportHoursNorScheduledActions(t *testing.T) {
	a := newAPI(t)
	id := a.serviceOn("PPOLIC1", fields{"incident_urgency_rule": fields{"type": "use_support_hours"},
		"support_hours":     fields{"type": "fixed_time_per_day", "time_zone": "America/Lima", "days_of_week": []int{1}, "start_time": "09:00:00", "end_time": "17:00:00"},
		"scheduled_actions": []fields{{"type": "urgency_change", "to_urgency": "high", "at": fields{"type": "named_time", "name": "support_hours_start"}}}})
	read := func() []any {
		return a.must(http.StatusOK, "GET", "/services/"+id, nil).at("service", "scheduled_actions").([]any)
	}
	if len(read()) != 1 {
		t.Errorf("scheduled_actions are %v", read())
	}
	a.must(http.StatusOK, "PUT", "/services/"+id, fields{"service": fields{"incident_urgency_rule": fields{"type": "constant", "urgency": "high"}}})
	if len(read()) != 0 {
		t.Errorf("scheduled_actions are %v", read())
	}
	if service := a.must(http.StatusOK, "GET", "/services/"+id, nil).at("service").(map[string]any); service["support_hours"] != nil {
		t.Errorf("support_hours are %v", service["support_hours"])
	}
}

func TestAlertsGroupedByContentHaveTheOlderNameToo(t *testing.T) {
	a := newAPI(t)
	id := a.serviceOn("PPOLIC1", fields{"alert_grouping_parameters": fields{"type": "content_based", "config": fields{"aggregate": "all", "fields": []string{"custom_details.host"}}}})
	read := func() any { return a.must(http.StatusOK, "GET", "/services/"+id, nil).at("service", "alert_grouping") }
	if diff := cmp.Diff(any("rules"), read()); diff != "" {
		t.Error(diff)
	}
	a.must(http.StatusOK, "PUT", "/services/"+id, fields{"service": fields{"alert_grouping_parameters": nil}})
	if read() != nil {
		t.Errorf("alert_grouping is %v", read())
	}
}

func TestTagsAreFoundBothWays(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "POST", "/users/PANN001/change_tags", fields{"add": []fields{{"type": "tag", "label": "pager"}}})
	tag := a.must(http.StatusOK, "GET", "/tags?query=PAG", nil).text("tags", 0, "id")
	a.must(http.StatusOK, "POST", "/users/PBEN001/change_tags", fields{"add": []fields{{"type": "tag_reference", "id": tag}, {"type": "tag", "label": "Pager"}}})
	if diff := cmp.Diff([]string{"PANN001", "PBEN001"}, a.must(http.StatusOK, "GET", "/tags/"+tag+"/users", nil).each("id", "users")); diff != "" {
		t.Error(diff)
	}
	a.must(http.StatusOK, "POST", "/users/PANN001/change_tags", fields{"remove": []fields{{"type": "tag_reference", "id": tag}}})
	if got := a.must(http.StatusOK, "GET", "/users/PANN001/tags", nil).at("tags").([]any); len(got) != 0 {
		t.Errorf("tags left: %v", got)
	}
	a.refused(http.StatusBadRequest, 2001, "does not exist", "POST", "/users/PANN001/change_tags", fields{"add": []fields{{"type": "tag_reference", "id": "PNOBODY"}}})
	a.must(http.StatusNotFound, "GET", "/users/PNOBODY/tags", nil)
}

func TestMaintenanceWindowsAreListedByTheirTime(t *testing.T) {
	a := newAPI(t)
	service := a.serviceOn("PPOLIC1", nil)
	window := func(from, to string) fields {
		return fields{"maintenance_window": fields{"type": "maintenance_window", "start_time": from, "end_time": to, "services": []fields{{"id": service, "type": "service_reference"}}}}
	}
	a.must(http.StatusCreated, "POST", "/maintenance_windows", window("2026-01-14T11:00:00Z", "2026-01-14 15:00:00 +0100 CET"))
	future := a.must(http.StatusCreated, "POST", "/maintenance_windows", window("2026-01-15T11:00:00Z", "2026-01-15T13:00:00Z"))
	if diff := cmp.Diff("PANN001", future.text("maintenance_window", "created_by", "id")); diff != "" {
		t.Error(diff)
	}
	a.refused(http.StatusBadRequest, 2001, "after the start", "POST", "/maintenance_windows", window("2026-01-15T11:00:00Z", "2026-01-15T11:00:00Z"))
	for query, want := range map[string]int{"filter=ongoing": 1, "filter=future": 1, "filter=open": 2, "filter=past": 0, "service_ids[]=PNOBODY": 0, "service_ids[]=" + service: 2} {
		if got := a.must(http.StatusOK, "GET", "/maintenance_windows?"+query, nil); len(got.at("maintenance_windows").([]any)) != want {
			t.Errorf("%s lists %s, want %d", query, got.json(), want)
		}
	}
}

func TestWebhooksAreDeliveredAndSigned(t *testing.T) {
	type delivery struct{ event, signature, id string }
	arrived := make(chan delivery, 10)
	bodies := make(chan []byte, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		bodies <- data
		arrived <- delivery{r.Header.Get("X-Team"), r.Header.Get("X-PagerDuty-Signature"), r.Header.Get("X-Webhook-Id")}
	}))
	defer receiver.Close()
	a := newAPI(t)
	service := a.serviceOn("PPOLIC1", nil)
	made := a.must(http.StatusOK, "POST", "/webhook_subscriptions", fields{"webhook_subscription": fields{"type": "webhook_subscription",
		"delivery_method": fields{"type": "http_delivery_method", "url": receiver.URL, "custom_headers": []fields{{"name": "X-Team", "value": "payments"}}},
		"events":          []string{"incident.triggered"}, "filter": fields{"type": "service_reference", "id": service}}})
	secret := made.text("webhook_subscription", "delivery_method", "secret")
	id := made.text("webhook_subscription", "id")
	if got := a.must(http.StatusOK, "GET", "/webhook_subscriptions/"+id, nil); got.at("webhook_subscription", "delivery_method", "secret") != nil {
		t.Error("the secret is shown again")
	}
	incident := a.incidentOn(service, fields{"assignments": []fields{{"assignee": fields{"id": "PANN001"}}}})
	got, body := <-arrived, <-bodies
	if got.signature != catalogue.Sign(secret, body) || got.event != "payments" || got.id == "" {
		t.Errorf("delivered %+v", got)
	}
	// Nobody subscribed to this; the ping that follows arrives first.
	a.changeIncident(http.StatusOK, incident, fields{"status": "resolved"})
	a.must(http.StatusAccepted, "POST", "/webhook_subscriptions/"+id+"/ping", nil)
	if body := string(<-bodies); !strings.Contains(body, "pagey.ping") {
		t.Errorf("delivered %s", body)
	}
}

func TestDelegationsAreRevokedTogether(t *testing.T) {
	a := newAPI(t)
	a.must(http.StatusOK, "DELETE", "/oauth_delegations?user_id=PANN001&type=web,mobile", nil)
	got := a.must(http.StatusOK, "GET", "/users/PANN001/oauth_delegations?status=issued", nil)
	if list := got.at("oauth_delegations").([]any); len(list) != 0 {
		t.Errorf("still issued: %s", got.json())
	}
	a.must(http.StatusBadRequest, "DELETE", "/oauth_delegations?user_id=PANN001&type=integration", nil)
}

func TestRulesOfHandoffsGoWithTheirContactMethod(t *testing.T) {
	a := newAPI(t)
	method := a.must(http.StatusCreated, "POST", "/users/PANN001/contact_methods", fields{"contact_method": fields{
		"type": "email_contact_method", "label": "Work", "address": "ann@work.com"}}).text("contact_method", "id")
	const rules = "/users/PANN001/oncall_handoff_notification_rules"
	rule := func(handoff, contact string) fields {
		return fields{"oncall_handoff_notification_rule": fields{"handoff_type": handoff, "contact_method": fields{"id": contact, "type": "email_contact_method"}}}
	}
	a.refused(http.StatusBadRequest, 2001, "Handoff type", "POST", rules, rule("sometimes", method))
	a.refused(http.StatusBadRequest, 2001, "does not exist", "POST", rules, rule("both", "PNOBODY"))
	got := a.must(http.StatusCreated, "POST", rules, rule("both", method))
	if diff := cmp.Diff("email_contact_method", got.text("oncall_handoff_notification_rule", "contact_method", "type")); diff != "" {
		t.Error(diff)
	}
	a.must(http.StatusNoContent, "DELETE", "/users/PANN001/contact_methods/"+method, nil)
	if list := a.must(http.StatusOK, "GET", rules, nil).at("oncall_handoff_notification_rules").([]any); len(list) != 0 {
		t.Errorf("rules left: %v", list)
	}
}
