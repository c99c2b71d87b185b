package oncall

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Duty is who is on call at one moment, and who comes next. A zero time is one
// that the window of the shifts does not reach.
type Duty struct {
	// On are the people on call, once each, sorted by id; empty is a gap. Start
	// and End are those of their time on call without a break, whatever makes
	// it; zero where it began before the window or goes on beyond it.
	On []inventory.Shift
	// Next is the first time that other people are on call; nil if nothing
	// changes within the window.
	Next *Spell
	// Resumes is the end of the gap that Next is: the first time after it that
	// anybody is on call. Nil if Next is no gap, or if it lasts to the window's
	// end.
	Resumes *Spell
}

// Spell is a span for which the same people are on call.
type Spell struct {
	Start time.Time
	// End is zero where it goes on beyond the window.
	End time.Time
	// Users are their ids, sorted; empty is a gap.
	Users []string
}

// DutyAt reads off shifts, which are clipped to a window, who is on call at t
// and who comes next. It knows nothing of moments outside the window.
func DutyAt(shifts []inventory.Shift, w inventory.Window, t time.Time) Duty {
	d := Duty{On: []inventory.Shift{}}
	for _, s := range At(longest(shifts), t) {
		if !s.Start.After(w.Since) {
			s.Start = time.Time{}
		}
		if !s.End.Before(w.Until) {
			s.End = time.Time{}
		}
		d.On = append(d.On, s)
	}
	slices.SortFunc(d.On, func(x, y inventory.Shift) int { return cmp.Compare(x.User, y.User) })

	spells := spellsOf(shifts, w, t)
	if len(spells) < 2 {
		return d
	}
	d.Next = &spells[1]
	if len(d.Next.Users) == 0 && len(spells) > 2 {
		d.Resumes = &spells[2]
	}
	return d
}

// spellsOf are the spells from t to the window's end, the first cut short by t.
func spellsOf(shifts []inventory.Shift, w inventory.Window, t time.Time) []Spell {
	people := newRoster(shifts)
	var spells []Spell
	for ok := true; ok && t.Before(w.Until); t, ok = NextBoundary(shifts, t) {
		users := people.on(t)
		n := len(spells)
		if n > 0 && slices.Equal(spells[n-1].Users, users) {
			continue
		}
		if n > 0 {
			spells[n-1].End = t
		}
		spells = append(spells, Spell{Start: t, Users: users})
		if n == 3 {
			spells = spells[:3] // enough for who comes next, and after a gap
			break
		}
	}
	return spells
}

// LevelDuty is DutyAt for one level of an escalation policy, counted from 1, or
// for level 0 for all: its schedules' shifts, and the people on it directly, who are on call all the
// time. A schedule that the snapshot does not hold contributes nobody; Unread
// tells them.
func LevelDuty(snap *inventory.Snapshot, policyID string, level int, t time.Time) Duty {
	w := snap.Account.Window
	var shifts []inventory.Shift
	for _, target := range targets(snap, policyID, level) {
		switch target.Type {
		case "user":
			shifts = append(shifts, inventory.Shift{User: target.ID, Start: w.Since, End: w.Until})
		case "schedule":
			shifts = append(shifts, snap.Schedules[target.ID].Shifts...)
		}
	}
	return DutyAt(snap.Manned(shifts), w, t)
}

// Unread are the ids of the schedules on a level of an escalation policy that
// the snapshot does not hold, in the level's order.
func Unread(snap *inventory.Snapshot, policyID string, level int) []string {
	var ids []string
	for _, target := range targets(snap, policyID, level) {
		if _, ok := snap.Schedules[target.ID]; target.Type == "schedule" && !ok {
			ids = append(ids, target.ID)
		}
	}
	return ids
}
