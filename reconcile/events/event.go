// Package events makes values of what happens: changes that were made, conditions that
// begin and end, findings, failures. All events are made here and nowhere else; the log,
// the demo and the metrics are sinks of them.
//
// A condition that lasts is an event when it begins, when its reason changes and when it
// ends. Told remembers which do, also from one process to the next (S28).
package events

import (
	"encoding/json"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Version is the version of an event's JSON form.
const Version = 1

// Severity says how loudly an event asks for attention.
type Severity string

// The severities.
const (
	Debug   Severity = "debug"   // nothing happened, or it was reported before
	Info    Severity = "info"    // something was done, or is in order again
	Warning Severity = "warning" // a person may want to do something
	Error   Severity = "error"   // something does not work
)

// Sink takes events as they happen. It may be called from several goroutines.
type Sink interface {
	Tell(Event)
}

// Sinks are several sinks as one; each gets every event, in order.
type Sinks []Sink

// Tell tells each of them.
func (s Sinks) Tell(e Event) {
	for _, sink := range s {
		sink.Tell(e)
	}
}

// Event is one thing that happened. What does not apply to it is zero.
type Event struct {
	Code     code.Code
	Severity Severity
	// At is when it happened, by the account's clock.
	At time.Time
	// Title says in a few words what happened. The log has it as the message.
	Title string
	// User is whose access it is about.
	User Named
	// Resource is what the access is to, or what a finding is about.
	Resource Named
	// Subject is the subject of a finding.
	Subject Named
	// Schedule is the schedule that an alarm is about.
	Schedule Named
	// Before and After are roles, as a change has them.
	Before, After string
	Cause         plan.Cause
	// Key names a held change, for `dutyward release`.
	Key string
	// Rule is the rule of the semantics that holds a change, or the rule that found a
	// risk.
	Rule string
	// Reason says why, in one or more sentences for a person.
	Reason string
	// Since is when a condition began.
	Since time.Time
	// Until is when what the event is about ends by itself.
	Until time.Time
	// Remedy says what a person can do.
	Remedy string
	// Details are numbers and texts that events of this code alone have.
	Details []Detail
}

// Named is something in the account with its name. The name is as people write it: the
// address of a user, "team:Payments" of a team.
type Named struct {
	Ref  inventory.Ref `json:"ref"`
	Name string        `json:"name"`
}

// IsZero says that it is nothing.
func (n Named) IsZero() bool { return n == Named{} }

// Detail is a number or a text with its name.
type Detail struct {
	Name  string
	Value any
}

// Attribute is a part of an event by the name that the log has for it.
type Attribute struct {
	Name  string
	Value any
}

// Attributes are the parts of an event that are there, in a fixed order.
func (e Event) Attributes() []Attribute {
	k := kinds[e.Code]
	var all []Attribute
	add := func(there bool, name string, value any) {
		if there {
			all = append(all, Attribute{name, value})
		}
	}
	for _, n := range []struct {
		name string
		Named
	}{{"user", e.User}, {"resource", e.Resource}, {"subject", e.Subject}, {"schedule", e.Schedule}} {
		add(!n.IsZero(), n.name, n.Name)
	}
	add(e.Before != "", "before", e.Before)
	add(e.After != "", "after", e.After)
	add(e.Cause != "", "cause", e.Cause)
	for _, d := range e.Details {
		add(true, d.Name, d.Value)
	}
	add(e.Key != "", "key", e.Key)
	add(e.Rule != "", "rule", e.Rule)
	add(e.Reason != "", k.reason, e.Reason)
	add(!e.Since.IsZero(), "since", e.Since)
	add(!e.Until.IsZero(), "until", e.Until)
	add(e.Remedy != "", k.remedy, e.Remedy)
	return all
}

// wire is the JSON form of an event; docs/reference/events.md describes it.
type wire struct {
	Version  int            `json:"version"`
	Code     code.Code      `json:"code"`
	Severity Severity       `json:"severity"`
	At       time.Time      `json:"at"`
	Sentence string         `json:"sentence"`
	Title    string         `json:"title"`
	User     *Named         `json:"user"`
	Resource *Named         `json:"resource"`
	Subject  *Named         `json:"subject"`
	Schedule *Named         `json:"schedule"`
	Before   string         `json:"before"`
	After    string         `json:"after"`
	Cause    plan.Cause     `json:"cause"`
	Key      string         `json:"key"`
	Rule     string         `json:"rule"`
	Reason   string         `json:"reason"`
	Since    *time.Time     `json:"since"`
	Until    *time.Time     `json:"until"`
	Remedy   string         `json:"remedy"`
	Details  map[string]any `json:"details"`
}

// MarshalJSON is the documented form of an event.
func (e Event) MarshalJSON() ([]byte, error) {
	w := wire{
		Version: Version, Code: e.Code, Severity: e.Severity, At: e.At.UTC(), Sentence: e.Sentence(), Title: e.Title,
		User: present(e.User), Resource: present(e.Resource), Subject: present(e.Subject), Schedule: present(e.Schedule),
		Before: e.Before, After: e.After, Cause: e.Cause, Key: e.Key, Rule: e.Rule, Reason: e.Reason,
		Since: moment(e.Since), Until: moment(e.Until), Remedy: e.Remedy, Details: map[string]any{},
	}
	for _, d := range e.Details {
		w.Details[d.Name] = d.Value
	}
	return json.Marshal(w)
}

func present(n Named) *Named {
	if n.IsZero() {
		return nil
	}
	return &n
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
