package policies_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// crowd is an account of n people, a team for ten and a schedule for twenty.
func crowd(n int) *inventory.Snapshot {
	s := account()
	s.Users, s.Teams, s.Schedules = map[string]inventory.User{}, map[string]inventory.Team{}, map[string]inventory.Schedule{}
	s.Account.Window = inventory.Window{Since: noon.AddDate(0, 0, -7), Until: noon.AddDate(0, 0, 35)}
	for i := range n {
		id := fmt.Sprintf("P%05d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: fmt.Sprintf("u%d@acme.com", i), BaseRole: "limited_user"}
	}
	for i := range n / 10 {
		id := fmt.Sprintf("T%05d", i)
		s.Teams[id] = inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", i), Members: map[string]string{fmt.Sprintf("P%05d", i): "manager"}}
	}
	for i := range n / 20 {
		id := fmt.Sprintf("S%05d", i)
		sched := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers}
		for d := range 42 {
			at := noon.AddDate(0, 0, d-7)
			sched.Shifts = append(sched.Shifts, inventory.Shift{User: fmt.Sprintf("P%05d", (i*20+d)%n), Start: at, End: at.AddDate(0, 0, 1)})
		}
		s.Schedules[id] = sched
	}
	return s
}

// uses are one rule for each function of the library, called once a person,
// team or schedule.
var uses = map[string]string{
	"user":         `grant contains {"principal": $"user:{u.email}", "resource": "account", "role": "user"} if { some p in data.people; u := data.dutyward.user(p.email) }`,
	"team":         `grant contains {"principal": $"user:{p.email}", "resource": $"team:{t.name}", "role": "manager"} if { some p in data.people; t := data.dutyward.team(p.team) }`,
	"within":       `grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if { some p in data.people; data.dutyward.within(p.since, null) }`,
	"on_call_at":   `grant contains {"principal": $"user:#{id}", "resource": "account", "role": "user"} if { some s in input.schedules; some id in data.dutyward.on_call_at(s.name, data.dutyward.now) }`,
	"can_be_paged": `grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "user"} if { some p in data.people; not data.dutyward.can_be_paged(p.email) }`,
}

func BenchmarkLibrary(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		in, err := policies.NewInput(crowd(n))
		if err != nil {
			b.Fatal(err)
		}
		all := ""
		for name, rule := range uses {
			all += rule + "\n"
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) { benchmark(b, in, roster(n), rule) })
		}
		b.Run(fmt.Sprintf("all/%d", n), func(b *testing.B) { benchmark(b, in, roster(n), all) })
	}
}

// roster is a document data.people of n rows.
func roster(n int) string {
	var b strings.Builder
	b.WriteString(`{"people": [`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"email": "u%d@acme.com", "team": "Team %d", "since": "2026-01-01T00:00:00Z"}`, i, i/10)
	}
	b.WriteString("]}")
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{0, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rules := ""
			for _, rule := range uses {
				rules += rule + "\n"
			}
			o := policies.Options{Roots: []string{rootOf(b, "people.json", roster(n), "access/a.rego", "package access.a\n\n"+rules)}}
			for b.Loop() {
				if _, err := policies.Load(context.Background(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchmark(b *testing.B, in *policies.Input, roster, rules string) {
	s, err := policies.Load(context.Background(), policies.Options{Roots: []string{rootOf(b, "people.json", roster, "access/a.rego", "package access.a\n\n"+rules)}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Evaluate(context.Background(), policies.PhaseAccess, in, noon); err != nil {
			b.Fatal(err)
		}
	}
}
