package notify_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/notify"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// bring sends an event once to an address.
func bring(t *testing.T, address string, allowPrivate bool) outbox.Answer {
	t.Helper()
	w := &notify.Webhook{
		URL:    func(context.Context) (string, error) { return address, nil },
		Keys:   func(context.Context) ([]string, error) { return keys[:1], nil },
		Client: notify.NewClient(allowPrivate), Wall: time.Now, Agent: "dutyward/test",
	}
	return w.Bring(t.Context(), outbox.Entry{ID: "evt_1", Body: []byte(`{}`)})
}

func TestS42_NoEventGoesIntoAPrivateNetworkUnlessAllowed(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fd00::1]",
		"0.0.0.0", "[::]", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost",
	} {
		if a := bring(t, "http://"+host+":9/hook", false); !strings.Contains(a.Why, "is not a public address") || a.Verdict() != outbox.NotNow {
			t.Errorf("%s: %+v", host, a)
		}
	}
}

func TestS42_NoRedirectIsFollowed(t *testing.T) {
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		a := bring(t, server.URL, true)
		server.Close()
		if reached || a.Verdict() != outbox.NotNow || !strings.Contains(a.Why, "redirects are not followed") {
			t.Errorf("%d: %+v, reached %t", status, a, reached)
		}
	}
}

func TestAnErrorDoesNotRepeatTheAddress(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:1/T0K3N", "ftp://host/T0K3N", "://T0K3N", "http://nowhere.invalid/T0K3N"} {
		if a := bring(t, address, true); a.Why == "" || strings.Contains(a.Why, "T0K3N") {
			t.Errorf("%s: %q", address, a.Why)
		}
	}
}

func TestALongAnswerIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		for range 1 << 10 {
			if _, err := w.Write([]byte(strings.Repeat("x\n", 1<<10))); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	if a := bring(t, server.URL, true); len(a.Why) > 300 || strings.Contains(a.Why, "\n") {
		t.Errorf("%d: %q", len(a.Why), a.Why)
	}
}

// TestAReceiverThatWantsNothingMoreGetsNothingMore is what 410 means.
func TestAReceiverThatWantsNothingMoreGetsNothingMore(t *testing.T) {
	asked := 0
	c, sink := startClock(), &told{}
	s := &notify.Sender{
		Receiver: "ops", Wall: c.Now, Sink: sink, KeepTrying: time.Hour,
		Outbox:  endless{},
		Courier: courier(func(outbox.Entry) outbox.Answer { asked++; return outbox.Answer{Status: http.StatusGone, Why: "gone"} }),
	}
	for range 5 {
		c.Set(s.Step(t.Context()))
	}
	if asked != 1 || len(sink.codes) != 1 || sink.codes[0] != "receiver-failing" {
		t.Errorf("asked %d times, told %v", asked, sink.codes)
	}
}

// TestAStateThatCantBeReadIsToldOnce goes on trying.
func TestAStateThatCantBeReadIsToldOnce(t *testing.T) {
	c, sink := startClock(), &told{}
	s := &notify.Sender{Receiver: "ops", Wall: c.Now, Sink: sink, Outbox: endless{errors.New("the disk is full")}}
	for range 5 {
		next := s.Step(t.Context())
		if !next.After(c.Now()) {
			t.Fatal("it does not wait")
		}
		c.Set(next)
	}
	if len(sink.codes) != 1 {
		t.Errorf("told %v", sink.codes)
	}
}

// endless is an outbox in which an event is always due.
type endless struct{ err error }

func (e endless) Due(context.Context, string, time.Time, int) ([]outbox.Sending, error) {
	return []outbox.Sending{{Seq: 1, Entry: outbox.Entry{ID: "evt_1"}, Delivery: outbox.Delivery{Receiver: "ops", Since: start}}}, e.err
}

func (e endless) Sent(context.Context, int64, outbox.Delivery) error { return e.err }

type courier func(outbox.Entry) outbox.Answer

func (c courier) Bring(_ context.Context, e outbox.Entry) outbox.Answer { return c(e) }
