package reconcile_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// hour is the middle of an hour: turns begin on whole ones, or in somebody's haste.
func hour(i int) time.Time {
	return sweepStart.Add(time.Duration(i)*time.Hour + 30*time.Minute)
}

// hourFrom is the first of those at a moment or later.
func hourFrom(t time.Time) int {
	i := int(t.Sub(sweepStart)/time.Hour) - 1
	for hour(i).Before(t) {
		i++
	}
	return i
}

// weeksAhead is how far ahead coverage is judged, in hours.
const weeksAhead = 8 * 7 * 24

// gap is an hour in which nobody is on call any more, on a schedule as a whole
// where part is empty.
type gap struct {
	schedule, part string
	hour           int
}

// gaps are those that the program made, with the count of harm at that time.
type gaps map[gap]int

// open are those to come, told in short.
func (g gaps) open(now time.Time) string {
	first, n := map[string]int{}, 0
	for x := range g {
		if hour(x.hour).After(now) {
			name := x.schedule + "/" + x.part
			if h, ok := first[name]; !ok || x.hour < h {
				first[name] = x.hour
			}
			n++
		}
	}
	var told []string
	for name, h := range first {
		told = append(told, fmt.Sprintf("%s from %s", name, hour(h).Format("Jan 2 15:04")))
	}
	slices.Sort(told)
	return strings.Join(told, ", ")
}

// over counts the hours that began between two moments.
func (g gaps) over(from, to time.Time) int {
	n := 0
	for x := range g {
		if hour(x.hour).After(from) && !hour(x.hour).After(to) && x.part == "" {
			n++
		}
	}
	return n
}

// covered says of each part of a schedule whether somebody is on it at t, and under
// the empty name whether somebody is on call at all.
func covered(s inventory.Schedule, t time.Time) map[string]bool {
	on := map[string]bool{}
	for _, x := range stands(s, t) {
		on[x.part] = true
	}
	if len(onCallAt(s, t)) > 0 {
		on[""] = true
	}
	return on
}

// filled says that a custom shift covers a moment, as the program makes one where a
// turn under way would have nobody.
func filled(s inventory.Schedule, t time.Time) bool {
	return slices.ContainsFunc(s.CustomShifts, func(x inventory.CustomShift) bool { return x.User != nil && within(x.Start, x.End, t) })
}

// filledBy says that a custom shift of somebody's covers a moment.
func filledBy(s inventory.Schedule, user string, t time.Time) bool {
	return slices.ContainsFunc(s.CustomShifts, func(x inventory.CustomShift) bool {
		return x.User != nil && *x.User == user && within(x.Start, x.End, t)
	})
}

// watchCoverage notes which hours a change uncovered and whose doing that is. Ours
// opens some where an event ends for a successor and no net could be had: until the
// successor is made, nobody has the turns after the handoff.
func (c *chaos) watchCoverage(was, is *inventory.Snapshot, byUs bool) {
	from := hourFrom(c.now())
	for id, before := range was.Schedules {
		after := is.Schedules[id]
		if reflect.DeepEqual(before, after) {
			continue
		}
		for i := from; i < from+weeksAhead; i++ {
			b, a := covered(before, hour(i)), covered(after, hour(i))
			for part := range b {
				if !a[part] && byUs && (part == "" || !filled(after, hour(i)) && !c.endedByHand(after, part)) {
					if _, open := c.gaps[gap{id, part, i}]; !open {
						c.counts["gaps: hours that a write opened"]++
					}
					c.gaps[gap{id, part, i}] = c.harm
				}
			}
			for part := range a {
				delete(c.gaps, gap{id, part, i})
			}
		}
	}
	if !byUs {
		for x := range c.gaps { // what is gone is not ours any more
			if _, there := is.Schedules[x.schedule]; !there {
				delete(c.gaps, x)
			}
		}
	}
}

// judgeGaps says that a gap which the program opened must be closed by the end of
// the round if nothing but a refusal stood in its way.
func (c *chaos) judgeGaps() {
	open := gaps{}
	for x, harm := range c.gaps {
		if harm == c.harm && hour(x.hour).After(c.now()) {
			open[x] = harm
		}
	}
	if told := open.open(c.now()); told != "" && !c.paused {
		c.violate("the round leaves nobody on call: %s", told)
	}
}

// judgeTurns compares the turns of an edited schedule with those before, where
// nobody else edited it meanwhile: who is on call stays until the next handoff,
// the next turn of whoever stays is when it was, and nobody's cover lapses.
func (c *chaos) judgeTurns(id string, before, after inventory.Schedule) {
	half := c.halfDone(id) // then the net of the edit is there beside what it is to follow
	now := c.over
	from := hourFrom(now)
	for _, part := range partsOf(before) {
		on := func(s inventory.Schedule, i int) string {
			var users []string
			for _, x := range stands(s, hour(i)) {
				if x.part == part {
					users = append(users, x.user)
				}
			}
			slices.Sort(users)
			return strings.Join(slices.Compact(users), " ") // by two events, as in a net, is as by one
		}
		first := ""
		for _, x := range stands(before, now) {
			if x.part == part {
				first = x.user
			}
		}
		until := turnEnds(before, part, now)
		for i := from; i < from+48 && first != "" && on(before, i) == first && hour(i).Before(until); i++ {
			if on(after, i) != first && !filledBy(after, first, hour(i)) && !(half && slices.Contains(strings.Fields(on(after, i)), first)) {
				c.violate("%s/%s: %s is on call at %s and was to stay until the handoff: now it is %q", id, part, first, hour(i), on(after, i))
				break
			}
		}
	}
	c.judgeNext(id, before, after, from)
	if half {
		c.owed[id] = before
	} else {
		c.judgeCovers(id, before, after)
	}
}

