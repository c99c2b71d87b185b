package incident

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// Account is what incidents need to know of the account.
type Account interface {
	Service(id string) (Service, bool)
	Policy(id string) (Policy, bool)
	// OnCall are the users whom a level reaches now.
	OnCall(level []Target) []string
	// Told are the ways in which a user hears at once of an incident: types of
	// notifications and addresses.
	Told(user, urgency string) [][2]string
	// Whole is a thing as its own endpoint shows it, by its plain type and id; false if
	// there is no such thing.
	Whole(kind, id string) (any, bool)
	// Happened tells subscribers of what happened to an incident.
	Happened(event string, service string, teams []string, agent string, data any)
}

// Desk serves a store over HTTP.
type Desk struct {
	Host    answer.Host
	Account Account
	// Store is the store as the request sees it.
	Store func() *Store
}

// Register registers the endpoints.
func (d Desk) Register() {
	d.Host.Handle("GET /incidents", d.list)
	d.Host.Handle("POST /incidents", d.create)
	d.Host.Handle("PUT /incidents", d.updateAll)
	d.Host.Handle("GET /incidents/{id}", d.get)
	d.Host.Handle("PUT /incidents/{id}", d.update)
	d.Host.Handle("GET /incidents/{id}/alerts", d.alerts)
	d.Host.Handle("GET /incidents/{id}/log_entries", d.log)
	d.Host.Handle("GET /incidents/{id}/notes", d.notes)
	d.Host.Handle("POST /incidents/{id}/notes", d.createNote)
	d.Host.Handle("PUT /incidents/{id}/notes/{note_id}", d.updateNote)
	d.Host.Handle("DELETE /incidents/{id}/notes/{note_id}", d.deleteNote)
	d.Host.Handle("GET /log_entries", d.log)
	d.Host.Handle("GET /log_entries/{id}", d.logEntry)
	d.Host.Handle("GET /notifications", d.notifications)
	d.Host.Handle("POST /analytics/raw/incidents", d.analytics)
}

// given is a reference as clients send it.
type given struct {
	ID string `json:"id"`
}

type assignment struct {
	Assignee given `json:"assignee"`
}

// body is an incident as clients send one. A nil field was not sent.
type body struct {
	ID          string       `json:"id"`
	Title       *string      `json:"title"`
	Status      *string      `json:"status"`
	Urgency     *string      `json:"urgency"`
	Key         string       `json:"incident_key"`
	Service     given        `json:"service"`
	Priority    *given       `json:"priority"`
	Policy      *given       `json:"escalation_policy"`
	Level       *int         `json:"escalation_level"`
	Assignments []assignment `json:"assignments"`
	Body        struct {
		Details string `json:"details"`
	} `json:"body"`
}

// refusal is why a write is refused. Source of the codes: PagerDuty's developer
// documentation, "Errors".
type refusal struct {
	code int
	text string
}

const (
	alreadyResolved = 1001
	unknownAssignee = 1007
	unknownPolicy   = 1014
	nobodyOnCall    = 1015
)

func invalid(text string) *refusal { return &refusal{answer.InvalidInput, text} }

func (d Desk) refuse(w http.ResponseWriter, why *refusal) {
	answer.Error(w, http.StatusBadRequest, why.code, "Invalid Input Provided", why.text)
}

func (d Desk) create(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.Host.Acting(w, r)
	if !ok {
		return
	}
	var b body
	if !answer.Decode(w, r, "incident", &b) {
		return
	}
	service, there := d.Account.Service(b.Service.ID)
	now := d.Host.Now()
	switch {
	case b.Title == nil || strings.TrimSpace(*b.Title) == "":
		d.refuse(w, invalid("Title can't be blank"))
		return
	case !there:
		d.refuse(w, invalid("Service can't be blank"))
		return
	case b.Key != "" && slices.ContainsFunc(d.Store().incidents, func(i Incident) bool { return i.open() && i.Key == b.Key && i.Service == service.ID }):
		answer.Error(w, http.StatusBadRequest, answer.Arguments, "Arguments Caused Error", "Open incident with matching dedup key already exists on this service")
		return
	}
	i := Incident{
		ID: d.Host.NewID(), Number: len(d.Store().incidents) + 1, Status: triggered, Service: service.ID, Urgency: service.Urgency,
		Created: now, Changed: now, Updated: now, By: actor, Body: b.Body.Details,
	}
	i.Key = cmp.Or(b.Key, strings.ToLower(i.ID))
	if b.Policy == nil {
		b.Policy = &given{service.Policy}
	}
	b.Status = nil
	entries, why := d.apply(&i, b, actor)
	if why != nil {
		d.refuse(w, why)
		return
	}
	first := d.entry(i, "trigger", actor)
	i.first = first.ID
	s := d.Store()
	s.incidents = append(s.incidents, i)
	s.entries = append(append(s.entries, first), entries...)
	d.tell(i, "incident.triggered", actor)
	answer.JSON(w, http.StatusCreated, answer.Object{"incident": d.view(i)})
}

