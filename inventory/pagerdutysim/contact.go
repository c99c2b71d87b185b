package pagerdutysim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

func (s *Server) contactRoutes() {
	s.handle("GET /users/{id}/contact_methods", s.listContacts)
	s.handle("POST /users/{id}/contact_methods", s.createContact)
	s.handle("GET /users/{id}/contact_methods/{contact_method_id}", s.getContact)
	s.handle("PUT /users/{id}/contact_methods/{contact_method_id}", s.updateContact)
	s.handle("DELETE /users/{id}/contact_methods/{contact_method_id}", s.deleteContact)
}

var contactKinds = []string{
	"email_contact_method", "phone_contact_method", "push_notification_contact_method",
	"sms_contact_method", "whatsapp_contact_method",
}

func contactsPath(u *user) string { return "/users/" + u.id + "/contact_methods" }

func (s *Server) contactRef(u *user, c contactMethod) reference {
	ref := s.refer(c.kind+"_reference", c.id, c.label, contactsPath(u))
	ref.HTMLURL = nil
	return ref
}

func (s *Server) contactView(u *user, c contactMethod) object {
	o := s.head(c.kind, c.id, c.label, contactsPath(u))
	o["html_url"], o["label"], o["address"] = nil, c.label, c.address
	switch c.kind {
	case "email_contact_method":
		o["send_short_email"], o["send_html_email"] = c.sendShortEmail, true
		o["enabled"] = !c.blocked
	case "push_notification_contact_method":
		o["device_type"], o["blacklisted"] = c.deviceType, c.blocked
		o["sounds"] = []object{}
		o["created_at"] = c.createdAt.UTC().Format(time.RFC3339)
	default:
		o["country_code"], o["enabled"], o["blacklisted"] = c.countryCode, !c.blocked, c.blocked
	}
	return o
}

// contactOf finds the contact method that a request's path names; if there is
// none it has answered.
func (s *Server) contactOf(w http.ResponseWriter, r *http.Request) (*user, int, bool) {
	u, ok := s.userOf(w, r)
	if !ok {
		return nil, 0, false
	}
	i := slices.IndexFunc(u.contacts, func(c contactMethod) bool { return c.id == r.PathValue("contact_method_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, 0, false
	}
	return u, i, true
}

func (s *Server) listContacts(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	list := []object{}
	for _, c := range u.contacts {
		list = append(list, s.contactView(u, c))
	}
	writeJSON(w, http.StatusOK, object{"contact_methods": list})
}

func (s *Server) getContact(w http.ResponseWriter, r *http.Request) {
	if u, i, ok := s.contactOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"contact_method": s.contactView(u, u.contacts[i])})
	}
}

type contactBody struct {
	Type           string  `json:"type"`
	Label          *string `json:"label"`
	Address        *string `json:"address"`
	CountryCode    *int    `json:"country_code"`
	SendShortEmail *bool   `json:"send_short_email"`
	DeviceType     *string `json:"device_type"`
}

func (s *Server) createContact(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	c := contactMethod{countryCode: 1, deviceType: "ios", createdAt: s.now()}
	if !s.mayEditContacts(w, u) || !s.applyContact(w, r, u, &c) {
		return
	}
	s.contactsEdited(u)
	c.id = s.acct.newID()
	u.contacts = append(slices.Clip(u.contacts), c)
	s.record(r, "update", s.userRef(u.id), nil, auditReference{Name: "contact_methods", Added: []reference{s.contactRef(u, c)}})
	writeJSON(w, http.StatusCreated, object{"contact_method": s.contactView(u, c)})
}

func (s *Server) updateContact(w http.ResponseWriter, r *http.Request) {
	u, i, ok := s.contactOf(w, r)
	if !ok {
		return
	}
	c := u.contacts[i]
	if !s.mayEditContacts(w, u) || !s.applyContact(w, r, u, &c) {
		return
	}
	s.contactsEdited(u)
	fields := changed(field("label", u.contacts[i].label, c.label), field("address", u.contacts[i].address, c.address))
	u.contacts[i] = c
	s.record(r, "update", s.userRef(u.id), fields)
	writeJSON(w, http.StatusOK, object{"contact_method": s.contactView(u, c)})
}

