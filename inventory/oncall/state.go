package oncall

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// States are what the definition of a schedule goes through as steps are written:
// as it was, and after each of them. Parts that PagerDuty is yet to make have no
// id.
func States(was inventory.Schedule, steps []Step) []inventory.Schedule {
	states := []inventory.Schedule{was}
	for _, step := range steps {
		states = append(states, after(states[len(states)-1], step))
	}
	return states
}

// Reached is the last of some states that a schedule as read is in; -1 if it is in
// none, since somebody else has changed it.
func Reached(is inventory.Schedule, states []inventory.Schedule, now time.Time) int {
	for k := len(states) - 1; k >= 0; k-- {
		if Matches(is, states[k], now) {
			return k
		}
	}
	return -1
}

// Matches says that a schedule as read is defined as foreseen. What is foreseen
// without an id may have any; what has ended does not count, for PagerDuty may
// list it no longer.
func Matches(is, want inventory.Schedule, now time.Time) bool {
	return is.ID == want.ID && is.Kind == want.Kind && sameZone(is.TimeZone, want.TimeZone) &&
		sameLayers(is.Layers, want.Layers) && sameRotations(livingRotations(is, now), livingRotations(want, now), now)
}

func sameLayers(is, want []inventory.Layer) bool {
	return slices.EqualFunc(is, want, func(x, y inventory.Layer) bool { return SameLayer(x, y) && (y.ID == "" || y.ID == x.ID) })
}

func sameRotations(is, want []inventory.Rotation, now time.Time) bool {
	return pairUp(is, want, func(r inventory.Rotation) string { return r.ID }, func(x, y inventory.Rotation) bool {
		return pairUp(x.Events, y.Events, func(e inventory.Event) string { return e.ID }, func(p, q inventory.Event) bool {
			if q.ID == "" {
				return sameMade(p, q, now)
			}
			return SameEvent(p, q)
		})
	})
}

// pairUp says that each of one list is one of the other: that of its id, or where
// it has none yet, one whose id the other list does not know.
func pairUp[T any](is, want []T, id func(T) string, same func(is, want T) bool) bool {
	if len(is) != len(want) {
		return false
	}
	left := slices.Clone(is)
	for _, known := range []bool{true, false} {
		for _, w := range want {
			if (id(w) != "") != known {
				continue
			}
			i := slices.IndexFunc(left, func(x T) bool { return (!known || id(x) == id(w)) && same(x, w) })
			if i < 0 {
				return false
			}
			left = slices.Delete(left, i, i+1)
		}
	}
	return true
}

// after is a schedule's definition once a step is written.
func after(s inventory.Schedule, step Step) inventory.Schedule {
	s = cloneDefinition(s)
	switch step.Does {
	case PutLayers:
		s.Layers = slices.Clone(step.Layers)
		return s
	case AddRotation:
		s.Rotations = append(s.Rotations, inventory.Rotation{Events: []inventory.Event{*step.Event}})
		return s
	case DeleteRotation:
		i := slices.IndexFunc(s.Rotations, func(r inventory.Rotation) bool {
			return r.ID == step.Rotation && len(r.Events) == 1 && SameEvent(r.Events[0], *step.Event)
		})
		if i >= 0 {
			s.Rotations = slices.Delete(s.Rotations, i, i+1)
		}
		return s
	}
	i := slices.IndexFunc(s.Rotations, func(r inventory.Rotation) bool { return r.ID == step.Rotation })
	if i < 0 {
		return s
	}
	r := &s.Rotations[i]
	switch step.Does {
	case CreateEvent:
		r.Events = append(slices.Clone(r.Events), *step.Event)
	case DeleteEvent:
		r.Events = slices.DeleteFunc(slices.Clone(r.Events), func(e inventory.Event) bool { return e.ID == step.Event.ID })
	case EndEvent, ReplaceEvent:
		r.Events = slices.Clone(r.Events)
		for k, e := range r.Events {
			if e.ID == step.Event.ID {
				r.Events[k] = *step.Event
			}
		}
	}
	return s
}

// Concerned is a schedule without the rotations that steps do not write to, nor
// have added.
func Concerned(is, was inventory.Schedule, steps []Step) inventory.Schedule {
	if is.Kind != inventory.ScheduleOfShifts {
		return is
	}
	ours := map[string]bool{"": true} // one that is yet to be made is ours
	for _, step := range steps {
		ours[step.Rotation] = true
		if step.Does == AddRotation {
			net, _ := NetOf(is, was, *step.Event)
			ours[net.ID] = true
		}
	}
	is = cloneDefinition(is)
	is.Rotations = slices.DeleteFunc(is.Rotations, func(r inventory.Rotation) bool { return !ours[r.ID] })
	return is
}

// Without is a schedule without one of its rotations, rendered over a window.
func Without(s inventory.Schedule, rotation string, w inventory.Window) (inventory.Schedule, error) {
	s = cloneDefinition(s)
	s.Rotations = slices.DeleteFunc(s.Rotations, func(r inventory.Rotation) bool { return r.ID == rotation })
	return Rerender(s, w)
}
