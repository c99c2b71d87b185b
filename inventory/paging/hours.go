package paging

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// hours are the support hours of a service; nil where it has none, or where they can't be
// told.
type hours struct {
	zone *time.Location
	// days are 1 (Monday) to 7 (Sunday).
	days [8]bool
	// from and to are seconds of the local day.
	from, to int
}

func hoursOf(v inventory.Service) *hours {
	if v.SupportHours == nil {
		return nil
	}
	zone, err := time.LoadLocation(v.SupportHours.TimeZone)
	if err != nil {
		return nil
	}
	from, err := time.Parse(time.TimeOnly, v.SupportHours.StartTime)
	if err != nil {
		return nil
	}
	to, err := time.Parse(time.TimeOnly, v.SupportHours.EndTime)
	if err != nil {
		return nil
	}
	h := &hours{zone: zone, from: secondOf(from), to: secondOf(to)}
	for _, d := range v.SupportHours.Days {
		if d >= 1 && d <= 7 {
			h.days[d] = true
		}
	}
	return h
}

func secondOf(t time.Time) int { return t.Hour()*3600 + t.Minute()*60 + t.Second() }

// supported says that a moment is within support hours. They are told by the local clock:
// hours that the clock passes twice in autumn are in twice.
func (h *hours) supported(t time.Time) bool {
	local := t.In(h.zone)
	second, today := secondOf(local), (int(local.Weekday())+6)%7+1
	if h.from < h.to {
		return h.days[today] && h.from <= second && second < h.to
	}
	// Past midnight, or round the clock.
	return h.days[today] && h.from <= second || h.days[(today+5)%7+1] && second < h.to
}

// nextEdge is a moment after t before which the local clock reaches neither the start nor
// the end of support hours, nor is set. It may be one at which nothing changes.
func (h *hours) nextEdge(t time.Time) time.Time {
	local := t.In(h.zone)
	next := t.Add(7 * 24 * time.Hour)
	note := func(x time.Time) {
		if x.After(t) && x.Before(next) {
			next = x
		}
	}
	if _, set := local.ZoneBounds(); !set.IsZero() {
		note(set)
	}
	_, here := local.Zone()
	_, later := t.Add(48 * time.Hour).In(h.zone).Zone()
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	for d := range 3 {
		for _, second := range [...]int{h.from, h.to, 0} {
			at := midnight.Add(time.Duration(d*86400+second) * time.Second)
			note(at.Add(-time.Duration(here) * time.Second))
			note(at.Add(-time.Duration(later) * time.Second))
		}
	}
	return next
}

// begin is the first moment after t at which support hours begin; nil if none is soon.
func (h *hours) begin(t time.Time) *time.Time {
	within := h.supported(t)
	for range 200 {
		t = h.nextEdge(t)
		before := within
		if within = h.supported(t); within && !before {
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
		next = h.nextEdge(t)
		if !h.supported(t) {
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
