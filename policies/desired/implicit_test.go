package desired_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

func TestSchedulesAndEscalationPoliciesMakeGroupsByThemselves(t *testing.T) {
	s := account()
	s.Schedules["TWIN"] = inventory.Schedule{ID: "TWIN", Name: "Twin", Kind: inventory.ScheduleOfLayers}
	s.Schedules["TWIN2"] = inventory.Schedule{ID: "TWIN2", Name: "Twin", Kind: inventory.ScheduleOfLayers}
	s.Normalize()
	got := map[string][]string{}
	for _, g := range desired.Implicit(s) {
		got[g.Name] = memberLines(g)
	}
	want := map[string][]string{
		"oncall:Primary":      {"ann oncall:Primary"},
		"rotation:Primary":    {"ann rotation:Primary", "bob rotation:Primary"},
		"escalation:Payments": {"ann escalation:Payments → oncall:Primary", "cy escalation:Payments"},
		// A name that two share refers to neither.
		"oncall:#TWIN": nil, "rotation:#TWIN": nil, "oncall:#TWIN2": nil, "rotation:#TWIN2": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}
