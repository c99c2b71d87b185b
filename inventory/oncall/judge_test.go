package oncall_test

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// judge says who is on call on one line of a schedule, minute by minute, in a
// way of its own: it steps through days and turns with the walk's clock, and
// knows nothing of rendering or of revisions.
type judge struct {
	walk
	line   string // the name of a layer or event
	ahead  time.Duration
	step   time.Duration // at whose multiples turns begin
	shown  map[time.Time]time.Time
	begins map[string][]time.Time
}

// failing is a test, or a case of a property.
type failing interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ahead is how far ahead an edit is judged.
const ahead = 8 * week

func newJudge(s inventory.Schedule, line string, now time.Time, ahead, step time.Duration) judge {
	return judge{newWalk(s, now.Truncate(time.Minute), now.Add(ahead)), line, ahead, step, map[time.Time]time.Time{}, map[string][]time.Time{}}
}

// shows is the walk's, asked once for each moment.
func (j judge) shows(m time.Time) time.Time {
	if _, known := j.shown[m]; !known {
		j.shown[m] = j.walk.shows(m)
	}
	return j.shown[m]
}

// judged is a turn of a layer or an occurrence of an event, from the first minute
// to the one after the last, and who is on call in it before and after.
type judged struct {
	from, to      time.Time
	before, after []string
}

// slots are the line's turns or occurrences in the weeks from now, the one under
// way first. It fails the test if anybody comes or goes amid one.
func (j judge) slots(t failing, before, after inventory.Schedule, now time.Time) []judged {
	t.Helper()
	var slots []judged
	last := ""
	for m := now.Truncate(time.Minute); m.Before(now.Add(j.ahead)); m = m.Truncate(j.step).Add(j.step) {
		unit, is := j.on(before, m)
		_, will := j.on(after, m)
		if unit == "" {
			if len(will) > 0 {
				t.Fatalf("at %s nobody had a turn, now %v have", m, will)
			}
			last = ""
			continue
		}
		if unit != last {
			slots = append(slots, judged{from: m, before: is, after: will})
		}
		s := &slots[len(slots)-1]
		s.to, last = m, unit
		if !slices.Equal(s.before, is) || !slices.Equal(s.after, will) {
			t.Fatalf("amid the turn from %s, at %s: before %v, then %v; after %v, then %v", s.from, m, s.before, is, s.after, will)
		}
	}
	return slots
}

// on is which turn or occurrence is under way at m ("" is none), told by the
// layers or events of the name that are in effect, and who has it.
func (j judge) on(s inventory.Schedule, m time.Time) (unit string, users []string) {
	for _, l := range s.Layers {
		if l.Name != j.line || m.Before(l.Start) || l.End != nil && !m.Before(*l.End) {
			continue
		}
		if unit != "" {
			panic("two layers of the line at once")
		}
		k, begins := j.turnOf(l, m)
		for k < 0 {
			k += len(l.Users)
		}
		unit, users = begins.String(), []string{l.Users[k%len(l.Users)]}
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if e.Name != j.line {
				continue
			}
			begins, index, ok := j.occurrence(e, m)
			if !ok {
				continue
			}
			if unit != "" {
				panic("two events of the line at once")
			}
			unit = begins.String()
			users = []string{}
			for i, member := range e.Assignment.Members {
				theirs := e.Assignment.ShiftsPerMember == nil || index / *e.Assignment.ShiftsPerMember % len(e.Assignment.Members) == i
				if member != nil && theirs {
					users = append(users, *member)
				}
			}
			slices.Sort(users)
		}
	}
	return unit, users
}

// turnOf counts turns from the virtual start, one after another.
func (j judge) turnOf(l inventory.Layer, m time.Time) (k int, begins time.Time) {
	turn := time.Duration(l.TurnSeconds) * time.Second
	at, now := l.VirtualStart, m
	if l.TurnSeconds%86400 == 0 {
		at, now = j.shows(l.VirtualStart), j.clock(m)
	}
	for at.After(now) {
		at, k = at.Add(-turn), k-1
	}
	for !at.Add(turn).After(now) {
		at, k = at.Add(turn), k+1
	}
	return k, at
}

// occurrence is the one under way, and how many were before it.
func (j judge) occurrence(e inventory.Event, m time.Time) (begins time.Time, index int, ok bool) {
	if e.EffectiveUntil != nil && !m.Before(*e.EffectiveUntil) {
		return begins, 0, false
	}
	length := j.shows(e.End).Sub(j.shows(e.Start))
	for index, begins := range j.beginnings(e) {
		if begins.After(j.clock(m)) {
			break
		}
		if j.clock(m).Before(begins.Add(length)) {
			began := j.from.Add(time.Duration(sortedIndex(j.got, begins)) * time.Minute)
			return begins, index, began.After(j.from) && !began.Before(e.EffectiveSince)
		}
	}
	return begins, 0, false
}

