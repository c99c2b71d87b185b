package pagerdutysim

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// actor is who makes a request, as the audit trail names them.
type actor struct {
	// user is the id of the token's user; "" for an account API key.
	user string
	// oauth says that the token came as "Bearer".
	oauth bool
	// browser says that it was done in PagerDuty's pages.
	browser  bool
	last4    string
	readOnly bool
}

// authenticate finds out who asks, and answers 401 or 403 for those who may not.
// A token that may only read is refused writes before anything is looked up.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) bool {
	token, oauth := tokenOf(r)
	known := s.opts.Token == "" || token == s.opts.Token
	readOnly := s.opts.ReadOnlyToken != "" && token == s.opts.ReadOnlyToken
	user := s.opts.UserTokens[token]
	if user == "" && known {
		user = s.opts.TokenUser
	}
	if token == "" || !(known || readOnly || user != "") || s.gone(user) || s.fault(r, FaultRevoked) != nil {
		writeError(w, http.StatusUnauthorized, codeAuthentication, "Authentication failed")
		return false
	}
	a := actor{user: user, oauth: oauth, last4: token[max(0, len(token)-4):], readOnly: readOnly}
	callOf(r).actor = a
	if (readOnly || s.readsOnly(user)) && !safe(r.Method) {
		writeDenied(w)
		return false
	}
	return true
}

// gone says that a user was deleted: their own tokens end with them. Source: PagerDuty
// support documentation, "API Access Keys".
func (s *Server) gone(userID string) bool {
	if userID == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.acct.users[userID].live()
}

// readsOnly says that a user's base role writes nothing that the simulator
// knows of: observers, restricted people and stakeholders.
func (s *Server) readsOnly(userID string) bool {
	if userID == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.acct.users[userID]
	if u == nil {
		return true
	}
	switch u.role {
	case "owner", "admin", "user", "limited_user":
		return false
	}
	return true
}

func writeDenied(w http.ResponseWriter) {
	writeError(w, http.StatusForbidden, codeAccessDenied, "Access Denied")
}

func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func tokenOf(r *http.Request) (token string, oauth bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	value = strings.TrimSpace(value)
	switch strings.ToLower(scheme) {
	case "token":
		token, _ := strings.CutPrefix(value, "token=")
		return strings.Trim(token, `"`), false
	case "bearer":
		return value, true
	}
	return "", false
}

// requester checks the From header, which some writes require of account API
// keys: the e-mail address of a user of the account. A user's own token says who
// asks. If it is wrong it has answered 400.
func (s *Server) requester(w http.ResponseWriter, r *http.Request) bool {
	if callOf(r).actor.user != "" {
		return true
	}
	from := strings.TrimSpace(r.Header.Get("From"))
	if from == "" {
		writeError(w, http.StatusBadRequest, codeNoRequester, "From header is required",
			"The From header must be the email address of a valid user of the account")
		return false
	}
	if s.acct.userByEmail(from) == nil {
		writeError(w, http.StatusBadRequest, codeRequester, "Requester User Not Found")
		return false
	}
	return true
}

// defaultRateLimit is PagerDuty's limit of requests a minute for an account API
// key, and for a user across their keys.
const defaultRateLimit = 960

const rateWindow = time.Minute

// meter counts requests in windows of a minute of wall time, which begin with the first
// request after the last one ended, or slide.
type meter struct {
	slides  bool
	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	ends time.Time
	left int
	// taken are the moments of what was answered in a window that slides.
	taken []time.Time
}

// spend takes one request off a window and says how many are left and when the
// window ends, or the first request leaves it; left is negative when there was none.
func (m *meter) spend(key string, limit int, now time.Time) window {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.windows[key]
	if w == nil || !m.slides && !now.Before(w.ends) {
		w = &window{ends: now.Add(rateWindow), left: limit}
		m.windows[key] = w
	}
	if !m.slides {
		w.left = max(w.left-1, -1)
		return *w
	}
	w.taken = slices.DeleteFunc(w.taken, func(t time.Time) bool { return !t.After(now.Add(-rateWindow)) })
	if w.left = limit - len(w.taken) - 1; w.left >= 0 {
		w.taken = append(w.taken, now)
	}
	w.ends = w.taken[0].Add(rateWindow)
	return window{ends: w.ends, left: w.left}
}

// meterRequest sets the rate limit headers, of the limit nearest to its end, and
// answers 429 where a limit is reached.
func (s *Server) meterRequest(w http.ResponseWriter, r *http.Request) bool {
	c := callOf(r)
	payer := c.actor.user
	if payer == "" {
		payer, _ = tokenOf(r)
	}
	now := s.opts.Wall()
	limit := s.opts.RateLimit
	left := window{left: math.MaxInt}
	if limit > 0 {
		left = s.meter.spend(payer, limit, now)
	}
	if own := s.opts.EndpointLimits[c.endpoint]; own > 0 {
		if v := s.meter.spend(payer+" "+c.endpoint, own, now); v.left < left.left {
			limit, left = own, v
		}
	}
	if left.left == math.MaxInt {
		return true
	}
	rateHeaders(w, limit, max(left.left, 0), left.ends.Sub(now))
	if left.left >= 0 {
		return true
	}
	writeRateLimited(w)
	return false
}

func rateHeaders(w http.ResponseWriter, limit, left int, reset time.Duration) {
	h := w.Header()
	h.Set("ratelimit-limit", strconv.Itoa(limit))
	h.Set("ratelimit-remaining", strconv.Itoa(left))
	h.Set("ratelimit-reset", strconv.Itoa(int(math.Ceil(reset.Seconds()))))
}

func writeRateLimited(w http.ResponseWriter) {
	writeError(w, http.StatusTooManyRequests, codeTooMany, "Rate Limit Exceeded")
}
