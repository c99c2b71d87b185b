package pagerdutysim

import (
	"bytes"
	"net/http"
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
