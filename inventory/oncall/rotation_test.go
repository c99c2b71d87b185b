package oncall_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
)

// dailyEvent takes place every day from nine to five in zone, from a Thursday.
func dailyEvent(zone string, members ...string) inventory.Event {
	e := weekly("E", local(zone, "2026-01-01 09:00"), local(zone, "2026-01-01 17:00"), zone, members...)
	e.Recurrence = []string{"RRULE:FREQ=DAILY"}
	return e
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		name         string
		zone         string
		change       func(*inventory.Event)
		since, until string
		want         []string
	}{
		{
			"members rotate, an empty slot has nobody and keeps the others' turns", utc,
			func(e *inventory.Event) { e.Assignment.Members = slots("ann", "", "bob") }, "2026-01-01 00:00", "2026-01-05 00:00",
			[]string{"01-01 09:00Z to 01-01 17:00Z ann", "01-03 09:00Z to 01-03 17:00Z bob", "01-04 09:00Z to 01-04 17:00Z ann"},
		},
		{
			"a member covers several occurrences, counted from the first", utc,
			func(e *inventory.Event) { e.Assignment.ShiftsPerMember = ptr(2) }, "2026-01-02 00:00", "2026-01-05 00:00",
			[]string{"01-02 09:00Z to 01-02 17:00Z ann", "01-03 09:00Z to 01-03 17:00Z bob", "01-04 09:00Z to 01-04 17:00Z bob"},
		},
		{
			"every member is on at once", utc,
			func(e *inventory.Event) {
				e.Assignment = inventory.Assignment{Type: "every_member_assignment_strategy", Members: slots("bob", "", "ann")}
			}, "2026-01-01 00:00", "2026-01-02 00:00",
			[]string{"01-01 09:00Z to 01-01 17:00Z ann", "01-01 09:00Z to 01-01 17:00Z bob"},
		},
		{
			"wall time stays when Berlin springs forward", berlin,
			func(*inventory.Event) {}, "2026-03-28 00:00", "2026-03-30 00:00",
			[]string{"03-28 09:00+01:00 to 03-28 17:00+01:00 ann", "03-29 09:00+02:00 to 03-29 17:00+02:00 bob"},
		},
		{
			"a night when Berlin falls back keeps its wall-clock length", berlin,
			func(e *inventory.Event) {
				e.Start, e.End = local(berlin, "2026-01-01 22:00"), local(berlin, "2026-01-02 06:00")
			}, "2026-10-24 12:00", "2026-10-25 12:00",
			[]string{"10-24 22:00+02:00 to 10-25 06:00+01:00 ann"},
		},
		{
			"a whole day of Lord Howe has half an hour more in autumn", lordHowe,
			func(e *inventory.Event) {
				e.Start, e.End = local(lordHowe, "2026-01-01 00:00"), local(lordHowe, "2026-01-02 00:00")
			}, "2026-04-04 00:00", "2026-04-06 00:00",
			[]string{"04-04 00:00+11:00 to 04-05 00:00+11:00 bob", "04-05 00:00+11:00 to 04-06 00:00+10:30 ann"},
		},
		{
			"hours tile the day that Chicago shortens, and the skipped one takes its turn", chicago,
			func(e *inventory.Event) {
				e.Start, e.End = local(chicago, "2026-03-08 00:00"), local(chicago, "2026-03-08 01:00")
				e.EffectiveSince = e.Start
				e.Recurrence = []string{"RRULE:FREQ=HOURLY"}
			}, "2026-03-08 00:00", "2026-03-08 05:00",
			[]string{
				"03-08 00:00-06:00 to 03-08 01:00-06:00 ann",
				"03-08 01:00-06:00 to 03-08 04:00-05:00 bob",
				"03-08 04:00-05:00 to 03-08 05:00-05:00 ann",
			},
		},
		{
			"an excluded date is no occurrence, in UTC or local time", chicago,
			func(e *inventory.Event) {
				e.Recurrence = append(e.Recurrence, "EXDATE:20260102T150000Z", "EXDATE;TZID=Europe/Berlin:20260103T160000", "EXDATE:20260105T090000")
			}, "2026-01-01 00:00", "2026-01-07 00:00",
			[]string{"01-01 09:00-06:00 to 01-01 17:00-06:00 ann", "01-04 09:00-06:00 to 01-04 17:00-06:00 bob", "01-06 09:00-06:00 to 01-06 17:00-06:00 ann"},
		},
		{
			"an added date takes its turn", utc,
			func(e *inventory.Event) {
				e.Recurrence = []string{"RRULE:FREQ=WEEKLY;BYDAY=TH,FR", "RDATE:20260104T120000Z"}
			}, "2026-01-01 00:00", "2026-01-09 00:00",
			[]string{
				"01-01 09:00Z to 01-01 17:00Z ann", "01-02 09:00Z to 01-02 17:00Z bob",
				"01-04 12:00Z to 01-04 20:00Z ann", "01-08 09:00Z to 01-08 17:00Z bob",
			},
		},
		{
			"COUNT ends it", utc,
			func(e *inventory.Event) { e.Recurrence = []string{"RRULE:FREQ=DAILY;COUNT=1"} }, "2026-01-01 00:00", "2026-01-07 00:00",
			[]string{"01-01 09:00Z to 01-01 17:00Z ann"},
		},
		{
			"UNTIL as a moment in UTC includes it", chicago,
			func(e *inventory.Event) { e.Recurrence = []string{"RRULE:FREQ=DAILY;UNTIL=20260102T150000Z"} }, "2026-01-02 00:00", "2026-01-07 00:00",
			[]string{"01-02 09:00-06:00 to 01-02 17:00-06:00 bob"},
		},
		{
			"UNTIL as a moment in UTC excludes what begins a second later", chicago,
			func(e *inventory.Event) { e.Recurrence = []string{"RRULE:FREQ=DAILY;UNTIL=20260102T145959Z"} }, "2026-01-01 00:00", "2026-01-07 00:00",
			[]string{"01-01 09:00-06:00 to 01-01 17:00-06:00 ann"},
		},
		{
			"UNTIL as a date includes that day", chicago,
			func(e *inventory.Event) { e.Recurrence = []string{"RRULE:FREQ=DAILY;UNTIL=20260102"} }, "2026-01-02 00:00", "2026-01-07 00:00",
			[]string{"01-02 09:00-06:00 to 01-02 17:00-06:00 bob"},
		},
		{
			"occurrences begin at effective since and one under way ends at effective until", utc,
			func(e *inventory.Event) {
				e.EffectiveSince = date("2026-01-02T10:00")
				e.EffectiveUntil = ptr(date("2026-01-04T12:00"))
			}, "2026-01-01 00:00", "2026-01-07 00:00",
			[]string{"01-03 09:00Z to 01-03 17:00Z ann", "01-04 09:00Z to 01-04 12:00Z bob"},
		},
		{
			"an occurrence begun before the window is clipped", utc,
			func(*inventory.Event) {}, "2026-01-01 12:00", "2026-01-02 10:00",
			[]string{"01-01 12:00Z to 01-01 17:00Z ann", "01-02 09:00Z to 01-02 10:00Z bob"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := dailyEvent(c.zone, "ann", "bob")
			c.change(&e)
			got := table(t, shiftBased(c.zone, e), c.since, c.until)
			equal(t, c.want, got)
		})
	}
}

