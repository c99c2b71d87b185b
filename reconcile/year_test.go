package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// rehearsal drives a daemon's loop through a year in the simulator's time, and
// looks at every minute of it.
type rehearsal struct {
	*year
	t         *testing.T
	clock     time.Time
	sim       *pagerdutysim.Server
	transport http.RoundTripper
	daemon    *daemon.Daemon
	loop      *daemon.Loop
	stop      context.CancelFunc
	log       bytes.Buffer

	made    []arranged // overrides to be made, in order
	today   int        // the first minute of the day
	want    [][]crew
	have    []crew
	rounds  map[string]int
	changes int // of groups, minute by minute
	minutes int
}

// arranged is an override of a schedule.
type arranged struct {
	*duty
	stint
}

// noonish is due a while after noon.
type noonish struct{}

func (noonish) Next(t time.Time) time.Time {
	next := t.Truncate(24 * time.Hour).Add(12*time.Hour + 17*time.Minute)
	if !next.After(t) {
		next = next.AddDate(0, 0, 1)
	}
	return next
}

func rehearse(t *testing.T, y *year) *rehearsal {
	t.Helper()
	r := &rehearsal{year: y, t: t, clock: y.from, rounds: map[string]int{}, have: make([]crew, len(y.squads))}
	now := func() time.Time { return r.clock }
	var err error
	if r.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: y.seed(), Clock: now, RateLimit: -1}); err != nil {
		t.Fatal(err)
	}
	r.transport = r.sim.Transport()
	client, err := pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "p0@acme.test", Transport: r.transport, Now: now, Back: 1, Ahead: 2,
		Token: func(context.Context) (string, error) { return "t", nil },
		Wait:  func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if fast, err := os.MkdirTemp("/dev/shm", "year"); err == nil { // a year is many records
		t.Cleanup(func() { _ = os.RemoveAll(fast) })
		dir = fast
	}
	memory, err := journal.Open(context.Background(), filepath.Join(dir, "dutyward.db"), journal.Options{Now: now, Account: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	set, err := loadSource(context.Background(), filepath.Join(dir, "policies"), y.source())
	if err != nil {
		t.Fatal(err)
	}
	r.daemon = &daemon.Daemon{
		Load:   func(context.Context) (reconcile.Policies, error) { return set, nil },
		Reader: snapshots{client}, Refresher: client, Record: memory, Account: client, Settings: plan.Settings{Default: plan.Sync},
		MaxAge: 26 * time.Hour, OnCallInterval: 4 * time.Hour,
		Now: now, Paused: func() *reconcile.Pause { return nil }, Sink: eventlog.Log{Logger: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelWarn}))},
		Requests: func() int { return client.Cost().Requests },
	}
	r.loop = &daemon.Loop{Schedule: noonish{}, Run: r.round, Sink: r.daemon.Sink, Now: now, Until: r.reach}
	for _, d := range y.duties {
		for _, s := range d.stints {
			r.made = append(r.made, arranged{d, s})
		}
	}
	slices.SortStableFunc(r.made, func(a, b arranged) int { return a.made - b.made })
	return r
}

type snapshots struct{ *pagerduty.Client }

func (s snapshots) Snapshot(ctx context.Context, schedules []string) (*inventory.Snapshot, error) {
	return s.Client.Snapshot(ctx, pagerduty.SnapshotOptions{Schedules: schedules})
}

// source is the policies: each group is on a team.
func (y *year) source() string {
	var b strings.Builder
	b.WriteString("package access\n\n")
	for i, g := range y.squads {
		fmt.Fprintf(&b, "group contains {\"name\": \"g%d\"}\n", i)
		for _, p := range g.principals {
			margins := ""
			if g.lead > 0 {
				margins = fmt.Sprintf(`, "lead": "%dm", "lag": "%dm"`, g.lead, g.lag)
			}
			fmt.Fprintf(&b, "member contains {\"group\": \"g%d\", \"principal\": %q%s}\n", i, p, margins)
		}
		fmt.Fprintf(&b, "grant contains {\"principal\": \"group:g%d\", \"resource\": \"team:Team %d\", \"role\": \"responder\"}\n", i, i)
	}
	return b.String()
}

func (r *rehearsal) round(ctx context.Context, why string) (daemon.Next, error) {
	outlook, err := r.daemon.Round(ctx, why)
	if err != nil {
		r.t.Fatalf("%s, %s: %v\n%s", r.clock, why, err, r.log.String())
	}
	r.rounds[why]++
	for i := range r.squads {
		var c crew
		for id := range r.sim.Members(fmt.Sprintf("PT%04d", i)) {
			c.add(personOf(id))
		}
		r.have[i] = c
	}
	r.compare(minutes(r.clock))
	return outlook, err
}

