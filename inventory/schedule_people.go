package inventory

import (
	"slices"
	"time"
)

// People are the ids of everybody who is on the schedule at t or later, sorted:
// on layers and events that have not ended, and on custom shifts to come.
// Overrides aside.
func (s Schedule) People(t time.Time) []string {
	ids := []string{}
	for _, l := range s.Layers {
		if l.End == nil || l.End.After(t) {
			ids = append(ids, l.Users...)
		}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if e.EffectiveUntil == nil || e.EffectiveUntil.After(t) {
				for _, m := range e.Assignment.Members {
					ids = appendPresent(ids, m)
				}
			}
		}
	}
	for _, c := range s.CustomShifts {
		if c.End.After(t) {
			ids = appendPresent(ids, c.User)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func appendPresent(ids []string, id *string) []string {
	if id == nil {
		return ids
	}
	return append(ids, *id)
}
