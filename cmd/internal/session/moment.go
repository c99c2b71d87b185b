package session

import (
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
)

// Moment is a time as a person writes it: one by the clock, or with after a span
// from the snapshot's.
type Moment struct {
	at    time.Time
	After time.Duration
}

func (w Moment) From(now time.Time) time.Time {
	if w.at.IsZero() {
		return now.Add(w.After)
	}
	return w.at
}

// MomentForms are the forms of a moment, for messages and flags.
const MomentForms = `such as 2026-03-02T09:00:00Z, "2026-03-02 09:00 Europe/Berlin", or +36h and +3d from the snapshot's time`

// ParseMoment reads a moment that a flag gave. A time by the clock without a
// zone is refused: it would mean another moment to the next person.
func ParseMoment(flag, text string) (Moment, error) {
	if span, relative := strings.CutPrefix(text, "+"); relative {
		if after, ok := config.ParseSpan(span); ok {
			return Moment{After: after}, nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return Moment{at: t}, nil
		}
	}
	zoneless := false
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		clock, zone := text, ""
		if i := strings.LastIndex(text, " "); i >= len("2006-01-02 15:04") {
			clock, zone = text[:i], text[i+1:]
		}
		if _, err := time.Parse(layout, clock); err != nil {
			continue
		}
		if zone == "" {
			zoneless = true
			continue
		}
		place, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			return Moment{}, fmt.Errorf("%s %q: %q is no time zone: expected UTC or a name such as Europe/Berlin", flag, text, zone)
		}
		t, err := time.ParseInLocation(layout, clock, place)
		return Moment{at: t}, err
	}
	if zoneless {
		return Moment{}, fmt.Errorf("%s %s: in which time zone? Expected a time %s", flag, text, MomentForms)
	}
	return Moment{}, fmt.Errorf("%s %s: expected a time %s", flag, text, MomentForms)
}
