// Package pagerdutysim is a simulator of PagerDuty's REST API: an http.Handler
// that answers as PagerDuty does, seeded from a snapshot of any account, with
// faults on order. Demo, rehearsals and tests run on it.
//
// What it knows of PagerDuty beyond the published API description comes from
// PagerDuty's documentation, its own clients, and the reports of other clients'
// users; where nothing was found it answers the cautious way.
package pagerdutysim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
)

// Options say what the simulator simulates. Seed and Clock are required.
type Options struct {
	// Seed is the account to begin with; it is never changed.
	Seed *inventory.Snapshot
	// Clock is PagerDuty's clock: the Date of responses and every "now".
	Clock func() time.Time
	// Token is the account API key that is accepted, as "Token token=X" and as
	// "Bearer X". Empty accepts any.
	Token string
	// ReadOnlyToken is an account API key that may read only.
	ReadOnlyToken string
	// UserTokens maps tokens that belong to a user to that user's id. They write
	// as far as the user's base role allows, and only they know /users/me.
	UserTokens map[string]string
	// TokenUser makes Token, or where that is empty every token, the token of this
	// user. Empty makes it the account's.
	TokenUser string
	// HiddenSchedules are the ids of shift-based schedules that no token can
	// read: PagerDuty leaves them out of lists and answers 403 on their own id.
	HiddenSchedules []string
	// RateLimit is the number of requests a minute for each token; 0 means
	// PagerDuty's 960, a negative number none at all.
	RateLimit int
	// SlidingWindows counts them in the sixty seconds before each request, not in windows
	// that begin with a request. PagerDuty does not say which it does.
	SlidingWindows bool
	// EndpointLimits are limits that single endpoints have besides, by the name
	// Requests gives them, e.g. "GET /oncalls".
	EndpointLimits map[string]int
	// Wall is the time by which requests are limited; time.Now by default.
	Wall func() time.Time
	// BaseURL is what "self" links begin with; PagerDuty's own by default.
	BaseURL string
	// HostLinks makes "self" links begin with the host that a request asked.
	HostLinks bool
	// StartsUnderWay makes the member of an occurrence that is under way when its event
	// takes effect be on call from then on, not only from the next occurrence.
	StartsUnderWay bool
	// Offboarding is what a deletion of users does.
	Offboarding Offboarding
	// NoAuditTrail makes the account one whose plan has no audit trail: 402.
	NoAuditTrail bool
	// Faults are on order from the start, as if given to Inject.
	Faults []Fault
}

// Offboarding is what deleting a user does, by the account's plan and by a setting that
// no endpoint reads. Source: PagerDuty support documentation, "Offboarding", and
// PagerDuty's API description, deleteUser.
type Offboarding int

const (
	// NoOffboarding refuses to delete whoever takes turns, stands on an escalation policy
	// or is assigned to an open incident.
	NoOffboarding Offboarding = iota
	// OffboardingFails takes people off schedules and policies itself, where stubs stay
	// in their place, and refuses whoever is assigned to an open incident.
	OffboardingFails
	// OffboardingRestarts starts such incidents again on their escalation policies,
	// some time after the deletion was answered.
	OffboardingRestarts
)

// Server simulates one account. It is safe for concurrent use.
type Server struct {
	opts   Options
	mux    *http.ServeMux
	hidden map[string]bool
	meter  meter
	// incidents serves the account's incidents.
	incidents incident.Desk

	mu       sync.Mutex
	acct     *account
	orders   []*order
	lag      []lagging
	requests map[string]int
	serial   int
	later    []later
	// base is what "self" links begin with in the request being answered.
	base string
}

// New makes a simulator of the seed. It refuses a seed whose parts refer to
// things that are not in it, and names them.
func New(opts Options) (*Server, error) {
	if opts.Seed == nil || opts.Clock == nil {
		return nil, errors.New("simulator: a seed and a clock are required")
	}
	if opts.RateLimit == 0 {
		opts.RateLimit = defaultRateLimit
	}
	if opts.Wall == nil {
		opts.Wall = time.Now
	}
	if opts.BaseURL == "" {
		opts.BaseURL = "https://api.pagerduty.com"
	}
	opts.BaseURL = strings.TrimSuffix(opts.BaseURL, "/")
	acct, err := seed(opts.Seed, opts.Clock())
	if err != nil {
		return nil, err
	}
	if opts.TokenUser != "" && !has(acct.users, opts.TokenUser) {
		return nil, fmt.Errorf("simulator: the token can't be %s's: the account has no such user", opts.TokenUser)
	}
	s := &Server{
		opts:     opts,
		mux:      http.NewServeMux(),
		hidden:   map[string]bool{},
		meter:    meter{slides: opts.SlidingWindows, windows: map[string]*window{}},
		acct:     acct,
		requests: map[string]int{},
	}
	for _, id := range opts.HiddenSchedules {
		s.hidden[id] = true
	}
	for _, f := range opts.Faults {
		s.Inject(f)
	}
	s.base = opts.BaseURL
	if opts.StartsUnderWay {
		acct.startUnderWay()
	}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	s.abilityRoutes()
	s.userRoutes()
	s.contactRoutes()
	s.notificationRoutes()
	s.licenseRoutes()
	s.sessionRoutes()
	s.teamRoutes()
	s.memberRoutes()
	s.policyRoutes()
	s.serviceRoutes()
	s.onCallRoutes()
	s.auditRoutes()
	s.scheduleRoutes()
	s.v3Routes()
	s.partRoutes()
}

