package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Difference is a span for which our rendering and PagerDuty's name different
// people.
type Difference struct {
	Start, End time.Time
	// Ours and Theirs are user ids, sorted; empty means nobody.
	Ours, Theirs []string
}

// String is the difference for people who read of it.
func (d Difference) String() string {
	names := func(users []string) string {
		if len(users) == 0 {
			return "nobody"
		}
		return strings.Join(users, ", ")
	}
	return fmt.Sprintf("from %s to %s PagerDuty says %s, our rendering %s", stamp(d.Start), stamp(d.End), names(d.Theirs), names(d.Ours))
}

// Compare renders s and returns where that differs, within the window, from
// PagerDuty's own rendering, s.Shifts: in order, none if they agree. Who is on
// call counts, not why nor in how many pieces; people without account, as after their
// deletion, count on neither side. The error is Render's.
func Compare(s inventory.Schedule, window inventory.Window, without ...string) ([]Difference, error) {
	ours, err := Render(s, window.Since, window.Until)
	if err != nil {
		return nil, err
	}
	gone := func(x inventory.Shift) bool { return slices.Contains(without, x.User) }
	ours = slices.DeleteFunc(ours, gone)
	s.Shifts = slices.DeleteFunc(slices.Clone(s.Shifts), gone)
	// Between two neighbouring moments nobody's turn begins or ends.
	moments := []time.Time{window.Since.UTC(), window.Until.UTC()}
	for _, shift := range slices.Concat(ours, s.Shifts) {
		for _, t := range []time.Time{shift.Start, shift.End} {
			if t.After(window.Since) && t.Before(window.Until) {
				moments = append(moments, t.UTC())
			}
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)

	a, b := newRoster(ours), newRoster(s.Shifts)
	var differences []Difference
	for i := range len(moments) - 1 {
		d := Difference{Start: moments[i], End: moments[i+1], Ours: a.on(moments[i]), Theirs: b.on(moments[i])}
		if slices.Equal(d.Ours, d.Theirs) {
			continue
		}
		if n := len(differences); n > 0 && differences[n-1].continues(d) {
			differences[n-1].End = d.End
			continue
		}
		differences = append(differences, d)
	}
	return differences, nil
}

// continues says that next is the same difference, right after d.
func (d Difference) continues(next Difference) bool {
	return d.End.Equal(next.Start) && slices.Equal(d.Ours, next.Ours) && slices.Equal(d.Theirs, next.Theirs)
}

// roster answers who is on call at moments that only ever move forward.
type roster struct {
	coming []inventory.Shift
	active []inventory.Shift
}

func newRoster(shifts []inventory.Shift) *roster {
	coming := slices.Clone(shifts)
	inventory.SortShifts(coming)
	return &roster{coming: coming}
}

// on returns the ids of the people on call at t, sorted and distinct.
func (r *roster) on(t time.Time) []string {
	for len(r.coming) > 0 && !r.coming[0].Start.After(t) {
		r.active = append(r.active, r.coming[0])
		r.coming = r.coming[1:]
	}
	r.active = slices.DeleteFunc(r.active, func(s inventory.Shift) bool { return !s.End.After(t) })
	users := []string{}
	for _, s := range r.active {
		users = append(users, s.User)
	}
	slices.Sort(users)
	return slices.Compact(users)
}