// apply brings a body into an incident, with the entries that this makes.
func (d Desk) apply(i *Incident, b body, actor string) ([]Entry, *refusal) {
	if !i.open() {
		return nil, &refusal{alreadyResolved, "Incident Already Resolved"}
	}
	if b.Title != nil {
		i.Title = *b.Title
	}
	if b.Urgency != nil {
		if *b.Urgency != "high" && *b.Urgency != "low" {
			return nil, invalid("Urgency is invalid")
		}
		i.Urgency = *b.Urgency
	}
	if b.Priority != nil {
		if _, there := d.Host.Reference("priority", b.Priority.ID); !there {
			return nil, invalid("Priority does not exist")
		}
		i.Priority = b.Priority.ID
	}
	entries, why := d.assign(i, b, actor)
	if why != nil {
		return nil, why
	}
	i.Updated = d.Host.Now()
	if b.Status == nil || *b.Status == i.Status {
		return entries, nil
	}
	more, why := d.move(i, *b.Status, actor)
	return append(entries, more...), why
}

// assign puts an incident on people, who end its escalation, or on a policy, which
// begins it again with the policy as it is now.
func (d Desk) assign(i *Incident, b body, actor string) ([]Entry, *refusal) {
	now := d.Host.Now()
	var users []string
	kind := "assign"
	switch {
	case len(b.Assignments) > 0:
		for _, a := range b.Assignments {
			if _, there := d.Host.Reference("user", a.Assignee.ID); !there {
				return nil, &refusal{unknownAssignee, "Assigned User Not Found"}
			}
			users = append(users, a.Assignee.ID)
		}
		i.Direct = true
		if i.Policy.ID == "" && b.Policy != nil {
			i.Policy, _ = d.Account.Policy(b.Policy.ID)
		}
	case b.Policy != nil:
		policy, there := d.Account.Policy(b.Policy.ID)
		if !there {
			return nil, &refusal{unknownPolicy, "Escalation Policy Not Found"}
		}
		i.Policy, i.Direct, i.Level = policy, false, 0
		if users = d.reach(i, 1); len(users) == 0 {
			return nil, &refusal{nobodyOnCall, "Escalation Policy Has Nobody On Call"}
		}
	case b.Level != nil:
		if *b.Level < 1 || *b.Level > len(i.Policy.Levels) || i.Urgency == "low" {
			return nil, &refusal{1006, "Incident Cannot Be Escalated"}
		}
		i.Direct = false
		users, kind = d.reach(i, *b.Level), "escalate"
	default:
		return nil, nil
	}
	i.Assigned, i.Acks, i.Status, i.Changed = marks(users, now), nil, triggered, now
	e := d.entry(*i, kind, actor)
	e.Assignees = users
	entries := []Entry{e}
	for _, u := range users {
		for _, way := range d.Account.Told(u, i.Urgency) {
			n := d.entry(*i, "notify", "")
			n.Notified, n.Means, n.Address = u, way[0], way[1]
			entries = append(entries, n)
		}
	}
	return entries, nil
}

// Restart has the open incidents that a user is assigned to start anew on their
// escalation policy as it is now; where nobody is on call there, they are the owner's.
// Source: PagerDuty support documentation, "Offboarding".
func (d Desk) Restart(user, owner string) {
	s := d.Store()
	for _, id := range s.Open(user) {
		at := s.index(id)
		i := s.incidents[at]
		entries, why := d.assign(&i, body{Policy: &given{i.Policy.ID}}, "")
		if why != nil && owner != "" {
			entries, why = d.assign(&i, body{Assignments: []assignment{{given{owner}}}}, "")
		}
		if why != nil {
			continue
		}
		i.Updated = d.Host.Now()
		s.incidents[at], s.entries = i, append(s.entries, entries...)
		d.tell(i, "incident.reassigned", "")
	}
}

