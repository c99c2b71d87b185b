package testaccount

import (
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Size is how large an account is.
type Size struct{ People, Teams, Schedules int }

// Large is an account of a size as companies have them: each person on a team, as many
// escalation policies and services as schedules, every other schedule shift-based and
// every tenth with an override. Turns take a week.
func Large(n Size, now time.Time) *inventory.Snapshot {
	since := now.Truncate(24*time.Hour).AddDate(0, 0, -7)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "large", Region: "us", TakenAt: now, Complete: true, Window: inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)}},
		Now:     now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
		EscalationPolicies: map[string]inventory.EscalationPolicy{}, Services: map[string]inventory.Service{}, Licenses: map[string]inventory.License{},
	}
	person := func(i int) string { return fmt.Sprintf("PU%05d", i%n.People) }
	for i := range n.People {
		s.Users[person(i)] = inventory.User{
			ID: person(i), Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("u%d@large.test", i), BaseRole: "limited_user",
			TimeZone: "Etc/UTC", Teams: map[string]string{},
			ContactMethods: []inventory.ContactMethod{{Type: "email_contact_method", Label: "Work"}},
		}
	}
	for i := range n.Teams {
		id := fmt.Sprintf("PT%05d", i)
		t := inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", i), DefaultRole: "manager", Members: map[string]string{}}
		for j := i; j < n.People; j += n.Teams {
			t.Members[person(j)], s.Users[person(j)].Teams[id] = "responder", "responder"
		}
		s.Teams[id] = t
	}
	for i := range n.Schedules {
		id, policy, service := fmt.Sprintf("PS%05d", i), fmt.Sprintf("PE%05d", i), fmt.Sprintf("PV%05d", i)
		s.Schedules[id] = largeSchedule(id, policy, i, since.AddDate(0, 0, -28), now, person(2*i), person(2*i+1), person(2*i+2))
		s.EscalationPolicies[policy] = inventory.EscalationPolicy{ID: policy, Name: fmt.Sprintf("Policy %d", i), Services: []string{service},
			Rules: []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: id}}}}}
		s.Services[service] = inventory.Service{ID: service, Name: fmt.Sprintf("Service %d", i), Status: "active", EscalationPolicy: policy}
	}
	s.Normalize()
	return s
}

func largeSchedule(id, policy string, i int, start, now time.Time, first, second, third string) inventory.Schedule {
	s := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", EscalationPolicies: []string{policy}}
	overridden := i%10 < 2
	o := inventory.Override{ID: "QO" + id, User: &third, Start: now.Truncate(time.Hour).AddDate(0, 0, 1), End: now.Truncate(time.Hour).AddDate(0, 0, 2)}
	if i%2 == 0 {
		s.Layers = []inventory.Layer{{ID: "QL" + id, Name: "Week", Start: start, VirtualStart: start, TurnSeconds: 7 * 86400, Users: []string{first, second}}}
		if overridden {
			s.Overrides = []inventory.Override{o}
		}
		return s
	}
	s.Kind = inventory.ScheduleOfShifts
	rotation, shifts := "QR"+id, 1
	s.Rotations = []inventory.Rotation{{ID: rotation, Events: []inventory.Event{{
		ID: "QE" + id, Name: "Week", Start: start, End: start.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
		Recurrence: []string{"RRULE:FREQ=WEEKLY;BYDAY=" + strings.ToUpper(start.Format("Mon")[:2])}, EffectiveSince: start,
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&first, &second}, ShiftsPerMember: &shifts},
	}}}}
	if overridden {
		o.Rotation, o.Replaces = &rotation, &first
		s.Overrides = []inventory.Override{o}
		another := o
		another.ID, another.Replaces = o.ID+"B", &second
		s.Overrides = append(s.Overrides, another)
	}
	return s
}
