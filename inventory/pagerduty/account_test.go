package pagerduty_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

var at = time.Date(2026, 3, 16, 9, 30, 0, 0, time.UTC)

// account makes up an account of a size: each user on one team, each schedule
// with one layer, every tenth user alone.
func account(users, teams, schedules int) *inventory.Snapshot {
	s := &inventory.Snapshot{Now: at, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{}}
	s.Account = inventory.Account{Name: "acme", Region: "us", TakenAt: at, Complete: true, Abilities: []string{"teams"},
		Window: inventory.Window{Since: at.Truncate(24*time.Hour).AddDate(0, 0, -7), Until: at.Truncate(24*time.Hour).AddDate(0, 0, 35)}}
	for i := range teams {
		id := fmt.Sprintf("PT%05d", i)
		s.Teams[id] = inventory.Team{ID: id, Name: "Team " + id, DefaultRole: "manager", Members: map[string]string{}}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range users {
		id := fmt.Sprintf("PU%05d", i)
		u := inventory.User{ID: id, Name: name(random), Email: fmt.Sprintf("u%d@acme.com", i), BaseRole: "user",
			TimeZone: "Etc/UTC", Teams: map[string]string{}}
		if team := fmt.Sprintf("PT%05d", i%max(teams, 1)); teams > 0 && i%10 != 0 {
			u.Teams[team] = "responder"
			s.Teams[team].Members[id] = "responder"
		}
		s.Users[id] = u
	}
	for i := range schedules {
		s.Schedules[fmt.Sprintf("PS%05d", i)] = schedule(i, users)
	}
	s.Normalize()
	return s
}

func schedule(i, users int) inventory.Schedule {
	id := fmt.Sprintf("PS%05d", i)
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	return inventory.Schedule{ID: id, Name: "Schedule " + id, Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC",
		Layers: []inventory.Layer{{ID: "PL" + id, Name: "Layer 1", Start: start, VirtualStart: start, TurnSeconds: 7 * 86400,
			Users: []string{fmt.Sprintf("PU%05d", i%users), fmt.Sprintf("PU%05d", (i+1)%users)}}}}
}

// name is a name as people have them: pronounceable, of some forty letters.
func name(random *rand.Rand) string {
	syllables := []string{"an", "ben", "ça", "dor", "el", "fri", "gü", "hal", "ir", "jo", "ka", "lin", "mo", "na", "ol", "pe", "qui", "ro", "sa", "tu", "ul", "vi", "wen", "xa", "yo", "ze"}
	word := func() string {
		w := ""
		for range 2 + random.IntN(2) {
			w += syllables[random.IntN(len(syllables))]
		}
		return w
	}
	return word() + " " + word()
}
