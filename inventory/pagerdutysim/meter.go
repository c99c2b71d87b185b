package pagerdutysim

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// defaultRateLimit is PagerDuty's limit of requests a minute for an account API
// key, and for a user across their keys.
const defaultRateLimit = 960

const rateWindow = time.Minute

// meter counts requests in windows of a minute of wall time.
type meter struct {
	mu      sync.Mutex
	windows map[string]*window
}

type window struct {
	ends time.Time
	left int
}

// spend takes one request off a window and says how many are left and when the
// window ends; left is negative when there was none.
func (m *meter) spend(key string, limit int, now time.Time) window {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.windows[key]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(rateWindow), left: limit}
		m.windows[key] = w
	}
	w.left = max(w.left-1, -1)
	return *w
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
