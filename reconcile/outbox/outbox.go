// Package outbox is what leaves for receivers: events as CloudEvents, which receiver gets
// which, and what an answer means. It opens nothing and has no clock; the journal keeps
// what waits, and cmd/internal/notify sends it.
package outbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/events"
)

// Entry is an event as it is kept: its body is what is signed and sent, to the byte,
// however often.
type Entry struct {
	// ID is the same in each delivery.
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	Code code.Code `json:"code"`
	// Subject is what it is about. Of one subject a receiver gets an event only after
	// those before it.
	Subject string          `json:"subject"`
	Body    json.RawMessage `json:"event"`
	// Receivers are the names of those that get it.
	Receivers []string `json:"-"`
}

// Maker makes entries.
type Maker struct {
	// Source says where events come from: "dutyward/acme".
	Source    string
	Receivers []Receiver
	// NewID makes an id that no other event has, and without a dot.
	NewID func() string
}

// Receiver is who gets events: those that pass the filters, where it has any.
type Receiver struct {
	Name string
	// Types are globs of codes without "event/": "access-*".
	Types []string
	// Resources are globs of names: "team:Payments*", "group:*".
	Resources []string
	// Owners are e-mail addresses of owners.
	Owners []string
}

// Wants says that an event passes the filters.
func (r Receiver) Wants(e events.Event) bool {
	return matches(r.Types, Type(e.Code)) && matches(r.Resources, resources(e)...) && matches(r.Owners, owners(e)...)
}

// matches says that some pattern matches some name; without patterns all do.
func matches(patterns []string, names ...string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(name))
			return ok && err == nil
		})
	})
}

func resources(e events.Event) []string {
	var all []string
	for _, n := range []events.Named{e.Resource, e.Schedule, e.Subject} {
		if !n.IsZero() {
			all = append(all, n.Name, n.Ref.String())
		}
	}
	return all
}

func owners(e events.Event) []string {
	var all []string
	for _, d := range e.Details {
		if owner, ok := d.Value.(string); ok && d.Name == "owner" {
			all = append(all, owner)
		}
	}
	return all
}

// Make makes the entry of an event; ok is false if it is for the log alone.
func (m Maker) Make(e events.Event) (entry Entry, ok bool) {
	if !events.Published(e) {
		return Entry{}, false
	}
	var to []string
	for _, r := range m.Receivers {
		if r.Wants(e) {
			to = append(to, r.Name)
		}
	}
	return m.For(e, to), true
}

// For makes the entry of an event for certain receivers, whatever they want.
func (m Maker) For(e events.Event, receivers []string) Entry {
	id := m.NewID()
	return Entry{ID: id, At: e.At, Code: e.Code, Subject: subject(e), Body: m.cloudEvent(id, e), Receivers: receivers}
}

// subject is what an event is about.
func subject(e events.Event) string {
	for _, n := range []events.Named{e.Resource, e.Schedule, e.Subject, e.User} {
		if !n.IsZero() {
			return n.Ref.String()
		}
	}
	return "account"
}

// Type is the type of a CloudEvent without its prefix: the code's name.
func Type(c code.Code) string { return strings.TrimPrefix(string(c), "event/") }

// Types are the types that receivers may get, without their prefix.
func Types() []string {
	var all []string
	for _, p := range events.Pages.Sorted() {
		if events.Publishes(p.Code) {
			all = append(all, Type(p.Code))
		}
	}
	return all
}

// Prefix is what all types begin with.
const Prefix = "dutyward."

// cloud is an event in the JSON format of CloudEvents 1.0.
type cloud struct {
	SpecVersion     string       `json:"specversion"`
	ID              string       `json:"id"`
	Source          string       `json:"source"`
	Type            string       `json:"type"`
	Subject         string       `json:"subject"`
	Time            time.Time    `json:"time"`
	DataContentType string       `json:"datacontenttype"`
	Data            events.Event `json:"data"`
}

// ContentType is that of a CloudEvent in this form.
const ContentType = "application/cloudevents+json; charset=utf-8"

func (m Maker) cloudEvent(id string, e events.Event) []byte {
	text, err := json.Marshal(cloud{
		SpecVersion: "1.0", ID: id, Source: m.Source, Type: Prefix + Type(e.Code), Subject: subject(e),
		Time: e.At.UTC(), DataContentType: "application/json", Data: e,
	})
	if err != nil { // a detail that has no JSON form: what is known is said all the same
		e.Reason = cmp.Or(e.Reason, fmt.Sprintf("some details have no JSON form: %v", err))
		e.Details = nil
		return m.cloudEvent(id, e)
	}
	return text
}