func (s *Server) applyContact(w http.ResponseWriter, r *http.Request, u *user, c *contactMethod) bool {
	var body contactBody
	if !decodeBody(w, r, "contact_method", &body) {
		return false
	}
	kind := strings.TrimSuffix(body.Type, "_reference")
	var errs []string
	switch {
	case !slices.Contains(contactKinds, kind):
		errs = append(errs, "Type is invalid")
	case c.id != "" && kind != c.kind:
		errs = append(errs, "Type can't be changed")
	}
	if c.id == "" && (body.Address == nil || strings.TrimSpace(*body.Address) == "") {
		errs = append(errs, "Address can't be blank")
	}
	c.kind, c.sendShortEmail = kind, body.SendShortEmail != nil && *body.SendShortEmail
	set(&c.label, body.Label)
	set(&c.address, body.Address)
	set(&c.countryCode, body.CountryCode)
	set(&c.deviceType, body.DeviceType)
	c.address = strings.TrimSpace(c.address)
	if c.kind == "phone_contact_method" || c.kind == "sms_contact_method" {
		var refusal string
		if c.address, refusal = input.Phone(c.kind, c.countryCode, c.address); refusal != "" && c.address != "" {
			errs = append(errs, refusal)
		}
	}
	if slices.ContainsFunc(u.contacts, func(o contactMethod) bool {
		return o.id != c.id && o.kind == c.kind && strings.EqualFold(o.address, c.address)
	}) {
		errs = append(errs, "User Contact method must be unique")
	}
	if c.id == "" {
		errs = append(errs, u.tooMany(c.kind)...)
	}
	if len(errs) > 0 {
		writeInvalid(w, errs...)
		return false
	}
	return true
}

// How many contact methods a user has at most, in all and of a kind, and how many are
// written within a day. Source: PagerDuty support documentation, "User Profile", and its
// developer documentation, "Errors"; texts and status are not known.
const (
	maxContacts  = 10
	maxNumbers   = 3
	editsADay    = 10
	codeTooOften = 2017
)

func (u *user) tooMany(kind string) []string {
	ofKind := 0
	for _, c := range u.contacts {
		if c.kind == kind {
			ofKind++
		}
	}
	switch {
	case len(u.contacts) >= maxContacts:
		return []string{"A user can have at most 10 contact methods"}
	case ofKind >= maxNumbers && (kind == "phone_contact_method" || kind == "sms_contact_method"):
		return []string{"A user can have at most 3 contact methods of this type"}
	}
	return nil
}

// mayEditContacts answers 400 where a user's contact methods were written too often.
func (s *Server) mayEditContacts(w http.ResponseWriter, u *user) bool {
	day := s.now().Add(-24 * time.Hour)
	u.edits = slices.DeleteFunc(slices.Clone(u.edits), func(at time.Time) bool { return !at.After(day) })
	if len(u.edits) < editsADay {
		return true
	}
	writeError(w, http.StatusBadRequest, codeTooOften, "Too Many Contact Method Actions", "Contact methods cannot be modified at this time")
	return false
}

func (s *Server) contactsEdited(u *user) { u.edits = append(slices.Clip(u.edits), s.now()) }

// deleteContact takes the notification rules with it that use the contact
// method.
func (s *Server) deleteContact(w http.ResponseWriter, r *http.Request) {
	u, i, ok := s.contactOf(w, r)
	if !ok {
		return
	}
	if !s.mayEditContacts(w, u) {
		return
	}
	s.contactsEdited(u)
	c := u.contacts[i]
	u.contacts = slices.Concat(u.contacts[:i], u.contacts[i+1:])
	u.rules = slices.DeleteFunc(slices.Clone(u.rules), func(n notificationRule) bool { return n.contact == c.id })
	s.acct.catalogue.WithoutContact(u.id, c.id)
	s.record(r, "update", s.userRef(u.id), nil, auditReference{Name: "contact_methods", Removed: []reference{s.contactRef(u, c)}})
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) notificationRoutes() {
	s.handle("GET /users/{id}/notification_rules", s.listRules)
	s.handle("POST /users/{id}/notification_rules", s.createRule)
	s.handle("GET /users/{id}/notification_rules/{notification_rule_id}", s.getRule)
	s.handle("PUT /users/{id}/notification_rules/{notification_rule_id}", s.updateRule)
	s.handle("DELETE /users/{id}/notification_rules/{notification_rule_id}", s.deleteRule)
}

const ruleKind = "assignment_notification_rule"

func rulesPath(u *user) string { return "/users/" + u.id + "/notification_rules" }

func (n notificationRule) summary() string {
	return fmt.Sprintf("%d minutes: channel %s", n.delay, n.contact)
}

func (s *Server) ruleRef(u *user, n notificationRule) reference {
	ref := s.refer(ruleKind+"_reference", n.id, n.summary(), rulesPath(u))
	ref.HTMLURL = nil
	return ref
}

func (s *Server) ruleView(u *user, n notificationRule) object {
	o := s.head(ruleKind, n.id, n.summary(), rulesPath(u))
	o["html_url"], o["start_delay_in_minutes"], o["urgency"] = nil, n.delay, n.urgency
	if i := slices.IndexFunc(u.contacts, func(c contactMethod) bool { return c.id == n.contact }); i >= 0 {
		// With or without the suffix that references have: PagerDuty's Terraform provider
		// (resource_pagerduty_user_notification_rule.go) reads back what it sent.
		ref := s.contactRef(u, u.contacts[i])
		ref.Type = cmp.Or(n.contactType, u.contacts[i].kind)
		o["contact_method"] = ref
	}
	return o
}

