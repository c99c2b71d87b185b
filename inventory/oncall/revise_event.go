package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Limits of shift-based schedules. Source: PagerDuty's API description, and
// PagerDuty/api-schema, docs/CONCEPTS.md.
const (
	maxMembers = 20
	maxEvents  = 5
	// monthsAhead is how far in the future an event may take effect.
	monthsAhead = 12
)

// reviseEvent changes an event. One to come is edited whole. One in effect ends
// where a turn begins, and a successor goes on from there: PagerDuty lets nothing
// but the end of an active event be changed.
func (r *reviser) reviseEvent(v Revision) error {
	rotation, i := r.event(v.Part)
	if rotation == nil {
		return r.refuse(v.Part, UnknownPart, "it has no such event")
	}
	e := rotation.Events[i]
	members := e.Assignment.Members
	v.Join, v.Leave = newcomers(members, v.Join), leavers(members, v.Leave)
	join, leave := v.Join, v.Leave
	switch {
	case len(join)+len(leave) == 0:
		return nil
	case e.EffectiveUntil != nil && !e.EffectiveUntil.After(r.now):
		return r.refuse(v.Part, EndedPart, "event %q ended at %s", e.Name, stamp(*e.EffectiveUntil))
	}
	if err := checkAssignment(e.Assignment); err != nil {
		return fmt.Errorf("event %q (%s): %w", e.Name, e.ID, err)
	}

	// A successor begins with somebody's whole turn; an event to come may begin
	// amid one, and is edited from there.
	successor, from, each := true, later(r.now.Add(time.Second), v.Earliest), shiftsEach(e)
	if e.EffectiveSince.After(r.now) && !v.Earliest.After(e.EffectiveSince) {
		successor, from, each = false, e.EffectiveSince, 1
	}
	first, err := occurrenceFrom(e, from, each)
	if err != nil {
		return fmt.Errorf("event %q (%s): %w", e.Name, e.ID, err)
	}
	change := eventChange{event: e, first: first, successor: successor}
	if err := r.checkTime(v, change); err != nil {
		return err
	}
	before, after := change.cycle(), []turn(nil)
	if e.Assignment.Type == everyMember {
		after = reorder(before, join, leave, false)
	} else {
		after = reorder(before, join, leave, v.LeaveEmpty)
	}
	if err := r.checkMembers(v, e, after, leave); err != nil {
		return err
	}
	if change.successor && live(rotation.Events, r.now) >= maxEvents {
		return r.refuse(v.Part, TooManyEvents, "the rotation has %d events that have not ended, and at most %d are allowed: there is no place for its successor", live(rotation.Events, r.now), maxEvents)
	}
	r.putEvent(rotation, i, change.with(after))
	r.note(v, PartChange{
		Part: e.ID, Name: e.Name, Successor: change.successor, Effective: change.effective(),
		Before: usersOf(before), After: usersOf(after),
	})
	return nil
}

func (r *reviser) checkTime(v Revision, c eventChange) error {
	e := c.event
	switch {
	case c.first == nil:
		return r.refuse(v.Part, EndedPart, "event %q does not take place again within %d months", e.Name, monthsAhead)
	case e.EffectiveUntil != nil && !e.EffectiveUntil.After(c.first.start):
		return r.refuse(v.Part, EndedPart, "event %q ends at %s, before a change could take effect at %s", e.Name, stamp(*e.EffectiveUntil), stamp(c.first.start))
	case c.successor && c.first.start.After(r.now.AddDate(0, monthsAhead, 0)):
		return r.refuse(v.Part, TooFarAhead, "a change at %s is more than %d months ahead, which PagerDuty does not take", stamp(c.first.start), monthsAhead)
	}
	return nil
}

func (r *reviser) checkMembers(v Revision, e inventory.Event, after []turn, leave []string) error {
	switch {
	case len(usersOf(after)) == 0:
		return r.refuse(v.Part, NobodyLeft, "event %q would be left without anybody: %s would leave", e.Name, strings.Join(leave, ", "))
	case len(after) > maxMembers:
		return r.refuse(v.Part, TooManyPeople, "event %q would have %d members, and at most %d are allowed", e.Name, len(after), maxMembers)
	}
	return nil
}

func live(events []inventory.Event, now time.Time) int {
	n := 0
	for _, e := range events {
		if e.EffectiveUntil == nil || e.EffectiveUntil.After(now) {
			n++
		}
	}
	return n
}

