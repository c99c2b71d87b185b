package inventory_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
)

func TestNearestFindsWhatWasMeantAndNothingElse(t *testing.T) {
	names := []string{"region", "Payments", "name", "EU"}
	for wrote, want := range map[string]string{
		"regoin": "region", "payments": "Payments", "Paymnets": "Payments", "nam": "name", "eu": "EU",
		"schedule": "", "Search": "", "UK": "", "x": "",
	} {
		if got, ok := inventory.Nearest(wrote, names); got != want || ok != (want != "") {
			t.Errorf("%q: %q (%t), want %q", wrote, got, ok, want)
		}
	}
}
