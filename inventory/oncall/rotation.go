package oncall

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
)

// renderRotations is the final schedule of a shift-based schedule: everybody on
// a rotation or a custom shift, after overrides. Overlaps are allowed. Source:
// PagerDuty's API description, "Shift-based schedules".
func renderRotations(s inventory.Schedule, w span) ([]inventory.Shift, error) {
	slots, custom, err := overridden(s, w)
	if err != nil {
		return nil, err
	}
	var final []inventory.Shift
	for _, parts := range []map[string][]slot{slots, custom} {
		for _, part := range parts {
			for _, p := range part {
				if p.user != nil {
					final = append(final, inventory.Shift{User: *p.user, Start: p.start, End: p.end, Origin: p.origin})
				}
			}
		}
	}
	return merge(final), nil
}

// overridden are the slots of rotations and custom shifts, by id, after overrides.
func overridden(s inventory.Schedule, w span) (slots, custom map[string][]slot, err error) {
	if slots, err = rotationSlots(s, w); err != nil {
		return nil, nil, err
	}
	if custom, err = customSlots(s, w); err != nil {
		return nil, nil, err
	}
	for _, o := range s.Overrides {
		if err := checkOverride(o); err != nil {
			return nil, nil, fmt.Errorf("override %s: %w", o.ID, err)
		}
		if o.Rotation != nil {
			slots[*o.Rotation] = override(slots[*o.Rotation], o)
			continue
		}
		custom[*o.CustomShift] = override(custom[*o.CustomShift], o)
	}
	return slots, custom, nil
}

// rotationSlots are the slots of each rotation by its id.
func rotationSlots(s inventory.Schedule, w span) (map[string][]slot, error) {
	z := zones{}
	byID := make(map[string][]slot, len(s.Rotations))
	for _, r := range s.Rotations {
		origin := &inventory.Origin{Kind: "rotation", ID: r.ID}
		for _, e := range r.Events {
			slots, err := slotsOf(e, z, w)
			if err != nil {
				return nil, fmt.Errorf("rotation %s: event %q (%s): %w", r.ID, e.Name, e.ID, err)
			}
			for i := range slots {
				slots[i].origin = origin
			}
			byID[r.ID] = append(byID[r.ID], slots...)
		}
	}
	return byID, nil
}

// customSlots is the slot of each custom shift by its id.
func customSlots(s inventory.Schedule, w span) (map[string][]slot, error) {
	byID := make(map[string][]slot, len(s.CustomShifts))
	for _, c := range s.CustomShifts {
		if c.End.Before(c.Start) {
			return nil, fmt.Errorf("custom shift %s: ends at %s, before its start at %s", c.ID, stamp(c.End), stamp(c.Start))
		}
		clipped := span{c.Start.UTC(), c.End.UTC()}.clip(w)
		if clipped.empty() {
			continue
		}
		byID[c.ID] = []slot{{span: clipped, member: c.User, user: c.User, origin: &inventory.Origin{Kind: "custom_shift", ID: c.ID}}}
	}
	return byID, nil
}

func checkOverride(o inventory.Override) error {
	switch {
	case (o.Rotation == nil) == (o.CustomShift == nil):
		return fmt.Errorf("expected either a rotation or a custom shift that it overrides")
	case o.End.Before(o.Start):
		return fmt.Errorf("ends at %s, before its start at %s", stamp(o.End), stamp(o.Start))
	}
	return nil
}

// override puts o's person, or nobody, where the person it replaces stands in
// slots; no person replaced means the empty slots. It finds whom it replaces by
// who stood there without overrides and by who stands there after earlier
// ones: of two that replace the same person the later wins, and an override can
// be replaced in turn.
func override(slots []slot, o inventory.Override) []slot {
	var after []slot
	for _, s := range slots {
		over := span{o.Start.UTC(), o.End.UTC()}.clip(s.span)
		if over.empty() || !same(s.member, o.Replaces) && !same(s.user, o.Replaces) {
			after = append(after, s)
			continue
		}
		for _, rest := range []span{{s.start, over.start}, {over.end, s.end}} {
			if !rest.empty() {
				kept := s
				kept.span = rest
				after = append(after, kept)
			}
		}
		after = append(after, slot{span: over, member: s.member, user: o.User, origin: &inventory.Origin{Kind: "override", ID: o.ID}})
	}
	return after
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
