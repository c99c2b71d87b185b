package oncall

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// Recognize sets StartsUnderWay on the events of all shift-based schedules as
// PagerDuty's final schedules have it. PagerDuty's sources disagree on an occurrence
// under way when its event takes effect: its API description says that the event
// starts producing shifts then, its upgrade guide that the member keeps the week. So
// both are rendered, and where one alone agrees with what PagerDuty rendered, it is
// the one. What a schedule does not tell, others of the account do; where none does,
// it is supposed, or else nobody is on call until the next occurrence. It returns what
// the account was recognized by, and false where nothing showed it.
func Recognize(schedules map[string]inventory.Schedule, window inventory.Window, now inventory.Window, supposed bool) (underWay, told bool) {
	votes := map[string]bool{}
	for id, s := range schedules {
		if v, decided := recognize(s, window, now); decided {
			votes[id] = v
		}
	}
	underWay, told = supposed, len(votes) > 0
	if told {
		// Where schedules speak against each other, each is as it says itself.
		underWay = !slices.Contains(valuesOf(votes), false)
	}
	for id, s := range schedules {
		v, own := votes[id]
		if !own {
			v = underWay
		}
		if s.Kind == inventory.ScheduleOfShifts && !allSay(s, v) {
			schedules[id] = startingUnderWay(s, v)
		}
	}
	return underWay, told
}

func valuesOf(votes map[string]bool) []bool {
	list := make([]bool, 0, len(votes))
	for _, v := range votes {
		list = append(list, v)
	}
	return list
}

// recognize says which reading a schedule's rendering bears out, in the window whole
// or else in what is to come: the past may have been rendered otherwise since.
func recognize(s inventory.Schedule, windows ...inventory.Window) (underWay, decided bool) {
	for _, w := range windows {
		if s.Kind != inventory.ScheduleOfShifts || !cutIn(s, w) {
			return false, false
		}
		without, err := Compare(startingUnderWay(s, false), w)
		if err != nil {
			return false, false
		}
		with, err := Compare(startingUnderWay(s, true), w)
		if err != nil {
			return false, false
		}
		if (len(with) == 0) != (len(without) == 0) {
			return len(with) == 0, true
		}
	}
	return false, false
}

// cutIn says that an occurrence of the schedule may be under way at an event's
// beginning and reach into the window. Most schedules have none, and need not be
// rendered.
func cutIn(s inventory.Schedule, w inventory.Window) bool {
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if reach := e.EffectiveSince.Add(e.End.Sub(e.Start) + day); e.EffectiveSince.Before(w.Until) && reach.After(w.Since) {
				return true
			}
		}
	}
	return false
}

func allSay(s inventory.Schedule, underWay bool) bool {
	return !slices.ContainsFunc(s.Rotations, func(r inventory.Rotation) bool {
		return slices.ContainsFunc(r.Events, func(e inventory.Event) bool { return e.StartsUnderWay != underWay })
	})
}

// startingUnderWay is a schedule whose events all say so, or all do not. It shares
// no event with s.
func startingUnderWay(s inventory.Schedule, underWay bool) inventory.Schedule {
	s.Rotations = slices.Clone(s.Rotations)
	for i, r := range s.Rotations {
		r.Events = slices.Clone(r.Events)
		for k := range r.Events {
			r.Events[k].StartsUnderWay = underWay
		}
		s.Rotations[i] = r
	}
	return s
}
