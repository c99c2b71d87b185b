package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/dutyward/dutyward/reconcile/daemon"
)

// ParseSchedule reads a cron expression, which may begin with a time zone.
func ParseSchedule(text string) (daemon.Schedule, error) {
	if zone, _, more := strings.Cut(text, " "); strings.Contains(zone, "TZ=") && !more {
		return nil, fmt.Errorf("%q has a time zone and nothing else; expected such as \"CRON_TZ=Europe/Berlin 0 7 * * *\"", text)
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a cron expression: %w; expected such as \"*/5 * * * *\"", text, err)
	}
	if schedule.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("%q never comes", text)
	}
	if spec, ok := schedule.(*cron.SpecSchedule); ok {
		return zoned{spec}, nil
	}
	return schedule, nil
}

// zoned is a cron schedule that comes also on days on which its zone's clocks are
// moved by half an hour, as on Lord Howe: the library steps through the day by
// hours, and does not meet a full one any more once it stepped over that.
type zoned struct{ *cron.SpecSchedule }

// Next is the first moment after t at which a round is due.
func (s zoned) Next(t time.Time) time.Time {
	next := s.SpecSchedule.Next(t)
	_, moved := t.In(s.Location).ZoneBounds()
	if moved.IsZero() || moved.After(next) {
		return next
	}
	// From the next full hour on the steps are right again.
	full := moved.Add(time.Duration((60-moved.Minute())%60) * time.Minute)
	if other := s.SpecSchedule.Next(full.Add(-time.Second)); other.Before(next) {
		return other
	}
	return next
}

// ParseSpan reads a span of days, or of what Go calls a duration; not negative.
func ParseSpan(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0 && n < 10_000
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}
