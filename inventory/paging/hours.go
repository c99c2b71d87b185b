package paging

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// supported says that a moment is within support hours. They are told by the local clock:
// hours that the clock passes twice in autumn are in twice.
func supported(h *inventory.SupportHours, zone *time.Location, t time.Time) bool {
	local := t.In(zone)
	clock := local.Format(time.TimeOnly)
	day := func(back int) bool { return slices.Contains(h.Days, weekday(local.AddDate(0, 0, -back))) }
	if h.StartTime < h.EndTime {
		return day(0) && h.StartTime <= clock && clock < h.EndTime
	}
	// Past midnight, or round the clock.
	return day(0) && h.StartTime <= clock || day(1) && clock < h.EndTime
}

// weekday is 1 (Monday) to 7 (Sunday).
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// nextEdge is a moment after t before which the local clock reaches neither the start nor
// the end of support hours, nor is set. It may be one at which nothing changes.
func nextEdge(h *inventory.SupportHours, zone *time.Location, t time.Time) time.Time {
	local := t.In(zone)
	next := t.AddDate(0, 0, 7)
	note := func(x time.Time) {
		if x.After(t) && x.Before(next) {
			next = x
		}
	}
	_, set := local.ZoneBounds()
	offsets := map[int]bool{}
	for _, x := range []time.Time{local, local.AddDate(0, 0, 2)} {
		_, offset := x.Zone()
		offsets[offset] = true
	}
	if !set.IsZero() {
		note(set)
	}
	for d := range 3 {
		midnight := time.Date(local.Year(), local.Month(), local.Day()+d, 0, 0, 0, 0, time.UTC)
		for _, clock := range []string{h.StartTime, h.EndTime, "00:00:00"} {
			wall, err := time.Parse(time.TimeOnly, clock)
			if err != nil {
				continue
			}
			at := midnight.Add(time.Duration(wall.Hour())*time.Hour + time.Duration(wall.Minute())*time.Minute + time.Duration(wall.Second())*time.Second)
			for offset := range offsets {
				note(at.Add(-time.Duration(offset) * time.Second))
			}
		}
	}
	return next
}

// hours are the support hours of a service with their zone; nil where it has none, or
// where they can't be told.
type hours struct {
	*inventory.SupportHours
	zone *time.Location
}

func hoursOf(v inventory.Service) *hours {
	if v.SupportHours == nil {
		return nil
	}
	zone, err := time.LoadLocation(v.SupportHours.TimeZone)
	if err != nil {
		return nil
	}
	return &hours{v.SupportHours, zone}
}

// begin is the first moment after t at which support hours begin; nil if none is soon.
func (h *hours) begin(t time.Time) *time.Time {
	within := supported(h.SupportHours, h.zone, t)
	for range 200 {
		t = nextEdge(h.SupportHours, h.zone, t)
		before := within
		if within = supported(h.SupportHours, h.zone, t); within && !before {
			return &t
		}
	}
	return nil
}

// urgencies are those that an incident of a service may have at t, and until when at least
// that stays so; zero where it does.
func urgencies(v inventory.Service, h *hours, t time.Time) (list []string, next time.Time) {
	urgency := v.Urgency.During
	if h != nil {
		next = nextEdge(h.SupportHours, h.zone, t)
		if !supported(h.SupportHours, h.zone, t) {
			urgency = v.Urgency.Outside
		}
	}
	if urgency == inventory.UrgencyBySeverity {
		return []string{inventory.UrgencyHigh, inventory.UrgencyLow}, next
	}
	if urgency != inventory.UrgencyLow {
		urgency = inventory.UrgencyHigh
	}
	return []string{urgency}, next
}
