package oncall_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestS23_WhateverTheEditNobodysTurnMovesThatNeedNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := drawRota(t)
		v := drawRevision(t, s, now)
		revised, err := oncall.Revise(s, []oncall.Revision{v}, now)
		var refused *oncall.RefusedError
		switch {
		case errors.As(err, &refused):
			t.Skip(err)
		case err != nil:
			t.Fatal(err)
		case len(revised.Changes) == 0:
			return
		}
		const weeks = 2 * week
		line := lastLine(s)
		verdict := newJudge(s, line.Name, now, weeks, 10*time.Minute).judge(t, s, revised.Schedule, now, newTo(line.Members, v.Join), v.Leave)
		if !verdict.changes.IsZero() && verdict.changes.Before(revised.Changes[0].Effective) {
			t.Fatalf("something changes at %s, before %s", verdict.changes, revised.Changes[0].Effective)
		}
		checkDisplaced(t, revised, verdict, now.Add(weeks))

		// A second time, from the same moment, nothing is left to do.
		again := v
		again.Part = lastLine(revised.Schedule).ID
		if twice, err := oncall.Revise(revised.Schedule, []oncall.Revision{again}, now); again.Part != "" && (err != nil || len(twice.Steps) > 0) {
			t.Fatalf("a second time: %+v, %v", twice.Changes, err)
		}
		if rest := oncall.Remaining(revised.Schedule, revised.Steps); len(rest) > 0 {
			t.Fatalf("what was done is not seen to be done: %+v", rest)
		}
	})
}

func newTo(members, join []string) []string {
	return slices.DeleteFunc(slices.Clone(join), func(u string) bool { return slices.Contains(members, u) })
}

// drawRota is a schedule of one line, and a moment near a change of the clocks.
func drawRota(t *rapid.T) (inventory.Schedule, time.Time) {
	change := rapid.SampledFrom([]struct{ zone, at string }{
		{chicago, "2026-03-08T08:00"}, {berlin, "2026-03-29T01:00"}, {berlin, "2026-10-25T01:00"},
		{lordHowe, "2026-04-04T15:00"}, {lordHowe, "2026-10-03T15:30"}, {utc, "2026-06-01"},
	}).Draw(t, "change")
	tens := func(name string, least, most int) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * 10 * time.Minute
	}
	now := date(change.at).Add(tens("now", -14*144, 2*144))
	people := rapid.SliceOfN(rapid.SampledFrom([]string{"ann", "bob", "cy", "dora", "eve"}), 1, 5).Draw(t, "people")
	if rapid.Bool().Draw(t, "shift-based") {
		start := now.Add(tens("start", -20*144, 144))
		e := weekly("E", start, start.Add(tens("length", 24, 130)), change.zone, people...)
		e.Recurrence = []string{rapid.SampledFrom([]string{"RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY;INTERVAL=2", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,SA,SU", "RRULE:FREQ=DAILY;COUNT=40"}).Draw(t, "rule")}
		e.Assignment.ShiftsPerMember = ptr(rapid.IntRange(1, 3).Draw(t, "each"))
		if rapid.IntRange(0, 3).Draw(t, "everybody") == 0 {
			e.Assignment.Type, e.Assignment.ShiftsPerMember = "every_member_assignment_strategy", nil
		} else if rapid.Bool().Draw(t, "with an empty slot") {
			e.Assignment.Members = append(e.Assignment.Members, nil)
		}
		if rapid.Bool().Draw(t, "ends") {
			e.EffectiveUntil = ptr(now.Add(tens("until", 1, 20*144)))
		}
		return shiftBased(change.zone, e), now
	}
	turn := rapid.SampledFrom([]int{3600, 5400, 12 * 3600, 86400, 2 * 86400, 50 * 3600}).Draw(t, "turn")
	l := layer("L", now.Add(tens("start", -5*144, 144)), time.Duration(turn)*time.Second, people...)
	l.VirtualStart = now.Add(tens("virtual start", -10*144, 5*144))
	if rapid.Bool().Draw(t, "ends") {
		l.End = ptr(now.Add(tens("end", 1, 20*144)))
	}
	return layerBased(change.zone, l), now
}

func drawRevision(t *rapid.T, s inventory.Schedule, now time.Time) oncall.Revision {
	v := oncall.Revision{
		Part:  lastLine(s).ID,
		Join:  rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"fay", "gus", "hal", "ann"}), 0, 3, rapid.ID).Draw(t, "join"),
		Leave: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"bob", "cy", "dora", "eve"}), 0, 3, rapid.ID).Draw(t, "leave"),
	}
	if rapid.Bool().Draw(t, "at a date") {
		v.Earliest = now.Add(time.Duration(rapid.IntRange(0, 14*24).Draw(t, "hours")) * time.Hour)
	}
	v.LeaveEmpty = s.Kind == inventory.ScheduleOfShifts && rapid.IntRange(0, 3).Draw(t, "leave empty") == 0
	return v
}
