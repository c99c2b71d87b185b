package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// answerTime is how long PagerDuty takes for an answer, on Mondays.
const answerTime = 150 * time.Millisecond

// quarterly is due at each quarter of an hour.
type quarterly struct{}

func (quarterly) Next(t time.Time) time.Time {
	return t.Truncate(15 * time.Minute).Add(15 * time.Minute)
}

// written is a write that PagerDuty acknowledged.
type written struct {
	at         time.Time
	team, user string
	raise      bool
}

// monday is a bubble's morning on a large account: its clock is the
// simulator's, in which an answer takes its time and the request budget holds.
type monday struct {
	origin, began time.Time
	transport     http.RoundTripper

	mu     sync.Mutex
	writes []written
	reads  []time.Time
}

func (m *monday) now() time.Time { return m.origin.Add(time.Since(m.began)) }

// RoundTrip carries a request, and notes it.
func (m *monday) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(answerTime)
	resp, err := m.transport.RoundTrip(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.now()
	if r.Method == http.MethodGet || err != nil {
		m.reads = append(m.reads, at)
		return resp, err
	}
	parts := strings.Split(r.URL.Path, "/") // /teams/T/users/U
	m.writes = append(m.writes, written{at, parts[2], parts[4], r.Method == http.MethodPut})
	return resp, err
}

// during are the reads and writes in a span.
func (m *monday) during(from, until time.Time) (reads int, writes []written) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.reads {
		if !t.Before(from) && t.Before(until) {
			reads++
		}
	}
	for _, w := range m.writes {
		if !w.at.Before(from) && w.at.Before(until) {
			writes = append(writes, w)
		}
	}
	return reads, writes
}

// mondayAccount has n people, a team for every ten and a schedule for every
// twenty of them, every other one shift-based, each on a policy of its own. The
// first is handed over at 08:30, the next 200 at 09:00, the others on another
// day. Whoever is on call manages the team with the schedule's number.
func mondayAccount(n int, morning time.Time) *inventory.Snapshot {
	s := bigAccount(n)
	s.Account.TakenAt, s.Now = morning, morning
	s.Account.Abilities = []string{"teams"}
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{}
	one := 1
	for i := range n / 20 {
		id := fmt.Sprintf("PS%06d", i)
		v := s.Schedules[id]
		start := morning.Truncate(24*time.Hour).AddDate(0, 0, -21).Add(9 * time.Hour)
		switch {
		case i == 0:
			start = start.Add(-30 * time.Minute)
		case i > 200:
			start = start.Add(50 * time.Hour)
		}
		on := v.Layers[0].Users
		if i <= 200 { // the third week's, until this morning
			slices.Reverse(on)
		}
		current := on[0]
		v.Layers[0].Start, v.Layers[0].VirtualStart, v.Shifts = start, start, nil
		if i%2 == 1 {
			v.Kind, v.Layers = inventory.ScheduleOfShifts, nil
			v.Rotations = []inventory.Rotation{{ID: "R" + id, Events: []inventory.Event{{
				ID: "E" + id, Name: "Week", Start: start, End: start.AddDate(0, 0, 7), TimeZone: "Etc/UTC", Recurrence: []string{"RRULE:FREQ=WEEKLY"},
				EffectiveSince: start, Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&on[0], &on[1]}, ShiftsPerMember: &one},
			}}}}
		}
		policy := fmt.Sprintf("PE%06d", i)
		v.EscalationPolicies = []string{policy}
		s.EscalationPolicies[policy] = inventory.EscalationPolicy{ID: policy, Name: fmt.Sprintf("Policy %d", i),
			Rules: []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: id}}}}}
		s.Schedules[id] = v
		// Two weeks later and then again, the first of the two is on call.
		s.Teams[fmt.Sprintf("PT%06d", i)].Members[current] = "manager"
		s.Users[current].Teams[fmt.Sprintf("PT%06d", i)] = "manager"
	}
	s.Normalize()
	return s
}