// handle registers an endpoint by method and path, "GET /users/{id}". Handlers
// run one at a time, with the account locked.
func (s *Server) handle(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// lock locks the account for what may change it, and unlock lets it go: what was
// sorted meanwhile is sorted again.
func (s *Server) lock() { s.mu.Lock() }

func (s *Server) unlock() {
	s.acct.version++
	s.mu.Unlock()
}

// now is PagerDuty's time, in UTC and whole seconds.
func (s *Server) now() time.Time { return s.opts.Clock().UTC().Truncate(time.Second) }

// Requests counts the requests received so far by endpoint, as
// "GET /teams/{id}/members"; what no endpoint takes counts under its method and
// "unknown".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.requests))
	for endpoint, n := range s.requests {
		counts[endpoint] = n
	}
	return counts
}

// Transport carries requests to the simulator in process, without a socket. It
// ends with the request's context, and a cut connection or a truncated body
// looks as it does over a network.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// errCut is what a caller sees of a connection cut before the answer.
var errCut = errors.New("connection closed before the response: EOF")

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, context.Cause(r.Context())
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = r.URL.RequestURI()
	out := newReply()
	if cut := serve(t.server, out, in); cut {
		if err := r.Context().Err(); err != nil {
			return nil, context.Cause(r.Context())
		}
		return nil, errCut
	}
	return response(r, out), nil
}

// serve says whether the handler cut the connection.
func serve(s *Server, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			cut = true
		default:
			panic(p)
		}
	}()
	s.ServeHTTP(w, r)
	return false
}

func response(r *http.Request, p *reply) *http.Response {
	resp := &http.Response{
		Status:     strconv.Itoa(p.status) + " " + http.StatusText(p.status),
		StatusCode: p.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        p.header,
		ContentLength: int64(p.body.Len()),
		Request:       r,
	}
	var body io.Reader = bytes.NewReader(p.body.Bytes())
	if promised, err := strconv.ParseInt(p.header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = promised
		if promised > int64(p.body.Len()) && r.Method != http.MethodHead {
			body = io.MultiReader(body, brokenOff{})
		}
	}
	resp.Body = &contextBody{ctx: r.Context(), Reader: body}
	return resp
}

// brokenOff is the end of a body that ends too soon.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// contextBody ends with the request's context.
type contextBody struct {
	ctx context.Context
	io.Reader
}

func (b *contextBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.Reader.Read(p)
}

func (b *contextBody) Close() error { return nil }

// lagging is the account as it was before a write whose result is not yet seen
// by reads.
type lagging struct {
	acct  *account
	until time.Time // zero: counted in reads
	reads int
}

// view lets a read see the account as it was before the first write that lags,
// and keeps the account as it is before a write that will lag. The caller holds
// the lock and calls the returned function when the request is done.
func (s *Server) view(r *http.Request) (done func()) {
	if !safe(r.Method) {
		if f := s.fault(r, FaultStale); f != nil {
			l := lagging{acct: s.acct.clone(), reads: f.Reads}
			if f.Duration > 0 {
				l.until = s.now().Add(f.Duration)
			}
			s.lag = append(s.lag, l)
		}
		return func() {}
	}
	old := s.oldest()
	if old == nil {
		return func() {}
	}
	truth := s.acct
	s.acct = old
	return func() { s.acct = truth }
}

// oldest is the account that a read sees now, or nil for the account as it is.
func (s *Server) oldest() *account {
	now := s.now()
	var seen *account
	var rest []lagging
	for _, l := range s.lag {
		if l.until.IsZero() && l.reads <= 0 || !l.until.IsZero() && !now.Before(l.until) {
			continue
		}
		if seen == nil {
			seen = l.acct
		}
		l.reads--
		rest = append(rest, l)
	}
	s.lag = rest
	return seen
}
