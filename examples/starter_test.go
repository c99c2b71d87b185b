package examples_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func TestTheStartersSeedIsCurrent(t *testing.T) {
	since := monday.Truncate(24*time.Hour).AddDate(0, 0, -7)
	s := &inventory.Snapshot{
		Account: inventory.Account{
			Name: "starter", Region: "us", TakenAt: monday, Complete: true,
			Window:    inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)},
			Abilities: []string{"teams"}, Unavailable: []string{},
		},
		Now: monday, Users: map[string]inventory.User{},
		Teams: map[string]inventory.Team{"PTEAM01": {ID: "PTEAM01", Name: "Payments", DefaultRole: "manager", Members: map[string]string{}}},
	}
	for id, email := range map[string]string{"PUSER01": "ann@example.com", "PUSER02": "bob@example.com", "PUSER03": "cy@example.com"} {
		s.Users[id] = inventory.User{
			ID: id, Name: email[:3], Email: email, BaseRole: "limited_user", TimeZone: "Etc/UTC", Teams: map[string]string{},
			ContactMethods:    []inventory.ContactMethod{{Type: "email_contact_method", Label: "Work"}},
			NotificationRules: []inventory.NotificationRule{{Urgency: "high", Contact: "email_contact_method"}},
		}
	}
	put(s, "Payments", "PUSER01", "manager")
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	s.Schedules = map[string]inventory.Schedule{"PSCHED1": rendered(t, inventory.Schedule{
		ID: "PSCHED1", Name: "Payments Primary", TimeZone: "Etc/UTC",
		Layers: []inventory.Layer{{
			ID: "PLAYER1", Name: "Weekly", Start: start, VirtualStart: start, TurnSeconds: int(week.Seconds()),
			Users: []string{"PUSER01", "PUSER02", "PUSER03"},
		}},
	}, s.Account.Window)}
	s.Normalize()
	var seed bytes.Buffer
	if err := s.Encode(&seed); err != nil {
		t.Fatal(err)
	}
	golden(t, "starter/seed.json", seed.Bytes())
}
