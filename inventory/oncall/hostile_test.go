package oncall_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// hostile draws what nobody would make on purpose, and PagerDuty, its clients and
// files may hold all the same.
type hostile struct {
	t   *rapid.T
	now time.Time
}

// moment is mostly near, and now and then absurd.
func (h hostile) moment(name string) time.Time {
	switch rapid.IntRange(0, 11).Draw(h.t, name+" is") {
	case 0:
		return time.Time{}
	case 1:
		return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	case 2:
		return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(h.t, name), 0)
	case 3:
		return h.now
	}
	return h.now.Add(time.Duration(rapid.IntRange(-60*1440, 60*1440).Draw(h.t, name)) * time.Minute).
		Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 30}).Draw(h.t, name+" seconds")) * time.Second)
}

func (h hostile) maybe(name string) *time.Time {
	if rapid.Bool().Draw(h.t, name+" at all") {
		return nil
	}
	m := h.moment(name)
	return &m
}

func (h hostile) user(name string) string {
	return rapid.SampledFrom([]string{"ann", "bob", "cy", "dora", "gone", ""}).Draw(h.t, name)
}

func (h hostile) slot(name string) *string {
	if rapid.IntRange(0, 3).Draw(h.t, name+" empty") == 0 {
		return nil
	}
	u := h.user(name)
	return &u
}

func (h hostile) id(name string) string {
	return rapid.SampledFrom([]string{"A", "B", "C", ""}).Draw(h.t, name)
}

func (h hostile) number(name string, likely ...int) int {
	if rapid.IntRange(0, 4).Draw(h.t, name+" is odd") == 0 {
		return rapid.SampledFrom([]int{0, -1, 1, 61, 1<<62 - 1, -1 << 62}).Draw(h.t, name)
	}
	return rapid.SampledFrom(likely).Draw(h.t, name)
}

func (h hostile) zone(name string) string {
	return rapid.SampledFrom([]string{"Etc/UTC", berlin, "Australia/Lord_Howe", "Local", "", "Nowhere/Land"}).Draw(h.t, name)
}

func (h hostile) layer(i int) inventory.Layer {
	l := inventory.Layer{
		ID: h.id("layer"), Name: rapid.SampledFrom([]string{"Day", "Night", ""}).Draw(h.t, "name"),
		Start: h.moment("start"), End: h.maybe("end"), VirtualStart: h.moment("virtual start"),
		TurnSeconds: h.number("turn", 3600, 5400, 8*3600, 86400, 7*86400),
	}
	for range rapid.IntRange(0, 4).Draw(h.t, fmt.Sprint("users of ", i)) {
		l.Users = append(l.Users, h.user("user"))
	}
	for range rapid.IntRange(0, 3).Draw(h.t, "restrictions") {
		day := h.number("start day", 1, 5, 7)
		r := inventory.Restriction{
			Type:            rapid.SampledFrom([]string{"daily_restriction", "weekly_restriction", "monthly"}).Draw(h.t, "type"),
			StartTime:       rapid.SampledFrom([]string{"09:00:00", "23:59:59", "00:00:00", "25:00:00", ""}).Draw(h.t, "start time"),
			DurationSeconds: h.number("duration", 8*3600, 86400, 7*86400, 7*86400+1),
		}
		if rapid.Bool().Draw(h.t, "with a day") {
			r.StartDay = &day
		}
		l.Restrictions = append(l.Restrictions, r)
	}
	return l
}

func (h hostile) event() inventory.Event {
	e := inventory.Event{
		ID: h.id("event"), Name: rapid.SampledFrom([]string{"Day", "Night", ""}).Draw(h.t, "name"),
		Start: h.moment("start"), TimeZone: h.zone("event's zone"),
		EffectiveSince: h.moment("since"), EffectiveUntil: h.maybe("until"),
		Assignment: inventory.Assignment{Type: rapid.SampledFrom([]string{
			"rotating_member_assignment_strategy", "every_member_assignment_strategy", "",
		}).Draw(h.t, "assignment")},
	}
	e.End = e.Start.Add(time.Duration(h.number("length", 3600, 86400, 7*86400)%(1<<32)) * time.Second)
	e.Recurrence = rapid.SliceOfN(rapid.SampledFrom([]string{
		"RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY;COUNT=1", "RRULE:FREQ=WEEKLY;UNTIL=19700101T000000Z",
		"RRULE:FREQ=MONTHLY;BYDAY=5MO,-5SU;BYSETPOS=-1", "RRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2", "RRULE:FREQ=HOURLY;INTERVAL=7;BYHOUR=3",
		"RRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU;INTERVAL=9999", "EXDATE:20260610T090000Z", "RDATE:20260611T090000Z", "RRULE:", "X", "",
	}), 0, 3).Draw(h.t, "recurrence")
	for range rapid.IntRange(0, 4).Draw(h.t, "members") {
		e.Assignment.Members = append(e.Assignment.Members, h.slot("member"))
	}
	if rapid.Bool().Draw(h.t, "shifts per member at all") {
		e.Assignment.ShiftsPerMember = ptr(h.number("shifts per member", 1, 2, 3))
	}
	return e
}