func TestOverridesOfShiftBasedSchedules(t *testing.T) {
	over := func(id, replaces, user, start, end string) inventory.Override {
		return inventory.Override{
			ID: id, Rotation: ptr("R1"), Replaces: slots(replaces)[0], User: slots(user)[0],
			Start: date("2026-01-01T" + start), End: date("2026-01-01T" + end),
		}
	}
	for _, c := range []struct {
		name      string
		overrides []inventory.Override
		want      []string
	}{
		{
			"replace one member of one rotation", []inventory.Override{over("O", "ann", "dora", "10:00", "12:00")},
			[]string{
				"01-01 09:00Z to 01-01 10:00Z ann by rotation R1", "01-01 09:00Z to 01-01 17:00Z ann by rotation R2",
				"01-01 10:00Z to 01-01 12:00Z dora by override O", "01-01 12:00Z to 01-01 17:00Z ann by rotation R1",
			},
		},
		{
			"leave the slot to nobody", []inventory.Override{over("O", "ann", "", "10:00", "23:00")},
			[]string{"01-01 09:00Z to 01-01 10:00Z ann by rotation R1", "01-01 09:00Z to 01-01 17:00Z ann by rotation R2"},
		},
		{
			"change nothing where the replaced member has no shift", []inventory.Override{over("O1", "bob", "dora", "10:00", "12:00"), over("O2", "ann", "dora", "18:00", "20:00")},
			[]string{"01-01 09:00Z to 01-01 17:00Z ann by rotation R1", "01-01 09:00Z to 01-01 17:00Z ann by rotation R2"},
		},
		{
			"of two that replace the same member, the later wins",
			[]inventory.Override{over("O1", "ann", "dora", "09:00", "13:00"), over("O2", "ann", "eli", "12:00", "17:00")},
			[]string{
				"01-01 09:00Z to 01-01 17:00Z ann by rotation R2", "01-01 09:00Z to 01-01 12:00Z dora by override O1",
				"01-01 12:00Z to 01-01 17:00Z eli by override O2",
			},
		},
		{
			"replace an override in turn",
			[]inventory.Override{over("O1", "ann", "dora", "09:00", "17:00"), over("O2", "dora", "eli", "12:00", "17:00")},
			[]string{
				"01-01 09:00Z to 01-01 17:00Z ann by rotation R2", "01-01 09:00Z to 01-01 12:00Z dora by override O1",
				"01-01 12:00Z to 01-01 17:00Z eli by override O2",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shiftBased(utc, dailyEvent(utc, "ann"), dailyEvent(utc, "ann"))
			s.Overrides = c.overrides
			equal(t, c.want, table(t, s, "2026-01-01 00:00", "2026-01-02 00:00", true))
		})
	}
}

