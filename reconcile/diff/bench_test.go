package diff_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// onDuty is an account of n people and teams of ten, with schedules whose five
// people take turns of some hours. The handoffs of schedule i are i%24 hours after
// midnight and so on, or all at nine. Whoever is on call is in the schedule's group,
// 15 minutes ahead, and manages a team.
func onDuty(n, schedules int, turn time.Duration, together bool) diff.Input {
	now := time.Date(2026, 3, 16, 8, 30, 0, 0, time.UTC)
	since := now.Truncate(24*time.Hour).AddDate(0, 0, -7)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "big", TakenAt: now, Complete: true, Window: inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)}},
		Now:     now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
	}
	st := &policies.Statements{}
	user := func(i int) string { return fmt.Sprintf("PU%06d", i%n) }
	for i := range n {
		s.Users[user(i)] = inventory.User{ID: user(i), Name: user(i), Email: user(i) + "@big.test", BaseRole: "limited_user", Teams: map[string]string{}}
		st.Grants = append(st.Grants, policies.Grant{Principal: inventory.ByID(inventory.KindUser, user(i)), Resource: inventory.AccountRef, Role: "limited_user", Origins: Origin(1)})
	}
	for i := range n / 10 {
		id := fmt.Sprintf("PT%06d", i)
		s.Teams[id] = inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", i), Members: map[string]string{}}
		for j := range 9 {
			Put(s, id, user(i*10+j), "responder")
			st.Grants = append(st.Grants, policies.Grant{Principal: inventory.ByID(inventory.KindUser, user(i*10+j)), Resource: inventory.ByID(inventory.KindTeam, id), Role: "responder", Origins: Origin(2)})
		}
	}
	for i := range schedules {
		id := fmt.Sprintf("PS%06d", i)
		hour := i % 24
		if together {
			hour = 9
		}
		c := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC"}
		first := since.AddDate(0, 0, -1).Add(time.Duration(hour) * time.Hour)
		for k := 0; first.Add(time.Duration(k) * turn).Before(s.Account.Window.Until); k++ {
			start := first.Add(time.Duration(k) * turn)
			c.Shifts = append(c.Shifts, inventory.Shift{User: user(i*10 + k%5), Start: start, End: start.Add(turn)})
		}
		s.Schedules[id] = c
		group := fmt.Sprintf("oncall-%d", i)
		st.Groups = append(st.Groups, policies.Group{Name: group, Origins: Origin(3)})
		st.Members = append(st.Members, policies.Member{Group: group, Principal: inventory.ByID(inventory.KindOnCall, id), Lead: 15 * time.Minute, Origins: Origin(4)})
		st.Grants = append(st.Grants, policies.Grant{Principal: inventory.Ref{Kind: inventory.KindGroup, Name: group}, Resource: inventory.ByID(inventory.KindTeam, fmt.Sprintf("PT%06d", i%(n/10))), Role: "manager", Origins: Origin(5)})
	}
	s.Normalize()
	return Input(s, st)
}

// BenchmarkForecast is a forecast of 14 days on an account of 10,000 people:
// go test -run - -bench Forecast ./reconcile/diff
func BenchmarkForecast(b *testing.B) {
	for _, c := range []struct {
		name      string
		schedules int
		turn      time.Duration
		together  bool
	}{
		{"200 schedules, daily turns around the clock", 200, 24 * time.Hour, false},
		{"200 schedules, daily turns from nine", 200, 24 * time.Hour, true},
		{"500 schedules, turns of 4 hours", 500, 4 * time.Hour, false},
		{"2000 schedules, turns of 4 hours", 2000, 4 * time.Hour, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := onDuty(10_000, c.schedules, c.turn, c.together)
			b.ReportAllocs()
			for b.Loop() {
				f, err := forecast.Foresee(in, in.Now.AddDate(0, 0, 14))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(f.Steps)), "steps")
				b.ReportMetric(float64(f.Summary.Raise+f.Summary.Lower), "changes")
			}
		})
	}
}

// BenchmarkForecastOfEdits is the same where somebody joins the rotation of one of
// 5 schedules every day, after each of which all on-call access is worked
// out again.
func BenchmarkForecastOfEdits(b *testing.B) {
	in := onDuty(10_000, 200, 24*time.Hour, false)
	for i := range 5 {
		id := fmt.Sprintf("PS%06d", i)
		s := in.Snapshot.Schedules[id]
		start := in.Snapshot.Account.Window.Since.Add(time.Duration(i) * time.Hour)
		layer := inventory.Layer{ID: "L" + id, Name: "Day", Start: start.AddDate(0, 0, -30), VirtualStart: start, TurnSeconds: 86400}
		for j := range 6 {
			user := fmt.Sprintf("PU%06d", i*10+j)
			g := policies.Grant{Principal: inventory.ByID(inventory.KindUser, user), Resource: inventory.ByID(inventory.KindSchedule, id), Role: "rotation", Origins: Origin(6)}
			if j == 5 {
				from := in.Now.Add(time.Duration(i+1) * 24 * time.Hour)
				g.From = &from
			} else {
				layer.Users = append(layer.Users, user)
			}
			in.Statements.Grants = append(in.Statements.Grants, g)
		}
		s.Layers = []inventory.Layer{layer}
		s, err := oncall.Rerender(s, in.Snapshot.Account.Window)
		if err != nil {
			b.Fatal(err)
		}
		in.Snapshot.Schedules[id] = s
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := forecast.Foresee(in, in.Now.AddDate(0, 0, 14))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(f.Steps)), "steps")
		b.ReportMetric(float64(f.Summary.Raise+f.Summary.Lower), "changes")
	}
}
