package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// date reads an RFC 3339 time, or one without a zone as UTC.
func date(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	panic("not a time: " + text)
}

// local reads a wall time that exists once in zone, written "2006-01-02 15:04".
func local(zone, text string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func ptr[T any](v T) *T { return &v }

func layerBased(zone string, layers ...inventory.Layer) inventory.Schedule {
	return inventory.Schedule{ID: "PSCHED", Name: "Payments", Kind: inventory.ScheduleOfLayers, TimeZone: zone, Layers: layers}
}

// layer is one that begins and counts its turns from start.
func layer(id string, start time.Time, turn time.Duration, users ...string) inventory.Layer {
	return inventory.Layer{
		ID: id, Name: "Layer " + id, Start: start, VirtualStart: start,
		TurnSeconds: int(turn / time.Second), Users: users,
	}
}

func daily(start string, length time.Duration) inventory.Restriction {
	return inventory.Restriction{Type: "daily_restriction", StartTime: start, DurationSeconds: int(length / time.Second)}
}

// onWeekday restricts to a span each week; 1 is Monday.
func onWeekday(weekday int, start string, length time.Duration) inventory.Restriction {
	return inventory.Restriction{
		Type: "weekly_restriction", StartTime: start, DurationSeconds: int(length / time.Second), StartDay: &weekday,
	}
}

// shiftBased has one rotation, "R1" and so on, for each event.
func shiftBased(zone string, events ...inventory.Event) inventory.Schedule {
	s := inventory.Schedule{ID: "PSHIFTS", Name: "Payments", Kind: inventory.ScheduleOfShifts, TimeZone: zone}
	for i, e := range events {
		s.Rotations = append(s.Rotations, inventory.Rotation{ID: "R" + string(rune('1'+i)), Events: []inventory.Event{e}})
	}
	return s
}

// weekly comes back every week, one member an occurrence; "" is an empty slot.
func weekly(id string, start, end time.Time, zone string, members ...string) inventory.Event {
	return inventory.Event{
		ID: id, Name: "Event " + id, Start: start, End: end, TimeZone: zone,
		Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: start,
		Assignment: inventory.Assignment{
			Type: "rotating_member_assignment_strategy", Members: slots(members...), ShiftsPerMember: ptr(1),
		},
	}
}

func slots(members ...string) []*string {
	var all []*string
	for _, m := range members {
		if m == "" {
			all = append(all, nil)
			continue
		}
		all = append(all, &m)
	}
	return all
}

// table renders s over a window in local wall time and writes it as lines such
// as "03-07 09:00-06 to 03-08 09:00-05 bob", with the origin's id if asked to.
func table(t *testing.T, s inventory.Schedule, since, until string, origins ...bool) []string {
	t.Helper()
	shifts, err := oncall.Render(s, local(s.TimeZone, since), local(s.TimeZone, until))
	if err != nil {
		t.Fatal(err)
	}
	return lines(shifts, s.TimeZone, len(origins) > 0)
}

func lines(shifts []inventory.Shift, zone string, origins bool) []string {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	show := func(at time.Time) string { return at.In(loc).Format("01-02 15:04Z07:00") }
	all := []string{}
	for _, s := range shifts {
		line := show(s.Start) + " to " + show(s.End) + " " + s.User
		if origins {
			line += " by " + s.Origin.Kind + " " + s.Origin.ID
		}
		all = append(all, line)
	}
	return all
}

func equal(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rendering differs (-want +got):\n%s", diff)
	}
}
