package inventory_test

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// at is a moment of 2026-01-01, by hour.
func at(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }

// full is an account with several of everything, out of order where the order
// means nothing.
func full() *inventory.Snapshot {
	return &inventory.Snapshot{
		Account: inventory.Account{
			Name: "acme <prod>", Region: "us", TakenAt: at(10), Complete: true, DeletedUsers: 1,
			Window:      inventory.Window{Since: at(0), Until: at(0).AddDate(0, 0, 35)},
			Abilities:   []string{"teams", "advanced_permissions"},
			Unavailable: []string{"services", "licenses"},
			Missing:     []inventory.Missing{{What: "users", Reason: "99 of 100"}, {What: "teams", Reason: "403"}, {What: "teams", Reason: "401"}},
		},
		Now: at(11),
		Users: map[string]inventory.User{"PANN": {
			ID: "PANN", Name: "Ann", Email: "ann@acme.com", BaseRole: "user", TimeZone: "Europe/Berlin",
			Teams: map[string]string{"PTEAM": "manager"}, License: ptr("PLIC"),
			ContactMethods: []inventory.ContactMethod{
				{Type: "phone_contact_method", Label: "Work"}, {Type: "phone_contact_method", Label: "Home"}, {Type: "email_contact_method", Label: "Work"},
			},
			NotificationRules: []inventory.NotificationRule{
				{Urgency: "low", Contact: "email_contact_method"}, {Urgency: "high", DelayMinutes: 5, Contact: "phone_contact_method"},
				{Urgency: "high", Contact: "sms_contact_method"}, {Urgency: "high", Contact: "email_contact_method"},
			},
		}},
		Teams: map[string]inventory.Team{"PTEAM": {
			ID: "PTEAM", Name: "Payments", Parent: ptr("PTOP"), DefaultRole: "manager", Members: map[string]string{"PANN": "manager"},
		}},
		Schedules:          map[string]inventory.Schedule{"PLAY": fullOfLayers(), "PSHI": fullOfShifts()},
		EscalationPolicies: map[string]inventory.EscalationPolicy{"PESC": fullPolicy()},
		Services: map[string]inventory.Service{"PSVC": {
			ID: "PSVC", Name: "Checkout", EscalationPolicy: "PESC", Teams: []string{"PTEAM"}, Status: "active",
			Urgency:              inventory.ServiceUrgency{During: "high", Outside: "low"},
			SupportHours:         &inventory.SupportHours{TimeZone: "Europe/Berlin", Days: []int{1, 2, 3, 4, 5}, StartTime: "09:00:00", EndTime: "17:00:00"},
			RaisedAtSupportHours: true,
			Maintenance:          []inventory.Window{{Since: at(11), Until: at(12)}},
		}},
		Licenses: map[string]inventory.License{"PLIC": {ID: "PLIC", Name: "Business", RoleGroup: "FullUser", ValidRoles: []string{"user", "admin"}, Available: ptr(3)}},
		OnCalls: []inventory.OnCall{
			{User: "PBOB", EscalationPolicy: "PESC", Level: 2},
			{User: "PBOB", Schedule: ptr("PLAY"), EscalationPolicy: "PESC", Level: 1, Start: ptr(at(5)), End: ptr(at(12))},
			{User: "PBOB", Schedule: ptr("PLAY"), EscalationPolicy: "PESC", Level: 1, Start: ptr(at(4)), End: ptr(at(12))},
			{User: "PANN", EscalationPolicy: "PESC", Level: 1},
		},
	}
}

func fullOfLayers() inventory.Schedule {
	return inventory.Schedule{
		ID: "PLAY", Name: "Payments", Kind: inventory.ScheduleOfLayers, TimeZone: "America/Chicago", Coverage: 33.333333,
		Teams: []string{"PTEAM", "POTHER"}, EscalationPolicies: []string{"PESC"}, Users: []string{"PBOB", "PANN"},
		Layers: []inventory.Layer{
			{
				ID: "L2", Name: "Low", Start: at(0), VirtualStart: at(0), TurnSeconds: 86400, Users: []string{"PBOB", "PANN", "PBOB"},
				Restrictions: []inventory.Restriction{{Type: "weekly_restriction", StartTime: "09:00:00", DurationSeconds: 3600, StartDay: ptr(1)}},
			},
			{ID: "L1", Name: "High", Start: at(0), End: ptr(at(20)), VirtualStart: at(0), TurnSeconds: 3600, Users: []string{"PANN"}},
		},
		Overrides: []inventory.Override{
			{ID: "O2", User: ptr("PANN"), Start: at(8), End: at(9)}, {ID: "O1", User: ptr("PBOB"), Start: at(7), End: at(9)},
		},
		Shifts: []inventory.Shift{
			{User: "PBOB", Start: at(4), End: at(12)}, {User: "PANN", Start: at(4), End: at(6)}, {User: "PANN", Start: at(4), End: at(5)}, {User: "PANN", Start: at(1), End: at(4)},
		},
	}
}

func fullOfShifts() inventory.Schedule {
	event := func(id string, since time.Time) inventory.Event {
		return inventory.Event{
			ID: id, Name: "Day", Start: at(9), End: at(17), TimeZone: "Europe/Berlin", EffectiveSince: since,
			Recurrence: []string{"RRULE:FREQ=DAILY", "EXDATE:20260102T090000Z"},
			Assignment: inventory.Assignment{
				Type: "rotating_member_assignment_strategy", Members: []*string{ptr("PBOB"), nil, ptr("PANN")}, ShiftsPerMember: ptr(2),
			},
		}
	}
	return inventory.Schedule{
		ID: "PSHI", Name: "Support", Kind: inventory.ScheduleOfShifts, TimeZone: "Europe/Berlin",
		Rotations: []inventory.Rotation{
			{ID: "R2", Events: []inventory.Event{event("E3", at(2)), event("E2", at(1)), event("E1", at(1))}},
			{ID: "R1", Events: []inventory.Event{event("E4", at(1))}},
		},
		CustomShifts: []inventory.CustomShift{
			{ID: "C3", User: ptr("PANN"), Start: at(3), End: at(4)}, {ID: "C2", Start: at(1), End: at(2)}, {ID: "C1", Start: at(1), End: at(2)},
		},
		Overrides: []inventory.Override{{ID: "O", Start: at(9), End: at(10), Replaces: ptr("PBOB"), Rotation: ptr("R1")}},
		Shifts: []inventory.Shift{
			{User: "PANN", Start: at(9), End: at(17), Origin: &inventory.Origin{Kind: "rotation", ID: "R1"}},
			{User: "PANN", Start: at(9), End: at(17), Origin: &inventory.Origin{Kind: "custom_shift", ID: "C3"}},
		},
	}
}

func fullPolicy() inventory.EscalationPolicy {
	return inventory.EscalationPolicy{
		ID: "PESC", Name: "Payments", Teams: []string{"PTEAM", "POTHER"}, Services: []string{"PSVC", "PSVB"}, Repeat: 2,
		Rules: []inventory.EscalationRule{
			{DelayMinutes: 5, Targets: []inventory.Target{{Type: "schedule", ID: "PLAY"}, {Type: "user", ID: "PANN"}}},
			{DelayMinutes: 10, Targets: []inventory.Target{{Type: "user", ID: "PBOB"}}},
		},
	}
}
