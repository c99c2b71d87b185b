package oncall

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// TakeBack is the way back from a schedule in one of the States of steps to how it
// was. It is Undo with the order of Guarded the other way round, so that nobody is
// without cover wherever it breaks off.
//
// What has taken effect stays: an event that has ended can't be had back, and goes
// on as its successor, or in the net where there is no successor. One that has
// neither is for Continue.
func TakeBack(was, is inventory.Schedule, steps []Step, now time.Time) []Step {
	if was.Kind == inventory.ScheduleOfLayers {
		return Undo(was, is)
	}
	var up, back, down []Step
	for _, p := range Pairs(steps) {
		old, there := findEvent(is, p.Old.ID)
		before, _ := findEvent(was, p.Old.ID)
		successor, made := madeIn(is, was, p, now)
		net, netted := NetOf(is, was, p.New)
		past := !there || ended(old, now)
		if !past && made {
			if !netted {
				up = append(up, Step{Does: AddRotation, Layers: []inventory.Layer{}, Event: &p.New})
			}
			back = append(back, eventStep(DeleteEvent, p.Rotation, successor))
		}
		if !past && !SameEvent(old, before) {
			restore := eventStep(EndEvent, p.Rotation, before)
			restore.Again = true
			back = append(back, restore)
		}
		if (netted || made) && !past || netted && made {
			down = append(down, Step{Does: DeleteRotation, Layers: []inventory.Layer{}, Rotation: net.ID, Event: &p.New})
		}
	}
	for _, step := range steps {
		if step.Does != ReplaceEvent {
			continue
		}
		before, _ := findEvent(was, step.Event.ID)
		if now, there := findEvent(is, step.Event.ID); there && !SameEvent(before, now) {
			back = append(back, eventStep(ReplaceEvent, step.Rotation, before))
		}
	}
	return slices.Concat(up, back, down)
}

// WaysBack are the definitions between the States of steps and how it was, which
// somebody who takes the steps back may leave behind. Of several events that are
// edited at once, some are back there and others not.
func WaysBack(was inventory.Schedule, steps []Step, now time.Time) []inventory.Schedule {
	var between []inventory.Schedule
	for _, s := range States(was, steps)[1:] {
		way := States(s, TakeBack(was, s, steps, now))
		if len(way) > 2 {
			between = append(between, way[1:len(way)-1]...)
		}
	}
	return between
}

// madeIn is the successor of a pair, if PagerDuty has it.
func madeIn(is, was inventory.Schedule, p Pair, now time.Time) (inventory.Event, bool) {
	for _, r := range is.Rotations {
		if r.ID != p.Rotation {
			continue
		}
		i := slices.IndexFunc(r.Events, func(e inventory.Event) bool { return !hasEvent(was, e.ID) && sameMade(e, p.New, now) })
		if i >= 0 {
			return r.Events[i], true
		}
	}
	return inventory.Event{}, false
}

// Netted are the pairs of steps whose event has ended, and goes on in a net.
func Netted(was, is inventory.Schedule, steps []Step, now time.Time) map[string]Pair {
	on := map[string]Pair{}
	for _, p := range Pairs(steps) {
		old, there := findEvent(is, p.Old.ID)
		_, made := madeIn(is, was, p, now)
		if net, netted := NetOf(is, was, p.New); netted && !made && (!there || ended(old, now)) {
			on[net.ID] = p
		}
	}
	return on
}

// Begun are the pairs of steps whose event has ended, and goes on as its successor.
func Begun(was, is inventory.Schedule, steps []Step, now time.Time) []Pair {
	return slices.DeleteFunc(Pairs(steps), func(p Pair) bool {
		old, there := findEvent(is, p.Old.ID)
		_, made := madeIn(is, was, p, now)
		return !made || there && !ended(old, now)
	})
}

// Fallen are the pairs of steps whose event has ended without anything that goes
// on from there.
func Fallen(was, is inventory.Schedule, steps []Step, now time.Time) []Pair {
	return slices.DeleteFunc(Pairs(steps), func(p Pair) bool {
		old, there := findEvent(is, p.Old.ID)
		_, made := madeIn(is, was, p, now)
		_, netted := NetOf(is, was, p.New)
		return made || netted || there && !ended(old, now)
	})
}

// Continue is what goes on with an event that has ended where it should not have:
// the event again from its next turn on, and custom shifts for the turn under way.
func Continue(rotation string, e inventory.Event, now time.Time) (Step, []inventory.CustomShift, error) {
	now = now.UTC()
	if err := checkAssignment(e.Assignment); err != nil {
		return Step{}, nil, fmt.Errorf("event %q (%s): %w", e.Name, e.ID, err)
	}
	first, err := occurrenceFrom(e, now.Add(time.Second), shiftsEach(e))
	if err != nil {
		return Step{}, nil, fmt.Errorf("event %q (%s): %w", e.Name, e.ID, err)
	}
	if first == nil || e.EffectiveUntil != nil && !e.EffectiveUntil.After(first.start) {
		return Step{}, nil, fmt.Errorf("event %q (%s) does not take place again", e.Name, e.ID)
	}
	change := eventChange{event: e, first: first, successor: true}
	slots, err := slotsOf(e, zones{}, span{now, first.start})
	if err != nil {
		return Step{}, nil, fmt.Errorf("event %q (%s): %w", e.Name, e.ID, err)
	}
	shifts := []inventory.CustomShift{}
	for _, s := range slots {
		if s.member != nil {
			shifts = append(shifts, inventory.CustomShift{User: s.member, Start: s.start, End: s.end})
		}
	}
	return eventStep(CreateEvent, rotation, change.with(change.cycle())[1]), shifts, nil
}

// Uncovered is the first time within a window at which a schedule as read has
// nobody on call, and as it was would have had somebody. Overrides and custom
// shifts count as they are now.
func Uncovered(was, is inventory.Schedule, w inventory.Window) (at time.Time, found bool, err error) {
	was.Overrides, was.CustomShifts = is.Overrides, is.CustomShifts
	before, err := Render(was, w.Since, w.Until)
	if err != nil {
		return time.Time{}, false, err
	}
	now := slices.Clone(is.Shifts)
	inventory.SortShifts(now)
	for _, shift := range before {
		covered := shift.Start
		for _, s := range now {
			if !s.Start.After(covered) && s.End.After(covered) {
				covered = s.End
			}
		}
		if covered.Before(shift.End) && (!found || covered.Before(at)) {
			at, found = covered, true
		}
	}
	return at, found, nil
}
