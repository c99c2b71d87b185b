package policies

import (
	"fmt"
	"iter"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Sentences are the statements in a few words each, with where they come from.
func (st *Statements) Sentences() iter.Seq2[string, []Origin] {
	return func(yield func(string, []Origin) bool) {
		_ = sentences(st.Grants, func(x Grant) []Origin { return x.Origins }, yield) &&
			sentences(st.Groups, func(x Group) []Origin { return x.Origins }, yield) &&
			sentences(st.Members, func(x Member) []Origin { return x.Origins }, yield) &&
			sentences(st.Limits, func(x Limit) []Origin { return x.Origins }, yield) &&
			sentences(st.Protects, func(x Protect) []Origin { return x.Origins }, yield) &&
			sentences(st.Leavers, func(x Leaver) []Origin { return x.Origins }, yield) &&
			sentences(st.Empties, func(x Empty) []Origin { return x.Origins }, yield) &&
			sentences(st.Findings, func(x Finding) []Origin { return x.Origins }, yield) &&
			sentences(st.Waivers, func(x Waiver) []Origin { return x.Origins }, yield)
	}
}

func sentences[T fmt.Stringer](list []T, by func(T) []Origin, yield func(string, []Origin) bool) bool {
	for _, x := range list {
		if !yield(x.String(), by(x)) {
			return false
		}
	}
	return true
}

// String is the grant in a few words: "user:ann@acme.com: manager on team:Payments".
func (g Grant) String() string {
	text := fmt.Sprintf("%s: %s on %s", g.Principal, g.Role, g.Resource)
	if g.Layer != "" {
		text += fmt.Sprintf(", layer %q", g.Layer)
	}
	if !g.Replaces.IsZero() {
		text += fmt.Sprintf(" in place of %s", g.Replaces)
	}
	return text + window(g.From, g.Until, g.FromZone, g.UntilZone)
}

// String is the group in a few words.
func (g Group) String() string {
	if g.Description != "" {
		return g.Name + ": " + g.Description
	}
	return g.Name
}

// String is the member in a few words: "oncall:Payments Primary in payments-oncall".
func (m Member) String() string {
	text := fmt.Sprintf("%s in %s", m.Principal, m.Group)
	if m.Lead > 0 {
		text += fmt.Sprintf(", %s ahead", m.Lead)
	}
	if m.Lag > 0 {
		text += fmt.Sprintf(", %s longer", m.Lag)
	}
	return text + window(m.From, m.Until, m.FromZone, m.UntilZone)
}

// String is the limit in a few words: "user:ann@acme.com: at most observer on team:*".
func (l Limit) String() string {
	return fmt.Sprintf("%s: at most %s on %s", l.Principal, l.AtMost, l.Resource)
}

// String is the protection in a few words.
func (p Protect) String() string {
	switch {
	case p.Principal.IsZero():
		return fmt.Sprintf("%s%s", p.Resource, window(nil, p.Until, "", ""))
	case p.Resource.IsZero():
		return fmt.Sprintf("%s%s", p.Principal, window(nil, p.Until, "", ""))
	}
	return fmt.Sprintf("%s on %s%s", p.Principal, p.Resource, window(nil, p.Until, "", ""))
}

// String is the leaver in a few words.
func (l Leaver) String() string { return l.Principal.String() + window(l.Since, nil, "", "") }

// String is what may be empty, in a few words.
func (e Empty) String() string {
	if e.Layer != "" {
		return fmt.Sprintf("%s, layer %q", e.Resource, e.Layer)
	}
	return e.Resource.String()
}

// String is the finding in a few words.
func (f Finding) String() string {
	return fmt.Sprintf("%s, %s, about %s: %s", f.Rule, f.Severity, about(f.Subject, f.Resource), f.Message)
}

// String is the waiver in a few words.
func (w Waiver) String() string {
	return fmt.Sprintf("%s about %s%s", w.Rule, about(w.Subject, w.Resource), window(nil, &w.Until, "", ""))
}

func about(subject, resource inventory.Ref) string {
	if resource.IsZero() {
		return subject.String()
	}
	return fmt.Sprintf("%s on %s", subject, resource)
}

// window is from when and until when, where there is such a bound.
func window(from, until *time.Time, fromZone, untilZone string) string {
	text := ""
	if from != nil {
		text += ", from " + Clock(*from, fromZone)
	}
	if until != nil {
		text += ", until " + Clock(*until, untilZone)
	}
	return text
}

// Clock is a time in UTC and, before that, as clocks show it in the zone in which it
// is written, if in one.
func Clock(t time.Time, zone string) string {
	const form = "2006-01-02 15:04"
	utc := t.UTC().Format(form) + " UTC"
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "UTC" || zone == "Local" {
		return utc
	}
	local := t.In(place).Format(form)
	if local[:len(time.DateOnly)] == utc[:len(time.DateOnly)] {
		utc = utc[len(time.DateOnly)+1:]
	}
	return local + " " + zone + " (" + utc + ")"
}
