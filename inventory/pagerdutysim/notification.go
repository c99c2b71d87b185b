package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
)

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
		o["contact_method"] = s.contactRef(u, u.contacts[i])
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

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	whole := slices.Contains(includes(r), "contact_methods")
	list := []object{}
	for _, n := range u.rules {
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
		n.contact = body.Contact.ID
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