// ruleOf finds the notification rule that a request's path names; if there is
// none it has answered.
func (s *Server) ruleOf(w http.ResponseWriter, r *http.Request) (*user, int, bool) {
	u, ok := s.userOf(w, r)
	if !ok {
		return nil, 0, false
	}
	i := slices.IndexFunc(u.rules, func(n notificationRule) bool { return n.id == r.PathValue("notification_rule_id") })
	if i < 0 {
		writeNotFound(w)
		return nil, 0, false
	}
	return u, i, true
}

// listRules lists the rules for incidents of high urgency, unless others are asked
// for. Source: PagerDuty's API description, parameter urgency.
func (s *Server) listRules(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	whole := slices.Contains(includes(r), "contact_methods")
	urgency := cmp.Or(r.URL.Query().Get("urgency"), "high")
	list := []object{}
	for _, n := range u.rules {
		if urgency != "all" && n.urgency != urgency {
			continue
		}
		o := s.ruleView(u, n)
		if i := slices.IndexFunc(u.contacts, func(c contactMethod) bool { return c.id == n.contact }); whole && i >= 0 {
			o["contact_method"] = s.contactView(u, u.contacts[i])
		}
		list = append(list, o)
	}
	writeJSON(w, http.StatusOK, object{"notification_rules": list})
}

func (s *Server) getRule(w http.ResponseWriter, r *http.Request) {
	if u, i, ok := s.ruleOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"notification_rule": s.ruleView(u, u.rules[i])})
	}
}

type ruleBody struct {
	Type    string  `json:"type"`
	Delay   *int    `json:"start_delay_in_minutes"`
	Urgency *string `json:"urgency"`
	Contact *given  `json:"contact_method"`
}

func (s *Server) createRule(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	n := notificationRule{urgency: "high"}
	if !s.applyRule(w, r, u, &n) {
		return
	}
	n.id = s.acct.newID()
	u.rules = append(slices.Clip(u.rules), n)
	s.record(r, "update", s.userRef(u.id), nil, auditReference{Name: "notification_rules", Added: []reference{s.ruleRef(u, n)}})
	writeJSON(w, http.StatusCreated, object{"notification_rule": s.ruleView(u, n)})
}

func (s *Server) updateRule(w http.ResponseWriter, r *http.Request) {
	u, i, ok := s.ruleOf(w, r)
	if !ok {
		return
	}
	n := u.rules[i]
	if !s.applyRule(w, r, u, &n) {
		return
	}
	fields := changed(
		field("start_delay_in_minutes", fmt.Sprint(u.rules[i].delay), fmt.Sprint(n.delay)),
		field("urgency", u.rules[i].urgency, n.urgency),
	)
	u.rules[i] = n
	s.record(r, "update", s.userRef(u.id), fields)
	writeJSON(w, http.StatusOK, object{"notification_rule": s.ruleView(u, n)})
}

func (s *Server) applyRule(w http.ResponseWriter, r *http.Request, u *user, n *notificationRule) bool {
	var body ruleBody
	if !decodeBody(w, r, "notification_rule", &body) {
		return false
	}
	set(&n.delay, body.Delay)
	set(&n.urgency, body.Urgency)
	if body.Contact != nil {
		n.contact, n.contactType = body.Contact.ID, body.Contact.Type
	}
	var errs []string
	if n.delay < 0 {
		errs = append(errs, "Start delay must be greater than or equal to 0")
	}
	if n.urgency != "high" && n.urgency != "low" {
		errs = append(errs, "Urgency is invalid")
	}
	if !slices.ContainsFunc(u.contacts, func(c contactMethod) bool { return c.id == n.contact }) {
		errs = append(errs, "Contact method does not exist")
	}
	if slices.ContainsFunc(u.rules, func(o notificationRule) bool {
		return o.id != n.id && o.delay == n.delay && o.urgency == n.urgency && o.contact == n.contact
	}) {
		errs = append(errs, "Channel Start delay must be unique for a given contact method")
	}
	if len(errs) > 0 {
		writeInvalid(w, errs...)
		return false
	}
	return n.urgency != "low" || s.ability(w, abilityUrgencies)
}

func (s *Server) deleteRule(w http.ResponseWriter, r *http.Request) {
	u, i, ok := s.ruleOf(w, r)
	if !ok {
		return
	}
	n := u.rules[i]
	u.rules = slices.Concat(u.rules[:i], u.rules[i+1:])
	s.record(r, "update", s.userRef(u.id), nil, auditReference{Name: "notification_rules", Removed: []reference{s.ruleRef(u, n)}})
	w.WriteHeader(http.StatusNoContent)
}
