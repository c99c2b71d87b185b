package pagerdutysim

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/catalogue"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/incident"
)

// partRoutes registers what has packages of its own.
func (s *Server) partRoutes() {
	h := host{s}
	catalogue.Desk{Host: h, Store: func() *catalogue.Store { return s.acct.catalogue }, Deliver: s.deliver}.Register()
	s.incidents = incident.Desk{Host: h, Account: h, Store: func() *incident.Store { return s.acct.incidents }}
	s.incidents.Register()
}

// deliver tells subscribers, while the request goes on.
func (s *Server) deliver(list []catalogue.Delivery) {
	for _, d := range list {
		go d.Send(subscribers)
	}
}

// subscribers goes nowhere that an answer sends it.
var subscribers = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// host is the simulator as its parts see it.
type host struct{ *Server }

// Handle implements answer.Host.
func (h host) Handle(pattern string, f http.HandlerFunc) { h.handle(pattern, f) }

// Now implements answer.Host.
func (h host) Now() time.Time { return h.now() }

// NewID implements answer.Host.
func (h host) NewID() string { return h.acct.newID() }

// Links implements answer.Host.
func (h host) Links(path, id string) (self, html string) {
	return h.selfURL(path, id), h.webURL(path, id)
}

// Reference implements answer.Host.
func (h host) Reference(kind, id string) (any, bool) {
	a := h.acct
	switch kind {
	case "user":
		u := a.users[id]
		return h.userRef(id), u.live()
	case "team":
		return h.teamRef(id), has(a.teams, id)
	case "service":
		if v := a.services[id]; v != nil {
			return h.serviceRef(v), true
		}
	case "escalation_policy":
		if p := a.policies[id]; p != nil {
			return h.policyRef(p), true
		}
	case "schedule":
		if c := a.schedules[id]; c != nil {
			return h.scheduleRef(c), true
		}
	case "contact_method":
		who, contact, _ := strings.Cut(id, "/")
		if u := a.users[who]; u != nil {
			for _, c := range u.contacts {
				if c.id == contact {
					return h.contactRef(u, c), true
				}
			}
		}
	case "vendor", "extension_schema", "priority", "business_service", "tag":
		path := "/" + kind + "s"
		if kind == "priority" {
			path = "/priorities"
		}
		name, there := a.catalogue.Name(path, id)
		return h.refer(kind+"_reference", id, name, path), there
	}
	return nil, false
}

// Acting implements answer.Host.
func (h host) Acting(w http.ResponseWriter, r *http.Request) (string, bool) {
	if !h.requester(w, r) {
		return "", false
	}
	if user := callOf(r).actor.user; user != "" {
		return user, true
	}
	return h.acct.userByEmail(strings.TrimSpace(r.Header.Get("From"))).id, true
}

// Page implements answer.Host.
func (h host) Page(w http.ResponseWriter, r *http.Request, key string, n int, show func(i int) answer.Object) {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	paginate(h.Server, w, r, key, numbers, func(i int) any { return show(i) })
}

// Whole implements incident.Account.
func (h host) Whole(kind, id string) (any, bool) {
	if _, there := h.Reference(kind, id); !there {
		return nil, false
	}
	switch kind {
	case "user":
		return h.userView(h.acct.users[id], nil), true
	case "team":
		return h.teamView(h.acct.teams[id]), true
	case "service":
		return h.serviceView(h.acct.services[id], nil), true
	case "escalation_policy":
		return h.policyView(h.acct.policies[id], nil), true
	}
	return nil, false
}

// Service implements incident.Account.
func (h host) Service(id string) (incident.Service, bool) {
	v := h.acct.services[id]
	if v == nil {
		return incident.Service{}, false
	}
	return incident.Service{ID: v.ID, Policy: v.EscalationPolicy, Urgency: v.urgencyAt(h.now()), Teams: v.Teams}, true
}

// Policy implements incident.Account.
func (h host) Policy(id string) (incident.Policy, bool) {
	p := h.acct.policies[id]
	if p == nil {
		return incident.Policy{}, false
	}
	snapshot := incident.Policy{ID: p.id, Teams: p.teams}
	for _, r := range p.rules {
		level := []incident.Target{}
		for _, t := range r.targets {
			level = append(level, incident.Target{Type: t.Type, ID: t.ID})
		}
		snapshot.Levels = append(snapshot.Levels, level)
	}
	return snapshot, true
}

// OnCall implements incident.Account.
func (h host) OnCall(level []incident.Target) []string {
	var users []string
	now := h.now()
	for _, t := range level {
		if t.Type == "user" {
			if h.acct.users[t.ID].live() {
				users = append(users, t.ID)
			}
			continue
		}
		if c := h.acct.schedules[t.ID]; c != nil {
			shifts, err := oncall.Render(c.Schedule, now, now.Add(time.Second))
			for _, shift := range oncall.At(shifts, now) {
				if err == nil && h.acct.users[shift.User].live() {
					users = append(users, shift.User)
				}
			}
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// Told implements incident.Account.
func (h host) Told(user, urgency string) [][2]string {
	var ways [][2]string
	u := h.acct.users[user]
	if u == nil {
		return nil
	}
	for _, r := range u.rules {
		for _, c := range u.contacts {
			if kind := strings.TrimSuffix(c.kind, "_contact_method"); r.contact == c.id && r.delay == 0 && r.urgency == urgency && kind != "whatsapp" {
				address := c.address
				if kind == "push_notification" {
					kind, address = "push", ""
				}
				ways = append(ways, [2]string{kind + "_notification", address})
			}
		}
	}
	return ways
}

// Happened implements incident.Account.
func (h host) Happened(event, service string, teams []string, agent string, data any) {
	e := catalogue.Event{ID: h.acct.newLongID(), Type: event, At: h.now(), Service: service, Teams: teams, ResourceType: "incident", Data: data}
	if agent != "" {
		e.Agent = h.userRef(agent)
	}
	h.deliver(h.acct.catalogue.Deliveries(e, ""))
}
