package oncall

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Undo is the way back from a revision that turned out differently from what was foreseen:
// the steps that make the turns of a schedule as it is now those that it had.
// Both are as read; none if nothing differs. It is for right after the revision:
// what has taken effect meanwhile keeps its past.
//
// A layer that was made since can't be deleted: it ends a minute after it begins,
// beneath all others, where it hides nobody.
func Undo(was, is inventory.Schedule) []Step {
	if SameDefinition(was, is) {
		return []Step{}
	}
	if was.Kind == inventory.ScheduleOfLayers {
		return []Step{{Does: PutLayers, Layers: layersBack(was, is)}}
	}
	// What was made since goes first, to make room for what was ended.
	remove, restore := []Step{}, []Step{}
	for _, r := range is.Rotations {
		for _, e := range r.Events {
			before, known := findEvent(was, e.ID)
			switch {
			case !known:
				remove = append(remove, eventStep(DeleteEvent, r.ID, e))
			case SameEvent(before, e):
			case sameButEnd(before, e):
				restore = append(restore, eventStep(EndEvent, r.ID, before))
			default:
				restore = append(restore, eventStep(ReplaceEvent, r.ID, before))
			}
		}
	}
	return append(remove, restore...)
}

// layersBack are the layers that were, and those made since, which end at once.
func layersBack(was, is inventory.Schedule) []inventory.Layer {
	layers := slices.Clone(is.Layers)
	for i, l := range layers {
		before := slices.IndexFunc(was.Layers, func(w inventory.Layer) bool { return w.ID == l.ID })
		if before >= 0 {
			layers[i] = was.Layers[before]
			continue
		}
		end := l.Start.Add(time.Minute)
		layers[i].End = &end
	}
	slices.SortStableFunc(layers, func(x, y inventory.Layer) int { return rank(was, x) - rank(was, y) })
	return layers
}

// rank is where a layer stood; -1 if it did not exist.
func rank(was inventory.Schedule, l inventory.Layer) int {
	return slices.IndexFunc(was.Layers, func(w inventory.Layer) bool { return w.ID == l.ID })
}

func sameButEnd(a, b inventory.Event) bool {
	b.EffectiveUntil = a.EffectiveUntil
	return SameEvent(a, b)
}

func findEvent(s inventory.Schedule, id string) (inventory.Event, bool) {
	for _, r := range s.Rotations {
		if i := slices.IndexFunc(r.Events, func(e inventory.Event) bool { return e.ID == id }); i >= 0 {
			return r.Events[i], true
		}
	}
	return inventory.Event{}, false
}

func hasEvent(s inventory.Schedule, id string) bool {
	_, ok := findEvent(s, id)
	return ok
}
