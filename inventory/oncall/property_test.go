package oncall_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestRenderingEqualsAMinuteWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		shifts := c.render(t, c.since, c.until)
		walk := newWalk(c.schedule, c.since, c.until)
		for m := c.since; m.Before(c.until); m = m.Add(time.Minute) {
			var got []string
			for _, s := range oncall.At(shifts, m) {
				got = append(got, s.User+" by "+s.Origin.Kind+" "+s.Origin.ID)
			}
			slices.Sort(got)
			if want := walk.on(m); !slices.Equal(got, want) {
				t.Fatalf("at %s: rendered %v, walked %v", m, got, want)
			}
		}
	})
}

func TestPiecesPartitionTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		shifts := c.render(t, c.since, c.until)
		last := map[string]time.Time{}
		for _, s := range shifts {
			if s.Start.Before(c.since) || s.End.After(c.until) || !s.Start.Before(s.End) {
				t.Fatalf("%v is empty or reaches out of the window", s)
			}
			// Pieces of one person and origin keep a gap between them; on layers
			// no two pieces overlap, whosever they are.
			one := s.User + " " + s.Origin.Kind + " " + s.Origin.ID
			if end, ok := last[one]; ok && !s.Start.After(end) {
				t.Fatalf("%v touches the piece before it", s)
			}
			if end := last["anybody"]; c.schedule.Kind == inventory.ScheduleOfLayers && s.Start.Before(end) {
				t.Fatalf("%v overlaps another piece", s)
			}
			last[one], last["anybody"] = s.End, s.End
		}
	})
}

func TestAWindowEqualsItsTwoParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t)
		middle := c.since.Add(time.Duration(rapid.Int64Range(0, int64(c.until.Sub(c.since)/time.Second)).Draw(t, "middle")) * time.Second)
		left, right := c.render(t, c.since, middle), c.render(t, middle, c.until)
		for _, s := range right {
			i := slices.IndexFunc(left, func(l inventory.Shift) bool {
				return s.Start.Equal(middle) && l.End.Equal(middle) && l.User == s.User && *l.Origin == *s.Origin
			})
			if i < 0 {
				left = append(left, s)
				continue
			}
			left[i].End = s.End
		}
		inventory.SortShifts(left)
		if diff := gocmp.Diff(c.render(t, c.since, c.until), left); diff != "" {
			t.Fatalf("whole window and parts joined at %s (-whole +parts):\n%s", middle, diff)
		}
	})
}

// drawn is a schedule and a window around a change of its zone's clocks.
type drawn struct {
	schedule     inventory.Schedule
	since, until time.Time
}

func (c drawn) render(t *rapid.T, since, until time.Time) []inventory.Shift {
	t.Helper()
	shifts, err := oncall.Render(c.schedule, since, until)
	if err != nil {
		t.Fatal(err)
	}
	return shifts
}