// halfDone says that an edit of a schedule is open: what it broke off in stands in
// part, its turns in another rotation, until the next round brings it to an end.
func (c *chaos) halfDone(id string) bool {
	open, err := openEdits(c.journal)
	if err != nil {
		c.fail("%v", err)
	}
	return slices.ContainsFunc(open, func(e apply.Edit) bool { return e.Was.ID == id })
}

// judgeCovers says that nobody's cover lapses.
func (c *chaos) judgeCovers(id string, before, after inventory.Schedule) {
	now := c.now()
	for _, o := range before.Overrides {
		if o.User == nil || c.ours[o.ID] || !o.End.After(now) {
			continue
		}
		for i := hourFrom(o.Start); hour(i).Before(o.End); i++ {
			if !hour(i).Before(now) && inEffect(before, o, hour(i)) && !c.stillCovers(after, o, hour(i)) {
				c.lapsed(id, o, hour(i))
				break
			}
		}
	}
}

// judgeOwed judges the covers on schedules of which an edit is at an end now that
// an earlier round had left open.
func (c *chaos) judgeOwed(is *inventory.Snapshot) {
	for id, before := range c.owed {
		if c.halfDone(id) {
			continue
		}
		delete(c.owed, id)
		if after, there := is.Schedules[id]; there { // else somebody has deleted it
			c.judgeCovers(id, before, after)
		}
	}
}

// turnEnds is when the turn under way ends on a part: that somebody is alone on a
// layer, so that their next turn follows, makes it no longer. Between the turns of an
// event there is nobody.
func turnEnds(s inventory.Schedule, part string, t time.Time) time.Time {
	ends := t.AddDate(1, 0, 0)
	for _, l := range s.Layers {
		if l.Name != part || turnOn(l, t) == "" {
			continue
		}
		turn := time.Duration(l.TurnSeconds) * time.Second
		if end := l.VirtualStart.Add(time.Duration(floorDiv(t.Sub(l.VirtualStart), turn)+1) * turn); end.Before(ends) {
			ends = end
		}
	}
	return ends
}

// judgeNext says that nobody's next turn moves who neither joins nor leaves, but for
// whoever was on call when it was decided. Whoever does so on one part keeps their
// next turn on the others.
func (c *chaos) judgeNext(id string, before, after inventory.Schedule, from int) {
	if c.relaxed || c.unfinished[id] { // a half-done edit is no base to judge by
		return
	}
	before.Overrides, before.CustomShifts, after.Overrides, after.CustomShifts = nil, nil, nil, nil
	moves, stays := map[string]bool{}, map[string][]string{}
	for _, part := range partsOf(before) {
		was, is := membersOf(before, part, c.now()), membersOf(after, part, c.now())
		for _, user := range slices.Concat(was, is) {
			if slices.Contains(was, user) != slices.Contains(is, user) {
				moves[user] = true
			} else if !slices.Contains(stays[user], part) {
				stays[user] = append(stays[user], part)
			}
		}
	}
	judge := func(user, what string, on func(inventory.Schedule, time.Time) bool) {
		next := func(s inventory.Schedule) int {
			for i := from; i < from+21*24; i++ {
				if on(s, hour(i)) {
					return i
				}
			}
			return -1
		}
		if on(before, c.began) {
			return
		}
		if b, a := next(before), next(after); b != a && b != from && b >= 0 && !onCallMeanwhile(after, user, b, func(t time.Time) bool { return on(before, t) }) {
			c.violate("%s: the next turn of %s%s moved from %s to %s", id, user, what, hour(b), hour(a))
		}
	}
	for _, user := range before.People(c.now()) {
		if !moves[user] {
			judge(user, "", func(s inventory.Schedule, t time.Time) bool { return slices.Contains(onCallAt(s, t), user) })
			continue
		}
		for _, part := range stays[user] {
			judge(user, " on "+part, func(s inventory.Schedule, t time.Time) bool { return onCallBy(s, part, user, t) })
		}
	}
}

// onCallMeanwhile says that somebody is on call from an hour on for as long as a turn
// takes: which layer puts them so is no difference to them.
func onCallMeanwhile(s inventory.Schedule, user string, from int, turn func(time.Time) bool) bool {
	for i := from; i < from+weeksAhead && turn(hour(i)); i++ {
		if !slices.Contains(onCallAt(s, hour(i)), user) {
			return false
		}
	}
	return true
}

// onCallBy says that a part puts somebody on call: of layers the uppermost does on
// which it is somebody's turn.
func onCallBy(s inventory.Schedule, part, user string, t time.Time) bool {
	all := stands(s, t)
	if s.Kind == inventory.ScheduleOfLayers && len(all) > 1 {
		all = all[len(all)-1:]
	}
	return slices.Contains(all, stand{part, user})
}