// At 10,000 people: what a handoff costs and how long it takes until access
// followed, one alone and 200 at once. On the simulator's clock, within its
// request budget.
func TestAMondayMorningOfALargeAccount(t *testing.T) {
	if os.Getenv("DUTYWARD_LONG") == "" {
		t.Skip("a minute's work: DUTYWARD_LONG=1")
	}
	const people = 10_000
	origin := time.Date(2026, 3, 16, 8, 16, 0, 0, time.UTC)
	half, nine := time.Date(2026, 3, 16, 8, 30, 0, 0, time.UTC), time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	set := bigPolicies(t, dir, people)
	seed := mondayAccount(people, origin)

	synctest.Test(t, func(t *testing.T) {
		m := &monday{origin: origin, began: time.Now()}
		sim, err := pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: m.now, Wall: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		m.transport = sim.Transport()
		client, err := pagerduty.New(pagerduty.Options{
			Account: "acme", Region: "us", From: "u0@big.test", Transport: m,
			Token: func(context.Context) (string, error) { return "t", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		memory, err := journal.Open(t.Context(), filepath.Join(dir, "dutyward.db"), journal.Options{Now: m.now, Account: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		var log bytes.Buffer
		keeper := &daemon.Daemon{
			Load:   func(context.Context) (reconcile.Policies, error) { return set, nil },
			Reader: snapshots{client}, Refresher: client, Record: memory, Account: client, Settings: plan.Settings{Default: plan.Sync},
			OnCallInterval: time.Minute, MaxAge: 20 * time.Minute,
			Now: m.now, Paused: func() *reconcile.Pause { return nil }, Sink: eventlog.Log{Logger: slog.New(slog.NewTextHandler(&log, nil))},
			Requests: func() int { return client.Cost().Requests },
		}
		loop := &daemon.Loop{Schedule: quarterly{}, Run: keeper.Round, Sink: keeper.Sink, Now: m.now}
		ctx, cancel := context.WithTimeout(t.Context(), nine.Add(8*time.Minute).Sub(origin))
		defer cancel()
		loop.Start(ctx)

		for _, c := range []struct {
			name     string
			at       time.Time
			handoffs int
			within   time.Duration
			reads    int
		}{
			{"one handoff", half, 1, 3 * time.Second, 5},
			{"200 at once", nine, 200, 2 * time.Minute, 5 * 200},
		} {
			_, writes := m.during(c.at, c.at.Add(4*time.Minute))
			if len(writes) != 2*c.handoffs {
				t.Fatalf("%s: %d writes, want %d\n%s", c.name, len(writes), 2*c.handoffs, tail(log.String()))
			}
			last := writes[len(writes)-1].at
			reads, _ := m.during(c.at, last)
			raises := slices.DeleteFunc(slices.Clone(writes), func(w written) bool { return !w.raise })
			t.Logf("%s: %d reads and %d writes, the last raise after %s, the last write after %s", c.name, reads, len(writes),
				raises[len(raises)-1].at.Sub(c.at).Round(10*time.Millisecond), last.Sub(c.at).Round(10*time.Millisecond))
			if last.Sub(c.at) > c.within || reads > c.reads {
				t.Errorf("%s: want at most %s and %d reads", c.name, c.within, c.reads)
			}
			raised := map[string]bool{}
			for _, w := range writes {
				if !w.raise && !raised[w.team] {
					t.Errorf("%s: %s was taken off %s before somebody took over", c.name, w.user, w.team)
				}
				raised[w.team] = raised[w.team] || w.raise
			}
		}
		for i := range 201 {
			id := fmt.Sprintf("PT%06d", i)
			manage := 0
			for _, role := range sim.Members(id) {
				if role == "manager" {
					manage++
				}
			}
			if manage != 1 {
				t.Errorf("team %d has %d managers, want whoever is on call", i, manage)
			}
		}
		costs := keeper.Costs()
		t.Logf("requests %v in rounds %v", costs.Requests, costs.Rounds)
	})
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// bigPolicies are bigPolicy with its roster.
func bigPolicies(t testing.TB, dir string, people int) *eval.Set {
	t.Helper()
	var roster []map[string]string
	for i := range people {
		if i%10 < 9 {
			roster = append(roster, map[string]string{"email": fmt.Sprintf("u%d@big.test", i), "team": fmt.Sprintf("Team %d", i/10)})
		}
	}
	rows, err := json.Marshal(roster)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "policies")
	for name, data := range map[string][]byte{"access.rego": []byte(bigPolicy), "people/people.json": rows} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{root}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}
