package oncall

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// StepKind is what a step writes.
type StepKind string

// The writes that a revision is made of.
const (
	// PutLayers writes all layers of a layer-based schedule.
	PutLayers StepKind = "put_layers"
	// EndEvent gives an active event an end or takes it away, which is all that may
	// change of it.
	EndEvent StepKind = "end_event"
	// CreateEvent makes an event.
	CreateEvent StepKind = "create_event"
	// ReplaceEvent writes an event to come whole.
	ReplaceEvent StepKind = "replace_event"
	// DeleteEvent removes an event to come.
	DeleteEvent StepKind = "delete_event"
	// AddRotation makes a rotation with an event alone in it, and DeleteRotation
	// removes one, without an event one in which there is nothing: see Guarded.
	AddRotation    StepKind = "add_rotation"
	DeleteRotation StepKind = "delete_rotation"
)

// Step is one write of a revision.
type Step struct {
	Does StepKind `json:"does"`
	// Layers are all layers as they are to be, lowest precedence first; one that
	// is new has no id. Empty on steps for events.
	Layers []inventory.Layer `json:"layers"`
	// Rotation is the id of the event's rotation; empty on steps for layers, and for
	// one that PagerDuty is yet to make.
	Rotation string `json:"rotation"`
	// Event is the event as it is to be, without id if it is new; null on steps
	// for layers.
	Event *inventory.Event `json:"event"`
	// Again says that it is written also where it reads as written already: what
	// was acknowledged a moment ago may not show yet (S9).
	Again bool `json:"-"`
}

// Remaining is what of the steps is still to be written on a schedule as read:
// a killed run may have written some. Ids that PagerDuty gave are no
// difference.
func Remaining(s inventory.Schedule, steps []Step) []Step {
	remaining := []Step{}
	for _, step := range steps {
		if !written(s, step) {
			remaining = append(remaining, step)
		}
	}
	return remaining
}

func written(s inventory.Schedule, step Step) bool {
	if step.Does == PutLayers {
		return slices.EqualFunc(s.Layers, step.Layers, func(is, want inventory.Layer) bool {
			return SameLayer(is, want) && (want.ID == "" || want.ID == is.ID)
		})
	}
	switch step.Does {
	case DeleteEvent:
		return !hasEvent(s, step.Event.ID)
	case AddRotation, DeleteRotation:
		return false // which it is depends on what was there before: see NetOf
	}
	for _, r := range s.Rotations {
		if r.ID != step.Rotation {
			continue
		}
		return slices.ContainsFunc(r.Events, func(is inventory.Event) bool {
			want := *step.Event
			if step.Does == CreateEvent && is.EffectiveSince.After(want.EffectiveSince) {
				want.EffectiveSince = is.EffectiveSince // made late: PagerDuty clamps to its now
			}
			return SameEvent(is, want) && (want.ID == "" || want.ID == is.ID)
		})
	}
	return false
}

// clocksDiffer is by how much the clock here may be ahead of PagerDuty's, which is
// read to the second: what fills a turn under way begins that much earlier, for what
// it takes over from ends by PagerDuty's clock.
const clocksDiffer = 5 * time.Second

// MissedByLate are the custom shifts that fill the gap which a step leaves if it
// is written only now: an event that is made after it should have begun has no
// occurrence until the next one begins. None for a step that is in time.
func MissedByLate(step Step, now time.Time) ([]inventory.CustomShift, error) {
	shifts := []inventory.CustomShift{}
	if step.Does != CreateEvent || !step.Event.EffectiveSince.Before(now) {
		return shifts, nil
	}
	slots, err := slotsOf(*step.Event, zones{}, span{now.UTC().Add(-clocksDiffer), now.UTC().AddDate(1, 1, 0)})
	if err != nil {
		return nil, err
	}
	for _, s := range slots { // those under way, to their end
		if s.member != nil && s.end.After(now) && s.start.Before(now.Add(time.Second)) {
			shifts = append(shifts, inventory.CustomShift{User: s.member, Start: s.start, End: s.end})
		}
	}
	return shifts, nil
}

// SameDefinition says that nothing differs in what two readings of a schedule
// say of turns: time zone, layers and rotations, with their ids.
func SameDefinition(a, b inventory.Schedule) bool {
	return a.ID == b.ID && a.Kind == b.Kind && sameZone(a.TimeZone, b.TimeZone) &&
		slices.EqualFunc(a.Layers, b.Layers, func(x, y inventory.Layer) bool { return x.ID == y.ID && SameLayer(x, y) }) &&
		slices.EqualFunc(a.Rotations, b.Rotations, func(x, y inventory.Rotation) bool {
			return x.ID == y.ID && slices.EqualFunc(x.Events, y.Events, func(p, q inventory.Event) bool {
				return p.ID == q.ID && SameEvent(p, q)
			})
		})
}

// SameLayer says that two layers differ in nothing but their ids.
func SameLayer(a, b inventory.Layer) bool {
	return a.Name == b.Name && a.Start.Equal(b.Start) && sameMoment(a.End, b.End) &&
		a.VirtualStart.Equal(b.VirtualStart) && a.TurnSeconds == b.TurnSeconds &&
		slices.Equal(a.Users, b.Users) &&
		slices.EqualFunc(a.Restrictions, b.Restrictions, func(x, y inventory.Restriction) bool {
			return x.Type == y.Type && x.StartTime == y.StartTime && x.DurationSeconds == y.DurationSeconds && sameInt(x.StartDay, y.StartDay)
		})
}

// SameEvent says that two events differ in nothing but their ids.
func SameEvent(a, b inventory.Event) bool {
	return a.Name == b.Name && a.Start.Equal(b.Start) && a.End.Equal(b.End) && sameZone(a.TimeZone, b.TimeZone) &&
		slices.Equal(a.Recurrence, b.Recurrence) && a.EffectiveSince.Equal(b.EffectiveSince) &&
		sameMoment(a.EffectiveUntil, b.EffectiveUntil) && a.Assignment.Type == b.Assignment.Type &&
		sameInt(a.Assignment.ShiftsPerMember, b.Assignment.ShiftsPerMember) &&
		slices.EqualFunc(a.Assignment.Members, b.Assignment.Members, same)
}

// sameZone: what was sent as UTC reads back as Etc/UTC. Source: PagerDuty's
// Terraform provider, resource_pagerduty_schedulev2.go.
func sameZone(a, b string) bool {
	name := func(z string) string {
		if z == "UTC" {
			return "Etc/UTC"
		}
		return z
	}
	return name(a) == name(b)
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func sameInt(a, b *int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
