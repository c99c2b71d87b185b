package pagerdutysim

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// auditRecord is one entry of the audit trail.
type auditRecord struct {
	id        string
	at        time.Time
	request   string
	actor     actor
	action    string // create, update, delete
	root      reference
	resource  reference
	fields    []auditField
	reference []auditReference
}

// auditField is a changed field; before and after are nil where there is none.
type auditField struct {
	Name        string  `json:"name"`
	Value       *string `json:"value"`
	BeforeValue *string `json:"before_value"`
}

// auditReference is a changed list of references, such as a team's members.
type auditReference struct {
	Name    string      `json:"name"`
	Added   []reference `json:"added,omitempty"`
	Removed []reference `json:"removed,omitempty"`
}

// record notes a write in the audit trail. action is create, update or delete;
// root is the thing itself (PagerDuty records a membership under its team).
func (s *Server) record(r *http.Request, action string, root reference, fields []auditField, refs ...auditReference) {
	s.recordOf(r, action, root, root, fields, refs...)
}

// recordOf notes a write to something that belongs to root, such as a member of
// a team.
func (s *Server) recordOf(r *http.Request, action string, root, resource reference, fields []auditField, refs ...auditReference) {
	c := callOf(r)
	s.acct.audit = append(s.acct.audit, auditRecord{
		id: s.acct.newLongID(), at: s.now(), request: c.id, actor: c.actor,
		action: action, root: root, resource: resource, fields: fields, reference: refs,
	})
}

// recordByHand notes what somebody did in PagerDuty's pages. Overrides, and changes to
// rotations and levels, are not recorded. Source: PagerDuty's knowledge base, "Audit
// Trail Reporting".
func (s *Server) recordByHand(action, kind, id string) {
	root := reference{ID: id, Type: kind}
	s.acct.audit = append(s.acct.audit, auditRecord{
		id: s.acct.newLongID(), at: s.now(), actor: actor{browser: true}, action: action, root: root, resource: root,
	})
}

// changed is the fields of which before and after differ.
func changed(fields ...auditField) []auditField {
	var list []auditField
	for _, f := range fields {
		if deref(f.Value) != deref(f.BeforeValue) {
			list = append(list, f)
		}
	}
	return list
}

// field is a field as an update changes it.
func field(name, before, after string) auditField {
	return auditField{Name: name, Value: &after, BeforeValue: &before}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// The limits of the audit trail. Source: PagerDuty's developer documentation,
// "Audit Records API".
const (
	auditWindow = 31 * 24 * time.Hour
	auditKept   = 365 * 24 * time.Hour
	auditSince  = 24 * time.Hour
)

func (s *Server) auditRoutes() {
	s.handle("GET /audit/records", s.listAudit)
	for path, kind := range map[string]string{
		"/users": "user_reference", "/teams": "team_reference", "/schedules": "schedule_reference", "/v3/schedules": "schedule_v3_reference",
		"/escalation_policies": "escalation_policy_reference", "/services": "service_reference",
	} {
		s.handle("GET "+path+"/{id}/audit/records", func(w http.ResponseWriter, r *http.Request) {
			s.answerAudit(w, r, func(a auditRecord) bool {
				return a.root.Type == kind && a.root.ID == r.PathValue("id")
			})
		})
	}
}

// listAudit is for admins and account API keys only.
func (s *Server) listAudit(w http.ResponseWriter, r *http.Request) {
	if u := s.acct.users[callOf(r).actor.user]; u != nil && u.role != "owner" && u.role != "admin" {
		writeDenied(w)
		return
	}
	q := r.URL.Query()
	kinds := q["root_resource_types[]"]
	s.answerAudit(w, r, func(a auditRecord) bool {
		return len(kinds) == 0 || slices.Contains(kinds, resourceTypes[a.root.Type])
	})
}

// resourceTypes names references as root_resource_types[] does.
var resourceTypes = map[string]string{
	"user_reference": "users", "team_reference": "teams", "schedule_reference": "schedules",
	"schedule_v3_reference": "schedules", "escalation_policy_reference": "escalation_policies",
	"service_reference": "services",
}

// answerAudit answers a page of the wanted records, newest first.
func (s *Server) answerAudit(w http.ResponseWriter, r *http.Request, wanted func(auditRecord) bool) {
	if s.opts.NoAuditTrail {
		writeError(w, http.StatusPaymentRequired, codeMissingAbility,
			"Account does not have the abilities to perform the action.", "Required abilities: audit_trail")
		return
	}
	q := r.URL.Query()
	since, until, ok := s.auditBounds(w, r)
	if !ok {
		return
	}
	limit := classicLimit
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = min(n, classicLimit)
	}
	before, ok := readCursor(w, q.Get("cursor"), len(s.acct.audit))
	if !ok {
		return
	}
	records, next := []object{}, any(nil)
	for i := before - 1; i >= 0; i-- {
		a := s.acct.audit[i]
		inTime := !a.at.Before(since) && a.at.Before(until.Add(time.Second))
		if !inTime || !wanted(a) || len(q["actions[]"]) > 0 && !slices.Contains(q["actions[]"], a.action) {
			continue
		}
		if len(records) == limit {
			next = cursor(i + 1)
			break
		}
		records = append(records, s.auditView(a))
	}
	writeJSON(w, http.StatusOK, object{"records": records, "next_cursor": next, "limit": limit})
}

