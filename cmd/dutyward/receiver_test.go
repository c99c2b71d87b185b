package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const receiverKey = "whsec_c2VjcmV0LWtleS1vZi10aGUtc2NyaXB0cy1yZWNlaXZlcg=="

// receiver gets events and verifies them.
type receiver struct {
	mu     sync.Mutex
	bodies []string
	bad    error
	came   chan struct{}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	verifier, err := standardwebhooks.NewWebhook(receiverKey)
	if err == nil {
		err = verifier.Verify(body, req.Header)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.bad = err
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	r.bodies = append(r.bodies, string(body))
	select {
	case r.came <- struct{}{}:
	default:
	}
}

func (s *scripts) receiver(ts *testscript.TestScript, neg bool, args []string) {
	r := &receiver{came: make(chan struct{}, 1)}
	server := httptest.NewServer(r)
	ts.Defer(server.Close)
	ts.Setenv("RECEIVER_URL", server.URL+"/events")
	ts.Setenv("RECEIVER_KEY", receiverKey)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receivers[ts] = r
}

func (s *scripts) received(ts *testscript.TestScript, neg bool, args []string) {
	s.mu.Lock()
	r := s.receivers[ts]
	s.mu.Unlock()
	if r == nil || len(args) != 1 || neg {
		ts.Fatalf("usage: received REGEXP, after receiver")
	}
	pattern := regexp.MustCompile(args[0])
	limit := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		for _, body := range r.bodies {
			if pattern.MatchString(body) {
				r.mu.Unlock()
				return
			}
		}
		bodies, bad := r.bodies, r.bad
		r.mu.Unlock()
		select {
		case <-r.came:
		case <-limit:
			ts.Fatalf("nothing came that matches %s (last fault: %v); there came:\n%v", args[0], bad, bodies)
		}
	}
}
