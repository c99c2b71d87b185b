package pagerdutysim

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// defaultWindow is how far a lone bound reaches. Source: PagerDuty's API
// description, getSchedule.
const defaultWindow = 14 * 24 * time.Hour

// rendering is what a request says of how schedules are to be rendered.
type rendering struct {
	inventory.Window
	// bounded says that the request names at least one bound: only then are
	// entries and coverage filled.
	bounded bool
	// overflow keeps entries whole that reach over the window.
	overflow bool
	// zone is the zone that times are written in, or nil for the schedule's own.
	zone *time.Location
	// request is asked for faults.
	request *http.Request
}

// readRendering reads since, until, overflow and time_zone. The error is for the
// person who asked.
func readRendering(r *http.Request) (rendering, error) {
	q := r.URL.Query()
	v := rendering{overflow: q.Get("overflow") == "true", request: r}
	if name := q.Get("time_zone"); name != "" {
		zone, err := loadZone(name)
		if err != nil {
			return v, fmt.Errorf("time_zone is not a valid time zone")
		}
		v.zone = zone
	}
	for name, into := range map[string]*time.Time{"since": &v.Since, "until": &v.Until} {
		if q.Get(name) == "" {
			continue
		}
		t, err := parseMoment(q.Get(name), v.zone)
		if err != nil {
			return v, fmt.Errorf("%s is not a valid date and time", name)
		}
		*into, v.bounded = t, true
	}
	switch {
	case !v.bounded:
		return v, nil
	case v.Since.IsZero():
		v.Since = v.Until.Add(-defaultWindow)
	case v.Until.IsZero():
		v.Until = v.Since.Add(defaultWindow)
	}
	if !v.Since.Before(v.Until) {
		return v, fmt.Errorf("until must be after since")
	}
	return v, nil
}

// longestEntry is how far an entry can reach over a window: a turn lasts at
// most a year.
const longestEntry = 366 * 24 * time.Hour

// entries calls render for the window and gives what it rendered and how much
// of the window that covers; with overflow, pieces that reach over the window
// stay whole.
func (v rendering) entries(render func(since, until time.Time) ([]inventory.Shift, error)) ([]inventory.Shift, float64, error) {
	since, until := v.Since, v.Until
	if v.overflow {
		since, until = since.Add(-longestEntry), until.Add(longestEntry)
	}
	shifts, err := render(since, until)
	if err != nil {
		return nil, 0, err
	}
	shifts = slices.DeleteFunc(shifts, func(s inventory.Shift) bool {
		return !s.End.After(v.Since) || !s.Start.Before(v.Until)
	})
	return shifts, oncall.Coverage(shifts, v.Since, v.Until), nil
}

// final renders the final schedule, as it is or, where that is on order, moved.
func (s *Server) final(c *schedule, v rendering) ([]inventory.Shift, float64, error) {
	shift := s.disagreement(v.request, c.ID)
	return v.entries(func(since, until time.Time) ([]inventory.Shift, error) {
		shifts, err := oncall.Render(c.Schedule, since.Add(-shift), until.Add(-shift))
		for i := range shifts {
			shifts[i].Start, shifts[i].End = shifts[i].Start.Add(shift), shifts[i].End.Add(shift)
		}
		return shifts, err
	})
}

// defaultDisagreement is how far a rendering that disagrees is off.
const defaultDisagreement = time.Hour

// disagreement is by how much the rendering of a schedule is off: by the
// Duration of a FaultRendering that befalls the request, or of one on order
// whose Path names the schedule ("/schedules/PABC123"), which also shows in
// lists and is not used up there.
func (s *Server) disagreement(r *http.Request, id string) time.Duration {
	f := s.fault(r, FaultRendering)
	for _, o := range s.orders {
		if f == nil && o.Kind == FaultRendering && o.times != 0 && (o.Path == "/schedules/"+id || o.Path == "/v3/schedules/"+id) {
			f = &o.Fault
		}
	}
	switch {
	case f == nil:
		return 0
	case f.Duration == 0:
		return defaultDisagreement
	}
	return f.Duration
}

// loadZone is the zone of an IANA name, which must name a place.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", name)
	}
	return time.LoadLocation(name)
}

// parseMoment reads a date and time; one without an offset is meant in zone, or
// in UTC.
func parseMoment(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date and time", text)
}
