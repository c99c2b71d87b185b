package incident

import (
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// question is the body of POST /analytics/raw/incidents.
type question struct {
	Filters struct {
		Start    string   `json:"created_at_start"`
		End      string   `json:"created_at_end"`
		Urgency  string   `json:"urgency"`
		Teams    []string `json:"team_ids"`
		Services []string `json:"service_ids"`
	} `json:"filters"`
	After string `json:"starting_after"`
	Order string `json:"order"`
	Limit int    `json:"limit"`
	Zone  string `json:"time_zone"`
}

// The sizes of pages of analytics. Source: PagerDuty's API description.
const (
	analyticsLimit    = 100
	analyticsMaxLimit = 1_000
)

// analytics lists incidents with who answered them, which incidents themselves no
// longer say once they are resolved.
func (d Desk) analytics(w http.ResponseWriter, r *http.Request) {
	var q question
	if !answer.Decode(w, r, "", &q) {
		return
	}
	since, until := time.Time{}, d.Host.Now().Add(time.Second)
	for text, into := range map[string]*time.Time{q.Filters.Start: &since, q.Filters.End: &until} {
		if t, err := input.Moment(text, nil); err == nil {
			*into = t
		}
	}
	var found []Incident
	for _, i := range d.Store().incidents {
		ofTeam := len(q.Filters.Teams) == 0 || slices.ContainsFunc(i.Policy.Teams, func(id string) bool { return slices.Contains(q.Filters.Teams, id) })
		if !i.Created.Before(since) && i.Created.Before(until) && ofTeam && (q.Filters.Urgency == "" || q.Filters.Urgency == i.Urgency) &&
			(len(q.Filters.Services) == 0 || slices.Contains(q.Filters.Services, i.Service)) {
			found = append(found, i)
		}
	}
	if q.Order == "desc" {
		slices.Reverse(found)
	} else {
		q.Order = "asc"
	}
	if at := slices.IndexFunc(found, func(i Incident) bool { return i.ID == q.After }); at >= 0 {
		found = found[at+1:]
	}
	if q.Limit <= 0 {
		q.Limit = analyticsLimit
	}
	limit := min(q.Limit, analyticsMaxLimit)
	page := found[:min(limit, len(found))]
	data := []answer.Object{}
	for _, i := range page {
		data = append(data, d.row(i))
	}
	body := answer.Object{"data": data, "first": "", "last": "", "limit": limit, "more": len(page) < len(found), "order": q.Order, "order_by": "created_at", "time_zone": "Etc/UTC"}
	if len(page) > 0 {
		body["first"], body["last"] = page[0].ID, page[len(page)-1].ID
	}
	answer.JSON(w, http.StatusOK, body)
}

// row is what analytics say of an incident.
func (d Desk) row(i Incident) answer.Object {
	acks, assigned := []string{}, []string{}
	resolvedBy := ""
	notifications, escalations, reassignments, firstAck := 0, 0, -1, -1
	for _, e := range d.Store().entries {
		if e.Incident != i.ID {
			continue
		}
		switch e.Type {
		case "acknowledge_log_entry":
			acks = append(acks, e.Agent)
			if firstAck < 0 {
				firstAck = int(e.At.Sub(i.Created).Seconds())
			}
		case "assign_log_entry", "escalate_log_entry":
			assigned = append(assigned, e.Assignees...)
			if e.Type == "escalate_log_entry" {
				escalations++
			} else {
				reassignments++
			}
		case "resolve_log_entry":
			resolvedBy = e.Agent
		case "notify_log_entry":
			notifications++
		}
	}
	distinct := func(ids []string) []string { slices.Sort(ids); return slices.Compact(ids) }
	o := answer.Object{
		"id": i.ID, "incident_number": i.Number, "description": i.Title, "status": i.Status, "urgency": i.Urgency, "major": false,
		"created_at": stamp(i.Created), "updated_at": stamp(i.Updated), "service_id": i.Service, "escalation_policy_id": i.Policy.ID,
		"acknowledged_user_ids": distinct(acks), "acknowledgement_count": len(acks), "assigned_user_ids": distinct(assigned), "assignment_count": len(assigned),
		"joined_user_ids": []string{}, "escalation_count": escalations, "manual_escalation_count": escalations, "timeout_escalation_count": 0,
		"reassignment_count": max(reassignments, 0), "total_notifications": notifications, "auto_resolved": false, "team_id": nil,
	}
	if len(i.Policy.Teams) > 0 {
		o["team_id"] = i.Policy.Teams[0]
	}
	if firstAck >= 0 {
		o["seconds_to_first_ack"] = firstAck
	}
	if !i.open() {
		o["resolved_at"], o["resolved_by_user_id"], o["seconds_to_resolve"] = stamp(i.Resolved), resolvedBy, int(i.Resolved.Sub(i.Created).Seconds())
	}
	return o
}