func drawCase(t *rapid.T) drawn {
	change := rapid.SampledFrom([]struct{ zone, at string }{
		{chicago, "2026-03-08T08:00"}, {chicago, "2026-11-01T07:00"},
		{berlin, "2026-03-29T01:00"}, {berlin, "2026-10-25T01:00"},
		{lordHowe, "2026-04-04T15:00"}, {lordHowe, "2026-10-03T15:30"},
		{"Pacific/Apia", "2011-12-30T10:00"}, {"America/Nuuk", "2026-03-29T01:00"}, {utc, "2026-06-01"},
	}).Draw(t, "change")
	minutes := func(name string, least, most int) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * time.Minute
	}
	// Small draws are the likely ones, so the change is kept well inside.
	c := drawn{
		since: date(change.at).Add(-minutes("before", 24*60, 48*60)),
		until: date(change.at).Add(minutes("after", 24*60, 48*60)),
	}
	near := func(name string) time.Time { return c.since.Add(minutes(name, -6*1440, 4*1440)) }
	user := rapid.SampledFrom([]string{"ann", "bob", "cy", "dora"})

	c.schedule = inventory.Schedule{ID: "S", Kind: inventory.ScheduleOfLayers, TimeZone: change.zone}
	if rapid.Bool().Draw(t, "shift-based") {
		drawRotations(t, &c.schedule, near, minutes)
		return c
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "layers") {
		l := inventory.Layer{
			ID: fmt.Sprint("L", i), Start: near("start"), VirtualStart: near("virtual start"),
			TurnSeconds: rapid.SampledFrom([]int{3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 5400}).Draw(t, "turn"),
			Users:       rapid.SliceOfN(user, 1, 4).Draw(t, "users"),
		}
		if rapid.Bool().Draw(t, "ends") {
			l.End = ptr(near("end"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "restrictions") {
			at := date("2000-01-01").Add(minutes("at", 0, 1439)).Format(time.TimeOnly)
			r := daily(at, minutes("length", 1, 1440))
			if rapid.Bool().Draw(t, "weekly") {
				r = onWeekday(rapid.IntRange(1, 7).Draw(t, "weekday"), at, minutes("length", 1, 7*1440))
			}
			l.Restrictions = append(l.Restrictions, r)
		}
		c.schedule.Layers = append(c.schedule.Layers, l)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "overrides") {
		start := near("override")
		c.schedule.Overrides = append(c.schedule.Overrides, inventory.Override{
			ID: fmt.Sprint("O", i), User: ptr(user.Draw(t, "by")), Start: start, End: start.Add(minutes("for", 0, 1440)),
		})
	}
	return c
}

func drawRotations(t *rapid.T, s *inventory.Schedule, near func(string) time.Time, minutes func(string, int, int) time.Duration) {
	s.Kind = inventory.ScheduleOfShifts
	member := rapid.SampledFrom([]string{"ann", "bob", "cy", ""})
	for i := range rapid.IntRange(1, 2).Draw(t, "rotations") {
		start := near("event")
		e := weekly("E", start, start.Add(minutes("length", 240, 2000)), s.TimeZone, rapid.SliceOfN(member, 1, 4).Draw(t, "members")...)
		e.Recurrence = []string{rapid.SampledFrom([]string{
			"RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY;INTERVAL=2", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,SA,SU", "RRULE:FREQ=DAILY;COUNT=3",
		}).Draw(t, "rule")}
		e.Assignment.ShiftsPerMember = ptr(rapid.IntRange(1, 3).Draw(t, "shifts per member"))
		if rapid.Bool().Draw(t, "everybody") {
			e.Assignment.Type = "every_member_assignment_strategy"
		}
		e.EffectiveSince = near("since")
		if rapid.Bool().Draw(t, "ends") {
			e.EffectiveUntil = ptr(near("until"))
		}
		s.Rotations = append(s.Rotations, inventory.Rotation{ID: fmt.Sprint("R", i), Events: []inventory.Event{e}})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "overrides") {
		start := near("override")
		s.Overrides = append(s.Overrides, inventory.Override{
			ID: fmt.Sprint("O", i), Rotation: ptr(rapid.SampledFrom([]string{"R0", "R1", "GONE"}).Draw(t, "rotation")),
			Replaces: slots(member.Draw(t, "replaced"))[0], User: slots(member.Draw(t, "by"))[0],
			Start: start, End: start.Add(minutes("for", 0, 1440)),
		})
	}
}

// walk answers minute by minute, without spans: it knows of each minute how far
// the local clock has ever got, and asks of that time alone what holds.
type walk struct {
	schedule inventory.Schedule
	from     time.Time
	got      []time.Time
}

func newWalk(s inventory.Schedule, since, until time.Time) walk {
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		panic(err)
	}
	w := walk{schedule: s, from: since.Add(-10 * days)}
	for m := w.from; m.Before(until.Add(10 * days)); m = m.Add(time.Minute) {
		clock := shown(m, loc)
		if n := len(w.got); n > 0 && w.got[n-1].After(clock) {
			clock = w.got[n-1]
		}
		w.got = append(w.got, clock)
	}
	return w
}

// clock is how far the local clock has got by m.
func (w walk) clock(m time.Time) time.Time { return w.got[int(m.Sub(w.from)/time.Minute)] }

// shows is what the local clock shows at m.
func (w walk) shows(m time.Time) time.Time {
	loc, _ := time.LoadLocation(w.schedule.TimeZone)
	return shown(m, loc)
}

