package oncall

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Handoffs are the moments within [since, until) at which turns on layers begin, and
// turns on events begin or end, in order; those from a person to themselves too, which
// Render does not show. The error names the schedule and its part.
func Handoffs(s inventory.Schedule, since, until time.Time) ([]time.Time, error) {
	w := span{since.UTC(), until.UTC()}
	var at []time.Time
	for _, l := range s.Layers {
		begins, err := turnStarts(l, s.TimeZone, w)
		if err != nil {
			return nil, fmt.Errorf("schedule %q (%s): layer %q (%s): %w", s.Name, s.ID, l.Name, l.ID, err)
		}
		at = append(at, begins...)
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			// One under way at either end of the window is clipped to it.
			occurrences, err := occurrencesOf(e, zones{}, span{w.start.Add(-time.Second), w.end.Add(time.Second)})
			if err != nil {
				return nil, fmt.Errorf("schedule %q (%s): event %q (%s): %w", s.Name, s.ID, e.Name, e.ID, err)
			}
			for _, o := range occurrences {
				at = append(at, o.start, o.end)
			}
		}
	}
	at = slices.DeleteFunc(at, func(t time.Time) bool { return t.Before(w.start) || !t.Before(w.end) })
	slices.SortFunc(at, time.Time.Compare)
	return slices.CompactFunc(at, time.Time.Equal), nil
}

// turnStarts are the moments of a window at which turns on a layer begin.
func turnStarts(l inventory.Layer, zone string, w span) ([]time.Time, error) {
	w = w.clip(span{l.Start.UTC(), w.end})
	if l.End != nil {
		w = w.clip(span{w.start, l.End.UTC()})
	}
	z, err := zones{}.load(zone)
	if err != nil || w.empty() {
		return nil, err
	}
	t, err := turnsOf(l, z)
	if err != nil {
		return nil, err
	}
	if int64(w.end.Sub(w.start)/time.Second)/t.length > maxTurns {
		return nil, fmt.Errorf("turns of %d seconds are too many for the window", l.TurnSeconds)
	}
	var starts []time.Time
	for k := t.underWay(w.start); t.start(k).Before(w.end); k++ {
		if start := t.start(k); !start.Before(w.start) {
			starts = append(starts, start)
		}
	}
	return starts, nil
}
