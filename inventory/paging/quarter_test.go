package paging_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/paging"
)

// quarter is an account of services with schedules of both kinds in different zones, over a
// quarter with the setting of clocks in it.
func quarter(services int) *inventory.Snapshot {
	since := time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)
	s := &inventory.Snapshot{Now: since, Users: map[string]inventory.User{}, Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{}, Services: map[string]inventory.Service{}}
	s.Account = inventory.Account{Complete: true, Window: inventory.Window{Since: since, Until: since.AddDate(0, 0, 100)}}
	one := 1
	for i := range services {
		var people []string
		for j := range 4 {
			id := fmt.Sprintf("U%d-%d", i, j)
			u := inventory.User{ID: id, Email: id + "@acme.com"}
			for _, urgency := range []string{"high", "low"} {
				contact := []string{"phone_contact_method", "push_notification_contact_method", "email_contact_method", "sms_contact_method"}[(i+j)%4]
				u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{Urgency: urgency, DelayMinutes: (i * j) % 40, Contact: contact})
			}
			s.Users[id], people = u, append(people, id)
		}
		zone := []string{"Europe/Berlin", "America/New_York", "Australia/Sydney"}[i%3]
		first, second := fmt.Sprintf("A%d", i), fmt.Sprintf("B%d", i)
		s.Schedules[first] = inventory.Schedule{ID: first, Kind: inventory.ScheduleOfLayers, TimeZone: zone, Layers: []inventory.Layer{{
			ID: "L" + first, Start: since.AddDate(0, 0, -30), VirtualStart: since.Add(-48 * time.Hour), TurnSeconds: 86400 * (1 + i%7), Users: people[:3],
			Restrictions: []inventory.Restriction{{Type: "daily_restriction", StartTime: "02:30:00", DurationSeconds: 3600 * (12 + i%13)}},
		}}}
		s.Schedules[second] = inventory.Schedule{ID: second, Kind: inventory.ScheduleOfShifts, TimeZone: zone, Rotations: []inventory.Rotation{{ID: "R" + second, Events: []inventory.Event{{
			ID: "E" + second, Start: since.Add(-24 * time.Hour), End: since.Add(-24 * time.Hour).Add(time.Duration(13+i%11) * time.Hour), TimeZone: zone, Recurrence: []string{"RRULE:FREQ=DAILY"}, EffectiveSince: since.AddDate(0, 0, -20),
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&people[1], &people[3]}, ShiftsPerMember: &one},
		}}}}}
		p, v := fmt.Sprintf("P%d", i), fmt.Sprintf("V%d", i)
		s.EscalationPolicies[p] = inventory.EscalationPolicy{ID: p, Repeat: i % 3, Services: []string{v}, Rules: []inventory.EscalationRule{
			{DelayMinutes: 5 + i%30, Targets: []inventory.Target{{Type: "schedule", ID: first}}},
			{DelayMinutes: 15, Strategy: []string{inventory.AssignToEveryone, inventory.RoundRobin}[i%2], Targets: []inventory.Target{{Type: "schedule", ID: second}, {Type: "schedule", ID: first}}},
		}}
		s.Services[v] = inventory.Service{ID: v, EscalationPolicy: p, Status: "active", Urgency: inventory.ServiceUrgency{During: "high", Outside: []string{"high", "low", "severity_based"}[i%3]},
			SupportHours: &inventory.SupportHours{TimeZone: zone, Days: []int{1, 2, 3, 4, 5}, StartTime: "09:00:00", EndTime: "17:00:00"}, RaisedAtSupportHours: i%2 == 0}
	}
	for id, v := range s.Schedules {
		v.Normalize()
		v, err := oncall.Rerender(v, s.Account.Window)
		if err != nil {
			panic(err)
		}
		s.Schedules[id] = v
	}
	s.Normalize()
	return s
}

// Beyond the snapshot's window, schedules are rendered; the answer is the same.
func TestS47_BeyondTheWindowTheAnswerIsTheSame(t *testing.T) {
	s := quarter(12)
	until := s.Now.AddDate(0, 0, 90)
	whole := paging.New(s, s.Now, until, 15*time.Minute)
	short := *s
	short.Account.Window.Until = s.Now.AddDate(0, 0, 10)
	short.Schedules = map[string]inventory.Schedule{}
	for id, v := range s.Schedules {
		v, err := oncall.Rerender(v, short.Account.Window)
		if err != nil {
			t.Fatal(err)
		}
		short.Schedules[id] = v
	}
	part := paging.New(&short, s.Now, until, 15*time.Minute)
	for id, v := range s.Services {
		want, _ := whole.Holes(v)
		got, _ := part.Holes(v)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("service %s (-window +rendered):\n%s", id, d)
		}
	}
}

// TestS47_AQuarterOf200ServicesAgreesMinuteByMinute is the proof at its size: both
// urgencies, both kinds of schedule, with the clocks set in between.
func TestS47_AQuarterOf200ServicesAgreesMinuteByMinute(t *testing.T) {
	step, services := 389*time.Minute, 200
	if testing.Short() {
		step, services = 1787*time.Minute, 30
	}
	s := quarter(services)
	until := s.Now.AddDate(0, 0, 90)
	a := paging.New(s, s.Now, until, 15*time.Minute)
	began := time.Now()
	proved := map[string][]paging.Hole{}
	for id, v := range s.Services {
		proved[id], _ = a.Holes(v)
	}
	t.Logf("%d services in %s", services, time.Since(began))
	for id, v := range s.Services {
		b := brute{s, 15, map[int64]bool{}}
		for m := s.Now; m.Before(until); m = m.Add(step) {
			want, got := b.kinds(v, m), map[string]bool{}
			for _, h := range proved[id] {
				if !m.Before(h.Since) && m.Before(h.Until) {
					got[h.Urgency+" "+string(h.Kind)] = true
				}
			}
			if fmt.Sprint(want) != fmt.Sprint(got) {
				t.Fatalf("service %s at %s: minute by minute %v, event by event %v", id, m.Format(time.RFC3339), want, got)
			}
		}
	}
}
