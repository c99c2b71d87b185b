package oncall_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// edit is one change of who takes turns on the first layer or event of a
// schedule, in the schedule's local time. The judge knows who stays; the case
// says when turns change, and when those of somebody who stays do.
type edit struct {
	name        string
	schedule    inventory.Schedule
	now         string
	join, leave string
	earliest    string
	leaveEmpty  bool
	// changes and moves are "" for never, within the weeks judged.
	changes, moves string
	// successor says that the layer or event ends and another goes on.
	successor bool
	after     string // who takes turns afterwards, in the order of turns
}

func weeks(users ...string) inventory.Schedule {
	return layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, users...))
}

// turning is a schedule of one layer; restricted adds restrictions to it, ending
// an end.
func turning(zone, start string, turn time.Duration, users ...string) inventory.Schedule {
	return layerBased(zone, layer("L", local(zone, start), turn, users...))
}

func with(s inventory.Schedule, change func(*inventory.Layer)) inventory.Schedule {
	change(&s.Layers[len(s.Layers)-1])
	return s
}

// happening is a schedule of one event whose first occurrence lasts some time.
func happening(start string, length time.Duration, rule string, each int, members ...string) inventory.Schedule {
	e := weekly("E", local(berlin, start), local(berlin, start).Add(length), berlin, members...)
	e.Recurrence = []string{rule}
	e.Assignment.ShiftsPerMember = &each
	return shiftBased(berlin, e)
}

func weeksOfShifts(members ...string) inventory.Schedule {
	return happening("2026-06-01 09:00", week, "RRULE:FREQ=WEEKLY", 1, members...)
}

func withEvent(s inventory.Schedule, change func(*inventory.Event)) inventory.Schedule {
	change(&s.Rotations[0].Events[0])
	return s
}

