package session

import (
	"strings"
	"testing"
	"time"
)

func TestMomentsAreReadAsPeopleWriteThem(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-03-02T17:00:00Z":           "2026-03-02T17:00:00Z",
		"2026-03-02T18:00:00+01:00":      "2026-03-02T17:00:00Z",
		"2026-03-02T17:00Z":              "2026-03-02T17:00:00Z",
		"2026-03-02 17:00 UTC":           "2026-03-02T17:00:00Z", // as output prints it
		"2026-03-02 17:00 Europe/Berlin": "2026-03-02T16:00:00Z",
		"2026-07-02 17:00 Europe/Berlin": "2026-07-02T15:00:00Z",
		"+90m":                           "2026-03-02T10:30:00Z",
		"+3d":                            "2026-03-05T09:00:00Z",
		"tomorrow":                       "expected a time such as",
		"2026-03-02 17:00":               "in which time zone?",
		"2026-03-02":                     "in which time zone?",
		"2026-03-02 17:00 Berlin":        `"Berlin" is no time zone`,
		"2026-13-02T17:00:00Z":           "expected a time such as",
		"+-2h":                           "expected a time such as",
		"+0d":                            "expected a time such as",
		"":                               "expected a time such as",
	} {
		m, err := ParseMoment("--at", text)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v; want %s", text, err, want)
			}
			continue
		}
		if got := m.From(now).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