func (s *Server) auditBounds(w http.ResponseWriter, r *http.Request) (since, until time.Time, ok bool) {
	until = s.now()
	for name, into := range map[string]*time.Time{"until": &until, "since": &since} {
		if text := r.URL.Query().Get(name); text != "" {
			t, err := input.Moment(text, nil)
			if err != nil {
				writeInvalid(w, name+" is not a valid date and time")
				return since, until, false
			}
			*into = t
		}
	}
	if since.IsZero() {
		since = until.Add(-auditSince)
	}
	if until.Before(since) || until.Sub(since) > auditWindow {
		writeInvalid(w, "until must be after since, by 31 days at most")
		return since, until, false
	}
	if kept := s.now().Add(-auditKept); since.Before(kept) {
		since = kept
	}
	return since, until, true
}

// A cursor says how many of the oldest records are still to come: new records
// do not move it.
func cursor(left int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("audit " + strconv.Itoa(left)))
}

func readCursor(w http.ResponseWriter, text string, all int) (int, bool) {
	if text == "" {
		return all, true
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	digits, found := strings.CutPrefix(string(data), "audit ")
	left, numErr := strconv.Atoi(digits)
	if err != nil || !found || numErr != nil || left < 0 || left > all {
		writeInvalid(w, "cursor is invalid")
		return 0, false
	}
	return left, true
}

func (s *Server) auditView(a auditRecord) object {
	o := object{
		"id": a.id, "self": nil, "action": a.action, "root_resource": a.root,
		"execution_time":    a.at.UTC().Format("2006-01-02T15:04:05.000Z"),
		"execution_context": object{"request_id": a.request, "remote_address": "192.0.2.1"},
		"actors":            []reference{s.actorRef(a.actor)},
		"method":            object{"type": a.actor.method(), "truncated_token": a.actor.last4, "description": nil},
		"details":           object{"resource": a.resource, "fields": nil, "references": nil},
	}
	details := o["details"].(object)
	if len(a.fields) > 0 {
		details["fields"] = a.fields
	}
	if len(a.reference) > 0 {
		details["references"] = a.reference
	}
	return o
}

func (s *Server) actorRef(a actor) reference {
	if a.user != "" {
		return s.userRef(a.user)
	}
	return reference{ID: "PAPIKEY", Type: "api_key_reference", Summary: "Account API key"}
}

// method is how the trail says that an actor came in.
func (a actor) method() string {
	switch {
	case a.browser:
		return "browser"
	case a.oauth:
		return "oauth"
	}
	return "api_token"
}
