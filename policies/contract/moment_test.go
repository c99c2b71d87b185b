package contract_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/policies/contract"
)

func TestALocalTimeIsOneMoment(t *testing.T) {
	for text, want := range map[string]string{
		"2026-05-01 09:00 Europe/Berlin":       "2026-05-01T07:00:00Z",
		"2026-05-01 09:00:30 Europe/Berlin":    "2026-05-01T07:00:30Z",
		"2026-12-01 09:00 America/New_York":    "2026-12-01T14:00:00Z",
		"2026-12-01 09:00 UTC":                 "2026-12-01T09:00:00Z",
		"2026-12-01 09:00 Etc/GMT+5":           "2026-12-01T14:00:00Z",
		"2026-03-29 01:59 Europe/Berlin":       "2026-03-29T00:59:00Z",
		"2026-03-29 03:00 Europe/Berlin":       "2026-03-29T01:00:00Z",
		"2026-10-25 01:59:59 Europe/Berlin":    "2026-10-24T23:59:59Z",
		"2026-10-25 03:00 Europe/Berlin":       "2026-10-25T02:00:00Z",
		"2026-04-05 02:15 Australia/Lord_Howe": "2026-04-04T15:45:00Z",
		"2011-12-31 00:30 Pacific/Apia":        "2011-12-30T10:30:00Z",
		"2026-05-01T09:00:00+02:00":            "2026-05-01T07:00:00Z",
	} {
		got, _, ok := contract.ParseMoment(text)
		if !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, ok, want)
		}
	}
}

// What clocks show at a moment is that moment, or one of two.
func TestWhatClocksShowIsTheMoment(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "America/Sao_Paulo"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(0, 2e9).Draw(t, "at"), 0).UTC()
		place, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		text := at.In(place).Format("2006-01-02 15:04:05 ") + zone
		got, _, ok := contract.ParseMoment(text)
		if ok && !got.Equal(at) {
			t.Fatalf("%s is %s, want %s", text, got, at)
		}
		if !ok {
			if c := complaint(text); c == nil || !strings.Contains(c.Found, "twice") {
				t.Fatalf("%s is no time: %+v", text, c)
			}
		}
	})
}

func complaint(text string) *contract.Complaint {
	return contract.Moment("until", contract.Value{Typ: "string", Text: text, Whole: true}, contract.Element{})
}

func TestALocalTimeThatIsNoneSaysWhatToWrite(t *testing.T) {
	for text, want := range map[string][2]string{
		"2026-03-29 02:30 Europe/Berlin":    {"which does not exist: the clocks in Europe/Berlin are put forward over 02:30", `"2026-03-29 03:00 Europe/Berlin"`},
		"2026-10-25 02:30 Europe/Berlin":    {"twice", "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"},
		"2026-05-01 09:00 Berlin":           {`"Berlin" is no time zone`, `"2026-05-01 09:00 Europe/Berlin"`},
		"2026-05-01 09:00 Europe/Berln":     {"is no time zone", `"2026-05-01 09:00 Europe/Berlin"`},
		"2026-05-01 09:00 America/New York": {"", `"2026-05-01 09:00 America/New_York"`},
		"2026-05-01T09:00 Europe/Berlin":    {"", `"2026-05-01 09:00 Europe/Berlin"`},
		"2026-05-01 9:00 Europe/Berlin":     {"", `"2026-05-01 09:00 Europe/Berlin"`},
		"2026-05-01 Europe/Berlin":          {"", `"2026-05-01 00:00 Europe/Berlin"`},
		"2026-05-01 09:00 (Europe/Berlin)":  {"", `"2026-05-01 09:00 Europe/Berlin"`},
		"2026-05-01 09:00 Local":            {"is no time zone", "IANA"},
		"2026-02-30 09:00 Europe/Berlin":    {"", "2026-12-01 09:00 Europe/Berlin"},
		"2026-05-01 09:00":                  {"", `"2026-05-01T09:00:00Z"`},
		"2011-12-30 12:00 Pacific/Apia":     {"put forward", `"2011-12-31 00:00 Pacific/Apia"`},
	} {
		c := complaint(text)
		if c == nil {
			t.Errorf("%s is taken for a time", text)
			continue
		}
		if said := c.Found + "; " + c.Expected + "; " + c.Suggestion; !strings.Contains(said, want[0]) || !strings.Contains(said, want[1]) {
			t.Errorf("%s: %s; want %q", text, said, want)
		}
	}
}
