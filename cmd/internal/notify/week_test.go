package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/dutyward/dutyward/cmd/internal/notify"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

var (
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	keys  = []string{"whsec_b2xkIGtleSB0aGF0IGlzIGFib3V0IHRvIGdv", "whsec_bmV3IGtleSB0aGF0IGp1c3QgY2FtZSBpbg=="}
)

// clock is set by the test.
type clock struct{ at atomic.Pointer[time.Time] }

func startClock() *clock {
	c := &clock{}
	c.Set(start)
	return c
}

func (c *clock) Now() time.Time   { return *c.at.Load() }
func (c *clock) Set(at time.Time) { c.at.Store(&at) }

// told keeps what a sink got.
type told struct{ codes []string }

func (s *told) Tell(e events.Event) { s.codes = append(s.codes, outbox.Type(e.Code)) }

// moody is a receiver that misbehaves as receivers do.
type moody struct {
	t *testing.T
	// mu is held while it answers: an answer that it breaks off may outlast the attempt.
	mu     sync.Mutex
	random *rand.Rand
	clock  *clock
	// down is when it is away.
	down func(at time.Time) bool
	// poison are the subjects of events that it refuses for what they are.
	poison map[string]bool
	// got are the ids of the events it took, by subject, each once; and repeated counts the
	// others.
	got      map[string][]string
	seen     map[string]bool
	repeated int
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys { // while keys rotate, whoever knows either can tell
		verifier, err := standardwebhooks.NewWebhook(key)
		if err == nil {
			err = verifier.VerifyIgnoringTimestamp(body, r.Header)
		}
		if err != nil {
			m.t.Errorf("the stock verifier refuses an event: %v", err)
		}
	}
	if sent, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64); sent != m.clock.Now().Unix() {
		m.t.Errorf("an attempt at %d was signed for %d", m.clock.Now().Unix(), sent)
	}
	var e struct{ ID, Subject string }
	if err := json.Unmarshal(body, &e); err != nil || e.ID != r.Header.Get("webhook-id") {
		m.t.Errorf("the event is %s, webhook-id %s, %v", body, r.Header.Get("webhook-id"), err)
	}
	switch mood := m.random.IntN(20); {
	case m.down(m.clock.Now()):
		panic(http.ErrAbortHandler)
	case m.poison[e.Subject]:
		http.Error(w, "what is this?", http.StatusUnprocessableEntity)
	case mood == 0:
		http.Error(w, "oops", http.StatusInternalServerError)
	case mood == 1:
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
	case mood == 2:
		http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
	case mood == 3: // it takes the event and says that it failed
		m.take(e.Subject, e.ID)
		http.Error(w, "too late", http.StatusGatewayTimeout)
	default:
		m.take(e.Subject, e.ID)
		fmt.Fprint(w, `{"ok":true}`)
	}
}

func (m *moody) take(subject, id string) {
	if m.seen[id] {
		m.repeated++
		return
	}
	m.seen[id] = true
	m.got[subject] = append(m.got[subject], id)
}

func joined(n int, at time.Time) events.Event {
	name := fmt.Sprintf("g%d", n)
	return events.Event{
		Code: events.MemberAdded, At: at, Title: "came into the group",
		Resource: events.Named{Ref: inventory.Ref{Kind: inventory.KindGroup, Name: name}, Name: "group:" + name},
	}
}

// TestS42_EveryEventOfAWeekArrivesInTheOrderOfItsSubject has a receiver that is away for a
// day, fails, redirects, asks for patience, and says that what it took failed.
func TestS42_EveryEventOfAWeekArrivesInTheOrderOfItsSubject(t *testing.T) {
	c := startClock()
	n := 0
	maker := outbox.Maker{Source: "dutyward/acme", Receivers: []outbox.Receiver{{Name: "ops"}}, NewID: func() string { n++; return fmt.Sprintf("evt_%d", n) }}
	made := map[string][]string{}
	record := func(e events.Event) (outbox.Entry, bool) {
		entry, ok := maker.Make(e)
		made[entry.Subject] = append(made[entry.Subject], entry.ID)
		return entry, ok
	}
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), journal.Options{Now: c.Now, Wall: c.Now, Outbox: record})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()

	random := rand.New(rand.NewPCG(1, 2))
	away := start.Add(50 * time.Hour)
	m := &moody{
		t: t, random: rand.New(rand.NewPCG(3, 4)), clock: c, got: map[string][]string{}, seen: map[string]bool{}, poison: map[string]bool{"group:g7": true},
		down: func(at time.Time) bool { return at.After(away) && at.Before(away.Add(24*time.Hour)) },
	}
	server := httptest.NewUnstartedServer(m)
	server.Config.ErrorLog = nil
	server.Start()
	defer server.Close()
	sink := &told{}
	sender := &notify.Sender{
		Receiver: "ops", Outbox: j, KeepTrying: 7 * 24 * time.Hour, Wall: c.Now, Sink: sink, Random: random.Float64,
		Courier: &notify.Webhook{
			URL:    func(context.Context) (string, error) { return server.URL, nil },
			Keys:   func(context.Context) ([]string, error) { return keys, nil },
			Client: notify.NewClient(true), Wall: c.Now, Agent: "dutyward/test",
		},
	}
	attempts := 0
	for end := start.Add(7 * 24 * time.Hour); c.Now().Before(end); {
		if c.Now().Before(end.Add(-2 * time.Hour)) {
			var all []events.Event
			for range random.IntN(6) {
				all = append(all, joined(random.IntN(12), c.Now()))
			}
			if err := j.SaveTold(t.Context(), []byte("{}"), all); err != nil {
				t.Fatal(err)
			}
		}
		for until := c.Now().Add(30 * time.Minute); c.Now().Before(until); attempts++ {
			next := sender.Step(t.Context())
			if !next.After(c.Now()) {
				continue
			}
			c.Set(next)
			if pending, _, _ := j.Waiting(t.Context()); pending["ops"] == 0 {
				c.Set(until)
			}
		}
	}
	server.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	refused := 0
	stored, err := j.Stored(t.Context(), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range stored {
		for _, d := range e.Deliveries {
			switch {
			case m.poison[e.Subject]:
				refused++
				if d.State == outbox.Delivered {
					t.Errorf("%s was refused and counts as delivered", e.ID)
				}
			case d.State != outbox.Delivered:
				t.Errorf("%s of %s is %s after a week: %s", e.ID, e.Subject, d.State, d.Why)
			}
		}
	}
	for subject, ids := range made {
		if m.poison[subject] {
			continue
		}
		if fmt.Sprint(m.got[subject]) != fmt.Sprint(ids) {
			t.Errorf("%s got %v, want %v", subject, m.got[subject], ids)
		}
	}
	if n < 500 || refused == 0 || m.repeated == 0 {
		t.Errorf("%d events, %d refused, %d repeated: the test tests too little", n, refused, m.repeated)
	}
	t.Logf("%d events, %d refused, %d repeated, %d steps; told: %d", n, refused, m.repeated, attempts, len(sink.codes))
}
