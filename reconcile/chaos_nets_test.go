package reconcile_test

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// What follows is about overrides that people made on a rotation of the program's, a
// net: before it is taken away, the program makes them again where the turns go on.

// markCovers notes which overrides a person made.
func (c *chaos) markCovers(before, after inventory.Schedule) {
	for _, o := range after.Overrides {
		if !slices.ContainsFunc(before.Overrides, func(b inventory.Override) bool { return b.ID == o.ID }) {
			c.deeds[o.ID] = c.seq
		}
	}
}

// onNet says that an override is a person's, on a rotation of the program's.
func (c *chaos) onNet(o inventory.Override) bool {
	if o.Rotation == nil || c.ours[o.ID] {
		return false
	}
	_, net := c.nets[*o.Rotation]
	return net
}

// anewOf says that an override has the same person in place of the same one as
// another, in its time.
func anewOf(p, o inventory.Override) bool {
	same := func(a, b *string) bool { return a != nil && b != nil && *a == *b }
	return p.ID != o.ID && same(p.User, o.User) && same(p.Replaces, o.Replaces) && !p.Start.Before(o.Start) && !p.End.After(o.End)
}

// madeAnew says that an override that the program made is a person's.
func (c *chaos) madeAnew(id string, before, after inventory.Schedule) bool {
	for _, p := range after.Overrides {
		if p.ID == id && slices.ContainsFunc(before.Overrides, func(o inventory.Override) bool { return c.onNet(o) && anewOf(p, o) }) {
			c.counts["covers: made anew before a net went"]++
			return true
		}
	}
	return false
}

// outlasts says that a person's override that goes with a net is there elsewhere, for
// all the time that is left of it, or could not be: PagerDuty did not take it there, or
// nothing has shown it before.
func (c *chaos) outlasts(id string, before, after inventory.Schedule) bool {
	i := slices.IndexFunc(before.Overrides, func(o inventory.Override) bool { return o.ID == id })
	if i < 0 || !c.onNet(before.Overrides[i]) {
		return false
	}
	o := before.Overrides[i]
	soon := c.now().Add(time.Minute)
	there := slices.ContainsFunc(after.Overrides, func(p inventory.Override) bool {
		return anewOf(p, o) && p.CustomShift == nil && p.End.Equal(o.End) && (p.Start.Equal(o.Start) || p.Start.Before(soon))
	})
	if there || !o.End.After(soon) {
		return true
	}
	unseen := c.stale || c.deeds[id] > c.read["/v3/schedules/"+before.ID+"/overrides"]
	if unseen || c.untaken {
		c.counts["covers: that could not outlast a net"]++
		c.excused[id] = true
		return true
	}
	return false
}

// stillCovers says that an override is in effect at a moment. One that was on a net is
// there elsewhere, though it may be in place of somebody who has no turn there.
func (c *chaos) stillCovers(s inventory.Schedule, o inventory.Override, t time.Time) bool {
	if !c.onNet(o) || slices.ContainsFunc(s.Overrides, func(p inventory.Override) bool { return p.ID == o.ID }) {
		return inEffect(s, o, t)
	}
	return c.excused[o.ID] || slices.ContainsFunc(s.Overrides, func(p inventory.Override) bool { return anewOf(p, o) && within(p.Start, p.End, t) })
}
