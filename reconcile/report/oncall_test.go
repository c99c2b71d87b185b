package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
)

// onCallAccount has, of both kinds of schedule, one that hands over, one with
// several people and then a gap, one nobody is on, and one that goes on past the
// window; and a policy with each way of being on a level.
func onCallAccount() *inventory.Snapshot {
	s := smallAccount()
	s.Now = at("2026-03-02T09:00:00Z")
	s.Account.Window = inventory.Window{Since: at("2026-02-23T00:00:00Z"), Until: at("2026-04-06T00:00:00Z")}
	shift := func(user, start, end string) inventory.Shift {
		return inventory.Shift{User: user, Start: at(start), End: at(end)}
	}
	onSchedule := func(id string) inventory.Target { return inventory.Target{Type: "schedule", ID: id} }
	s.Schedules = map[string]inventory.Schedule{
		"S1": {ID: "S1", Name: "Primary", Kind: inventory.ScheduleOfLayers, TimeZone: "Europe/Berlin", Shifts: []inventory.Shift{
			shift("P1", "2026-03-01T17:00:00Z", "2026-03-02T17:00:00Z"), shift("P2", "2026-03-02T17:00:00Z", "2026-03-03T17:00:00Z"),
		}},
		"S2": {ID: "S2", Name: "Desk", Kind: inventory.ScheduleOfShifts, TimeZone: "Asia/Kolkata", Shifts: []inventory.Shift{
			shift("P3", "2026-03-02T08:00:00Z", "2026-03-02T16:00:00Z"), shift("P1", "2026-03-02T08:00:00Z", "2026-03-02T16:00:00Z"),
			shift("P4", "2026-03-03T08:00:00Z", "2026-03-03T16:00:00Z"),
		}},
		"S3": {ID: "S3", Name: "Night", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Shifts: []inventory.Shift{
			shift("P5", "2026-03-02T20:00:00Z", "2026-03-03T06:00:00Z"),
		}},
		"S4": {ID: "S4", Name: "Vacant", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC"},
		"S5": {ID: "S5", Name: "Weekly", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Shifts: []inventory.Shift{
			shift("P2", "2026-02-23T00:00:00Z", "2026-04-06T00:00:00Z"),
		}},
		"S6": {ID: "S6", Name: "Ending", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Shifts: []inventory.Shift{
			shift("P2", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"),
		}},
	}
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{
		"E1": {ID: "E1", Name: "Payments", Rules: []inventory.EscalationRule{
			{Targets: []inventory.Target{onSchedule("S1"), onSchedule("S2")}},
			{Targets: []inventory.Target{onSchedule("S5"), {Type: "user", ID: "P4"}}},
			{Targets: []inventory.Target{onSchedule("S4"), onSchedule("S9")}},
		}},
		"E2": {ID: "E2", Name: "Empty"},
	}
	s.Normalize()
	return s
}

func TestOnCallShowsSchedulesAndLevelsWithWhoIsNextAndTheGaps(t *testing.T) {
	var out bytes.Buffer
	if err := OnCallText(&out, NewOnCall(onCallAccount(), ""), Style{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "oncall.txt", out.Bytes())
}

func TestOnCallOfOneScheduleShowsTheLevelsItIsOn(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, NewOnCall(onCallAccount(), "S2")); err != nil {
		t.Fatal(err)
	}
	golden(t, "oncall-of-one.json", out.Bytes())
}

func TestOnCallPrintsNoNullWhereAListStands(t *testing.T) {
	data, err := json.Marshal(NewOnCall(&inventory.Snapshot{}, ""))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "null") {
		t.Errorf("an account with nothing is printed with null: %s", data)
	}
}

func TestSchedulesStandInThePeoplesOrderOfTheirNames(t *testing.T) {
	s := &inventory.Snapshot{Schedules: map[string]inventory.Schedule{
		"S1": {ID: "S1", Name: "Team 10"}, "S2": {ID: "S2", Name: "Team 2"}, "S3": {ID: "S3", Name: "team 1"},
	}}
	var names []string
	for _, d := range NewOnCall(s, "").Schedules {
		names = append(names, d.Name)
	}
	if want := []string{"team 1", "Team 2", "Team 10"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
