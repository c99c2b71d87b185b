package oncall

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Counted is how far ahead the turns are counted that an edit moves: eight weeks.
const Counted = 8 * 7 * day

// lookAhead is how far from a change turns before and after are compared: half a
// year, or two cycles of a layer of long turns.
func (r *reviser) lookAhead(part string) time.Duration {
	ahead := 26 * 7 * day
	for _, l := range r.after.Layers {
		if l.ID == part {
			ahead = max(ahead, cyclesOf(l, 2))
		}
	}
	return fewTurns(r.after, ahead)
}

func (r *reviser) note(v Revision, c PartChange) {
	r.changes = append(r.changes, c)
	r.revisions = append(r.revisions, v)
}

// displaced are the people whose turns on a part change although they neither
// join nor leave. It is an error if anything changes before it may: that would
// be a defect of this package, and take somebody off call.
func (r *reviser) displaced(c PartChange, v Revision) ([]Displaced, error) {
	w := span{r.now, later(r.now, c.Effective).Add(r.lookAhead(c.Part))}
	before, err := r.turnsOf(r.before, c.Part, false, w)
	if err != nil {
		return nil, err
	}
	after, err := r.turnsOf(r.after, c.Part, c.Successor, w)
	if err != nil {
		return nil, err
	}
	var list []Displaced
	for _, user := range peopleOf(before, after) {
		since, differ := firstDifference(before[user], after[user])
		if !differ {
			continue
		}
		if since.Before(c.Effective) {
			return nil, fmt.Errorf("schedule %q: %s: the turns of %s would change at %s, before the handoff at %s: not done", r.before.Name, c.Part, user, stamp(since), stamp(c.Effective))
		}
		if v.about(user) {
			continue
		}
		list = append(list, Displaced{User: user, Part: c.Part, Since: since, Turns: turnsMoved(before[user], after[user], r.now), Why: whyDisplaced(c, v)})
	}
	slices.SortFunc(list, func(x, y Displaced) int { return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.User, y.User)) })
	return list, nil
}

// displacedOnCall holds who is said to be displaced against when people are on call on the
// whole schedule: turns may move on paper in hours that are closed, or under another layer,
// and a layer that is filled takes over from those beneath it. Who joins or leaves on
// another part is displaced as that part alone says.
func (r *reviser) displacedOnCall(out *Revised) error {
	w := span{r.now, r.now}
	for _, c := range r.changes {
		w.end = later(w.end, later(r.now, c.Effective).Add(r.lookAhead(c.Part)))
	}
	if len(r.changes) == 0 {
		return nil
	}
	before, after := r.before, r.after
	before.Overrides, before.CustomShifts, after.Overrides, after.CustomShifts = nil, nil, nil, nil
	was, err := turnsFrom(before, w.start, w.end.Sub(w.start))
	if err != nil {
		return err
	}
	is, err := turnsFrom(after, w.start, w.end.Sub(w.start))
	if err != nil {
		return err
	}
	people := peopleOf(was, is)
	for _, d := range out.Displaced {
		people = append(people, d.User)
	}
	slices.Sort(people)
	for _, user := range slices.Compact(people) {
		if r.comesOrGoes(user) {
			continue
		}
		since, differ := firstDifference(was[user], is[user])
		if !differ {
			out.Displaced = slices.DeleteFunc(out.Displaced, func(d Displaced) bool { return d.User == user })
			continue
		}
		turns, named := turnsMoved(was[user], is[user], r.now), false
		for i, d := range out.Displaced {
			if d.User == user {
				out.Displaced[i].Since, out.Displaced[i].Turns, named = later(d.Since, since), turns, true
			}
		}
		if !named {
			out.Displaced = append(out.Displaced, Displaced{User: user, Part: r.changes[0].Part, Since: since, Turns: turns, Why: "another layer takes over from theirs at other times"})
		}
	}
	return nil
}

