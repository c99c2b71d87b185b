package events

import (
	"cmp"
	"fmt"
	"strings"
)

// Sentence is the event on one line, for a person who sees nothing else of it.
func (e Event) Sentence() string {
	text := strings.ToUpper(e.Title[:1]) + e.Title[1:]
	if about := e.about(); about != "" {
		text += ": " + about
	} else if numbers := e.numbers(); numbers != "" {
		text += " (" + numbers + ")"
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Remedy != "" {
		text += ". What to do: " + e.Remedy
	}
	return oneLine(text)
}

// about says whose access to what is meant, or which thing.
func (e Event) about() string {
	who := cmp.Or(e.User.Name, e.Subject.Name, e.Schedule.Name)
	parts := []string{who}
	if who != "" && !e.Resource.IsZero() {
		parts = append(parts, "on", e.Resource.Name)
	}
	if who != "" && e.Before != "" {
		parts = append(parts, "from", e.Before, "to", e.After)
	}
	return strings.Join(parts, " ")
}

// numbers are the details that are numbers and not zero.
func (e Event) numbers() string {
	var all []string
	for _, d := range e.Details {
		if n, ok := d.Value.(int); ok && n != 0 {
			all = append(all, fmt.Sprintf("%s %d", strings.ReplaceAll(d.Name, "_", " "), n))
		}
	}
	return strings.Join(all, ", ")
}

// oneLine puts the lines of a text behind one another.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
