package oncall_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// Who stands in meanwhile, by a custom shift of somebody's, has a next turn that
// moves all the same.
func TestS23_ACustomShiftHidesNoTurnThatMoves(t *testing.T) {
	now := time.Date(2026, 3, 17, 17, 0, 0, 0, time.UTC)
	start, one := now.Add(-11*time.Hour), 1
	on := func(members ...string) inventory.Schedule {
		e := inventory.Event{
			ID: "E", Name: "Day", Start: start, End: start.Add(24 * time.Hour), TimeZone: "Etc/UTC", Recurrence: []string{"RRULE:FREQ=DAILY"},
			EffectiveSince: start, Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", ShiftsPerMember: &one},
		}
		for _, m := range members {
			e.Assignment.Members = append(e.Assignment.Members, &m)
		}
		cy := "cy"
		s := shiftBased("Etc/UTC", e)
		s.CustomShifts = []inventory.CustomShift{{ID: "C", User: &cy, Start: now.Add(-2 * time.Hour), End: now.Add(28 * time.Hour)}}
		return s
	}
	moves, _, err := oncall.Moved(on("ann", "bob", "dora", "cy"), on("ann", "cy"), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range moves {
		if m.User == "cy" && m.How == oncall.MovedStart {
			return
		}
	}
	t.Errorf("moved: %+v, want cy's next turn among them", moves)
}
