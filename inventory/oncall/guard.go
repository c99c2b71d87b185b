package oncall

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// maxRotations is how many active rotations a schedule takes. Source: PagerDuty's
// API description.
const maxRotations = 10

// Guarded are the steps of a revision with a net under each event that is ended
// for a successor. Events of one rotation may not overlap, so that the old one
// must end before the next is made: whoever stops between the two leaves nobody
// on call. Therefore the successor is made in a rotation of its own first, which
// is deleted last. Nothing was changed yet if PagerDuty refuses it, and wherever
// the steps break off, everybody's turns are covered.
//
// There is no net where the schedule has no room for another rotation.
func Guarded(was inventory.Schedule, steps []Step, now time.Time) []Step {
	room := maxRotations - len(livingRotations(was, now))
	var up, down []Step
	for i := range steps {
		if _, ok := pairAt(steps, i); ok && len(up) < room {
			net := Step{Does: AddRotation, Layers: []inventory.Layer{}, Event: steps[i+1].Event}
			up = append(up, net)
			net.Does = DeleteRotation
			down = append(down, net)
		}
	}
	return slices.Concat(up, steps, down)
}

// WithoutNet are guarded steps without the net that one of them is to add.
func WithoutNet(steps []Step, add int) []Step {
	net := *steps[add].Event
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool {
		return (s.Does == AddRotation || s.Does == DeleteRotation) && SameEvent(*s.Event, net)
	})
}

// Bare are guarded steps without their nets.
func Bare(steps []Step) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return s.Does == AddRotation || s.Does == DeleteRotation })
}

// Tidying says that steps do no more than take nets away.
func Tidying(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(s Step) bool { return s.Does != DeleteRotation })
}

// Pair is an event that ends, and the one that goes on from there.
type Pair struct {
	Rotation string
	// Old is the event as it is to end, New its successor, without an id.
	Old, New inventory.Event
}

// At is the handoff from one to the other.
func (p Pair) At() time.Time { return p.New.EffectiveSince }

// Pairs are the events that steps end for a successor.
func Pairs(steps []Step) []Pair {
	var pairs []Pair
	for i := range steps {
		if p, ok := pairAt(steps, i); ok {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

func pairAt(steps []Step, i int) (Pair, bool) {
	if i+1 >= len(steps) || steps[i].Does != EndEvent || steps[i+1].Does != CreateEvent || steps[i].Rotation != steps[i+1].Rotation {
		return Pair{}, false
	}
	return Pair{Rotation: steps[i].Rotation, Old: *steps[i].Event, New: *steps[i+1].Event}, true
}

// NetOf is the rotation that was added with an event alone in it, among those
// that were not there before; false if there is none. One that was deleted after
// its time began is history, with another end.
func NetOf(is, was inventory.Schedule, e inventory.Event) (inventory.Rotation, bool) {
	for _, r := range is.Rotations {
		known := slices.ContainsFunc(was.Rotations, func(w inventory.Rotation) bool { return w.ID == r.ID })
		if !known && len(r.Events) == 1 && sameMade(r.Events[0], e, r.Events[0].EffectiveSince) {
			return r, true
		}
	}
	return inventory.Rotation{}, false
}

// Living are the rotations of a schedule of which something has not ended, with what
// has not.
func Living(s inventory.Schedule, now time.Time) []inventory.Rotation { return livingRotations(s, now) }

// Empty are the rotations without a single event that were not there before: what is
// left of a net where its event was never made.
func Empty(is, was inventory.Schedule) []inventory.Rotation {
	return slices.DeleteFunc(slices.Clone(is.Rotations), func(r inventory.Rotation) bool {
		return len(r.Events) > 0 || slices.ContainsFunc(was.Rotations, func(w inventory.Rotation) bool { return w.ID == r.ID })
	})
}

// livingRotations are the rotations of which something has not ended, with what
// has not.
func livingRotations(s inventory.Schedule, now time.Time) []inventory.Rotation {
	var living []inventory.Rotation
	for _, r := range s.Rotations {
		r.Events = slices.DeleteFunc(slices.Clone(r.Events), func(e inventory.Event) bool { return ended(e, now) })
		if len(r.Events) > 0 {
			living = append(living, r)
		}
	}
	return living
}

func ended(e inventory.Event, now time.Time) bool {
	return e.EffectiveUntil != nil && !e.EffectiveUntil.After(now)
}

// sameMade says that an event is the one that was to be made; made late, it began
// later, for PagerDuty clamps to its now.
func sameMade(is, want inventory.Event, now time.Time) bool {
	if is.EffectiveSince.After(want.EffectiveSince) && !is.EffectiveSince.After(now) {
		want.EffectiveSince = is.EffectiveSince
	}
	return SameEvent(is, want)
}
