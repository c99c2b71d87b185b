package pagerdutysim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

const (
	codeInternal       = answer.Internal
	codeInvalidInput   = answer.InvalidInput
	codeArguments      = answer.Arguments
	codeMissing        = answer.Missing
	codeAuthentication = answer.Authentication
	codeAccessDenied   = answer.AccessDenied
	codeMissingAbility = answer.MissingAbility
	codeInvalidOp      = answer.InvalidOp
	codeNoRequester    = answer.NoRequester
	codeTooMany        = answer.TooMany
	codeNotFound       = answer.UnknownID
	codeRequester      = answer.Requester
	codeTeamNotFound   = answer.TeamNotFound
	codeTeamInUse      = answer.TeamInUse
)

// reply is a response in the making: handlers write into it under the lock, and
// it goes out, whole or damaged to order, when they are done.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newReply() *reply { return &reply{header: http.Header{}} }

func (p *reply) Header() http.Header { return p.header }

func (p *reply) WriteHeader(status int) {
	if p.status == 0 {
		p.status = status
	}
}

func (p *reply) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}

// object is a JSON object in a response.
type object = answer.Object

func writeJSON(w http.ResponseWriter, status int, v any) { answer.JSON(w, status, v) }

func writeError(w http.ResponseWriter, status, code int, message string, errs ...string) {
	answer.Error(w, status, code, message, errs...)
}

func writeErrors(w http.ResponseWriter, status, code int, message string, errs any) {
	answer.Errors(w, status, code, message, errs)
}

func writeInvalid(w http.ResponseWriter, errs ...string) { answer.Invalid(w, errs...) }

func writeNotFound(w http.ResponseWriter) { answer.NotFound(w) }

func decodeBody(w http.ResponseWriter, r *http.Request, key string, v any) bool {
	return answer.Decode(w, r, key, v)
}

// reference is how PagerDuty names one thing inside another.
type reference struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Summary string  `json:"summary"`
	Self    *string `json:"self"`
	HTMLURL *string `json:"html_url"`
	// DeletedAt is there on the stub of a person who was deleted. Source:
	// PagerDuty/go-pagerduty, issue 509.
	DeletedAt string `json:"deleted_at,omitempty"`
}

// refer makes a reference of the given type ("team_reference") to path/id.
func (s *Server) refer(kind, id, summary, path string) reference {
	r := reference{ID: id, Type: kind, Summary: summary}
	if path != "" {
		self, html := s.selfURL(path, id), s.webURL(path, id)
		r.Self, r.HTMLURL = &self, &html
	}
	return r
}

// head are the members that every entity begins with.
func (s *Server) head(kind, id, summary, path string) object {
	return object{
		"id": id, "type": kind, "summary": summary,
		"self": s.selfURL(path, id), "html_url": s.webURL(path, id),
	}
}

func (s *Server) selfURL(path, id string) string { return s.base + path + "/" + id }

func (s *Server) webURL(path, id string) string {
	domain := "pagerduty.com"
	if s.acct.region == "eu" {
		domain = "eu.pagerduty.com"
	}
	return "https://" + subdomain(s.acct.name) + "." + domain + path + "/" + id
}

func subdomain(name string) string {
	keep := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}
	if sub := strings.Map(keep, strings.ToLower(name)); sub != "" {
		return sub
	}
	return "example"
}

func (s *Server) userRef(id string) reference {
	u := s.acct.users[id]
	if u == nil {
		return s.refer("user_reference", id, "Deleted User", "/users")
	}
	ref := s.refer("user_reference", id, u.name, "/users")
	if !u.live() {
		ref.DeletedAt = u.deleted.Format(time.RFC3339)
	}
	return ref
}

func (s *Server) teamRef(id string) reference {
	name := ""
	if t := s.acct.teams[id]; t != nil {
		name = t.name
	}
	return s.refer("team_reference", id, name, "/teams")
}

func (s *Server) teamRefs(ids []string) []reference {
	refs := make([]reference, len(ids))
	for i, id := range ids {
		refs[i] = s.teamRef(id)
	}
	return refs
}

func (s *Server) policyRef(p *policy) reference {
	return s.refer("escalation_policy_reference", p.id, p.name, "/escalation_policies")
}

func (s *Server) serviceRef(v *service) reference {
	return s.refer("service_reference", v.ID, v.Name, "/services")
}

// scheduleRef is a schedule_reference or, for a shift-based one, a
// schedule_v3_reference.
func (s *Server) scheduleRef(c *schedule) reference {
	if c.Kind == inventory.ScheduleOfShifts {
		r := s.refer("schedule_v3_reference", c.ID, c.Name, "/v3/schedules")
		html := s.webURL("/schedules", c.ID)
		r.HTMLURL = &html
		return r
	}
	return s.refer("schedule_reference", c.ID, c.Name, "/schedules")
}

// given is a reference as clients send it: only type and id count.
type given struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

func ids(refs []given) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.ID
	}
	return list
}

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
