package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestHandoffsAreKnownFromAPersonToThemselves(t *testing.T) {
	ann, one := "ann", 1
	at := func(text string) time.Time {
		m, err := time.Parse("2006-01-02 15:04Z07:00", text)
		if err != nil {
			t.Fatal(err)
		}
		return m.UTC()
	}
	end := at("2026-03-09 00:00-05:00")
	layers := inventory.Schedule{ID: "L", Name: "Layers", Kind: inventory.ScheduleOfLayers, TimeZone: chicago, Layers: []inventory.Layer{
		{ID: "A", Start: at("2026-01-01 00:00-06:00"), VirtualStart: at("2026-03-01 09:00-06:00"), TurnSeconds: 86_400, Users: []string{ann}},
		{ID: "B", Start: at("2026-01-01 00:00-06:00"), End: &end, VirtualStart: at("2026-03-01 09:00-06:00"), TurnSeconds: 43_200, Users: []string{ann}},
	}}
	event := inventory.Event{
		ID: "E", Start: at("2026-03-01 09:00-06:00"), End: at("2026-03-01 17:00-06:00"), TimeZone: chicago, Recurrence: []string{"RRULE:FREQ=DAILY"},
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&ann}, ShiftsPerMember: &one},
	}
	shifts := inventory.Schedule{ID: "S", Name: "Shifts", Kind: inventory.ScheduleOfShifts, TimeZone: chicago, Rotations: []inventory.Rotation{{ID: "R", Events: []inventory.Event{event}}}}
	for _, c := range []struct {
		s    inventory.Schedule
		want []string
	}{
		{layers, []string{"03-07 21:00-06:00", "03-08 09:00-05:00", "03-08 10:00-05:00", "03-08 22:00-05:00", "03-09 09:00-05:00"}},
		{shifts, []string{"03-08 09:00-05:00", "03-08 17:00-05:00", "03-09 09:00-05:00"}},
	} {
		moments, err := oncall.Handoffs(c.s, at("2026-03-07 18:00-06:00"), at("2026-03-09 12:00-05:00"))
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(chicago)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range moments {
			got = append(got, m.In(zone).Format("01-02 15:04Z07:00"))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: the handoffs differ (-want +got):\n%s", c.s.Name, d)
		}
	}
}
