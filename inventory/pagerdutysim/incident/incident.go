// Package incident is the simulator's incidents: made, acknowledged, resolved and
// reassigned, with the escalation policy pinned as it was, and a log of what happened.
// They do not escalate by themselves.
package incident

import (
	"slices"
	"time"
)

// Target is whom a level notifies: a plain type ("user", "schedule") and an id.
type Target struct{ Type, ID string }

// Policy is an escalation policy as it was when an incident came to it. An open
// incident keeps it so. Source: PagerDuty support documentation, "Escalation Policies".
type Policy struct {
	ID     string
	Teams  []string
	Levels [][]Target
}

// Service is what an incident needs to know of its service.
type Service struct {
	ID, Policy string
	Urgency    string
	Teams      []string
}

// mark is what somebody did, and when.
type mark struct {
	User string
	At   time.Time
}

// Incident is one incident.
type Incident struct {
	ID, Title, Key, Status, Urgency, Service, Priority, Body string
	Number                                                   int
	Policy                                                   Policy
	Level                                                    int
	// Direct says that it was assigned to people and no longer escalates.
	Direct            bool
	Assigned, Acks    []mark
	Created, Changed  time.Time
	Updated, Resolved time.Time
	By                string
	first             string
}

// The three statuses.
const (
	triggered    = "triggered"
	acknowledged = "acknowledged"
	resolved     = "resolved"
)

func (i Incident) open() bool { return i.Status != resolved }

// Entry is one entry of the log.
type Entry struct {
	ID, Type, Incident, Agent string
	At                        time.Time
	Channel                   string
	Assignees                 []string
	// Notified is who was notified, and Means and Address how.
	Notified, Means, Address string
	// Note is what somebody wrote.
	Note string
}

// note is what somebody wrote about an incident.
type note struct {
	ID, Incident, User, Content string
	Created, Updated            time.Time
}

// Store is all incidents, their log and their notes, oldest first.
type Store struct {
	incidents []Incident
	entries   []Entry
	notes     []note
}

// New is a store without incidents.
func New() *Store { return &Store{} }

// Clone is a copy that shares nothing that a write changes in place.
func (s *Store) Clone() *Store {
	return &Store{incidents: slices.Clone(s.incidents), entries: slices.Clip(s.entries), notes: slices.Clone(s.notes)}
}

func (s *Store) index(id string) int {
	return slices.IndexFunc(s.incidents, func(i Incident) bool { return i.ID == id })
}

// Open are the ids of the open incidents that a user is assigned to.
func (s *Store) Open(user string) []string {
	return s.openWhere(func(i Incident) bool {
		return slices.ContainsFunc(i.Assigned, func(m mark) bool { return m.User == user })
	})
}

// Pinning are the ids of the open incidents whose policy, as it was, has a target.
func (s *Store) Pinning(target Target) []string {
	return s.openWhere(func(i Incident) bool {
		return slices.ContainsFunc(i.Policy.Levels, func(level []Target) bool { return slices.Contains(level, target) })
	})
}

// OfService are the ids of the open incidents of a service.
func (s *Store) OfService(id string) []string {
	return s.openWhere(func(i Incident) bool { return i.Service == id })
}

func (s *Store) openWhere(fits func(Incident) bool) []string {
	var ids []string
	for _, i := range s.incidents {
		if i.open() && fits(i) {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

func marks(users []string, at time.Time) []mark {
	list := make([]mark, len(users))
	for i, u := range users {
		list[i] = mark{u, at}
	}
	return list
}
