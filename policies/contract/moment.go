package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	momentForm = "an RFC 3339 time such as 2026-12-01T09:00:00Z"
	localForm  = momentForm + `, or a local one with its zone, such as "2026-12-01 09:00 Europe/Berlin"`
)

// localTime is what a clock on the wall shows, with the name of its time zone.
var localTime = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(:\d{2})? ([A-Za-z][\w+/-]*)$`)

// nearlyLocal is how else people write one.
var nearlyLocal = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s+(?:in\s+)?\(?([A-Za-z][\w+/ -]*?)\)?$`)

// ParseMoment reads a time of a statement, in UTC: an RFC 3339 time, or a local one with
// the name of its zone, which is returned then. A local time that its clock never shows,
// or shows twice, is none.
func ParseMoment(text string) (t time.Time, zone string, ok bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), "", true
	}
	wall, place, ok := wallTime(text)
	if !ok {
		return time.Time{}, "", false
	}
	at := momentsOf(wall, place)
	if len(at) != 1 {
		return time.Time{}, "", false
	}
	return at[0], place.String(), true
}

// wallTime is the wall's clock, as if it were UTC, and the zone of a local time.
func wallTime(text string) (wall time.Time, zone *time.Location, ok bool) {
	m := localTime.FindStringSubmatch(text)
	if m == nil || m[4] == "Local" {
		return time.Time{}, nil, false
	}
	seconds := m[3]
	if seconds == "" {
		seconds = ":00"
	}
	wall, err := time.Parse(time.DateTime, m[1]+" "+m[2]+seconds)
	if err != nil {
		return time.Time{}, nil, false
	}
	zone, err = time.LoadLocation(m[4])
	return wall, zone, err == nil
}

// momentsOf are the moments at which a clock in a zone shows a time: one, none where it is
// put forward over it, or two, the earlier first, where it is put back.
func momentsOf(wall time.Time, zone *time.Location) []time.Time {
	var at []time.Time
	for _, around := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(around).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		_, is := t.In(zone).Zone()
		if is == offset && (len(at) == 0 || !at[0].Equal(t)) {
			at = append(at, t)
		}
	}
	return at
}

// Moment is the complaint about a time, or nil.
func Moment(name string, v Value, e Element) *Complaint {
	if !v.Known() {
		return nil
	}
	c := &Complaint{Code: CodeBadTime, Term: v.Term, Found: fmt.Sprintf("%q: %q", name, v.Text), Expected: momentForm}
	if t, _, ok := ParseMoment(v.Text); ok {
		if year := t.Year(); year < 1 || year > 9999 {
			c.Found += fmt.Sprintf(", which is in the year %d in UTC", year)
			c.Expected, c.Suggestion = "a time of the years 1 to 9999 in UTC", strconv.Quote(t.Format("2006-01-02T15:04:05Z"))
			return c
		}
		return nil
	}
	switch wall, zone, ok := wallTime(v.Text); {
	case ok:
		c.neverOrTwice(wall, zone)
	case nearlyLocal.MatchString(v.Text):
		c.nearlyLocal(v.Text)
	default:
		c.nearlyRFC3339(v.Text)
	}
	return c
}

// neverOrTwice says what to write for a local time that is not one moment.
func (c *Complaint) neverOrTwice(wall time.Time, zone *time.Location) {
	at := momentsOf(wall, zone)
	c.Found += ", " + whyNotOne(wall, zone, len(at))
	if len(at) == 2 {
		c.Expected = fmt.Sprintf("%s or %s, whichever is meant", at[0].In(zone).Format(time.RFC3339), at[1].In(zone).Format(time.RFC3339))
		return
	}
	_, end := wall.Add(-24 * time.Hour).In(zone).ZoneBounds()
	c.Expected, c.Suggestion = "a time that exists", strconv.Quote(end.In(zone).Format("2006-01-02 15:04 ")+zone.String())
}

func whyNotOne(wall time.Time, zone *time.Location, moments int) string {
	if moments == 2 {
		return fmt.Sprintf("which happens twice: the clocks in %s are put back over it", zone)
	}
	return fmt.Sprintf("which does not exist: the clocks in %s are put forward over %s", zone, wall.Format("15:04"))
}

// NoMoment says why a local time is not one moment: the clocks skip it, or show it
// twice. It is empty for all other texts.
func NoMoment(text string) string {
	wall, zone, ok := wallTime(text)
	if !ok {
		return ""
	}
	if at := momentsOf(wall, zone); len(at) != 1 {
		return whyNotOne(wall, zone, len(at))
	}
	return ""
}

// nearlyLocal says how a local time is written that has a zone in another form, or
// none that exists.
func (c *Complaint) nearlyLocal(text string) {
	m := nearlyLocal.FindStringSubmatch(text)
	c.Expected = localForm
	zone := strings.ReplaceAll(strings.TrimSpace(m[7]), " ", "_")
	if p, unknown := UnknownZone(zone); unknown {
		c.Code, c.Found, c.Expected = CodeUnknownZone, c.Found+fmt.Sprintf(", in which %q is no time zone", m[7]), p.Expected
		zone, _ = strconv.Unquote(p.Suggestion)
		if zone == "" {
			return
		}
	}
	parts := make([]int, len(m))
	for i := 1; i < 7; i++ {
		parts[i], _ = strconv.Atoi(m[i]) // of digits, or empty
	}
	written := fmt.Sprintf("%04d-%02d-%02d %02d:%02d", parts[1], parts[2], parts[3], parts[4], parts[5])
	if parts[6] > 0 {
		written += fmt.Sprintf(":%02d", parts[6])
	}
	if written += " " + zone; written != text {
		if _, _, ok := wallTime(written); ok {
			c.Suggestion = strconv.Quote(written)
		}
	}
}

// nearlyRFC3339 suggests the RFC 3339 time that was meant.
func (c *Complaint) nearlyRFC3339(text string) {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		c.Suggestion = strconv.Quote(text + "T00:00:00Z")
		return
	}
	if _, err := time.Parse(time.RFC3339, text+"Z"); err == nil {
		c.Suggestion = strconv.Quote(text + "Z")
		return
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			c.Suggestion = strconv.Quote(t.Format(time.RFC3339))
			return
		}
	}
}

// zoneOf is the zone in which a field's time is written; empty for an RFC 3339 time.
func (e Element) zoneOf(name string) string {
	_, zone, _ := ParseMoment(e.Text(name))
	return zone
}
