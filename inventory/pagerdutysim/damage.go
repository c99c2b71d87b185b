package pagerdutysim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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

// shapes are the faults after which an answer is JSON, and says something else.
var shapes = []struct {
	kind FaultKind
	make func(answer map[string]any)
}{
	{FaultKeyless, func(answer map[string]any) {
		for _, key := range subjects(answer) {
			delete(answer, key)
		}
	}},
	{FaultNull, func(answer map[string]any) {
		for _, key := range subjects(answer) {
			answer[key] = nil
		}
	}},
	{FaultEmpty, func(answer map[string]any) {
		keep(answer, func(int) bool { return false })
	}},
	{FaultHalf, func(answer map[string]any) {
		keep(answer, func(i int) bool { return i%2 == 0 })
	}},
	{FaultUnrendered, func(answer map[string]any) {
		for _, schedule := range schedulesOf(answer) {
			delete(schedule, "final_schedule")
		}
	}},
	{FaultNobody, func(answer map[string]any) {
		for _, schedule := range schedulesOf(answer) {
			if final, ok := schedule["final_schedule"].(map[string]any); ok {
				empty(final, "rendered_schedule_entries", "computed_shift_assignments")
				final["rendered_coverage_percentage"] = 0
			}
		}
	}},
}

// reshape gives an answer of success another shape, or other records.
func (s *Server) reshape(p *reply, r *http.Request) {
	for _, shape := range shapes {
		if s.fault(r, shape.kind) == nil || p.status != http.StatusOK {
			continue
		}
		var answer map[string]any
		if json.Unmarshal(p.body.Bytes(), &answer) != nil {
			continue
		}
		shape.make(answer)
		p.replace()
		writeJSON(p, http.StatusOK, answer)
	}
}

// subjects are the keys of an answer under which stands what was asked for,
// rather than where in a list one is.
func subjects(answer map[string]any) []string {
	var keys []string
	for key, v := range answer {
		switch v.(type) {
		case []any, map[string]any:
			keys = append(keys, key)
		}
	}
	return keys
}

// keep keeps of each list in an answer the records at certain places.
func keep(answer map[string]any, at func(i int) bool) {
	for _, key := range subjects(answer) {
		list, ok := answer[key].([]any)
		if !ok {
			continue
		}
		kept := []any{}
		for i, record := range list {
			if at(i) {
				kept = append(kept, record)
			}
		}
		answer[key] = kept
		if answer["total"] != nil {
			answer["total"] = len(kept)
		}
		if answer["more"] != nil {
			answer["more"] = false
		}
	}
}

// schedulesOf are the schedules in an answer, be it one or a list.
func schedulesOf(answer map[string]any) []map[string]any {
	all, _ := answer["schedules"].([]any)
	all = append(slices.Clone(all), answer["schedule"])
	var schedules []map[string]any
	for _, v := range all {
		if schedule, ok := v.(map[string]any); ok {
			schedules = append(schedules, schedule)
		}
	}
	return schedules
}

// empty empties the lists of an object under these keys, where they are.
func empty(o map[string]any, keys ...string) {
	for _, key := range keys {
		if _, ok := o[key]; ok {
			o[key] = []any{}
		}
	}
}
