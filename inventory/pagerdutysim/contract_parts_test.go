package pagerdutysim_test

import "net/http"

// catalogue exercises what is kept as it was sent.
func (tr traffic) catalogue() {
	for _, list := range []string{"vendors", "priorities", "extension_schemas", "tags", "business_services", "maintenance_windows", "extensions", "webhook_subscriptions"} {
		tr.ok("GET /"+list, nil, "?limit=2")
	}
	tr.ok("GET /vendors/{id}", nil, "PAM4FGS")
	tr.ok("GET /extension_schemas/{id}", nil, "PJFWPEP")
	got, ok := tr.ok("POST /tags", fields{"tag": fields{"type": "tag", "label": "on-call"}})
	tag := made(tr.t, got, ok, "tag")
	tr.refused(http.StatusBadRequest, "POST /tags", fields{"tag": fields{"type": "tag", "label": ""}})
	for path, id := range map[string]string{"users": "PANN001", "teams": "PTEAM01", "escalation_policies": "PPOLIC1"} {
		tr.ok("POST /{entity_type}/{id}/change_tags", fields{"add": []fields{{"type": "tag_reference", "id": tag}, {"type": "tag", "label": "of " + path}}}, path, id)
		tr.ok("GET /{entity_type}/{id}/tags", nil, path, id)
		tr.ok("GET /tags/{id}/{entity_type}", nil, tag, path)
	}
	tr.ok("GET /tags/{id}", nil, tag)
	tr.ok("DELETE /tags/{id}", nil, tag)

	one := fields{"business_service": fields{"name": "Shop", "team": fields{"id": "PTEAM01"}}}
	tr.whole("/business_services", "/{id}", "business_service", one)
	service := []fields{{"id": tr.service(), "type": "service_reference"}}
	tr.whole("/maintenance_windows", "/{id}", "maintenance_window", fields{"maintenance_window": fields{
		"type": "maintenance_window", "start_time": "2026-02-01T00:00:00Z", "end_time": "2026-02-01T02:00:00Z", "description": "Disks", "services": service}})
	tr.whole("/extensions", "/{id}", "extension", fields{"extension": fields{"type": "extension", "name": "Hook", "endpoint_url": "https://example.com/hook",
		"extension_objects": service, "extension_schema": fields{"id": "PJFWPEP", "type": "extension_schema_reference"}}})
	tr.whole("/users/{id}/oncall_handoff_notification_rules", "/{oncall_handoff_notification_rule_id}", "oncall_handoff_notification_rule",
		fields{"oncall_handoff_notification_rule": fields{"notify_advance_in_minutes": 60, "handoff_type": "both", "contact_method": tr.contact()}}, "PANN001")
	tr.whole("/users/{id}/status_update_notification_rules", "/{status_update_notification_rule_id}", "status_update_notification_rule",
		fields{"status_update_notification_rule": fields{"contact_method": tr.contact()}}, "PANN001")
	integration := fields{"integration": fields{"type": "generic_events_api_inbound_integration", "name": "Events", "vendor": fields{"id": "PAM4FGS", "type": "vendor_reference"}}}
	got, ok = tr.ok("POST /services/{id}/integrations", integration, tr.service())
	id := made(tr.t, got, ok, "integration")
	tr.ok("GET /services/{id}/integrations/{integration_id}", nil, tr.service(), id)
	tr.ok("PUT /services/{id}/integrations/{integration_id}", integration, tr.service(), id)
	hook := fields{"webhook_subscription": fields{"type": "webhook_subscription", "delivery_method": fields{"type": "http_delivery_method", "url": "https://example.com/hook"},
		"events": []string{"incident.triggered"}, "filter": fields{"type": "account_reference"}}}
	got, ok = tr.ok("POST /webhook_subscriptions", hook)
	id = made(tr.t, got, ok, "webhook_subscription")
	tr.ok("GET /webhook_subscriptions/{id}", nil, id)
	tr.ok("PUT /webhook_subscriptions/{id}", fields{"webhook_subscription": fields{"description": "Changed", "active": false}}, id)
	tr.ok("POST /webhook_subscriptions/{id}/enable", nil, id)
	tr.ok("POST /webhook_subscriptions/{id}/ping", nil, id)
	tr.ok("DELETE /webhook_subscriptions/{id}", nil, id)
}

