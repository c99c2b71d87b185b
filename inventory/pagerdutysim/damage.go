package pagerdutysim

import (
	"fmt"
	"net/http"
	"time"
)

// refuse answers with the status on order instead of carrying the request out.
func (s *Server) refuse(p *reply, r *http.Request) bool {
	f := s.fault(r, FaultStatus)
	if f == nil || f.Late {
		return false
	}
	writeFault(p, f)
	return true
}

// damage spoils a response that is done.
func (s *Server) damage(p *reply, r *http.Request) {
	if f := s.fault(r, FaultStatus); f != nil && f.Late {
		p.replace()
		writeFault(p, f)
	}
	if s.fault(r, FaultMalformed) != nil {
		p.replace()
		p.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = p.Write([]byte(`{"error": oops, this is not JSON`))
	}
	if s.fault(r, FaultHTML) != nil {
		p.replace()
		p.Header().Set("Content-Type", "text/html")
		_, _ = p.Write([]byte("<html><body><h1>Sign in</h1></body></html>\n"))
	}
	if s.fault(r, FaultBlank) != nil {
		p.replace()
		p.WriteHeader(http.StatusOK)
	}
	s.reshape(p, r)
}

// replace empties the response but for its headers.
func (p *reply) replace() {
	p.status = 0
	p.body.Reset()
}

func writeFault(p *reply, f *Fault) {
	switch f.Status {
	case http.StatusTooManyRequests:
		for _, name := range []string{"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} {
			p.Header().Del(name)
		}
		if !f.Bare {
			reset := f.Duration
			if reset == 0 {
				reset = time.Second
			}
			rateHeaders(p, defaultRateLimit, 0, reset)
		}
		writeRateLimited(p)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// These come from in front of the API, and are not JSON.
		p.Header().Set("Content-Type", "text/html")
		p.WriteHeader(f.Status)
		fmt.Fprintf(p, "<html><body><h1>%d %s</h1></body></html>\n", f.Status, http.StatusText(f.Status))
	case http.StatusBadRequest:
		writeInvalid(p, "The request could not be understood")
	case http.StatusForbidden:
		writeError(p, f.Status, codeAccessDenied, "Access Denied")
	case http.StatusNotFound:
		writeNotFound(p)
	case http.StatusRequestTimeout:
		writeError(p, f.Status, codeNoRequester, "Request Timeout")
	default:
		writeError(p, f.Status, codeInternal, http.StatusText(f.Status))
	}
}