func shown(m time.Time, loc *time.Location) time.Time {
	l := m.In(loc)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

// on is who is on call at m, as "user by kind id", sorted.
func (w walk) on(m time.Time) []string {
	if w.schedule.Kind == inventory.ScheduleOfShifts {
		return w.onRotations(m)
	}
	for _, o := range slices.Backward(w.schedule.Overrides) {
		if !m.Before(o.Start) && m.Before(o.End) {
			return []string{*o.User + " by override " + o.ID}
		}
	}
	for _, l := range slices.Backward(w.schedule.Layers) {
		if m.Before(l.Start) || l.End != nil && !m.Before(*l.End) || !w.open(l.Restrictions, m) {
			continue
		}
		elapsed := m.Sub(l.VirtualStart)
		if l.TurnSeconds%86400 == 0 {
			elapsed = w.clock(m).Sub(w.shows(l.VirtualStart))
		}
		turn := time.Duration(l.TurnSeconds) * time.Second
		k := 0
		for ; elapsed < 0; elapsed += turn {
			k--
		}
		k += int(elapsed / turn)
		for k < 0 {
			k += len(l.Users)
		}
		return []string{l.Users[k%len(l.Users)] + " by layer " + l.ID}
	}
	return nil
}

func (w walk) open(restrictions []inventory.Restriction, m time.Time) bool {
	clock := w.clock(m)
	for _, r := range restrictions {
		at, _ := time.Parse(time.TimeOnly, r.StartTime)
		// Back day by day to the last time the span could have begun.
		for back := range 8 {
			d := clock.AddDate(0, 0, -back)
			begin := time.Date(d.Year(), d.Month(), d.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
			if r.StartDay != nil && int(begin.Weekday()) != *r.StartDay%7 {
				continue
			}
			if !clock.Before(begin) && clock.Before(begin.Add(time.Duration(r.DurationSeconds)*time.Second)) {
				return true
			}
		}
	}
	return len(restrictions) == 0
}

func (w walk) onRotations(m time.Time) []string {
	var on []string
	for _, r := range w.schedule.Rotations {
		for _, member := range w.members(r.Events[0], m) {
			user, by := name(member), "rotation "+r.ID
			for _, o := range w.schedule.Overrides {
				if *o.Rotation != r.ID || m.Before(o.Start) || !m.Before(o.End) {
					continue
				}
				if replaced := name(o.Replaces); replaced == user || replaced == name(member) {
					user, by = name(o.User), "override "+o.ID
				}
			}
			if user != "" {
				on = append(on, user+" by "+by)
			}
		}
	}
	slices.SortFunc(on, cmp.Compare[string])
	return slices.Compact(on)
}

// members are those of the occurrences that the walk from the event's first day
// finds under way at m.
func (w walk) members(e inventory.Event, m time.Time) []*string {
	if e.EffectiveUntil != nil && !m.Before(*e.EffectiveUntil) {
		return nil
	}
	var on []*string
	rule := e.Recurrence[0]
	first, length := w.shows(e.Start), w.shows(e.End).Sub(w.shows(e.Start))
	index := 0
	for n := 0; !first.AddDate(0, 0, n).After(w.clock(m)); n++ {
		begin := first.AddDate(0, 0, n)
		if strings.Contains(rule, "INTERVAL=2") && n%2 == 1 ||
			strings.Contains(rule, "BYDAY") && !strings.Contains("Monday Tuesday Saturday Sunday", begin.Weekday().String()) ||
			strings.Contains(rule, "COUNT=3") && index == 3 {
			continue
		}
		began := sortedIndex(w.got, begin)
		if w.clock(m).Before(begin.Add(length)) && !w.from.Add(time.Duration(began)*time.Minute).Before(e.EffectiveSince) {
			a := e.Assignment
			if a.Type == "every_member_assignment_strategy" {
				on = append(on, a.Members...)
			} else {
				on = append(on, a.Members[index / *a.ShiftsPerMember % len(a.Members)])
			}
		}
		index++
	}
	return on
}

// sortedIndex is the first minute by which the clock has got to wall.
func sortedIndex(got []time.Time, wall time.Time) int {
	i, _ := slices.BinarySearchFunc(got, wall, time.Time.Compare)
	return i
}

func name(member *string) string {
	if member == nil {
		return ""
	}
	return *member
}
