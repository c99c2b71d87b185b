package pagerduty

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

// wireLayered is a layer-based schedule. go-pagerduty's type has times as
// strings and nothing of deleted people.
type wireLayered struct {
	ID                 string         `json:"id"`
	Name               string         `json:"name"`
	Description        *string        `json:"description"`
	TimeZone           string         `json:"time_zone"`
	Teams              []pd.APIObject `json:"teams"`
	EscalationPolicies []pd.APIObject `json:"escalation_policies"`
	Layers             []wireLayer    `json:"schedule_layers"`
	Overrides          wireRendered   `json:"overrides_subschedule"`
	Final              wireRendered   `json:"final_schedule"`
}

type wireLayer struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Start        *time.Time `json:"start"`
	End          *time.Time `json:"end"`
	VirtualStart *time.Time `json:"rotation_virtual_start"`
	TurnSeconds  int        `json:"rotation_turn_length_seconds"`
	Users        []struct {
		User wirePerson `json:"user"`
	} `json:"users"`
	Restrictions []struct {
		Type            string `json:"type"`
		StartTime       string `json:"start_time_of_day"`
		DurationSeconds int    `json:"duration_seconds"`
		StartDay        *int   `json:"start_day_of_week"`
	} `json:"restrictions"`
}

// wirePerson is a reference to a user, who may have been deleted since.
type wirePerson struct {
	ID        string  `json:"id"`
	DeletedAt *string `json:"deleted_at"`
}

type wireRendered struct {
	Entries []struct {
		User  *wirePerson `json:"user"`
		Start time.Time   `json:"start"`
		End   *time.Time  `json:"end"`
	} `json:"rendered_schedule_entries"`
	Coverage *float64 `json:"rendered_coverage_percentage"`
}

func (w wireLayered) id() string { return w.ID }

// lacks says what a layer-based schedule lacks that PagerDuty's answers have
// wherever it renders; empty if nothing. What is not there says nothing: it is
// no schedule without people.
func (w wireLayered) lacks() string {
	switch {
	case w.Layers == nil:
		return "schedule_layers"
	case w.Overrides.lacks():
		return "overrides_subschedule"
	case w.Final.lacks():
		return "final_schedule"
	}
	return ""
}

// lacks says that a rendering is not there, or that it has an entry without a
// person or a beginning.
func (w wireRendered) lacks() bool {
	if w.Entries == nil {
		return true
	}
	for _, e := range w.Entries {
		if e.User == nil || e.User.ID == "" || e.Start.IsZero() {
			return true
		}
	}
	return false
}

type wireOverride struct {
	ID    string     `json:"id"`
	User  wirePerson `json:"user"`
	Start time.Time  `json:"start"`
	End   time.Time  `json:"end"`
}

func (w wireOverride) id() string { return w.ID }

func (w wireOverride) inventory() inventory.Override {
	return inventory.Override{ID: w.ID, User: optional(w.User.ID), Start: w.Start, End: w.End}
}

// inventory is the schedule without overrides.
func (w wireLayered) inventory(window inventory.Window) inventory.Schedule {
	s := inventory.Schedule{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description),
		Kind: inventory.ScheduleOfLayers, TimeZone: w.TimeZone,
		Teams: ids(w.Teams), EscalationPolicies: ids(w.EscalationPolicies),
		Shifts: w.Final.shifts(window),
	}
	if w.Final.Coverage != nil {
		s.Coverage = *w.Final.Coverage
	}
	for _, l := range w.Layers {
		layer := l.inventory()
		s.Layers = append(s.Layers, layer)
		for _, u := range l.Users {
			if text(u.User.DeletedAt) == "" {
				s.Users = append(s.Users, u.User.ID)
			}
		}
	}
	// PagerDuty lists the highest precedence first. Source: PagerDuty
	// public-support-scripts, schedule_layer_reorganizer.
	slices.Reverse(s.Layers)
	return s
}

func (w wireLayer) inventory() inventory.Layer {
	l := inventory.Layer{
		ID: w.ID, Name: strings.TrimSpace(w.Name), TurnSeconds: w.TurnSeconds,
		Start: minute(w.Start), VirtualStart: minute(w.VirtualStart),
	}
	if w.End != nil {
		end := minute(w.End)
		l.End = &end
	}
	for _, u := range w.Users {
		l.Users = append(l.Users, u.User.ID)
	}
	for _, x := range w.Restrictions {
		restriction := inventory.Restriction{Type: x.Type, StartTime: x.StartTime, DurationSeconds: x.DurationSeconds}
		if x.Type == "weekly_restriction" {
			restriction.StartDay = x.StartDay
		}
		l.Restrictions = append(l.Restrictions, restriction)
	}
	return l
}

// shifts are the rendered entries within the window, without people who were
// deleted.
func (w wireRendered) shifts(window inventory.Window) []inventory.Shift {
	var shifts []inventory.Shift
	for _, e := range w.Entries {
		if e.User == nil || e.User.ID == "" || text(e.User.DeletedAt) != "" {
			continue
		}
		end := window.Until
		if e.End != nil {
			end = *e.End
		}
		shifts = appendClipped(shifts, window, inventory.Shift{User: e.User.ID, Start: e.Start, End: end})
	}
	return shifts
}

func appendClipped(shifts []inventory.Shift, w inventory.Window, s inventory.Shift) []inventory.Shift {
	if s.Start.Before(w.Since) {
		s.Start = w.Since
	}
	if s.End.After(w.Until) {
		s.End = w.Until
	}
	if !s.Start.Before(s.End) {
		return shifts
	}
	return append(shifts, s)
}

// minute is t without seconds, which PagerDuty zeroes in layers. Source:
// Terraform provider PR 483.
func minute(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Minute)
}

func optional(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

func ids(refs []pd.APIObject) []string {
	out := make([]string, 0, len(refs))
	for _, r := range refs {
		out = append(out, r.ID)
	}
	return out
}
