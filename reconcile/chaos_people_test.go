package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
)

// staff are the people whom anything may befall.
var staff = []string{"P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"}

// fresh is an id that nothing has.
func (c *chaos) fresh(kind string) string {
	c.made++
	return fmt.Sprintf("%s%d", kind, c.made)
}

// person draws what somebody does in PagerDuty's pages.
func (c *chaos) person(rt *rapid.T) func() {
	kinds := []func(*rapid.T) func(){
		c.swap, c.swap, c.repair, c.recreate, c.cover, c.cover, c.uncover, c.renameSomething, c.renameSomebody, c.replaceUser,
		c.replaceTeam, c.replaceSchedule, c.promote, c.promote, c.join, c.join, c.move, c.clear, c.endOne,
	}
	return kinds[rapid.IntRange(0, len(kinds)-1).Draw(rt, "deed")](rt)
}

// anySchedule is the id of a schedule of the chaos as it is now.
func (c *chaos) schedule(name string) (inventory.Schedule, bool) {
	is := c.sim.Account()
	for _, id := range slices.Sorted(maps.Keys(is.Schedules)) {
		if is.Schedules[id].Name == name || id == c.bound["schedule:"+name] {
			return is.Schedules[id], true
		}
	}
	return inventory.Schedule{}, false
}

func drawSchedule(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"Layered", "Shifts", "Shifts"}).Draw(rt, "schedule")
}

func drawUser(rt *rapid.T, label string) string { return rapid.SampledFrom(staff).Draw(rt, label) }

// alter changes a schedule by hand, if there is one of the name.
func (c *chaos) alter(what, name string, change func(*inventory.Schedule) (told string)) {
	s, ok := c.schedule(name)
	if !ok {
		return
	}
	c.deed(what, func() {
		c.sim.AlterSchedule(s.ID, func(s *inventory.Schedule) {
			if told := change(s); told != "" {
				c.tell("somebody: %s: %s (%s): %s", what, name, s.ID, told)
			}
		})
	})
}

// exists says whether a user is there to be put somewhere.
func (c *chaos) exists(user string) bool {
	_, there := c.sim.BaseRole(user)
	return there
}

// liveEvent is the n-th event that has not ended, as rotation and position.
func liveEvent(s *inventory.Schedule, n int, now time.Time) (r, e int, ok bool) {
	var all [][2]int
	for i, rot := range s.Rotations {
		for k, v := range rot.Events {
			if v.EffectiveUntil == nil || v.EffectiveUntil.After(now) {
				all = append(all, [2]int{i, k})
			}
		}
	}
	if len(all) == 0 {
		return 0, 0, false
	}
	return all[n%len(all)][0], all[n%len(all)][1], true
}

// swap replaces somebody who is ill on a layer or an event.
func (c *chaos) swap(rt *rapid.T) func() {
	name, n, who, by := drawSchedule(rt), rapid.IntRange(0, 5).Draw(rt, "part"), rapid.IntRange(0, 3).Draw(rt, "who"), drawUser(rt, "by")
	return func() {
		if !c.exists(by) {
			return
		}
		c.alter("swaps", name, func(s *inventory.Schedule) string {
			if len(s.Layers) > 0 {
				l := &s.Layers[n%len(s.Layers)]
				if len(l.Users) == 0 || slices.Contains(l.Users, by) {
					return ""
				}
				l.Users = slices.Clone(l.Users)
				ill := l.Users[who%len(l.Users)]
				l.Users[who%len(l.Users)] = by
				return fmt.Sprintf("%s for %s on %s", by, ill, l.Name)
			}
			r, e, ok := liveEvent(s, n, c.now())
			if !ok {
				return ""
			}
			v := &s.Rotations[r].Events[e]
			members := slices.Clone(v.Assignment.Members)
			if slices.ContainsFunc(members, func(m *string) bool { return m != nil && *m == by }) {
				return ""
			}
			members[who%len(members)] = &by
			v.Assignment.Members = members
			return fmt.Sprintf("%s for somebody on %s (%s): %s", by, v.Name, v.ID, eventTold(*v))
		})
	}
}

func eventTold(e inventory.Event) string {
	var names []string
	for _, m := range e.Assignment.Members {
		if m != nil {
			names = append(names, *m)
		}
	}
	until := ""
	if e.EffectiveUntil != nil {
		until = " until " + e.EffectiveUntil.Format("Jan 2 15:04")
	}
	return strings.Join(names, " ") + " from " + e.EffectiveSince.Format("Jan 2 15:04") + until
}

// repair adds a layer or a rotation.
func (c *chaos) repair(rt *rapid.T) func() {
	name, by := drawSchedule(rt), drawUser(rt, "by")
	low := rapid.Bool().Draw(rt, "beneath")
	return func() {
		if !c.exists(by) {
			return
		}
		c.alter("repairs", name, func(s *inventory.Schedule) string {
			from := c.now().Truncate(time.Hour).Add(time.Hour)
			if s.Kind == inventory.ScheduleOfLayers {
				if len(s.Layers) > 6 {
					return ""
				}
				l := dailyLayer(c.fresh("PL"), fmt.Sprintf("Repair %d", c.made), c.now().Truncate(time.Minute), by)
				if low {
					s.Layers = slices.Insert(slices.Clone(s.Layers), 0, l)
				} else {
					s.Layers = append(slices.Clone(s.Layers), l)
				}
				return "layer " + l.Name + " of " + by
			}
			if len(s.Rotations) > 5 {
				return ""
			}
			e := dailyEvent(c.fresh("QE"), fmt.Sprintf("Repair %d", c.made), from, by)
			s.Rotations = append(slices.Clone(s.Rotations), inventory.Rotation{ID: c.fresh("QR"), Events: []inventory.Event{e}})
			return "event " + e.Name + " of " + by
		})
	}
}

