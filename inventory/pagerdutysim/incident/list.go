package incident

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// alerts lists nothing: incidents made by API have no alerts.
func (d Desk) alerts(w http.ResponseWriter, r *http.Request) {
	if d.Store().index(r.PathValue("id")) < 0 {
		answer.NotFound(w)
		return
	}
	d.Host.Page(w, r, "alerts", 0, nil)
}

// The widest windows that lists take. Source: PagerDuty's API description.
const (
	monthsOfIncidents     = 6
	monthsOfNotifications = 3
)

// within reads since and until, with what they are by default; if they are wrong it
// has answered.
func (d Desk) within(w http.ResponseWriter, r *http.Request, months int, required bool) (since, until time.Time, ok bool) {
	q := r.URL.Query()
	until = d.Host.Now().Add(time.Second)
	since = until.AddDate(0, -1, 0)
	for name, into := range map[string]*time.Time{"since": &since, "until": &until} {
		if q.Get(name) == "" {
			if required {
				answer.Invalid(w, name+" is required")
				return since, until, false
			}
			continue
		}
		t, err := input.Moment(q.Get(name), nil)
		if err != nil {
			answer.Invalid(w, name+" is not a valid date and time")
			return since, until, false
		}
		*into = t
	}
	if until.After(since.AddDate(0, months, 0)) {
		answer.Invalid(w, "The time range is too long")
		return since, until, false
	}
	return since, until, true
}

func (d Desk) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, until, ok := time.Time{}, d.Host.Now().AddDate(100, 0, 0), true
	if q.Get("date_range") != "all" {
		if since, until, ok = d.within(w, r, monthsOfIncidents, false); !ok {
			return
		}
	}
	among := func(name, value string) bool { return len(q[name]) == 0 || slices.Contains(q[name], value) }
	var found []Incident
	for _, i := range d.Store().incidents {
		assigned := len(q["user_ids[]"]) == 0 || slices.ContainsFunc(i.Assigned, func(m mark) bool { return slices.Contains(q["user_ids[]"], m.User) })
		ofTeam := len(q["team_ids[]"]) == 0 || slices.ContainsFunc(i.Policy.Teams, func(id string) bool { return slices.Contains(q["team_ids[]"], id) })
		if i.Created.Before(since) || !i.Created.Before(until) || !assigned || !ofTeam || !among("statuses[]", i.Status) ||
			!among("urgencies[]", i.Urgency) || !among("service_ids[]", i.Service) || !among("incident_key", i.Key) {
			continue
		}
		found = append(found, i)
	}
	if strings.HasPrefix(q.Get("sort_by"), "created_at:desc") || strings.HasPrefix(q.Get("sort_by"), "incident_number:desc") {
		slices.Reverse(found)
	}
	include := included(r)
	d.Host.Page(w, r, "incidents", len(found), func(n int) answer.Object { return d.view(found[n], include...) })
}
