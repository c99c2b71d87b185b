package pagerdutysim

import (
	"net/http"
	"time"
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
