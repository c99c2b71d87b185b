package input_test

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

func TestMomentReadsWhatClientsPrint(t *testing.T) {
	want := time.Date(2026, 3, 21, 9, 30, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"2026-03-21T09:30:00Z", "2026-03-21T10:30:00+01:00", "2026-03-21T09:30Z", "2026-03-21T10:30+01:00", "2026-03-21t09:30:00z",
		"2026-03-21T10:30:00+0100", "2026-03-21T10:30:00+01", "2026-03-21T09:30:00.000Z", "2026-03-21T09:30:00.567Z", "20260321T093000Z",
		want.String(), want.In(berlin).String(), want.In(time.FixedZone("", 3600)).String(), "2026-03-21 09:30:00 UTC",
		want.String() + " m=+0.004", "2026-03-21 10:30:00 +0100", "2026-03-21 10:30:00+01:00", want.Format(time.RFC1123), " 2026-03-21T09:30:00Z ",
		// Without an offset it is meant in the zone given.
		"2026-03-21T10:30:00", "2026-03-21T10:30", "2026-03-21 10:30:00", "2026-03-21 10:30",
	} {
		if got, err := input.Moment(text, berlin); err != nil || !got.Equal(want) {
			t.Errorf("%q is read as %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "tomorrow", "2026-02-30T00:00:00Z", "2026-03-21T25:00:00Z", "1700000000"} {
		if got, err := input.Moment(text, nil); err == nil {
			t.Errorf("%q is read as %s, want an error", text, got)
		}
	}
}

func TestPhoneNumbersAreKeptWithoutPunctuationAndNationalPrefix(t *testing.T) {
	for _, tt := range []struct {
		kind    string
		country int
		address string
		kept    string
		refused bool
	}{
		{"phone_contact_method", 1, "(415) 301-3250", "4153013250", false},
		{"phone_contact_method", 1, "04153013250", "", true},
		{"phone_contact_method", 1, "14153013250", "", true},
		{"sms_contact_method", 49, "015112345678", "", true},
		{"sms_contact_method", 49, "15112345678", "15112345678", false},
		{"phone_contact_method", 39, "0612345678", "0612345678", false}, // Italy dials its zero
		{"sms_contact_method", 52, "15512345678", "", true},
		{"phone_contact_method", 52, "15512345678", "15512345678", false},
		{"phone_contact_method", 1, "4153013250,,12#", "4153013250,,12#", false},
		{"phone_contact_method", 1, "four", "", true},
	} {
		kept, refusal := input.Phone(tt.kind, tt.country, tt.address)
		if (refusal != "") != tt.refused || !tt.refused && kept != tt.kept {
			t.Errorf("%s +%d %s: kept %q, refused %q", tt.kind, tt.country, tt.address, kept, refusal)
		}
	}
}