var edits = []edit{
	{
		name:     "a fourth joins a weekly three, after each has had a turn",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "bob cy ann dora",
	},
	{
		name:     "one of four leaves who is not on call",
		schedule: weeks("ann", "bob", "cy", "dora"), now: "2026-06-10 12:00", leave: "dora",
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "bob cy ann",
	},
	{
		name:     "one of three leaves who is on call, after their turn",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name:     "one takes over from one who is not on call",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", leave: "ann",
		changes: "2026-06-22 09:00", after: "bob cy dora",
	},
	{
		name:     "one takes over from who is on call",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", after: "cy ann dora",
	},
	{
		name:     "two join at once",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora eve",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "bob cy ann dora eve",
	},
	{
		name:     "two of five leave, one of them on call",
		schedule: weeks("ann", "bob", "cy", "dora", "eve"), now: "2026-06-10 12:00", leave: "bob dora", successor: true,
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "cy eve ann",
	},
	{
		name:     "two take over from two",
		schedule: weeks("ann", "bob", "cy", "dora"), now: "2026-06-10 12:00", join: "eve fay", leave: "ann cy",
		changes: "2026-06-15 09:00", after: "bob eve dora fay",
	},
	{
		name:     "three leave and one joins, who takes over the first turn to come",
		schedule: weeks("ann", "bob", "cy", "dora", "eve"), now: "2026-06-10 12:00", join: "fay", leave: "eve ann dora",
		changes: "2026-06-22 09:00", moves: "2026-06-29 09:00", after: "bob cy fay",
	},
	{
		name:     "one leaves and three join",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora eve fay", leave: "cy",
		changes: "2026-06-15 09:00", moves: "2026-06-29 09:00", after: "bob dora ann eve fay",
	},
	{
		name:     "somebody takes over from the only one",
		schedule: weeks("ann"), now: "2026-06-10 12:00", join: "bob", leave: "ann", successor: true,
		changes: "2026-06-15 09:00", after: "bob",
	},
	{
		name:     "a second joins the only one",
		schedule: weeks("ann"), now: "2026-06-10 12:00", join: "bob",
		changes: "2026-06-15 09:00", moves: "2026-06-15 09:00", after: "ann bob",
	},
	{
		name:     "everybody leaves, and others take over",
		schedule: weeks("ann", "bob"), now: "2026-06-10 12:00", join: "cy dora", leave: "ann bob", successor: true,
		changes: "2026-06-15 09:00", after: "cy dora",
	},
	{
		name:     "somebody joins a daily rotation",
		schedule: turning(berlin, "2026-06-01 09:00", 24*time.Hour, "ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora",
		changes: "2026-06-13 09:00", moves: "2026-06-13 09:00", after: "ann bob cy dora",
	},
	{
		name:     "who is on call leaves a daily rotation",
		schedule: turning(berlin, "2026-06-01 09:00", 24*time.Hour, "ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "ann", successor: true,
		changes: "2026-06-13 09:00", moves: "2026-06-13 09:00", after: "bob cy",
	},
	{
		name:     "somebody joins turns of fifty hours",
		schedule: turning(berlin, "2026-06-01 09:00", 50*time.Hour, "ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora",
		changes: "2026-06-15 23:00", moves: "2026-06-15 23:00", after: "bob cy ann dora",
	},
	{
		name:     "somebody leaves turns of twelve hours",
		schedule: turning(berlin, "2026-06-01 08:00", 12*time.Hour, "ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "cy",
		changes: "2026-06-11 08:00", moves: "2026-06-11 08:00", after: "ann bob",
	},
	{
		name:     "one takes over in turns of ninety minutes",
		schedule: turning(berlin, "2026-06-08 08:00", 90*time.Minute, "ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", leave: "ann",
		changes: "2026-06-10 14:00", after: "bob cy dora",
	},
	{
		name:     "somebody joins turns of two weeks",
		schedule: turning(berlin, "2026-06-01 09:00", 2*week, "ann", "bob"), now: "2026-06-10 12:00", join: "cy",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "ann bob cy",
	},
	{
		name: "the layer begins amid a turn",
		schedule: with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) {
			l.VirtualStart = local(berlin, "2026-05-28 17:00")
		}),
		now: "2026-06-10 12:00", join: "dora", // bob's turn from 4 June
		changes: "2026-06-25 17:00", moves: "2026-06-25 17:00", after: "bob cy ann dora",
	},
	{
		name: "the virtual start is yet to come",
		schedule: with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) {
			l.VirtualStart = local(berlin, "2026-09-07 09:00")
		}),
		now: "2026-06-10 12:00", leave: "ann", // thirteen turns before ann's: cy
		changes: "2026-06-15 09:00", moves: "2026-06-15 09:00", after: "cy bob",
	},
	{
		name:     "the clocks go forward meanwhile",
		schedule: turning(berlin, "2026-03-02 09:00", week, "ann", "bob", "cy"), now: "2026-03-11 12:00", join: "dora",
		changes: "2026-03-30 09:00", moves: "2026-03-30 09:00", after: "bob cy ann dora",
	},
	{
		name:     "the clocks go back meanwhile, in a daily rotation",
		schedule: turning(chicago, "2026-10-05 09:00", 24*time.Hour, "ann", "bob", "cy"), now: "2026-10-30 12:00", leave: "bob", successor: true,
		changes: "2026-11-02 09:00", moves: "2026-11-02 09:00", after: "cy ann",
	},
	{
		name:     "the clocks go by half an hour",
		schedule: turning(lordHowe, "2026-03-30 09:00", 24*time.Hour, "ann", "bob", "cy"), now: "2026-04-03 12:00", join: "dora", leave: "ann",
		changes: "2026-04-05 09:00", after: "bob cy dora",
	},
	{
		name:     "turns that are no days, across a change of the clocks",
		schedule: turning(berlin, "2026-03-23 09:00", 36*time.Hour, "ann", "bob", "cy"), now: "2026-03-27 12:00", leave: "cy", successor: true,
		changes: "2026-03-30 22:00", moves: "2026-03-30 22:00", after: "ann bob",
	},
	{
		name:     "turns end at a time that the clocks will skip",
		schedule: turning(berlin, "2026-03-22 02:30", week, "ann", "bob", "cy"), now: "2026-03-24 12:00", join: "dora",
		changes: "2026-04-12 02:30", moves: "2026-04-12 02:30", after: "ann bob cy dora",
	},
	{
		name:     "the turn under way began at a time that the clocks skipped",
		schedule: turning(berlin, "2026-03-22 02:30", week, "ann", "bob", "cy"), now: "2026-03-30 12:00", join: "dora",
		changes: "2026-04-19 02:30", moves: "2026-04-19 02:30", after: "bob cy ann dora",
	},
	{
		name: "somebody joins the nights by day, behind the next night of each",
		schedule: with(turning(berlin, "2026-06-01 20:00", 24*time.Hour, "ann", "bob"), func(l *inventory.Layer) {
			l.Restrictions = []inventory.Restriction{daily("20:00:00", 10*time.Hour)}
		}),
		now: "2026-06-10 12:00", join: "cy", successor: true,
		changes: "2026-06-12 20:00", moves: "2026-06-12 20:00", after: "bob ann cy",
	},
	{
		name: "somebody joins the nights by night, when the present one counts",
		schedule: with(turning(berlin, "2026-06-01 20:00", 24*time.Hour, "ann", "bob"), func(l *inventory.Layer) {
			l.Restrictions = []inventory.Restriction{daily("20:00:00", 10*time.Hour)}
		}),
		now: "2026-06-10 23:00", join: "cy",
		changes: "2026-06-12 20:00", moves: "2026-06-12 20:00", after: "bob ann cy",
	},
	{
		name: "somebody joins business hours at the weekend",
		schedule: with(turning(berlin, "2026-06-01 09:00", week, "ann", "bob", "cy"), func(l *inventory.Layer) {
			for d := range 5 {
				l.Restrictions = append(l.Restrictions, onWeekday(d+1, "09:00:00", 8*time.Hour))
			}
		}),
		now: "2026-06-13 12:00", join: "dora", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "cy ann bob dora",
	},
	{
		name: "somebody joins days of which those at the weekend are closed, on a Friday",
		schedule: with(turning(berlin, "2026-06-01 09:00", 24*time.Hour, "ann", "bob", "cy", "dora"), func(l *inventory.Layer) {
			for d := range 5 {
				l.Restrictions = append(l.Restrictions, onWeekday(d+1, "09:00:00", 8*time.Hour))
			}
		}),
		now: "2026-06-12 12:00", join: "eve", successor: true,
		changes: "2026-06-19 09:00", moves: "2026-06-19 09:00", after: "cy dora ann bob eve",
	},
	{
		name: "who has the turn leaves business hours on a Sunday",
		schedule: with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) {
			l.Restrictions = []inventory.Restriction{onWeekday(1, "09:00:00", 8*time.Hour), onWeekday(3, "09:00:00", 8*time.Hour)}
		}),
		now: "2026-06-14 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name: "the upper of two layers changes",
		schedule: layerBased(berlin, layer("BELOW", local(berlin, "2026-06-01 09:00"), 24*time.Hour, "xia", "yan"),
			layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob", "cy")),
		now: "2026-06-10 12:00", join: "xia",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "bob cy ann xia",
	},
	{
		name:     "the layer has an end",
		schedule: with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) { l.End = ptr(local(berlin, "2026-07-20 00:00")) }),
		now:      "2026-06-10 12:00", join: "dora",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "bob cy ann dora",
	},
	{
		name:     "who is on call leaves a layer that has an end",
		schedule: with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) { l.End = ptr(local(berlin, "2026-07-20 00:00")) }),
		now:      "2026-06-10 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name:     "somebody joins a layer to come",
		schedule: turning(berlin, "2026-06-22 09:00", week, "ann", "bob"), now: "2026-06-10 12:00", join: "cy",
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "ann bob cy",
	},
	{
		name:     "who would begin leaves a layer to come",
		schedule: turning(berlin, "2026-06-22 09:00", week, "ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "ann",
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "bob cy",
	},
	{
		name: "the layer goes on from one that has ended",
		schedule: layerBased(berlin,
			with(turning(berlin, "2026-05-04 09:00", week, "ann", "bob", "zoe"), func(l *inventory.Layer) { l.End = ptr(local(berlin, "2026-06-01 09:00")) }).Layers[0],
			with(weeks("ann", "bob"), func(l *inventory.Layer) { l.ID = "L2" }).Layers[0]),
		now: "2026-06-10 12:00", join: "cy",
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "bob ann cy",
	},
	{
		name: "who is about to leave comes back before their last turn is over",
		schedule: layerBased(berlin,
			with(weeks("ann", "bob", "cy"), func(l *inventory.Layer) { l.End = ptr(local(berlin, "2026-06-15 09:00")) }).Layers[0],
			with(turning(berlin, "2026-06-15 09:00", week, "cy", "ann"), func(l *inventory.Layer) { l.ID = "L2" }).Layers[0]),
		now: "2026-06-10 12:00", join: "bob",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann bob",
	},
	{
		name:     "somebody with two turns in the cycle leaves",
		schedule: weeks("ann", "bob", "ann", "cy", "dora"), now: "2026-06-10 12:00", leave: "ann",
		changes: "2026-06-15 09:00", moves: "2026-06-15 09:00", after: "bob cy dora",
	},
	{
		name:     "one takes over both turns of somebody",
		schedule: weeks("ann", "bob", "ann", "cy"), now: "2026-06-10 12:00", join: "dora", leave: "ann",
		changes: "2026-06-15 09:00", after: "bob dora cy dora",
	},
	{
		name:     "somebody joins at a date",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", earliest: "2026-07-01 00:00", successor: true,
		changes: "2026-07-27 09:00", moves: "2026-07-27 09:00", after: "cy ann bob dora",
	},
	{
		name:     "somebody leaves at a date",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "cy", earliest: "2026-07-01 00:00", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "ann bob",
	},
	{
		name:     "somebody leaves at a handoff",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "cy", earliest: "2026-06-22 09:00", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "ann bob",
	},
	{
		name:     "whose turn just began leaves",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-08 09:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name:     "somebody joins a minute before a handoff",
		schedule: weeks("ann", "bob", "cy"), now: "2026-06-08 08:59", join: "dora",
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "ann bob cy dora",
	},

	{
		name:     "a fourth joins weekly shifts",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "cy ann bob dora",
	},
	{
		name:     "somebody leaves weekly shifts",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "ann", successor: true,
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "cy bob",
	},
	{
		name:     "who is on call leaves weekly shifts",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name:     "one takes over in weekly shifts",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", after: "cy ann dora",
	},
	{
		name:     "two join and three leave, of six",
		schedule: weeksOfShifts("ann", "bob", "cy", "dora", "eve", "fay"), now: "2026-06-10 12:00", join: "gus hal", leave: "cy eve ann", successor: true,
		changes: "2026-06-15 09:00", moves: "2026-07-13 09:00", after: "gus dora hal fay bob",
	},
	{
		name:     "somebody joins days of which each has seven, amid a turn",
		schedule: happening("2026-06-01 09:00", 24*time.Hour, "RRULE:FREQ=DAILY", 7, "ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "cy ann bob dora",
	},
	{
		name:     "who is on call leaves working days, five each, on a Saturday",
		schedule: happening("2026-06-01 09:00", 8*time.Hour, "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 5, "ann", "bob", "cy"), now: "2026-06-13 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name: "somebody joins those who are all on call",
		schedule: withEvent(happening("2026-06-01 09:00", 24*time.Hour, "RRULE:FREQ=DAILY", 1, "ann", "bob"), func(e *inventory.Event) {
			e.Assignment.Type, e.Assignment.ShiftsPerMember = "every_member_assignment_strategy", nil
		}),
		now: "2026-06-10 12:00", join: "cy", successor: true,
		changes: "2026-06-11 09:00", after: "ann bob cy",
	},
	{
		name: "somebody leaves those who are all on call",
		schedule: withEvent(happening("2026-06-01 09:00", 24*time.Hour, "RRULE:FREQ=DAILY", 1, "ann", "bob", "cy"), func(e *inventory.Event) {
			e.Assignment.Type, e.Assignment.ShiftsPerMember = "every_member_assignment_strategy", nil
		}),
		now: "2026-06-10 12:00", leave: "ann", successor: true,
		changes: "2026-06-11 09:00", after: "bob cy",
	},
	{
		name:     "somebody fills an empty slot",
		schedule: weeksOfShifts("ann", "bob", "", "cy"), now: "2026-06-10 12:00", join: "dora", successor: true,
		changes: "2026-06-15 09:00", after: "dora cy ann bob",
	},
	{
		name:     "somebody leaves, and the slot stays empty",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "ann", leaveEmpty: true, successor: true,
		changes: "2026-06-22 09:00", after: "cy bob",
	},
	{
		name:     "who is on call leaves, and the slot stays empty",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", leave: "bob", leaveEmpty: true, successor: true,
		changes: "2026-06-29 09:00", after: "cy ann",
	},
	{
		name:     "somebody joins an event to come",
		schedule: happening("2026-06-22 09:00", week, "RRULE:FREQ=WEEKLY", 1, "ann", "bob"), now: "2026-06-10 12:00", join: "cy",
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "ann bob cy",
	},
	{
		name:     "somebody leaves an event to come that began to count before",
		schedule: withEvent(weeksOfShifts("ann", "bob", "cy"), func(e *inventory.Event) { e.EffectiveSince = local(berlin, "2026-06-20 00:00") }),
		now:      "2026-06-10 12:00", leave: "bob", // ann's turn is the first in effect
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "ann cy",
	},
	{
		name:     "the event has an end",
		schedule: withEvent(weeksOfShifts("ann", "bob", "cy"), func(e *inventory.Event) { e.EffectiveUntil = ptr(local(berlin, "2026-07-20 09:00")) }),
		now:      "2026-06-10 12:00", join: "dora", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "cy ann bob dora",
	},
	{
		name: "a date is excluded",
		schedule: withEvent(weeksOfShifts("ann", "bob", "cy"), func(e *inventory.Event) {
			e.Recurrence = append(e.Recurrence, "EXDATE:20260622T090000")
		}),
		now: "2026-06-10 12:00", leave: "ann", successor: true, // whose turn is a week late
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy bob",
	},
	{
		name: "the event takes place a number of times",
		schedule: withEvent(weeksOfShifts("ann", "bob", "cy"), func(e *inventory.Event) {
			e.Recurrence = []string{"RRULE:FREQ=WEEKLY;COUNT=9"}
		}),
		now: "2026-06-10 12:00", join: "dora", successor: true,
		changes: "2026-07-06 09:00", moves: "2026-07-06 09:00", after: "cy ann bob dora",
	},
	{
		name:     "the event takes place every other week",
		schedule: happening("2026-06-01 09:00", week, "RRULE:FREQ=WEEKLY;INTERVAL=2", 1, "ann", "bob"), now: "2026-06-10 12:00", join: "cy", leave: "ann", successor: true,
		changes: "2026-06-29 09:00", after: "bob cy",
	},
	{
		name:     "the clocks go forward amid the shifts",
		schedule: happening("2026-03-02 22:00", 8*time.Hour, "RRULE:FREQ=DAILY", 7, "ann", "bob", "cy"), now: "2026-03-26 12:00", join: "dora", successor: true,
		changes: "2026-04-20 22:00", moves: "2026-04-20 22:00", after: "bob cy ann dora",
	},
	{
		name: "one of several events of the rotation changes",
		schedule: func() inventory.Schedule {
			s := happening("2026-06-01 08:00", 12*time.Hour, "RRULE:FREQ=DAILY", 1, "ann", "bob", "cy")
			night := happening("2026-06-01 20:00", 12*time.Hour, "RRULE:FREQ=DAILY", 1, "xia", "yan").Rotations[0].Events[0]
			night.ID, night.Name = "N", "Nights"
			s.Rotations[0].Events = append([]inventory.Event{night}, s.Rotations[0].Events...)
			return s
		}(),
		now: "2026-06-10 12:00", join: "dora", leave: "cy", successor: true,
		changes: "2026-06-12 08:00", after: "bob dora ann",
	},
	{
		name:     "somebody joins shifts at a date",
		schedule: weeksOfShifts("ann", "bob", "cy"), now: "2026-06-10 12:00", join: "dora", earliest: "2026-06-22 09:00", successor: true,
		changes: "2026-07-13 09:00", moves: "2026-07-13 09:00", after: "ann bob cy dora",
	},
}

func TestS23_NobodysTurnMoves(t *testing.T) {
	for _, c := range edits {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now := local(c.schedule.TimeZone, c.now)
			revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
			if err != nil {
				t.Fatal(err)
			}
			j := newJudge(c.schedule, c.line(), now, ahead, 30*time.Minute)
			v := j.judge(t, c.schedule, revised.Schedule, now, strings.Fields(c.join), strings.Fields(c.leave))
			show := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				loc, _ := time.LoadLocation(c.schedule.TimeZone)
				return at.In(loc).Format("2006-01-02 15:04")
			}
			if show(v.changes) != c.changes || show(v.moves) != c.moves {
				t.Errorf("turns change first at %q, of those who stay at %q; expected %q and %q", show(v.changes), show(v.moves), c.changes, c.moves)
			}
			change := revised.Changes[0]
			if got := strings.Join(change.After, " "); got != c.after || change.Successor != c.successor {
				t.Errorf("afterwards %q, with a successor %v; expected %q, %v", got, change.Successor, c.after, c.successor)
			}
			checkDisplaced(t, revised, v, now.Add(ahead))
			again, err := oncall.Revise(revised.Schedule, []oncall.Revision{c.revision()}, now)
			if err == nil && len(again.Steps) > 0 && !change.Successor {
				t.Errorf("a second time there is something to do: %+v", again.Changes)
			}
		})
	}
}

func (c edit) revision() oncall.Revision {
	v := oncall.Revision{Join: strings.Fields(c.join), Leave: strings.Fields(c.leave), LeaveEmpty: c.leaveEmpty}
	if c.earliest != "" {
		v.Earliest = local(c.schedule.TimeZone, c.earliest)
	}
	v.Part = lastLine(c.schedule).ID
	return v
}

func (c edit) line() string { return lastLine(c.schedule).Name }

// lastLine is the line whose layer or event is revised: the last.
func lastLine(s inventory.Schedule) oncall.Line {
	lines := oncall.Lines(s, time.Time{})
	return lines[len(lines)-1]
}

// checkDisplaced: the people who are named are those whom the judge finds moved.
func checkDisplaced(t failing, revised oncall.Revised, v verdict, until time.Time) {
	t.Helper()
	var named []string
	for _, d := range revised.Displaced {
		if d.Since.Before(until) {
			named = append(named, d.User)
		}
	}
	slices.Sort(named)
	if diff := gocmp.Diff(v.moved, named); diff != "" {
		t.Errorf("who is said to be displaced differs from who is (-judge +said):\n%s", diff)
	}
}