// event is the last event of the line that an event belongs to, and its
// rotation; nil if there is none.
func (r *reviser) event(id string) (*inventory.Rotation, int) {
	last := r.lastOf(id)
	for i := range r.after.Rotations {
		rotation := &r.after.Rotations[i]
		at := slices.IndexFunc(rotation.Events, func(e inventory.Event) bool { return e.ID == last && last != "" })
		if at >= 0 {
			return rotation, at
		}
	}
	return nil, 0
}

// shiftsEach is how many occurrences a turn has.
func shiftsEach(e inventory.Event) int {
	if e.Assignment.Type == everyMember {
		return 1
	}
	return *e.Assignment.ShiftsPerMember
}

// occurrenceFrom is the first occurrence from a moment on whose index is a
// multiple of a number; nil if there is none within the months ahead, and some.
func occurrenceFrom(e inventory.Event, from time.Time, each int) (*occurrence, error) {
	e.EffectiveUntil = nil
	// One under way at the window's start is clipped to it.
	w := span{from.Add(-time.Second), from.AddDate(1, 1, 0)}
	occurrences, err := occurrencesOf(e, zones{}, w)
	if err != nil {
		return nil, err
	}
	for _, o := range occurrences {
		if !o.start.Before(from) && o.index%each == 0 {
			return &o, nil
		}
	}
	return nil, nil
}

// eventChange is how an event is to change.
type eventChange struct {
	event inventory.Event
	// first is the first occurrence that the new members govern.
	first     *occurrence
	successor bool
}

func (c eventChange) effective() time.Time { return c.first.start }

// turn is the number of the turn that the new members begin with.
func (c eventChange) turn() int64 {
	if c.event.Assignment.Type == everyMember {
		return 0
	}
	return int64(c.first.index / shiftsEach(c.event))
}

func (c eventChange) cycle() []turn { return cycleFrom(c.event.Assignment.Members, c.turn()) }

// with is the events in place of the one: itself, or itself and its successor.
func (c eventChange) with(cycle []turn) []inventory.Event {
	e := c.event
	members, begins := listed(cycle)
	if c.event.Assignment.Type == everyMember {
		begins = 0
	}
	n := len(members)
	if anchored, ok := c.anchored(); ok && c.successor {
		// PagerDuty may count turns from the event's first occurrence or from the
		// first in effect: where they are one, it does not matter.
		e = anchored
		members = rotated(members, begins, 0)
	} else {
		members = rotated(members, begins, int(floorMod(c.turn(), int64(n))))
	}
	e.Assignment.Members = members
	if !c.successor {
		return []inventory.Event{e}
	}
	old := c.event
	end := c.first.start
	old.EffectiveUntil = &end
	e.ID, e.EffectiveSince = "", end
	return []inventory.Event{old, e}
}

// anchored is the event counted from the first occurrence that the new members
// govern; false if it would then take place at other times, as one with a COUNT
// does.
func (c eventChange) anchored() (inventory.Event, bool) {
	e := c.event
	zone, err := zones{}.load(e.TimeZone)
	if err != nil {
		return e, false
	}
	length := wallOf(e.End, zone).Sub(wallOf(e.Start, zone))
	e.Start = c.first.start
	e.End = moment(wallOf(e.Start, zone).Add(length), zone)

	w := span{c.first.start, c.first.start.AddDate(2, 0, 0)}
	was, err := occurrencesOf(c.event, zones{}, w)
	if err != nil {
		return e, false
	}
	is, err := occurrencesOf(e, zones{}, w)
	if err != nil {
		return e, false
	}
	if len(was) > 0 && was[0].index < c.first.index {
		was = was[1:] // still under way, from before
	}
	return e, slices.EqualFunc(was, is, func(x, y occurrence) bool {
		return x.start.Equal(y.start) && x.end.Equal(y.end) && x.index-c.first.index == y.index
	})
}

func (r *reviser) putEvent(rotation *inventory.Rotation, i int, with []inventory.Event) {
	events := append([]inventory.Event{}, rotation.Events[:i]...)
	events = append(events, with...)
	rotation.Events = append(events, rotation.Events[i+1:]...)
	if len(with) == 1 {
		r.events = append(r.events, eventStep(ReplaceEvent, rotation.ID, with[0]))
		return
	}
	r.events = append(r.events, eventStep(EndEvent, rotation.ID, with[0]), eventStep(CreateEvent, rotation.ID, with[1]))
}

func eventStep(does StepKind, rotation string, e inventory.Event) Step {
	return Step{Does: does, Layers: []inventory.Layer{}, Rotation: rotation, Event: &e}
}
