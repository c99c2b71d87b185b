package incident

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// refer names a thing, or says nothing of one that is gone.
func (d Desk) refer(kind, id string) any {
	shown, _ := d.Host.Reference(kind, id)
	return shown
}

// included are the models that a request wants whole.
func included(r *http.Request) []string { return r.URL.Query()["include[]"] }

// shown is a thing whole where one of the names is included, and named otherwise.
func (d Desk) shown(include []string, kind, id string, names ...string) any {
	if slices.ContainsFunc(names, func(name string) bool { return slices.Contains(include, name) }) {
		if whole, there := d.Account.Whole(kind, id); there {
			return whole
		}
	}
	return d.refer(kind, id)
}

func (i Incident) summary() string { return fmt.Sprintf("[#%d] %s", i.Number, i.Title) }

// view is an incident as answers show it; include names what of it is whole.
func (d Desk) view(i Incident, include ...string) answer.Object {
	self, html := d.Host.Links("/incidents", i.ID)
	o := answer.Object{
		"id": i.ID, "type": "incident", "summary": i.summary(), "self": self, "html_url": html,
		"incident_number": i.Number, "title": i.Title, "created_at": stamp(i.Created), "updated_at": stamp(i.Updated),
		"status": i.Status, "incident_key": i.Key, "urgency": i.Urgency, "last_status_change_at": stamp(i.Changed),
		"service": d.shown(include, "service", i.Service, "services"), "escalation_policy": d.shown(include, "escalation_policy", i.Policy.ID, "escalation_policies"),
		"last_status_change_by": d.shown(include, "user", i.By, "agents", "users"), "assigned_via": "escalation_policy", "is_mergeable": true,
		"alert_counts": answer.Object{"all": 0, "triggered": 0, "resolved": 0}, "incident_type": answer.Object{"name": "incident_default"},
		"pending_actions": []any{}, "incidents_responders": []any{}, "responder_requests": []any{},
	}
	if i.Direct {
		o["assigned_via"] = "direct_assignment"
	}
	if i.first != "" {
		link, page := d.Host.Links("/log_entries", i.first)
		o["first_trigger_log_entry"] = answer.Object{"id": i.first, "type": "trigger_log_entry_reference", "summary": "Triggered", "self": link, "html_url": page}
	}
	if i.Priority != "" {
		if shown, there := d.Host.Reference("priority", i.Priority); there {
			o["priority"] = shown
		}
	}
	if i.Body != "" {
		o["body"] = answer.Object{"type": "incident_body", "details": i.Body}
	}
	if !i.open() {
		o["resolved_at"] = stamp(i.Resolved)
	}
	assignments, acks, teams := []any{}, []any{}, []any{}
	for _, m := range i.Assigned {
		assignments = append(assignments, answer.Object{"at": stamp(m.At), "assignee": d.shown(include, "user", m.User, "assignees", "users")})
	}
	for _, m := range i.Acks {
		acks = append(acks, answer.Object{"at": stamp(m.At), "acknowledger": d.shown(include, "user", m.User, "acknowledgers", "users")})
	}
	for _, id := range i.Policy.Teams {
		teams = append(teams, d.shown(include, "team", id, "teams"))
	}
	o["assignments"], o["acknowledgements"], o["teams"] = assignments, acks, teams
	return o
}

// log lists the entries of the account or of the incident that a request names,
// newest first.
func (d Desk) log(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if id != "" && d.Store().index(id) < 0 {
		answer.NotFound(w)
		return
	}
	since, until, ok := time.Time{}, d.Host.Now().Add(time.Second), true
	if q := r.URL.Query(); q.Has("since") || q.Has("until") {
		if since, until, ok = d.within(w, r, 12, false); !ok {
			return
		}
	}
	overview := r.URL.Query().Get("is_overview") == "true"
	var found []Entry
	for _, e := range slices.Backward(d.Store().entries) {
		if id != "" && e.Incident != id || e.At.Before(since) || !e.At.Before(until) || overview && e.Type == "notify_log_entry" {
			continue
		}
		found = append(found, e)
	}
	include := included(r)
	d.Host.Page(w, r, "log_entries", len(found), func(n int) answer.Object { return d.entryView(found[n], include...) })
}

func (d Desk) logEntry(w http.ResponseWriter, r *http.Request) {
	for _, e := range d.Store().entries {
		if e.ID == r.PathValue("id") {
			answer.JSON(w, http.StatusOK, answer.Object{"log_entry": d.entryView(e, included(r)...)})
			return
		}
	}
	answer.NotFound(w)
}

// entryView is an entry as answers show it; include names what of it is whole.
func (d Desk) entryView(e Entry, include ...string) answer.Object {
	i := d.Store().incidents[d.Store().index(e.Incident)]
	self, html := d.Host.Links("/log_entries", e.ID)
	link, page := d.Host.Links("/incidents", i.ID)
	o := answer.Object{
		"id": e.ID, "type": e.Type, "summary": summaries[e.Type], "self": self, "html_url": html, "created_at": stamp(e.At),
		"channel": answer.Object{"type": e.Channel}, "service": d.shown(include, "service", i.Service, "services"), "contexts": []any{},
		"agent":    d.refer("service", i.Service),
		"incident": answer.Object{"id": i.ID, "type": "incident_reference", "summary": i.summary(), "self": link, "html_url": page},
	}
	if slices.Contains(include, "incidents") {
		o["incident"] = d.view(i)
	}
	teams := []any{}
	for _, id := range i.Policy.Teams {
		teams = append(teams, d.shown(include, "team", id, "teams"))
	}
	o["teams"] = teams
	if e.Agent != "" {
		o["agent"] = d.refer("user", e.Agent)
	}
	if e.Note != "" {
		o["channel"] = answer.Object{"type": "note", "summary": e.Note}
	}
	if e.Assignees != nil {
		assignees := []any{}
		for _, u := range e.Assignees {
			assignees = append(assignees, d.refer("user", u))
		}
		o["assignees"] = assignees
	}
	if e.Notified != "" {
		o["user"] = d.refer("user", e.Notified)
		o["channel"] = answer.Object{"type": "auto", "notification": answer.Object{"type": strings.TrimSuffix(e.Means, "_notification"), "address": e.Address, "status": "success"}}
	}
	return o
}

var summaries = map[string]string{
	"trigger_log_entry": "Triggered", "assign_log_entry": "Assigned", "escalate_log_entry": "Escalated", "notify_log_entry": "Notified",
	"acknowledge_log_entry": "Acknowledged", "unacknowledge_log_entry": "Unacknowledged", "resolve_log_entry": "Resolved",
	"annotate_log_entry": "Note added",
}

func (d Desk) notifications(w http.ResponseWriter, r *http.Request) {
	since, until, ok := d.within(w, r, monthsOfNotifications, true)
	if !ok {
		return
	}
	filter := r.URL.Query().Get("filter")
	var found []Entry
	for _, e := range d.Store().entries {
		if e.Notified == "" || e.At.Before(since) || !e.At.Before(until) || filter != "" && filter != e.Means {
			continue
		}
		found = append(found, e)
	}
	d.Host.Page(w, r, "notifications", len(found), func(n int) answer.Object {
		e := found[n]
		o := answer.Object{"id": e.ID, "type": e.Means, "started_at": stamp(e.At), "user": d.refer("user", e.Notified), "status": "success"}
		if e.Address != "" {
			o["address"] = e.Address
		}
		return o
	})
}