// recreate ends an event and makes it again, with the same people.
func (c *chaos) recreate(rt *rapid.T) func() {
	n := rapid.IntRange(0, 5).Draw(rt, "part")
	return func() {
		c.alter("events recreated", "Shifts", func(s *inventory.Schedule) string {
			r, k, ok := liveEvent(s, n, c.now())
			if !ok || len(s.Rotations[r].Events) > 20 {
				return ""
			}
			now := c.now().Truncate(time.Second)
			old := &s.Rotations[r].Events[k]
			anew := *old
			anew.ID = c.fresh("QE")
			if old.EffectiveSince.After(now) {
				*old = anew
				return "event to come " + anew.Name
			}
			anew.EffectiveSince = now.Add(time.Second)
			ended := now.Add(time.Second)
			old.EffectiveUntil = &ended
			s.Rotations[r].Events = append(slices.Clone(s.Rotations[r].Events), anew)
			return "event " + anew.Name + " as " + anew.ID + ": " + eventTold(anew)
		})
	}
}

// endOne ends an event, or takes away an end.
func (c *chaos) endOne(rt *rapid.T) func() {
	n, later := rapid.IntRange(0, 5).Draw(rt, "part"), rapid.SampledFrom([]int{0, 10, 30, 200}).Draw(rt, "ends in hours")
	return func() {
		c.alter("events ended", "Shifts", func(s *inventory.Schedule) string {
			r, k, ok := liveEvent(s, n, c.now())
			if !ok || s.Rotations[r].Events[k].EffectiveSince.After(c.now()) {
				return ""
			}
			end := c.now().Truncate(time.Second).Add(time.Duration(later)*time.Hour + time.Second)
			e := &s.Rotations[r].Events[k]
			if later == 200 {
				last := !slices.ContainsFunc(s.Rotations[r].Events, func(o inventory.Event) bool { return o.EffectiveSince.After(e.EffectiveSince) })
				if !last {
					return ""
				}
				e.EffectiveUntil = nil
				return "event " + e.Name + " goes on"
			}
			if e.EffectiveUntil != nil && e.EffectiveUntil.Before(end) {
				return ""
			}
			e.EffectiveUntil = &end
			return "event " + e.Name + " ends"
		})
	}
}

// cover is somebody who stands in.
func (c *chaos) cover(rt *rapid.T) func() {
	name, by := drawSchedule(rt), drawUser(rt, "by")
	begins := rapid.SampledFrom([]int{0, 1, 3, 20, 50}).Draw(rt, "begins in hours")
	lasts := rapid.SampledFrom([]int{1, 4, 30, 60}).Draw(rt, "lasts hours")
	custom := rapid.IntRange(0, 3).Draw(rt, "custom shift") == 0
	return func() {
		if !c.exists(by) {
			return
		}
		c.alter("covers", name, func(s *inventory.Schedule) string {
			start := c.now().Truncate(time.Hour).Add(time.Duration(begins+1) * time.Hour)
			end := start.Add(time.Duration(lasts) * time.Hour)
			if len(s.Overrides)+len(s.CustomShifts) > 6 {
				return ""
			}
			if s.Kind == inventory.ScheduleOfLayers {
				s.Overrides = append(slices.Clone(s.Overrides), inventory.Override{ID: c.fresh("QO"), User: &by, Start: start, End: end})
				return fmt.Sprintf("%s from %s to %s", by, start.Format("Jan 2 15:04"), end.Format("Jan 2 15:04"))
			}
			if custom {
				s.CustomShifts = append(slices.Clone(s.CustomShifts), inventory.CustomShift{ID: c.fresh("QC"), User: &by, Start: start, End: end})
				return fmt.Sprintf("a custom shift of %s from %s to %s", by, start.Format("Jan 2 15:04"), end.Format("Jan 2 15:04"))
			}
			for _, r := range s.Rotations {
				for _, e := range r.Events {
					for i := 0; i < lasts; i++ {
						whom := turnIn(e, start.Add(time.Duration(i)*time.Hour+30*time.Minute))
						if whom == "" || whom == by {
							continue
						}
						rotation := r.ID
						s.Overrides = append(slices.Clone(s.Overrides), inventory.Override{ID: c.fresh("QO"), User: &by, Start: start, End: end, Replaces: &whom, Rotation: &rotation})
						return fmt.Sprintf("%s for %s on %s from %s to %s", by, whom, e.Name, start.Format("Jan 2 15:04"), end.Format("Jan 2 15:04"))
					}
				}
			}
			return ""
		})
	}
}

// uncover takes a cover of a person's back.
func (c *chaos) uncover(rt *rapid.T) func() {
	name := drawSchedule(rt)
	return func() {
		c.alter("covers taken back", name, func(s *inventory.Schedule) string {
			for i, o := range s.Overrides {
				if o.Start.After(c.now()) && !c.ours[o.ID] {
					s.Overrides = slices.Delete(slices.Clone(s.Overrides), i, i+1)
					return "of " + *o.User
				}
			}
			return ""
		})
	}
}

// clear empties a layer.
func (c *chaos) clear(rt *rapid.T) func() {
	n := rapid.IntRange(0, 5).Draw(rt, "layer")
	return func() {
		c.alter("layers emptied", "Layered", func(s *inventory.Schedule) string {
			l := &s.Layers[n%len(s.Layers)]
			l.Users = []string{}
			return l.Name
		})
	}
}
