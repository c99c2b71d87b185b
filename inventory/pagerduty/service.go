package pagerduty

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

type wireService struct {
	ID               string         `json:"id"`
	Name             string         `json:"name"`
	Description      *string        `json:"description"`
	Status           string         `json:"status"`
	EscalationPolicy pd.APIObject   `json:"escalation_policy"`
	Teams            []pd.APIObject `json:"teams"`

	Urgency          wireUrgency          `json:"incident_urgency_rule"`
	SupportHours     *wireSupportHours    `json:"support_hours"`
	ScheduledActions []pd.ScheduledAction `json:"scheduled_actions"`
}

// wireUrgency is the rule of a service's urgency: one, or two by its support hours.
type wireUrgency struct {
	Type    string       `json:"type"`
	Urgency string       `json:"urgency"`
	During  *wireUrgency `json:"during_support_hours"`
	Outside *wireUrgency `json:"outside_support_hours"`
}

// of is the urgency of a rule; high where PagerDuty does not say.
func (w *wireUrgency) of() string {
	switch {
	case w == nil:
		return inventory.UrgencyHigh
	case w.Type == inventory.UrgencyBySeverity || w.Urgency == inventory.UrgencyBySeverity:
		return inventory.UrgencyBySeverity
	case w.Urgency == inventory.UrgencyLow:
		return inventory.UrgencyLow
	}
	return inventory.UrgencyHigh
}

func (w *wireUrgency) inventory() inventory.ServiceUrgency {
	if w.Type == "use_support_hours" {
		return inventory.ServiceUrgency{During: w.During.of(), Outside: w.Outside.of()}
	}
	return inventory.ServiceUrgency{During: w.of(), Outside: w.of()}
}

type wireSupportHours struct {
	TimeZone  string `json:"time_zone"`
	StartTime string `json:"start_time"`
	EndTime   string `json:"end_time"`
	Days      []int  `json:"days_of_week"`
}

func (w *wireSupportHours) inventory() *inventory.SupportHours {
	if w == nil || w.TimeZone == "" || len(w.Days) == 0 {
		return nil
	}
	return &inventory.SupportHours{TimeZone: w.TimeZone, Days: w.Days, StartTime: w.StartTime, EndTime: w.EndTime}
}

func (w wireService) inventory() inventory.Service {
	return inventory.Service{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description), Status: w.Status,
		EscalationPolicy: w.EscalationPolicy.ID, Teams: ids(w.Teams),
		Urgency: w.Urgency.inventory(), SupportHours: w.SupportHours.inventory(),
		RaisedAtSupportHours: slices.ContainsFunc(w.ScheduledActions, func(a pd.ScheduledAction) bool {
			return a.Type == "urgency_change" && a.ToUrgency == inventory.UrgencyHigh && a.At.Name == "support_hours_start"
		}),
	}
}

// readServices reads an optional part.
func (r *reading) readServices(ctx context.Context) {
	l := list[wireService]{
		pattern: "/services", key: "services",
		id: func(s wireService) string { return s.ID }, progress: r.progress("services"),
	}
	got, err := readOfTeams(ctx, r, l, func(s wireService) string { return s.Name })
	if err != nil {
		r.unavailable("services")
	}
	for _, w := range got.items {
		r.s.Services[w.ID] = w.inventory()
	}
	r.readMaintenance(ctx)
}

type wireMaintenance struct {
	ID       string         `json:"id"`
	Start    time.Time      `json:"start_time"`
	End      time.Time      `json:"end_time"`
	Services []pd.APIObject `json:"services"`
}

// readMaintenance reads an optional part: the windows that are not over, of the services
// that were read.
func (r *reading) readMaintenance(ctx context.Context) {
	if len(r.s.Services) == 0 {
		return
	}
	got, err := readList(ctx, r.c, list[wireMaintenance]{
		pattern: "/maintenance_windows", key: "maintenance_windows", query: url.Values{"filter": {"open"}},
		id: func(w wireMaintenance) string { return w.ID }, progress: r.progress("maintenance windows"),
	})
	if err != nil {
		r.unavailable("maintenance")
	}
	for _, w := range got.items {
		for _, id := range ids(w.Services) {
			if v, ok := r.s.Services[id]; ok {
				v.Maintenance = append(v.Maintenance, inventory.Window{Since: w.Start, Until: w.End})
				r.s.Services[id] = v
			}
		}
	}
}
