package pagerdutysim

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// call is what is known of the request being answered.
type call struct {
	id       string
	serial   int
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
	c.serial = s.serial
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
	s.catchUp(callOf(r).serial)
	defer s.view(r)()
	if !safe(r.Method) {
		// What the handler sorts on its way is sorted again afterwards.
		s.acct.version++
		defer func() { s.acct.version++ }()
	}
	if s.opts.HostLinks && r.Host != "" {
		s.base = "http://" + r.Host
	}
	s.mux.ServeHTTP(p, r)
}

// later is what PagerDuty does after it has answered: the first request that follows
// does not see it yet, the second does.
type later struct {
	serial int
	do     func()
}

// afterwards has something done some time after a request was answered.
func (s *Server) afterwards(r *http.Request, do func()) {
	s.later = append(s.later, later{callOf(r).serial + 2, do})
}

// catchUp does what is due by a request.
func (s *Server) catchUp(serial int) {
	s.later = slices.DeleteFunc(s.later, func(l later) bool {
		if l.serial <= serial {
			l.do()
			s.acct.version++
		}
		return l.serial <= serial
	})
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

// The sizes of pages of classic pagination. Source: PagerDuty's developer
// documentation, "Pagination".
const (
	defaultLimit = 25
	classicLimit = 100
	// maxOffset is what offset+limit may not exceed.
	maxOffset = 10_000
)

// paginate answers a page of items under key, with PagerDuty's classic
// pagination: 25 by default, at most 100, offset+limit at most 10,000, total
// only for total=true. render makes an item's JSON.
func paginate[T any](s *Server, w http.ResponseWriter, r *http.Request, key string, items []T, render func(T) any) {
	p, ok := readPage(w, r)
	if !ok {
		return
	}
	total := len(items)
	if f := s.fault(r, FaultShift); f != nil && p.offset > 0 && total > 0 {
		// Somebody renamed the first record: everything moves up by one.
		items = slices.Concat(items[1:], items[:1])
	}
	if f := s.fault(r, FaultTotal); f != nil {
		total += f.Delta
	}
	from := min(p.offset, len(items))
	to := min(from+p.limit, len(items))
	page := make([]any, 0, to-from)
	for _, item := range items[from:to] {
		page = append(page, render(item))
	}
	body := object{key: page, "limit": p.limit, "offset": p.offset, "more": to < len(items), "total": nil}
	if p.total {
		body["total"] = total
	}
	writeJSON(w, http.StatusOK, body)
}

type page struct {
	offset, limit int
	total         bool
}

// readPage reads offset, limit and total; if they are wrong it has answered 400.
func readPage(w http.ResponseWriter, r *http.Request) (page, bool) {
	q := r.URL.Query()
	p := page{limit: defaultLimit, total: q.Get("total") == "true"}
	for name, into := range map[string]*int{"offset": &p.offset, "limit": &p.limit} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 0 {
			writeInvalid(w, fmt.Sprintf("%s must be a non-negative integer", name))
			return page{}, false
		}
		*into = n
	}
	// More than the maximum is not an error: the page is cut, and the limit that
	// was used is echoed.
	p.limit = max(1, min(p.limit, classicLimit))
	if p.offset+p.limit > maxOffset {
		writeInvalid(w, fmt.Sprintf("Offset+limit exceeds maximum allowed value of %d. Please try to refine your search to a smaller range.", maxOffset))
		return page{}, false
	}
	return p, true
}
