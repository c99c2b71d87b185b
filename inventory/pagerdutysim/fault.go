package pagerdutysim

import (
	"fmt"
	"net/http"
	"strconv"
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

// FaultSyntax explains the text that ParseFault reads.
const FaultSyntax = `WHAT[:WHERE[:TIMES[@AFTER]]]
WHAT   latency=200ms, 429, 429=5s (the window's end), 429-bare (no headers), 400, 403, 408, 500, 502, 503, 504,
       cut, truncate, malformed, html, blank, keyless, null, empty, half, stale=30s, stale=3 (reads), shift, total=-1, lock,
       rendering, unrendered, nobody, revoked;
       an error or cut followed by -late carries the request out first
WHERE  a method, a path or both: "GET /users", "PUT /teams/{id}/users/{id}", "GET /teams/PABC123/*"
TIMES  how many requests it befalls, 1 by default (revoked: all); * for all
AFTER  how many matching requests pass first`

// ParseFault reads a fault from text, as "429:GET /users:2": see FaultSyntax.
func ParseFault(text string) (Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return Fault{}, faultError(text, "it has more than three parts")
	}
	f, problem := parseWhat(parts[0])
	if problem == "" && len(parts) > 1 {
		problem = f.parseWhere(strings.TrimSpace(parts[1]))
	}
	if problem == "" && len(parts) > 2 {
		problem = f.parseTimes(parts[2])
	}
	if problem != "" {
		return Fault{}, faultError(text, problem)
	}
	return f, nil
}

func faultError(text, problem string) error {
	return fmt.Errorf("%q is not a fault: %s. Expected %s", text, problem, FaultSyntax)
}

func parseWhat(text string) (Fault, string) {
	what, value, valued := strings.Cut(strings.TrimSpace(text), "=")
	what, late := strings.CutSuffix(what, "-late")
	what, bare := strings.CutSuffix(what, "-bare")
	f := Fault{Kind: FaultKind(what), Late: late, Bare: bare}
	if status, err := strconv.Atoi(what); err == nil {
		if !orderable(status) {
			return f, fmt.Sprintf("%d can't be ordered: 400, 403, 408, 429 and 5xx can", status)
		}
		f.Kind, f.Status = FaultStatus, status
	}
	problem := f.parseValue(what, value, valued)
	switch {
	case problem != "":
	case late && f.Kind != FaultStatus && f.Kind != FaultCut:
		problem = what + " can't be late"
	case bare && f.Status != http.StatusTooManyRequests:
		problem = "only 429 can be bare"
	}
	return f, problem
}

func orderable(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500 && status <= 599
}

func (f *Fault) parseValue(what, value string, valued bool) string {
	var err error
	switch f.Kind {
	case FaultLatency:
		f.Duration, err = time.ParseDuration(value)
	case FaultStale:
		if f.Reads, err = strconv.Atoi(value); err != nil {
			f.Reads = 0
			f.Duration, err = time.ParseDuration(value)
		}
	case FaultTotal:
		f.Delta, err = strconv.Atoi(value)
	case FaultStatus:
		if f.Status == 0 {
			return fmt.Sprintf("there is no fault %q: a status is ordered by its number", what)
		}
		if valued && f.Status == http.StatusTooManyRequests {
			f.Duration, err = time.ParseDuration(value)
			break
		}
		if valued {
			return what + " takes no value"
		}
	case FaultRevoked:
		f.Times = -1
		fallthrough
	case FaultCut, FaultTruncate, FaultMalformed, FaultShift, FaultLicenseLock, FaultRendering,
		FaultHTML, FaultBlank, FaultKeyless, FaultNull, FaultEmpty, FaultHalf, FaultUnrendered, FaultNobody:
		if valued {
			return what + " takes no value"
		}
	default:
		return fmt.Sprintf("there is no fault %q", what)
	}
	if err != nil || f.Duration < 0 || f.Reads < 0 {
		return fmt.Sprintf("%q is not a value for %s", value, what)
	}
	return ""
}

func (f *Fault) parseWhere(where string) string {
	method, path, both := strings.Cut(where, " ")
	switch {
	case where == "":
	case both:
		f.Method, f.Path = method, strings.TrimSpace(path)
	case strings.HasPrefix(where, "/"):
		f.Path = where
	default:
		f.Method = where
	}
	switch f.Method {
	case "", http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		return fmt.Sprintf("%q is not a method that the API knows", f.Method)
	}
	if f.Path != "" && !strings.HasPrefix(f.Path, "/") {
		return fmt.Sprintf("the path %q does not begin with '/'", f.Path)
	}
	return ""
}

func (f *Fault) parseTimes(text string) string {
	times, after, delayed := strings.Cut(strings.TrimSpace(text), "@")
	if times == "*" {
		f.Times = -1
	} else if n, err := strconv.Atoi(times); err == nil && n > 0 {
		f.Times = n
	} else if times != "" || !delayed {
		return fmt.Sprintf("%q is not a number of times", times)
	}
	if delayed {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 {
			return fmt.Sprintf("%q is not a number of requests", after)
		}
		f.After = n
	}
	return ""
}
