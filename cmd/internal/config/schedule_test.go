package config

import (
	"testing"
	"time"
)

func TestASchedulesTimeZoneHoldsThroughSummerTime(t *testing.T) {
	for name, c := range map[string]struct{ schedule, from, next string }{
		"before summer time":                         {"CRON_TZ=Europe/Berlin 0 7 * * *", "2026-03-27T12:00:00Z", "2026-03-28T06:00:00Z"},
		"in summer time":                             {"CRON_TZ=Europe/Berlin 0 7 * * *", "2026-03-28T12:00:00Z", "2026-03-29T05:00:00Z"},
		"a time that is skipped":                     {"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
		"a time that comes twice":                    {"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		"the day a zone moves back by half an hour":  {"CRON_TZ=Australia/Lord_Howe 0 7 * * *", "2026-04-04T12:00:00Z", "2026-04-04T20:30:00Z"},
		"the day a zone moves ahead by half an hour": {"CRON_TZ=Australia/Lord_Howe 0 7 * * *", "2026-10-03T12:00:00Z", "2026-10-03T20:00:00Z"},
		"every five minutes while it is skipped":     {"CRON_TZ=Europe/Berlin */5 * * * *", "2026-03-29T00:55:00Z", "2026-03-29T01:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ParseSchedule(c.schedule)
			if err != nil {
				t.Fatal(err)
			}
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(from).UTC().Format(time.RFC3339); got != c.next {
				t.Errorf("next at %s, want %s", got, c.next)
			}
		})
	}
}
