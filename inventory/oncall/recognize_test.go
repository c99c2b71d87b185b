package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// cutWeek is an event of whole weeks from Monday, 5 January, that takes effect on
// Wednesday, 14 January, at noon: Ben's week.
func cutWeek(underWay bool) inventory.Event {
	return inventory.Event{
		ID: "QEVENT", Name: "Week", TimeZone: "Etc/UTC", Start: date("2026-01-05"), End: date("2026-01-12"),
		Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: date("2026-01-14T12:00"), StartsUnderWay: underWay,
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", ShiftsPerMember: ptr(1), Members: []*string{ptr("ANN"), ptr("BEN")}},
	}
}

func cutWeeks(id string, underWay bool, shifts ...inventory.Shift) inventory.Schedule {
	return inventory.Schedule{
		ID: id, Name: "Weeks", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC", Shifts: shifts,
		Rotations: []inventory.Rotation{{ID: "QROTA", Events: []inventory.Event{cutWeek(underWay)}}},
	}
}

func turn(user, start, end string) inventory.Shift {
	return inventory.Shift{User: user, Start: date(start), End: date(end), Origin: &inventory.Origin{Kind: "rotation", ID: "QROTA"}}
}

func TestS22_AShiftUnderWayAtAnEventsBeginningIsRenderedEitherWay(t *testing.T) {
	next := turn("ANN", "2026-01-19", "2026-01-26")
	for underWay, want := range map[bool][]inventory.Shift{
		false: {next},
		true:  {turn("BEN", "2026-01-14T12:00", "2026-01-19"), next},
	} {
		got, err := oncall.Render(cutWeeks("PA", underWay), date("2026-01-12"), date("2026-01-26"))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("starts under way %t: %v %s", underWay, err, diff)
		}
	}
}

func TestS22_PagerDutysFinalScheduleTellsHowEventsStart(t *testing.T) {
	whole := inventory.Window{Since: date("2026-01-12"), Until: date("2026-01-26")}
	late := inventory.Window{Since: date("2026-01-20"), Until: date("2026-01-26")}
	kept := []inventory.Shift{turn("BEN", "2026-01-14T12:00", "2026-01-19"), turn("ANN", "2026-01-19", "2026-01-26")}
	left := kept[1:]
	other := []inventory.Shift{turn("CAT", "2026-01-12", "2026-01-26")}
	for name, tt := range map[string]struct {
		shifts          []inventory.Shift
		window          inventory.Window
		supposed        bool
		underWay, told  bool
		second          []inventory.Shift
		secondUnderWay  bool
		differencesLeft int
	}{
		"the member keeps the week":             {shifts: kept, window: whole, underWay: true, told: true, second: kept, secondUnderWay: true},
		"nobody until the next":                 {shifts: left, window: whole, supposed: true, told: true, second: left},
		"nothing under way in the window":       {shifts: left, window: late, second: left},
		"nothing tells, and it was known":       {shifts: left, window: late, supposed: true, underWay: true, second: left, secondUnderWay: true},
		"a rendering that is neither":           {shifts: other, window: whole, second: other, differencesLeft: 1},
		"one tells for another":                 {shifts: kept, window: whole, underWay: true, told: true, second: other, secondUnderWay: true},
		"schedules that speak against another":  {shifts: kept, window: whole, told: true, underWay: false, second: left},
		"another that tells nothing of its own": {shifts: kept, window: whole, underWay: true, told: true, second: kept, secondUnderWay: true},
	} {
		t.Run(name, func(t *testing.T) {
			schedules := map[string]inventory.Schedule{"PA": cutWeeks("PA", false, tt.shifts...), "PB": cutWeeks("PB", false, tt.second...)}
			before := cutWeeks("PA", false, tt.shifts...)
			underWay, told := oncall.Recognize(schedules, tt.window, tt.window, tt.supposed)
			if underWay != tt.underWay || told != tt.told {
				t.Errorf("under way %t, told %t; want %t, %t", underWay, told, tt.underWay, tt.told)
			}
			if got := schedules["PB"].Rotations[0].Events[0].StartsUnderWay; got != tt.secondUnderWay {
				t.Errorf("the second starts under way: %t", got)
			}
			diffs, err := oncall.Compare(schedules["PA"], tt.window)
			if err != nil || (len(diffs) > 0) != (tt.differencesLeft > 0) {
				t.Errorf("differences %v %v", diffs, err)
			}
			if diff := cmp.Diff(before, cutWeeks("PA", false, tt.shifts...)); diff != "" {
				t.Errorf("what was given changed: %s", diff)
			}
		})
	}
}

func TestS22_TurnsAreForeseenThroughAnEventThatStartsUnderWay(t *testing.T) {
	now := date("2026-01-15")
	was := cutWeeks("PA", true)
	revised, err := oncall.Revise(was, []oncall.Revision{{Part: "QEVENT", Join: []string{"CAT"}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := oncall.Render(revised.Schedule, now, now.Add(18*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	// Ben, whose week it is, keeps it, and Ann comes next.
	want := []string{"BEN 2026-01-15T00:00:00Z", "ANN 2026-01-19T00:00:00Z"}
	for i, w := range want {
		if s := got[i].User + " " + got[i].Start.Format(time.RFC3339); s != w {
			t.Errorf("turn %d is %s, want %s", i, s, w)
		}
	}
}
