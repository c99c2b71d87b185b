package contract

import (
	"testing"
	"time"
)

func TestEveryZoneThatIsSuggestedIsOne(t *testing.T) {
	for _, name := range zoneNames() {
		if _, err := time.LoadLocation(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAZoneIsSuggestedByItsCityOrASlip(t *testing.T) {
	for written, want := range map[string]string{
		"Berlin": "Europe/Berlin", "America/Berlin": "Europe/Berlin", "New York": "America/New_York", "europe/lisbon": "Europe/Lisbon",
		"Europe/Berln": "Europe/Berlin", "Berln": "Europe/Berlin", "CEST": "", "UTC+1": "", "": "",
	} {
		p, unknown := UnknownZone(written)
		if written == "" {
			continue // is UTC
		}
		if got := nearestZone(written); !unknown || got != want {
			t.Errorf("%q: suggested %q (%v), want %q", written, got, p, want)
		}
	}
}