// reach lets the clock come to t: in each minute before it, access must be what
// it is without a round.
func (r *rehearsal) reach(t time.Time) <-chan time.Time {
	for m := minutes(r.clock) + 1; m < minutes(t); m++ {
		r.clock = time.Unix(int64(m)*60, 0).UTC()
		if !r.clock.Before(r.until) {
			r.stop()
			return nil
		}
		r.arrange(m)
		r.compare(m)
	}
	r.clock = t
	r.arrange(minutes(t))
	come := make(chan time.Time, 1)
	come <- t
	return come
}

// compare holds access against the truth.
func (r *rehearsal) compare(m int) {
	if day := m - m%1440; day != r.today {
		r.today, r.want = day, r.day(day)
	}
	r.minutes++
	for g := range r.squads {
		want, have := r.want[g][m-r.today], r.have[g]
		if want != have {
			r.t.Fatalf("%s: group %d (schedules %v) has %v, should have %v; the last rounds: %v\n%s",
				time.Unix(int64(m)*60, 0).UTC(), g, r.squads[g].duties, who(have), who(want), r.rounds, r.log.String())
		}
		if m > r.today && want != r.want[g][m-1-r.today] {
			r.changes++
		}
	}
}

func who(c crew) []string {
	var names []string
	for p := range 128 {
		if c.has(p) {
			names = append(names, personID(p))
		}
	}
	return names
}

// arrange makes the overrides that somebody makes in this minute.
func (r *rehearsal) arrange(m int) {
	for len(r.made) > 0 && r.made[0].made <= m {
		o := r.made[0]
		r.made = r.made[1:]
		from, until := time.Unix(int64(o.from)*60, 0).UTC().Format(time.RFC3339), time.Unix(int64(o.until)*60, 0).UTC().Format(time.RFC3339)
		path := "/schedules/" + o.id + "/overrides"
		body := fmt.Sprintf(`{"overrides":[{"start":%q,"end":%q,"user":{"id":%q,"type":"user_reference"}}]}`, from, until, personID(o.person))
		if len(o.layers) == 0 {
			path = "/v3" + path
			body = fmt.Sprintf(`{"overrides":[{"type":"override_shift","rotation_id":"R%s","start_time":%q,"end_time":%q,`+
				`"overridden_member":{"type":"user_member","user_id":%q},"overriding_member":{"type":"user_member","user_id":%q}}]}`,
				o.id, from, until, personID(o.replaces), personID(o.person))
		}
		req, err := http.NewRequest(http.MethodPost, "https://api.pagerduty.com"+path, strings.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Token token=t")
		req.Header.Set("Content-Type", "application/json")
		resp, err := r.transport.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusCreated {
			var b bytes.Buffer
			if resp != nil {
				_ = resp.Write(&b)
			}
			r.t.Fatalf("an override of %s at %s: %v %s", o.id, r.clock, err, b.String())
		}
		resp.Body.Close()
	}
}

// A year with schedules of both kinds in ten zones: in every minute of it each
// group has whom a walk over the definitions says. An ordinary run takes the
// days around a change of clocks.
func TestEachGroupFollowsItsShiftsToTheMinuteThroughAYear(t *testing.T) {
	before := debug.SetGCPercent(400) // a year is a lot of garbage
	from, until, schedules := time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 7, 0, 0, 0, 0, time.UTC), 13
	if os.Getenv("DUTYWARD_LONG") != "" {
		from, until, schedules = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), 200
	}
	t.Cleanup(func() { debug.SetGCPercent(before) })
	r := rehearse(t, newYear(from, until, schedules))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.stop = cancel
	r.loop.Start(ctx)
	if !r.clock.Equal(until) || r.changes == 0 {
		t.Fatalf("the year ended at %s, after %d changes", r.clock, r.changes)
	}
	costs := r.daemon.Costs()
	perRound := float64(costs.Requests[daemon.KindHandoff]) / float64(max(1, costs.Rounds[daemon.KindHandoff]))
	t.Logf("%d minutes, %d schedules, %d changes of groups; rounds %v; requests %v in rounds %v, %.1f a handoff with its writes",
		r.minutes, schedules, r.changes, r.rounds, costs.Requests, costs.Rounds, perRound)
	if n := costs.Rounds[daemon.KindFull]; n > int(until.Sub(from).Hours()/24)*2 {
		t.Errorf("the whole account was read %d times", n)
	}
}
