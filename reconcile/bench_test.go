package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// bigAccount has n people, a team for every ten and a schedule for every
// twenty of them.
func bigAccount(n int) *inventory.Snapshot {
	now := time.Date(2026, 3, 16, 9, 30, 0, 0, time.UTC)
	since := now.Truncate(24*time.Hour).AddDate(0, 0, -7)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "big", TakenAt: now, Complete: true, Window: inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)}},
		Now:     now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
	}
	user := func(i int) string { return fmt.Sprintf("PU%06d", i) }
	for i := range n {
		s.Users[user(i)] = inventory.User{ID: user(i), Name: user(i), Email: fmt.Sprintf("u%d@big.test", i), BaseRole: "limited_user", Teams: map[string]string{}}
	}
	for i := range n / 10 {
		id := fmt.Sprintf("PT%06d", i)
		t := inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", i), Members: map[string]string{}}
		for j := range 9 {
			t.Members[user(i*10+j)] = "responder"
			s.Users[user(i*10+j)].Teams[id] = "responder"
		}
		s.Teams[id] = t
	}
	for i := range n / 20 {
		id := fmt.Sprintf("PS%06d", i)
		start := since.AddDate(0, 0, -28)
		v := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", i), Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Coverage: 100,
			Layers: []inventory.Layer{{ID: "L" + id, Name: "L", Start: start, VirtualStart: start, TurnSeconds: 7 * 86400, Users: []string{user(i * 20), user(i*20 + 1)}}}}
		for w := range 6 {
			v.Shifts = append(v.Shifts, inventory.Shift{User: v.Layers[0].Users[w%2], Start: since.AddDate(0, 0, 7*w), End: since.AddDate(0, 0, 7*w+7)})
		}
		s.Schedules[id] = v
	}
	s.Normalize()
	return s
}

const bigPolicy = `package access

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "limited_user"} if some p in data.people

grant contains {"principal": $"user:{p.email}", "resource": $"team:{p.team}", "role": "responder"} if some p in data.people

group contains {"name": $"oncall {s.name}"} if some s in input.schedules

member contains {"group": $"oncall {s.name}", "principal": $"oncall:#{s.id}"} if some s in input.schedules

grant contains {"principal": $"group:oncall {s.name}", "resource": $"team:Team {i}", "role": "manager"} if {
	some s in input.schedules
	i := to_number(trim_prefix(s.name, "Schedule "))
}
`

type inMemory struct{ s *inventory.Snapshot }

func (m inMemory) Snapshot(context.Context, []string) (*inventory.Snapshot, error) { return m.s, nil }

// BenchmarkRound is a whole round, from a snapshot in memory to its plan, on
// accounts of three sizes: go test -bench Round ./reconcile
func BenchmarkRound(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("%d users", n), func(b *testing.B) {
			if n > 10_000 && testing.Short() {
				b.Skip("large; run without -short")
			}
			dir := policiesOfMany(b, n)
			set, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if err != nil {
				b.Fatal(err)
			}
			round := reconcile.Round{
				Reader: inMemory{bigAccount(n)}, Policies: set, Memory: (*journal.Journal)(nil),
				Settings: plan.Settings{Default: plan.Sync}, Now: time.Now,
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := round.Plan(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(r.Plan.Changes)+len(r.Plan.Held)), "changes")
			}
		})
	}
}

// policiesOfMany writes policies and a roster of n people.
func policiesOfMany(b *testing.B, n int) string {
	dir := b.TempDir()
	save(b, filepath.Join(dir, "access.rego"), bigPolicy)
	save(b, filepath.Join(dir, "people", "people.json"), rosterOfMany(n, "Team 0"))
	return dir
}

// rosterOfMany puts the first person on a team, and the others ten to a team.
func rosterOfMany(n int, first string) string {
	var roster []map[string]string
	for i := range n {
		roster = append(roster, map[string]string{"email": fmt.Sprintf("u%d@big.test", i), "team": fmt.Sprintf("Team %d", i/10)})
	}
	roster[0]["team"] = first
	rows, _ := json.Marshal(roster)
	return string(rows)
}

func save(b testing.TB, file, text string) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSaveToDiff is what `plan --watch` does with a save, from loading the
// policies to the difference: go test -bench SaveToDiff -run - ./reconcile
func BenchmarkSaveToDiff(b *testing.B) {
	const light = "package access.light\n\ngrant contains {\"principal\": \"user:u0@big.test\", \"resource\": \"team:Team 1\", \"role\": %q}\n"
	for _, n := range []int{1_000, 10_000, 50_000} {
		for _, edit := range []struct{ name, file, one, other string }{
			{"light rule", "light.rego", fmt.Sprintf(light, "manager"), fmt.Sprintf(light, "responder")},
			{"heaviest rule", "access.rego", bigPolicy, strings.Replace(bigPolicy, `"responder"`, `"observer"`, 1)},
			{"data", "people/people.json", rosterOfMany(n, "Team 0"), rosterOfMany(n, "Team 1")},
		} {
			b.Run(fmt.Sprintf("%s/%d users", edit.name, n), func(b *testing.B) {
				if n > 10_000 && testing.Short() {
					b.Skip("large; run without -short")
				}
				dir := policiesOfMany(b, n)
				save(b, filepath.Join(dir, "light.rego"), fmt.Sprintf(light, "manager"))
				round := reconcile.Round{
					Reader: inMemory{bigAccount(n)}, Memory: (*journal.Journal)(nil), Evaluator: &eval.Evaluator{}, Cache: &diff.Cache{},
					Settings: plan.Settings{Default: plan.Sync}, Now: time.Now,
				}
				var last *reconcile.Result
				var loader eval.Loader
				differing := 0
				planned := func(text string) {
					save(b, filepath.Join(dir, edit.file), text)
					set, err := loader.Load(context.Background(), eval.Options{Roots: []string{dir}})
					if err != nil {
						b.Fatal(err)
					}
					round.Policies = set
					result, err := round.Plan(context.Background())
					if err != nil {
						b.Fatal(err)
					}
					if last != nil {
						differing = len(compare.Compare(&last.Result, &result.Result).Access)
					}
					last = result
				}
				planned(edit.one)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					// A text that was never there before, so that nothing is remembered.
					text := edit.other
					if i%2 == 1 {
						text = edit.one
					}
					planned(strings.Replace(text, "package", fmt.Sprintf("# %d\npackage", i), 1))
				}
				b.ReportMetric(float64(differing), "differing")
			})
		}
	}
}