// reach puts an incident on the first level from this one on that has somebody.
func (d Desk) reach(i *Incident, level int) []string {
	for ; level <= len(i.Policy.Levels); level++ {
		if users := d.Account.OnCall(i.Policy.Levels[level-1]); len(users) > 0 {
			i.Level = level
			return users
		}
	}
	return nil
}

func (d Desk) move(i *Incident, status, actor string) ([]Entry, *refusal) {
	now := d.Host.Now()
	kind := map[string]string{acknowledged: "acknowledge", resolved: "resolve", triggered: "unacknowledge"}[status]
	switch status {
	case acknowledged:
		i.Acks = append(slices.Clip(i.Acks), mark{actor, now})
	case resolved:
		// A resolved incident no longer says who answered. Source: PagerDuty's API
		// description, Incident.
		i.Assigned, i.Acks, i.Resolved = nil, nil, now
	case triggered:
		i.Acks = nil
	default:
		return nil, invalid("Status is invalid")
	}
	i.Status, i.Changed, i.By = status, now, actor
	return []Entry{d.entry(*i, kind, actor)}, nil
}

func (d Desk) entry(i Incident, kind, actor string) Entry {
	channel := "api"
	if actor == "" {
		channel = "auto"
	}
	return Entry{ID: d.Host.NewID(), Type: kind + "_log_entry", Incident: i.ID, Agent: actor, At: d.Host.Now(), Channel: channel}
}

// most is how many incidents one request changes. Source: PagerDuty's API
// description, updateIncidents.
const most = 250

func (d Desk) updateAll(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.Host.Acting(w, r)
	if !ok {
		return
	}
	var bodies []body
	if !answer.Decode(w, r, "incidents", &bodies) {
		return
	}
	if len(bodies) > most {
		answer.Error(w, http.StatusRequestEntityTooLarge, answer.InvalidInput, "Too many incidents", "At most 250 incidents can be updated at once")
		return
	}
	views := []answer.Object{}
	for _, b := range bodies {
		i, ok := d.change(w, b, b.ID, actor)
		if !ok {
			return
		}
		views = append(views, d.view(i))
	}
	answer.JSON(w, http.StatusOK, answer.Object{"incidents": views})
}

func (d Desk) update(w http.ResponseWriter, r *http.Request) {
	actor, ok := d.Host.Acting(w, r)
	if !ok {
		return
	}
	var b body
	if !answer.Decode(w, r, "incident", &b) {
		return
	}
	if i, ok := d.change(w, b, r.PathValue("id"), actor); ok {
		answer.JSON(w, http.StatusOK, answer.Object{"incident": d.view(i)})
	}
}

func (d Desk) change(w http.ResponseWriter, b body, id, actor string) (Incident, bool) {
	s := d.Store()
	at := s.index(id)
	if at < 0 {
		answer.NotFound(w)
		return Incident{}, false
	}
	before, i := s.incidents[at], s.incidents[at]
	entries, why := d.apply(&i, b, actor)
	if why != nil {
		d.refuse(w, why)
		return i, false
	}
	s.incidents[at], s.entries = i, append(s.entries, entries...)
	switch {
	case before.Status != i.Status:
		d.tell(i, map[string]string{acknowledged: "incident.acknowledged", resolved: "incident.resolved", triggered: "incident.unacknowledged"}[i.Status], actor)
	case len(entries) > 0:
		d.tell(i, "incident.reassigned", actor)
	}
	return i, true
}

func (d Desk) tell(i Incident, event, actor string) {
	d.Account.Happened(event, i.Service, i.Policy.Teams, actor, d.view(i))
}

func (d Desk) get(w http.ResponseWriter, r *http.Request) {
	at := d.Store().index(r.PathValue("id"))
	if at < 0 {
		answer.NotFound(w)
		return
	}
	answer.JSON(w, http.StatusOK, answer.Object{"incident": d.view(d.Store().incidents[at], included(r)...)})
}