// beginnings are the wall times at which an event takes place, effective or not.
func (j judge) beginnings(e inventory.Event) []time.Time {
	key := e.Start.String() + strings.Join(e.Recurrence, " ")
	if known, ok := j.begins[key]; ok {
		return known
	}
	first := j.shows(e.Start)
	var all []time.Time
	for n := 0; !first.AddDate(0, 0, n).After(j.got[len(j.got)-1]); n++ {
		if begins := first.AddDate(0, 0, n); takesPlace(e.Recurrence, first, begins, n, len(all)) {
			all = append(all, begins)
		}
	}
	j.begins[key] = all
	return all
}

// takesPlace knows DAILY and WEEKLY with INTERVAL, BYDAY, COUNT and EXDATE.
func takesPlace(rules []string, first, begins time.Time, n, index int) bool {
	for _, line := range rules {
		if dates, ok := strings.CutPrefix(line, "EXDATE:"); ok && strings.Contains(dates, begins.Format("20060102T150405")) {
			return false
		}
	}
	rule := strings.TrimPrefix(rules[0], "RRULE:")
	parts := map[string]string{"INTERVAL": "1"}
	for _, p := range strings.Split(rule, ";") {
		key, value, _ := strings.Cut(p, "=")
		parts[key] = value
	}
	interval := int(parts["INTERVAL"][0] - '0')
	if count, ok := parts["COUNT"]; ok {
		limit := 0
		for _, c := range count {
			limit = 10*limit + int(c-'0')
		}
		if index >= limit {
			return false
		}
	}
	if parts["FREQ"] == "DAILY" {
		return n%interval == 0
	}
	weekday := strings.ToUpper(begins.Weekday().String()[:2])
	if byday, ok := parts["BYDAY"]; ok {
		if !strings.Contains(byday, weekday) {
			return false
		}
	} else if begins.Weekday() != first.Weekday() {
		return false
	}
	monday := func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }
	weeks := int(monday(begins).Sub(monday(first)).Hours()) / (24 * 7)
	return weeks%interval == 0
}

// verdict is what an edit does to those who neither join nor leave.
type verdict struct {
	// changes is the first moment at which anybody's turn changes, moves the
	// first at which that of somebody who stays does; zero is never.
	changes, moves time.Time
	// moved are those whose turns change, sorted.
	moved []string
}

// judge holds an edit against what no edit may do, and says what it does.
func (j judge) judge(t failing, before, after inventory.Schedule, now time.Time, join, leave []string) verdict {
	t.Helper()
	slots := j.slots(t, before, after, now)
	var v verdict
	var order, orderAfter []string
	var first time.Time // of a newcomer, or vacated
	for _, s := range slots {
		for _, user := range append(slices.Clone(s.before), s.after...) {
			was, is := slices.Contains(s.before, user), slices.Contains(s.after, user)
			joins, leaves := slices.Contains(join, user), slices.Contains(leave, user)
			if was != is && v.changes.IsZero() {
				v.changes = s.from
			}
			if (joins && is || leaves && was && !is) && first.IsZero() {
				first = s.from
			}
			if was == is || joins || leaves {
				continue
			}
			if v.moves.IsZero() {
				v.moves = s.from
			}
			if !slices.Contains(v.moved, user) {
				v.moved = append(v.moved, user)
			}
		}
		order = append(order, s.before...)
		orderAfter = append(orderAfter, s.after...)
	}
	slices.Sort(v.moved)
	if !v.moves.IsZero() && (first.IsZero() || v.moves.Before(first)) {
		t.Errorf("the turn of somebody who stays changes at %s, before anybody joins or leaves at %s", v.moves, first)
	}
	comeOrGo := slices.Concat(join, leave)
	order, orderAfter = without(order, comeOrGo), without(orderAfter, comeOrGo)
	if n := min(len(order), len(orderAfter)); !slices.Equal(order[:n], orderAfter[:n]) {
		t.Errorf("the order of those who stay changes:\n%v\n%v", order[:n], orderAfter[:n])
	}
	j.comeAndGo(t, slots, join, leave)
	return v
}

// comeAndGo: whoever leaves has no turn once their turn was somebody else's, and
// whoever joins gets one.
func (j judge) comeAndGo(t failing, slots []judged, join, leave []string) {
	t.Helper()
	for _, user := range leave {
		gone := false
		for _, s := range slots {
			was, is := slices.Contains(s.before, user), slices.Contains(s.after, user)
			if gone && is || is && !was {
				t.Errorf("%s, who leaves, has a turn at %s", user, s.from)
			}
			gone = gone || was && !is
		}
	}
	for _, user := range join {
		if j.ahead == ahead && !slices.ContainsFunc(slots, func(s judged) bool { return slices.Contains(s.after, user) }) {
			t.Errorf("%s, who joins, has no turn in eight weeks", user)
		}
	}
}

func without(users, who []string) []string {
	return slices.DeleteFunc(slices.Clone(users), func(u string) bool { return slices.Contains(who, u) })
}
