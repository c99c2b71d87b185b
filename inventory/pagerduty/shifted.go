package pagerduty

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

// wireShifted is a shift-based schedule, which go-pagerduty does not know.
// Source: OpenAPI, getV3Schedule.
type wireShifted struct {
	ID                 string         `json:"id"`
	Name               string         `json:"name"`
	Description        *string        `json:"description"`
	TimeZone           string         `json:"time_zone"`
	Teams              []pd.APIObject `json:"teams"`
	EscalationPolicies []pd.APIObject `json:"escalation_policies"`
	Rotations          []struct {
		ID     string      `json:"id"`
		Events []wireEvent `json:"events"`
	} `json:"rotations"`
	Final struct {
		Coverage    float64 `json:"rendered_coverage_percentage"`
		Assignments []struct {
			Start  time.Time  `json:"start_time"`
			End    time.Time  `json:"end_time"`
			Member slot       `json:"member"`
			Source wireSource `json:"source"`
		} `json:"computed_shift_assignments"`
	} `json:"final_schedule"`
}

func (w wireShifted) id() string { return w.ID }

// lacks says what a shift-based schedule lacks that PagerDuty's answers have;
// empty if nothing.
func (w wireShifted) lacks() string {
	switch {
	case w.Rotations == nil:
		return "rotations"
	case w.Final.Assignments == nil:
		return "final_schedule"
	}
	for _, a := range w.Final.Assignments {
		if a.Start.IsZero() || a.End.IsZero() || a.Member.Type != emptyMember && a.Member.UserID == "" {
			return "final_schedule"
		}
	}
	return ""
}

// emptyMember is the type of a slot that nobody takes.
const emptyMember = "empty_member"

// slot is a user, or an empty_member.
type slot struct {
	Type      string  `json:"type"`
	UserID    string  `json:"user_id"`
	DeletedAt *string `json:"deleted_at"`
}

// user is null for an empty slot.
func (s slot) user() *string {
	if s.Type == emptyMember {
		return nil
	}
	return optional(s.UserID)
}

type wireSource struct {
	Type       string `json:"type"`
	RotationID string `json:"rotation_id"`
	ShiftID    string `json:"shift_id"`
	OverrideID string `json:"override_id"`
}

func (s wireSource) origin() *inventory.Origin {
	switch s.Type {
	case "schedule_rotation":
		return &inventory.Origin{Kind: "rotation", ID: s.RotationID}
	case "custom_shift":
		return &inventory.Origin{Kind: "custom_shift", ID: s.ShiftID}
	case "schedule_rotation_override", "custom_shift_override":
		return &inventory.Origin{Kind: "override", ID: s.OverrideID}
	}
	return nil
}

type wireEvent struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	Start          zonedTime  `json:"start_time"`
	End            zonedTime  `json:"end_time"`
	EffectiveSince time.Time  `json:"effective_since"`
	EffectiveUntil *time.Time `json:"effective_until"`
	Recurrence     []string   `json:"recurrence"`
	Assignment     struct {
		Type            string `json:"type"`
		ShiftsPerMember *int   `json:"shifts_per_member"`
		Members         []slot `json:"members"`
	} `json:"assignment_strategy"`
}

type zonedTime struct {
	DateTime time.Time `json:"date_time"`
	TimeZone string    `json:"time_zone"`
}

// inventory is the schedule without overrides and custom shifts.
func (w wireShifted) inventory(window inventory.Window) inventory.Schedule {
	s := inventory.Schedule{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description),
		Kind: inventory.ScheduleOfShifts, TimeZone: w.TimeZone,
		Teams: ids(w.Teams), EscalationPolicies: ids(w.EscalationPolicies),
		Coverage: w.Final.Coverage,
	}
	for _, r := range w.Rotations {
		rotation := inventory.Rotation{ID: r.ID}
		for _, e := range r.Events {
			rotation.Events = append(rotation.Events, e.inventory())
			for _, m := range e.Assignment.Members {
				if id := m.user(); id != nil && text(m.DeletedAt) == "" {
					s.Users = append(s.Users, *id)
				}
			}
		}
		s.Rotations = append(s.Rotations, rotation)
	}
	for _, a := range w.Final.Assignments {
		if id := a.Member.user(); id != nil && text(a.Member.DeletedAt) == "" {
			s.Shifts = appendClipped(s.Shifts, window, inventory.Shift{
				User: *id, Start: a.Start, End: a.End, Origin: a.Source.origin(),
			})
		}
	}
	return s
}

// shows says whether the rendering names overrides and custom shifts.
func (w wireShifted) shows() (overridden, custom bool) {
	for _, a := range w.Final.Assignments {
		overridden = overridden || a.Source.OverrideID != ""
		custom = custom || a.Source.ShiftID != ""
	}
	return overridden, custom
}

// customShifts are the custom shifts as the rendering shows them, and whether it shows
// them whole: each in one piece, not cut off by the window, and none overridden.
func (w wireShifted) customShifts(window inventory.Window, overrides []inventory.Override) ([]inventory.CustomShift, bool) {
	var shifts []inventory.CustomShift
	seen := map[string]bool{}
	for _, a := range w.Final.Assignments {
		id := a.Source.ShiftID
		switch {
		case id == "":
			continue
		case seen[id], a.Source.OverrideID != "", a.Member.user() == nil, text(a.Member.DeletedAt) != "",
			!a.Start.After(window.Since), !a.End.Before(window.Until):
			return nil, false
		}
		seen[id] = true
		shifts = append(shifts, inventory.CustomShift{ID: id, User: a.Member.user(), Start: a.Start, End: a.End})
	}
	return shifts, !slices.ContainsFunc(overrides, func(o inventory.Override) bool { return o.CustomShift != nil })
}

func (w wireEvent) inventory() inventory.Event {
	e := inventory.Event{
		ID: w.ID, Name: strings.TrimSpace(w.Name),
		Start: w.Start.DateTime, End: w.End.DateTime, TimeZone: w.Start.TimeZone,
		Recurrence: w.Recurrence, EffectiveSince: w.EffectiveSince, EffectiveUntil: w.EffectiveUntil,
		Assignment: inventory.Assignment{Type: w.Assignment.Type, ShiftsPerMember: w.Assignment.ShiftsPerMember},
	}
	for _, m := range w.Assignment.Members {
		e.Assignment.Members = append(e.Assignment.Members, m.user())
	}
	return e
}

type wireShiftOverride struct {
	ID            string    `json:"id"`
	RotationID    string    `json:"rotation_id"`
	CustomShiftID string    `json:"custom_shift_id"`
	Start         time.Time `json:"start_time"`
	End           time.Time `json:"end_time"`
	Overridden    slot      `json:"overridden_member"`
	Overriding    slot      `json:"overriding_member"`
}

func (w wireShiftOverride) inventory() inventory.Override {
	return inventory.Override{
		ID: w.ID, User: w.Overriding.user(), Start: w.Start, End: w.End, Replaces: w.Overridden.user(),
		Rotation: optional(w.RotationID), CustomShift: optional(w.CustomShiftID),
	}
}

type wireCustomShift struct {
	ID          string    `json:"id"`
	Start       time.Time `json:"start_time"`
	End         time.Time `json:"end_time"`
	Assignments []struct {
		Member slot `json:"member"`
	} `json:"assignments"`
}

func (w wireCustomShift) inventory() inventory.CustomShift {
	s := inventory.CustomShift{ID: w.ID, Start: w.Start, End: w.End}
	if len(w.Assignments) > 0 {
		s.User = w.Assignments[0].Member.user()
	}
	return s
}
