package oncall

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// coversAhead is how far ahead overrides are looked at.
const coversAhead = 366 * day

// LostCovers are the overrides of a schedule that would no longer put anybody on call,
// or not for all the time that they do, once another definition takes its place: on a
// shift-based schedule an override is in place of a person, and void where that person
// has no turn. On a layer-based one it is in place of whoever is on call, and stays.
func LostCovers(before, after inventory.Schedule, now time.Time) ([]inventory.Override, error) {
	if before.Kind != inventory.ScheduleOfShifts {
		return nil, nil
	}
	w := span{now.UTC(), now.UTC()}
	for _, o := range before.Overrides {
		w.end = later(w.end, o.End.UTC())
	}
	w.end = earlier(w.end, w.start.Add(coversAhead))
	if w.empty() {
		return nil, nil
	}
	was, err := covered(before, w)
	if err != nil {
		return nil, err
	}
	is, err := covered(after, w)
	if err != nil {
		return nil, err
	}
	var lost []inventory.Override
	for _, o := range before.Overrides {
		if rest := outside(was[o.ID], is[o.ID]); len(rest) > 0 {
			lost = append(lost, o)
		}
	}
	return lost, nil
}

// covered is when each override is in effect, by its id.
func covered(s inventory.Schedule, w span) (map[string][]span, error) {
	slots, custom, err := overridden(s, w)
	if err != nil {
		return nil, err
	}
	by := map[string][]span{}
	for _, parts := range []map[string][]slot{slots, custom} {
		for _, part := range parts {
			for _, p := range part {
				if p.origin != nil && p.origin.Kind == "override" {
					by[p.origin.ID] = append(by[p.origin.ID], p.span)
				}
			}
		}
	}
	for id, spans := range by {
		by[id] = unite(spans)
	}
	return by, nil
}

// outside is what of spans lies in none of others; both are in order and do not touch.
func outside(spans, others []span) []span {
	var rest []span
	for _, s := range spans {
		for _, o := range others {
			c := o.clip(s)
			if c.empty() {
				continue
			}
			if s.start.Before(c.start) {
				rest = append(rest, span{s.start, c.start})
			}
			s.start = c.end
		}
		if !s.empty() {
			rest = append(rest, s)
		}
	}
	return rest
}