// service is the id of a service, made where there is none.
func (tr traffic) service() string {
	list := tr.must(http.StatusOK, "GET", "/services?query=catalogue", nil)
	if all := list.at("services").([]any); len(all) > 0 {
		return list.text("services", 0, "id")
	}
	return tr.must(http.StatusCreated, "POST", "/services", fields{"service": fields{"type": "service", "name": "For the catalogue",
		"escalation_policy": fields{"id": "PPOLIC1", "type": "escalation_policy_reference"}}}).text("service", "id")
}

func (tr traffic) contact() fields {
	list := "/users/PANN001/contact_methods"
	if got := tr.must(http.StatusOK, "GET", list, nil); len(got.at("contact_methods").([]any)) == 0 {
		tr.must(http.StatusCreated, "POST", list, fields{"contact_method": fields{"type": "email_contact_method", "label": "Work", "address": "ann@work.com"}})
	}
	got := tr.must(http.StatusOK, "GET", list, nil)
	return fields{"id": got.text("contact_methods", 0, "id"), "type": got.text("contact_methods", 0, "type") + "_reference"}
}

// whole takes one thing through its life: made, listed, read, written, deleted.
func (tr traffic) whole(path, one, key string, body fields, args ...string) {
	tr.t.Helper()
	got, ok := tr.ok("POST "+path, body, args...)
	id := made(tr.t, got, ok, key)
	tr.ok("GET "+path, nil, args...)
	args = append(args, id)
	tr.ok("GET "+path+one, nil, args...)
	tr.ok("PUT "+path+one, body, args...)
	tr.ok("DELETE "+path+one, nil, args...)
}

func (tr traffic) incidents() {
	one := fields{"incident": fields{"type": "incident", "title": "Disk full", "service": fields{"id": tr.service(), "type": "service_reference"},
		"priority": fields{"id": "PPRIO01", "type": "priority_reference"}, "body": fields{"type": "incident_body", "details": "All of it"}}}
	got, ok := tr.ok("POST /incidents", one)
	id := made(tr.t, got, ok, "incident")
	tr.refused(http.StatusBadRequest, "POST /incidents", fields{"incident": fields{"type": "incident", "title": "", "service": fields{"id": tr.service(), "type": "service_reference"}}})
	tr.ok("GET /incidents", nil, "?date_range=all&statuses[]=triggered&total=true")
	tr.ok("GET /incidents/{id}", nil, id)
	for _, include := range []string{"services", "escalation_policies", "teams", "users"} {
		tr.ok("GET /incidents", nil, "?include[]="+include)
	}
	tr.ok("GET /log_entries", nil, "?include[]=incidents")
	note, _ := tr.ok("POST /incidents/{id}/notes", fields{"note": fields{"content": "Looking"}}, id)
	tr.ok("GET /incidents/{id}/notes", nil, id)
	tr.ok("PUT /incidents/{id}/notes/{note_id}", fields{"note": fields{"content": "Found"}}, id, note.text("note", "id"))
	tr.ok("DELETE /incidents/{id}/notes/{note_id}", nil, id, note.text("note", "id"))
	tr.ok("PUT /incidents/{id}", fields{"incident": fields{"type": "incident", "assignments": []fields{{"assignee": fields{"id": "PANN001", "type": "user_reference"}}}}}, id)
	tr.ok("PUT /incidents", fields{"incidents": []fields{{"id": id, "type": "incident", "status": "acknowledged"}}})
	tr.ok("PUT /incidents", fields{"incidents": []fields{{"id": id, "type": "incident", "status": "resolved"}}})
	tr.ok("GET /incidents/{id}", nil, id)
	tr.ok("GET /incidents/{id}/alerts", nil, id)
	tr.ok("GET /incidents/{id}/log_entries", nil, id)
	entries, _ := tr.ok("GET /log_entries", nil, "?limit=100")
	tr.ok("GET /log_entries/{id}", nil, entries.text("log_entries", 0, "id"))
	tr.ok("GET /notifications", nil, "?since=2026-01-14T00:00:00Z&until=2026-01-15T00:00:00Z")
	tr.ok("POST /analytics/raw/incidents", fields{"filters": fields{"created_at_start": "2026-01-01T00:00:00Z"}})
	tr.ok("POST /analytics/raw/users", fields{"limit": 10})
	delegations, _ := tr.ok("GET /users/{id}/oauth_delegations", nil, "PANN001")
	tr.ok("GET /users/{id}/oauth_delegations/{delegation_id}", nil, "PANN001", delegations.text("oauth_delegations", 0, "id"))
}
