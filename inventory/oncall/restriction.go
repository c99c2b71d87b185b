package oncall

import (
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// openSpans is where in w the restrictions leave a layer open: their union, all
// of w if there are none. A restriction is in wall time at both ends: one of
// eight hours from 09:00 ends at 17:00 also on a day that lacks an hour.
func openSpans(restrictions []inventory.Restriction, zone *time.Location, w span) ([]span, error) {
	var spans []span
	for i, r := range restrictions {
		p, err := parseRestriction(r)
		if err != nil {
			return nil, fmt.Errorf("restriction %d: %w", i+1, err)
		}
		spans = append(spans, p.in(w, zone)...)
	}
	if len(restrictions) == 0 {
		spans = []span{w}
	}
	return unite(spans), nil
}

// recurring is a span of wall time that comes back after every period of whole
// days.
type recurring struct {
	// first is a wall time at which it begins, before anything rendered.
	first  time.Time
	length time.Duration
	period time.Duration
}

func parseRestriction(r inventory.Restriction) (recurring, error) {
	at, err := time.Parse(time.TimeOnly, r.StartTime)
	if err != nil {
		return recurring{}, fmt.Errorf("start time %q: expected local time as HH:MM:SS, such as 09:00:00", r.StartTime)
	}
	// 1969-12-22 was a Monday, and all that is rendered comes later.
	p := recurring{
		first:  time.Date(1969, 12, 22, at.Hour(), at.Minute(), at.Second(), 0, time.UTC),
		length: time.Duration(r.DurationSeconds) * time.Second,
	}
	switch r.Type {
	case "daily_restriction":
		p.period = day
	case "weekly_restriction":
		if r.StartDay == nil || *r.StartDay < 1 || *r.StartDay > 7 {
			return recurring{}, fmt.Errorf("a weekly restriction needs a start day from 1 (Monday) to 7 (Sunday)")
		}
		p.first = p.first.AddDate(0, 0, *r.StartDay-1)
		p.period = 7 * day
	default:
		return recurring{}, fmt.Errorf("%q is not a type of restriction: expected daily_restriction or weekly_restriction", r.Type)
	}
	if most := int(p.period / time.Second); r.DurationSeconds <= 0 || r.DurationSeconds > most {
		return recurring{}, fmt.Errorf("a duration of %d seconds: a %s lasts from 1 to %d", r.DurationSeconds, r.Type, most)
	}
	return p, nil
}

// in returns the spans that touch w, clipped to it.
func (p recurring) in(w span, zone *time.Location) []span {
	if w.empty() {
		return nil
	}
	// The last to begin by the local clock; those before it have ended, for
	// none is longer than a period.
	wall := p.first.Add(wallOf(w.start, zone).Sub(p.first).Truncate(p.period))
	var spans []span
	for ; ; wall = wall.Add(p.period) {
		s := span{moment(wall, zone), moment(wall.Add(p.length), zone)}
		if !s.start.Before(w.end) {
			return spans
		}
		if c := s.clip(w); !c.empty() {
			spans = append(spans, c)
		}
	}
}
