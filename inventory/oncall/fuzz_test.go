package oncall_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// Whatever stands in a recurrence, Render answers or says what is wrong, soon.
func FuzzRecurrence(f *testing.F) {
	for _, seed := range []string{
		"RRULE:FREQ=WEEKLY;BYDAY=MO,WE\nEXDATE:20260304T150000Z\nRDATE;TZID=Europe/Berlin:20260305T090000",
		"RRULE:FREQ=DAILY;COUNT=10;INTERVAL=2",
		"RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=-1;UNTIL=20270101",
		"RRULE:FREQ=HOURLY;INTERVAL=5;BYHOUR=3,7",
		"RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=0",
		"RRULE:FREQ=YEARLY;BYWEEKNO=53;WKST=SU",
		"RRULE:FREQ=YEARLY;BYYEARDAY=-366,366;BYHOUR=1,2;BYSETPOS=3",
		"RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
		"RRULE:FREQ=WEEKLY;INTERVAL=99999999999",
		"EXDATE;VALUE=DATE:20260304\nRRULE:FREQ=WEEKLY",
		"RRULE:FREQ=WEEKLY;BYEASTER=900",
	} {
		f.Add(seed, int64(1772463600), uint32(3600), "America/Chicago", "09:00:00", 3600, 1)
	}
	f.Add("", int64(-62135596800), uint32(0), "Australia/Lord_Howe", "24:00:00", -1, 8)
	since := date("2026-03-01T00:00:00Z")
	f.Fuzz(func(t *testing.T, recurrence string, start int64, length uint32, zone, at string, seconds, startDay int) {
		began := time.Now()
		event := weekly("E", time.Unix(start, 0), time.Unix(start+int64(length), 0), zone, "ann", "bob")
		event.Recurrence = strings.Split(recurrence, "\n")
		check(t, shiftBased(zone, event), since)

		layer := inventory.Layer{
			ID: "L", Start: time.Unix(start, 0), VirtualStart: time.Unix(start, 0), TurnSeconds: seconds, Users: []string{"ann", "bob"},
			Restrictions: []inventory.Restriction{
				{Type: "daily_restriction", StartTime: at, DurationSeconds: int(length)},
				{Type: "weekly_restriction", StartTime: at, DurationSeconds: int(length), StartDay: &startDay},
			},
		}
		check(t, layerBased(zone, layer), since)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// check says that what Render answers lies in the window, and that its error
// names the schedule.
func check(t *testing.T, s inventory.Schedule, since time.Time) {
	t.Helper()
	until := since.AddDate(0, 0, 42)
	shifts, err := oncall.Render(s, since, until)
	if err != nil && !strings.Contains(err.Error(), s.ID) {
		t.Errorf("the error does not name schedule %s: %v", s.ID, err)
	}
	for _, shift := range shifts {
		if shift.Start.Before(since) || shift.End.After(until) || !shift.Start.Before(shift.End) {
			t.Errorf("shift %v is empty or outside the window", shift)
		}
	}
}
