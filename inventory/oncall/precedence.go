package oncall

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// renderLayers is the final schedule of a layer-based schedule: a later layer
// hides earlier ones where it has somebody, overrides hide all layers, and a
// later override hides earlier ones. Source: PagerDuty support documentation,
// "Schedule Basics".
func renderLayers(s inventory.Schedule, w span) ([]inventory.Shift, error) {
	zone, err := zones{}.load(s.TimeZone)
	if err != nil {
		return nil, err
	}
	// From the highest precedence down, each takes what is still free.
	free := []span{w}
	var final []inventory.Shift
	for i := len(s.Overrides) - 1; i >= 0; i-- {
		o := s.Overrides[i]
		if o.User == nil {
			return nil, fmt.Errorf("override %s: names nobody, which only shift-based schedules allow", o.ID)
		}
		if o.End.Before(o.Start) {
			return nil, fmt.Errorf("override %s: ends at %s, before its start at %s", o.ID, stamp(o.End), stamp(o.Start))
		}
		taken := inventory.Shift{User: *o.User, Start: o.Start.UTC(), End: o.End.UTC(), Origin: &inventory.Origin{Kind: "override", ID: o.ID}}
		free = take(&final, free, []inventory.Shift{taken})
	}
	for i := len(s.Layers) - 1; i >= 0; i-- {
		shifts, err := RenderLayer(s.Layers[i], zone, w.start, w.end)
		if err != nil {
			return nil, err
		}
		free = take(&final, free, shifts)
	}
	return merge(final), nil
}

// take appends to final what of shifts, which do not overlap, lies in the free
// spans, and returns what is free afterwards.
func take(final *[]inventory.Shift, free []span, shifts []inventory.Shift) []span {
	var left []span
	i := 0
	for _, f := range free {
		for i < len(shifts) && !shifts[i].End.After(f.start) {
			i++
		}
		start := f.start
		for j := i; j < len(shifts) && shifts[j].Start.Before(f.end); j++ {
			c := span{shifts[j].Start, shifts[j].End}.clip(f)
			if c.empty() {
				continue
			}
			shift := shifts[j]
			shift.Start, shift.End = c.start, c.end
			*final = append(*final, shift)
			if start.Before(c.start) {
				left = append(left, span{start, c.start})
			}
			start = c.end
		}
		if start.Before(f.end) {
			left = append(left, span{start, f.end})
		}
	}
	return left
}
