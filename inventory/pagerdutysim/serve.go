package pagerdutysim

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// call is what is known of the request being answered.
type call struct {
	id       string
	endpoint string
	actor    actor
	faults   []Fault
}

type callKey struct{}

func callOf(r *http.Request) *call {
	c, _ := r.Context().Value(callKey{}).(*call)
	if c == nil {
		return &call{}
	}
	return c
}

// maxBody bounds what a request may carry.
const maxBody = 4 << 20

// ServeHTTP answers a request: damage on order first, then who asks, how often,
// and at last what for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	c := s.begin(r)
	r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))

	if !s.delay(r) {
		panic(http.ErrAbortHandler)
	}
	if f := s.fault(r, FaultCut); f != nil && !f.Late {
		panic(http.ErrAbortHandler)
	}
	p := newReply()
	s.answer(p, r)
	s.damage(p, r)
	s.send(w, p, r)
}

// begin gives the request its number and its faults, and counts it.
func (s *Server) begin(r *http.Request) *call {
	_, pattern := s.mux.Handler(r)
	c := &call{endpoint: endpoint(r.Method, pattern)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	c.id = fmt.Sprintf("%08x-0000-4000-8000-%012x", s.serial, s.serial)
	s.requests[c.endpoint]++
	c.faults = s.take(r, c.endpoint)
	return c
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// endpoint names a registered pattern with its ids as {id}.
func endpoint(method, pattern string) string {
	if pattern == "" {
		return method + " unknown"
	}
	return wildcard.ReplaceAllString(pattern, "{id}")
}

func (s *Server) answer(p *reply, r *http.Request) {
	if !s.authenticate(p, r) {
		return
	}
	if !s.meterRequest(p, r) {
		return
	}
	if s.refuse(p, r) {
		return
	}
	s.route(p, r)
}

// route runs the handler under the lock, on the account as the request sees it.
func (s *Server) route(p *reply, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern == "" {
		s.unrouted(p, r, h)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.view(r)()
	s.mux.ServeHTTP(p, r)
}

// unrouted answers for what is no endpoint: 405 where other methods exist.
func (s *Server) unrouted(p *reply, r *http.Request, h http.Handler) {
	probe := newReply()
	h.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		p.Header().Set("Allow", probe.Header().Get("Allow"))
		writeError(p, http.StatusMethodNotAllowed, codeInvalidOp, "Method Not Allowed")
		return
	}
	writeNotFound(p)
}

// delay waits as long as a latency on order says; false when the caller gave up.
func (s *Server) delay(r *http.Request) bool {
	f := s.fault(r, FaultLatency)
	if f == nil {
		return true
	}
	timer := time.NewTimer(f.Duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Header is in every answer, and in none of PagerDuty's: its time is made up, so
// that nobody takes it for a sign of a wrong clock.
const Header = "Dutyward-Simulator"

// send lets the response out. A body shorter than its Content-Length is how a
// truncated one looks to any client.
func (s *Server) send(w http.ResponseWriter, p *reply, r *http.Request) {
	if f := s.fault(r, FaultCut); f != nil && f.Late {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	h.Set("Date", s.opts.Clock().UTC().Format(http.TimeFormat))
	h.Set("X-Request-Id", callOf(r).id)
	h.Set(Header, "simulated")
	body := p.body.Bytes()
	if p.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if s.fault(r, FaultTruncate) != nil {
		body = body[:len(body)/2]
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}
