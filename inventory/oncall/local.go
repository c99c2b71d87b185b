package oncall

import (
	"fmt"
	"time"

	_ "time/tzdata" // zones must mean the same on every machine
)

const day = 24 * time.Hour

// A wall time is what a local clock shows. It is held as a time.Time in UTC
// with that date and time of day, so that adding to it is plain arithmetic.

// wallOf is what the clock in zone shows at t.
func wallOf(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// moment is the first moment at which the clock in zone has reached wall.
func moment(wall time.Time, zone *time.Location) time.Time {
	// No zone is a day ahead of UTC, so the clock has not reached wall here;
	// from here the periods of constant offset are walked in order.
	t := wall.Add(-day).In(zone)
	for {
		_, offset := t.Zone()
		reached := wall.Add(-time.Duration(offset) * time.Second)
		if reached.Before(t) {
			reached = t.UTC()
		}
		_, end := t.ZoneBounds()
		if end.IsZero() || reached.Before(end) {
			return reached
		}
		t = end
	}
}

// zones loads each time zone once for a rendering.
type zones map[string]*time.Location

func (z zones) load(name string) (*time.Location, error) {
	if zone, ok := z[name]; ok {
		return zone, nil
	}
	// time.LoadLocation takes these for UTC and for this machine's own zone.
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone: expected an IANA name, such as Europe/Berlin", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone: expected an IANA name, such as Europe/Berlin", name)
	}
	z[name] = zone
	return zone, nil
}