func (h hostile) schedule() inventory.Schedule {
	s := inventory.Schedule{
		ID: "S", Name: "Rota", TimeZone: h.zone("zone"),
		Kind: rapid.SampledFrom([]string{inventory.ScheduleOfLayers, inventory.ScheduleOfShifts, "other"}).Draw(h.t, "kind"),
	}
	for i := range rapid.IntRange(0, 3).Draw(h.t, "layers") {
		s.Layers = append(s.Layers, h.layer(i))
	}
	for range rapid.IntRange(0, 2).Draw(h.t, "rotations") {
		r := inventory.Rotation{ID: h.id("rotation")}
		for range rapid.IntRange(0, 3).Draw(h.t, "events") {
			r.Events = append(r.Events, h.event())
		}
		s.Rotations = append(s.Rotations, r)
	}
	for range rapid.IntRange(0, 2).Draw(h.t, "overrides") {
		s.Overrides = append(s.Overrides, inventory.Override{
			ID: h.id("override"), User: h.slot("by"), Replaces: h.slot("replaced"), Rotation: h.slot("of"), CustomShift: h.slot("of shift"),
			Start: h.moment("override from"), End: h.moment("override until"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(h.t, "custom shifts") {
		s.CustomShifts = append(s.CustomShifts, inventory.CustomShift{ID: h.id("shift"), User: h.slot("whose"), Start: h.moment("shift from"), End: h.moment("shift until")})
	}
	return s
}

func (h hostile) revision() oncall.Revision {
	people := rapid.SliceOfN(rapid.SampledFrom([]string{"ann", "bob", "cy", "dora", "eve", "gone", ""}), 0, 4)
	return oncall.Revision{
		Part: h.id("part"), Join: people.Draw(h.t, "join"), Leave: people.Draw(h.t, "leave"),
		Earliest: h.moment("earliest"), LeaveEmpty: rapid.IntRange(0, 4).Draw(h.t, "leave empty") == 0,
	}
}

// Whatever a schedule holds, everything here answers or says what is wrong.
func noScheduleEndsTheProgram(t *rapid.T) {
	h := hostile{t: t, now: date("2026-06-10T12:00:00Z")}
	s := h.schedule()
	w := inventory.Window{Since: h.now.AddDate(0, 0, -7), Until: h.now.AddDate(0, 0, 35)}
	shifts, err := oncall.Render(s, w.Since, w.Until)
	for _, shift := range shifts {
		if shift.Start.Before(w.Since) || shift.End.After(w.Until) || !shift.Start.Before(shift.End) {
			t.Fatalf("shift %v is empty or outside the window", shift)
		}
	}
	if err != nil && shifts != nil {
		t.Fatalf("both shifts and an error: %v", err)
	}
	oncall.DutyAt(shifts, w, h.now)
	oncall.Lines(s, h.now)
	oncall.People(s, h.now)
	_, _ = oncall.Compare(s, w)
	_, _ = oncall.Rerender(s, w)

	revisions := []oncall.Revision{}
	for range rapid.IntRange(1, 2).Draw(t, "revisions") {
		revisions = append(revisions, h.revision())
	}
	revised, err := oncall.Revise(s, revisions, h.now)
	if err != nil {
		return
	}
	_, _, _ = oncall.Moved(s, revised.Schedule, h.now)
	oncall.Remaining(s, revised.Steps)
	oncall.Undo(s, revised.Schedule)
	for _, step := range revised.Steps {
		_, _ = oncall.MissedByLate(step, h.now.AddDate(0, 0, 1))
	}
}

func TestNoScheduleEndsTheProgram(t *testing.T) { rapid.Check(t, noScheduleEndsTheProgram) }

func FuzzSchedule(f *testing.F) { f.Fuzz(rapid.MakeFuzz(noScheduleEndsTheProgram)) }