// comesOrGoes says whether somebody joins or leaves anywhere on the schedule.
func (r *reviser) comesOrGoes(user string) bool {
	return slices.ContainsFunc(r.revisions, func(v Revision) bool {
		return v.about(user)
	})
}

// about says whether a revision is about somebody: they join, leave, or are to have
// another number of turns.
func (v Revision) about(user string) bool {
	return slices.Contains(v.Join, user) || slices.Contains(v.Leave, user) || v.Weights[user] > 0
}

// turnsMoved counts the turns of somebody that are not as they were, within Counted.
func turnsMoved(was, is []span, now time.Time) int {
	until := now.Add(Counted)
	only := func(in, not []span) int {
		there := map[[2]int64]bool{}
		key := func(s span) [2]int64 { return [2]int64{s.start.Unix(), earlier(s.end, until).Unix()} }
		for _, s := range not {
			there[key(s)] = true
		}
		n := 0
		for _, s := range in {
			if s.start.Before(until) && !there[key(s)] {
				n++
			}
		}
		return n
	}
	return max(only(was, is), only(is, was))
}

func whyDisplaced(c PartChange, v Revision) string {
	switch more := len(c.After) > len(c.Before); {
	case len(v.Join)+len(v.Leave) > 0:
	case more:
		return fmt.Sprintf("a cycle has %d turns instead of %d: those that are added take theirs", len(c.After), len(c.Before))
	default:
		return fmt.Sprintf("a cycle has %d turns instead of %d: those that are left out close up", len(c.After), len(c.Before))
	}
	if len(c.After) > len(c.Before) {
		return fmt.Sprintf("a cycle has %d turns instead of %d: those who join take theirs", len(c.After), len(c.Before))
	}
	return fmt.Sprintf("a cycle has %d turns instead of %d: those of who leaves close up", len(c.After), len(c.Before))
}

// turnsOf is when each person has turns on a part, and on its successor where it
// is said to have one, by user id; other parts and overrides aside.
func (r *reviser) turnsOf(s inventory.Schedule, part string, succeeded bool, w span) (map[string][]span, error) {
	alone := inventory.Schedule{Name: s.Name, ID: s.ID, Kind: s.Kind, TimeZone: s.TimeZone}
	count := 1
	if succeeded {
		count = 2 // the successor stands next to it
	}
	if i := slices.IndexFunc(s.Layers, func(l inventory.Layer) bool { return l.ID == part }); i >= 0 {
		for _, l := range s.Layers[i : i+count] {
			l.Restrictions = nil // turns, not what of them is open
			alone.Layers = append(alone.Layers, l)
		}
	}
	for _, rotation := range s.Rotations {
		if i := slices.IndexFunc(rotation.Events, func(e inventory.Event) bool { return e.ID == part }); i >= 0 {
			alone.Rotations = []inventory.Rotation{{ID: rotation.ID, Events: rotation.Events[i : i+count]}}
		}
	}
	shifts, err := Render(alone, w.start, w.end)
	if err != nil {
		return nil, err
	}
	byUser := map[string][]span{}
	for _, s := range shifts {
		byUser[s.User] = append(byUser[s.User], span{s.Start, s.End})
	}
	for user, spans := range byUser {
		byUser[user] = unite(spans)
	}
	return byUser, nil
}

func peopleOf(a, b map[string][]span) []string {
	var people []string
	for _, m := range []map[string][]span{a, b} {
		for user := range m {
			people = append(people, user)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// firstDifference is the first moment that lies in only one of two lists of
// spans, which are in order and do not touch.
func firstDifference(a, b []span) (time.Time, bool) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return b[i].start, true
		case i >= len(b):
			return a[i].start, true
		case !a[i].start.Equal(b[i].start):
			return earlier(a[i].start, b[i].start), true
		case !a[i].end.Equal(b[i].end):
			return earlier(a[i].end, b[i].end), true
		}
	}
	return time.Time{}, false
}
