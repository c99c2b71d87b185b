package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// escalating has the policy P: level 1 is schedule A and dora, level 2 schedule
// A again, level 3 schedule B with two people on at once.
func escalating() *inventory.Snapshot {
	return &inventory.Snapshot{
		Schedules: map[string]inventory.Schedule{
			"A": {Shifts: []inventory.Shift{shift("ann", "2026-01-01", "2026-01-02"), shift("bob", "2026-01-02", "2026-01-03")}},
			"B": {Shifts: []inventory.Shift{
				shift("cy", "2026-01-01T06:00", "2026-01-03"), shift("eli", "2026-01-01T06:00", "2026-01-02"), shift("cy", "2026-01-01", "2026-01-02"),
			}},
		},
		EscalationPolicies: map[string]inventory.EscalationPolicy{"P": {Rules: []inventory.EscalationRule{
			{Targets: []inventory.Target{{Type: "schedule", ID: "A"}, {Type: "user", ID: "dora"}, {Type: "user", ID: "dora"}}},
			{Targets: []inventory.Target{{Type: "schedule", ID: "A"}}},
			{Targets: []inventory.Target{{Type: "schedule", ID: "B"}, {Type: "schedule", ID: "GONE"}}},
		}}},
	}
}

func TestS21_EscalationFollowsFromRulesAndShifts(t *testing.T) {
	on := func(level int, schedule, user, start, end string) oncall.OnCall {
		return oncall.OnCall{EscalationPolicy: "P", Level: level, Schedule: &schedule, User: user, Start: ptr(date(start)), End: ptr(date(end))}
	}
	direct := oncall.OnCall{EscalationPolicy: "P", Level: 1, User: "dora"}
	for _, c := range []struct {
		name  string
		level int
		at    string
		want  []oncall.OnCall
	}{
		{
			"all levels, direct people first", 0, "2026-01-01T12:00",
			[]oncall.OnCall{
				direct, on(1, "A", "ann", "2026-01-01", "2026-01-02"), on(2, "A", "ann", "2026-01-01", "2026-01-02"),
				on(3, "B", "cy", "2026-01-01", "2026-01-03"), on(3, "B", "eli", "2026-01-01T06:00", "2026-01-02"),
			},
		},
		{"a handoff belongs to the successor", 2, "2026-01-02", []oncall.OnCall{on(2, "A", "bob", "2026-01-02", "2026-01-03")}},
		{"without a shift only direct people", 1, "2026-02-01", []oncall.OnCall{direct}},
		{"a level that does not exist", 4, "2026-01-01", []oncall.OnCall{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, oncall.Escalation(escalating(), "P", c.level, date(c.at))); diff != "" {
				t.Errorf("on call (-want +got):\n%s", diff)
			}
		})
	}
	if got := oncall.Escalation(escalating(), "NONE", 0, date("2026-01-01")); len(got) != 0 {
		t.Errorf("a policy that does not exist has %v on call", got)
	}
}

func TestEscalationChangesAtTheNextBoundaryOfItsSchedules(t *testing.T) {
	for _, c := range []struct {
		level int
		after string
		want  string
	}{
		{0, "2026-01-01", "2026-01-01T06:00"},
		{2, "2026-01-01", "2026-01-02"},
		{2, "2026-01-02", "2026-01-03"},
		{2, "2026-01-03", ""},
	} {
		got, ok := oncall.EscalationBoundary(escalating(), "P", c.level, date(c.after))
		if ok != (c.want != "") || ok && !got.Equal(date(c.want)) {
			t.Errorf("level %d after %s: got %s %v, want %q", c.level, c.after, got, ok, c.want)
		}
	}
}

func TestCoverageIsTheShareWithSomebodyOnCall(t *testing.T) {
	shifts := []inventory.Shift{
		shift("ann", "2025-12-31", "2026-01-01T08:00"), shift("bob", "2026-01-01T04:00", "2026-01-01T12:00"),
		shift("cy", "2026-01-02T00:00", "2026-01-09"),
	}
	for _, c := range []struct {
		until string
		want  float64
	}{
		{"2026-01-01T12:00", 100},
		{"2026-01-02", 50},
		{"2026-01-01T18:00", 66.67},
		{"2026-01-01", 0},
	} {
		if got := oncall.Coverage(shifts, date("2026-01-01"), date(c.until)); got != c.want {
			t.Errorf("until %s: got %v, want %v", c.until, got, c.want)
		}
	}
}

func TestAShiftIsUnderWayFromItsStartUntilJustBeforeItsEnd(t *testing.T) {
	shifts := []inventory.Shift{shift("ann", "2026-01-01", "2026-01-02"), shift("bob", "2026-01-02", "2026-01-03")}
	for at, want := range map[time.Time][]inventory.Shift{
		date("2026-01-01").Add(-1): nil,
		date("2026-01-01"):         shifts[:1],
		date("2026-01-02").Add(-1): shifts[:1],
		date("2026-01-02"):         shifts[1:],
		date("2026-01-03"):         nil,
	} {
		if diff := cmp.Diff(want, oncall.At(shifts, at)); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", at, diff)
		}
	}
}
