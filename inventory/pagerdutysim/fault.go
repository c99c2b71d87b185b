package pagerdutysim

import (
	"net/http"
	"strings"
	"time"
)

// FaultKind is what a fault does.
type FaultKind string

// The faults.
const (
	// FaultLatency makes the request wait Duration of wall time.
	FaultLatency FaultKind = "latency"
	// FaultStatus answers Status: 400, 403, 404, 408, 429 or 5xx. With Late the request is
	// carried out first and only its answer is lost. A 429 says that the window
	// ends after Duration (a second by default), or with Bare has no headers.
	FaultStatus FaultKind = "status"
	// FaultCut closes the connection without an answer; with Late, after the
	// request was carried out.
	FaultCut FaultKind = "cut"
	// FaultTruncate ends the body halfway, short of its Content-Length.
	FaultTruncate FaultKind = "truncate"
	// FaultMalformed answers 200 with a body that is not JSON.
	FaultMalformed FaultKind = "malformed"
	// FaultStale makes what the matching write changes read back old, for
	// Duration of the simulator's clock or for Reads reads.
	FaultStale FaultKind = "stale"
	// FaultShift moves the records of a list up by one before a page behind the
	// first is served: one record is never seen, another twice.
	FaultShift FaultKind = "shift"
	// FaultTotal adds Delta to the total that a list says.
	FaultTotal FaultKind = "total"
	// FaultLicenseLock refuses a write to users with the one 400 that passes by
	// itself.
	FaultLicenseLock FaultKind = "lock"
	// FaultRendering makes the rendered schedule differ from its definition.
	FaultRendering FaultKind = "rendering"
	// FaultHTML answers 200 with a page, as a proxy does.
	FaultHTML FaultKind = "html"
	// FaultBlank answers 200 without a body.
	FaultBlank FaultKind = "blank"
	// FaultKeyless answers 200 without what was asked for: the key is not there.
	FaultKeyless FaultKind = "keyless"
	// FaultNull answers 200 with null in the place of what was asked for.
	FaultNull FaultKind = "null"
	// FaultEmpty answers 200 with a list of nothing, and totals that agree.
	FaultEmpty FaultKind = "empty"
	// FaultHalf leaves every other record out of a list, and totals agree.
	FaultHalf FaultKind = "half"
	// FaultUnrendered leaves the final schedule out of schedules.
	FaultUnrendered FaultKind = "unrendered"
	// FaultNobody renders schedules as if nobody were ever on call.
	FaultNobody FaultKind = "nobody"
	// FaultRevoked answers 401, as if the token had been revoked.
	FaultRevoked FaultKind = "revoked"
)

// Fault is damage on order: where, how often, and what. ParseFault reads one
// from text.
type Fault struct {
	Kind FaultKind
	// Method is an HTTP method; empty means any.
	Method string
	// Path is an endpoint as Requests names it ("/teams/{id}/members"), a path
	// itself ("/teams/PABC123/members"), or either's beginning before a final
	// '*'. Empty means any.
	Path string
	// After is how many matching requests pass unharmed first.
	After int
	// Times is how many requests it then befalls; 0 means one, -1 all.
	Times int

	Status   int
	Late     bool
	Bare     bool
	Duration time.Duration
	Reads    int
	Delta    int
}

// order is a fault with what is left of it.
type order struct {
	Fault
	after, times int
}

// Inject orders a fault. Several may befall the same request.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := f.Times
	if times == 0 {
		times = 1
	}
	s.orders = append(s.orders, &order{Fault: f, after: f.After, times: times})
}

// ClearFaults takes back every fault that is still on order, and ends stale
// reads.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders, s.lag = nil, nil
}

// take picks the faults that befall a request and uses them up.
func (s *Server) take(r *http.Request, endpoint string) []Fault {
	var faults []Fault
	for _, o := range s.orders {
		if o.times == 0 || !o.concerns(r, endpoint) {
			continue
		}
		if o.after > 0 {
			o.after--
			continue
		}
		if o.times > 0 {
			o.times--
		}
		faults = append(faults, o.Fault)
	}
	return faults
}

// concerns says whether a request is one that the fault is about. A fault that
// could not show on a request does not use it up.
func (f Fault) concerns(r *http.Request, endpoint string) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	_, path, _ := strings.Cut(endpoint, " ")
	if !f.matches(path) && !f.matches(r.URL.Path) {
		return false
	}
	q := r.URL.Query()
	switch f.Kind {
	case FaultStale:
		return !safe(r.Method)
	case FaultLicenseLock:
		return endpoint == "POST /users" || endpoint == "PUT /users/{id}"
	case FaultRendering, FaultUnrendered, FaultNobody:
		return strings.Contains(path, "/schedules")
	case FaultShift:
		return q.Get("offset") != "" && q.Get("offset") != "0"
	case FaultTotal:
		return q.Get("total") == "true"
	}
	return true
}

func (f Fault) matches(path string) bool {
	if prefix, ok := strings.CutSuffix(f.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return f.Path == "" || f.Path == path
}

// fault returns the fault of a kind that befalls a request, or nil.
func (s *Server) fault(r *http.Request, kind FaultKind) *Fault {
	for _, f := range callOf(r).faults {
		if f.Kind == kind {
			return &f
		}
	}
	return nil
}
