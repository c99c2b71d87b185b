package pagerdutysim

import (
	"net/http"
	"time"
)

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