func TestAnOverrideFillsAnEmptySlot(t *testing.T) {
	s := shiftBased(utc, dailyEvent(utc, "", "ann"))
	s.Overrides = []inventory.Override{{
		ID: "O", Rotation: ptr("R1"), User: ptr("dora"), Start: date("2026-01-01T12:00"), End: date("2026-01-02T12:00"),
	}}
	equal(t, []string{
		"01-01 12:00Z to 01-01 17:00Z dora by override O",
		"01-02 09:00Z to 01-02 17:00Z ann by rotation R1",
	}, table(t, s, "2026-01-01 00:00", "2026-01-03 00:00", true))
}

func TestCustomShiftsAddToRotationsAndCanBeOverridden(t *testing.T) {
	s := shiftBased(utc, dailyEvent(utc, "ann"))
	s.CustomShifts = []inventory.CustomShift{
		{ID: "C1", User: ptr("bob"), Start: date("2026-01-01T12:00"), End: date("2026-01-01T20:00")},
		{ID: "C2", User: nil, Start: date("2026-01-01T20:00"), End: date("2026-01-01T22:00")},
		{ID: "C3", User: ptr("ann"), Start: date("2025-12-31T23:00"), End: date("2026-01-01T01:00")},
	}
	s.Overrides = []inventory.Override{{
		ID: "O", CustomShift: ptr("C1"), Replaces: ptr("bob"), User: ptr("dora"), Start: date("2026-01-01T19:00"), End: date("2026-01-01T23:00"),
	}}
	equal(t, []string{
		"01-01 00:00Z to 01-01 01:00Z ann by custom_shift C3",
		"01-01 09:00Z to 01-01 17:00Z ann by rotation R1",
		"01-01 12:00Z to 01-01 19:00Z bob by custom_shift C1",
		"01-01 19:00Z to 01-01 20:00Z dora by override O",
	}, table(t, s, "2026-01-01 00:00", "2026-01-02 00:00", true))
}
