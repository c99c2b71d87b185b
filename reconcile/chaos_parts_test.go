package reconcile_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// judgeParts says that no layer and no event is touched that a person changed since
// it was decided upon, and that the program could have seen (S8, S33).
func (c *chaos) judgeParts(said string, before, after inventory.Schedule) {
	was, is := definitions(before), definitions(after)
	for part, definition := range was {
		deed, touched := c.deeds[part]
		if !touched || reflect.DeepEqual(definition, is[part]) || deed <= c.decided(before.ID) {
			continue
		}
		if c.stale || c.read[before.ID] <= deed {
			delete(c.deeds, part) // it is the program's now, as far as anybody can tell
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
// a person made it again just as it was there: nobody can tell it from the program's.
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

// end is the end that a person gave an event, and where in the count.
type end struct {
	at    int
	until time.Time
}

// markEnd notes that a person gave an event an end.
func (c *chaos) markEnd(id string, was, is any) {
	now, ok := is.(inventory.Event)
	if !ok || now.EffectiveUntil == nil {
		return
	}
	if then, known := was.(inventory.Event); !known || then.EffectiveUntil == nil || !then.EffectiveUntil.Equal(*now.EffectiveUntil) {
		c.ended[id] = end{c.seq, *now.EffectiveUntil}
	}
}

// endedByHand says that the last event of a name, nets aside, has the end that a person
// gave it since it was decided what becomes of its schedule. That nobody has its turns
// after that is then the person's doing, whatever net of the program's goes.
func (c *chaos) endedByHand(s inventory.Schedule, name string) bool {
	var last inventory.Event
	for _, r := range s.Rotations {
		if _, net := c.nets[r.ID]; net {
			continue
		}
		for _, e := range r.Events {
			if e.Name == name && (last.ID == "" || e.EffectiveSince.After(last.EffectiveSince)) {
				last = e
			}
		}
	}
	by, ok := c.ended[last.ID]
	return ok && by.at > c.decided(s.ID) && last.EffectiveUntil != nil && last.EffectiveUntil.Equal(by.until)
}

// The judge itself: who is to blame if nobody has an event's turns once a net is gone.
func TestAPartThatAPersonEndedMeanwhileIsNoGapOfTheProgramsAndAScheduleIs(t *testing.T) {
	all, sets, err := loadLaws(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		byHand, repaired bool
		part, whole      bool // counts as the program's
	}{
		"a person ended it, and somebody else is on call": {byHand: true, repaired: true},
		"a person ended it, and nobody is on call":        {byHand: true, whole: true},
		"the program ended it":                            {repaired: true, part: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChaos(t, t.TempDir(), all, sets)
			defer func() { _ = c.journal.Close() }()
			c.sim.AlterSchedule("SS", func(s *inventory.Schedule) {
				net := dailyEvent("NE", "Day", c.now().Add(time.Hour), "P1")
				c.nets["NR"] = net
				s.Rotations = []inventory.Rotation{{ID: "QR", Events: []inventory.Event{dailyEvent("QE", "Day", c.now().Add(-time.Hour), "P1")}}, {ID: "NR", Events: []inventory.Event{net}}}
				if x.repaired {
					s.Rotations = append(s.Rotations, inventory.Rotation{ID: "XR", Events: []inventory.Event{dailyEvent("XE", "Repair", c.now().Add(time.Hour), "P2")}})
				}
			})
			c.begun, c.touched = c.seq+1, map[string]bool{}
			c.seq = c.begun
			ends := func() {
				c.sim.AlterSchedule("SS", func(s *inventory.Schedule) {
					soon := c.now().Add(time.Hour)
					s.Rotations[0].Events[0].EffectiveUntil = &soon
				})
			}
			if x.byHand {
				c.deed("events ended", ends)
			} else {
				ends()
			}
			was := c.sim.Account()
			c.sim.AlterSchedule("SS", func(s *inventory.Schedule) {
				s.Rotations = slices.DeleteFunc(s.Rotations, func(r inventory.Rotation) bool { return r.ID == "NR" })
			})
			c.watchCoverage(was, c.sim.Account(), true)
			part, whole := false, false
			for g := range c.gaps {
				part, whole = part || g.part != "", whole || g.part == ""
			}
			if part != x.part || whole != x.whole {
				t.Errorf("a gap of the event %t, of the schedule %t", part, whole)
			}
		})
	}
}
