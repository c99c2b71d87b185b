package reconcile_test

import (
	"reflect"

	"github.com/dutyward/dutyward/inventory"
)

// judgeParts says that no layer and no event is touched that a person changed since
// it was decided upon, and that the program could have seen (S8, S33).
func (c *chaos) judgeParts(said string, before, after inventory.Schedule) {
	was, is := definitions(before), definitions(after)
	for part, definition := range was {
		deed, touched := c.deeds[part]
		if !touched || reflect.DeepEqual(definition, is[part]) || deed <= c.decided(before.ID) || c.stale || c.read[before.ID] <= deed {
			continue
		}
		if c.netAnew(before, part) {
			c.counts["nets: that a person made anew as they were"]++
			continue
		}
		c.violate("%s: a person changed %s meanwhile, and it was read since", said, part)
	}
}

// decided is where in the count it was decided what becomes of a schedule: when the
// plan was begun, or before that when the edit was which an earlier round left open.
func (c *chaos) decided(id string) int {
	if c.begun == 0 {
		return c.edited[id]
	}
	return c.begun
}

// netAnew says that an event is alone in a rotation that the program made, and that
// a person made it anew just as it was there: nobody can tell it from the program's.
func (c *chaos) netAnew(s inventory.Schedule, event string) bool {
	for _, r := range s.Rotations {
		net, ours := c.nets[r.ID]
		if !ours || len(r.Events) != 1 || r.Events[0].ID != event {
			continue
		}
		net.ID = event
		return reflect.DeepEqual(net, r.Events[0])
	}
	return false
}

// noteNets notes the rotations that the program makes, each with the event that it
// then makes alone in it.
func (c *chaos) noteNets(before, after inventory.Schedule) {
	events := map[string]int{}
	for _, r := range before.Rotations {
		events[r.ID] = len(r.Events)
	}
	for _, r := range after.Rotations {
		had, known := events[r.ID]
		_, ours := c.nets[r.ID]
		switch {
		case known && (!ours || had > 0):
		case len(r.Events) == 1:
			c.nets[r.ID] = r.Events[0]
		case !known:
			c.nets[r.ID] = inventory.Event{}
		}
	}
}

// definitions are the layers and events of a schedule by id.
func definitions(s inventory.Schedule) map[string]any {
	all := map[string]any{}
	for _, l := range s.Layers {
		all[l.ID] = l
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			all[e.ID] = e
		}
	}
	return all
}
