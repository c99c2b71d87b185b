package oncall

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// floating marks a time that was written without a zone, so that it can be told
// from one in UTC; it is never part of a result.
func floating() *time.Location { return time.FixedZone("floating", 0) }

// recurrence returns the wall times at which an event's occurrences begin, in
// order, from the wall time of the first: those of the RRULE and of RDATE
// lines, without those of EXDATE lines (RFC 5545). Dates in UTC or with a TZID
// are brought to zone. The rule runs on wall time, so that the clock's jumps
// can neither skip nor repeat an occurrence.
func recurrence(lines []string, first time.Time, zone *time.Location) (rrule.Next, error) {
	var set rrule.Set
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if strings.ContainsAny(line, "\r\n") {
			return nil, fmt.Errorf("recurrence %q: expected one rule a line", line)
		}
		end := strings.IndexAny(line, ":;")
		if end < 0 {
			return nil, fmt.Errorf("recurrence %q: expected RRULE:…, EXDATE:… or RDATE:…", line)
		}
		var err error
		switch name, value := line[:end], line[end+1:]; name {
		case "RRULE":
			if set.GetRRule() != nil {
				return nil, errors.New("more than one RRULE: expected exactly one")
			}
			err = addRule(&set, value, first, zone)
		case "EXDATE":
			err = eachDate(value, zone, set.ExDate)
		case "RDATE":
			err = eachDate(value, zone, set.RDate)
		default:
			err = errors.New("expected RRULE:…, EXDATE:… or RDATE:…")
		}
		if err != nil {
			return nil, fmt.Errorf("recurrence %q: %w", line, err)
		}
	}
	if set.GetRRule() == nil {
		return nil, errors.New("no RRULE among the recurrence: expected exactly one")
	}
	return set.Iterator(), nil
}

func addRule(set *rrule.Set, text string, first time.Time, zone *time.Location) error {
	o, err := rrule.StrToROptionInLocation(text, floating())
	if err != nil {
		return err
	}
	if err := checkRule(o, first); err != nil {
		return err
	}
	o.Dtstart = first
	if !o.Until.IsZero() {
		o.Until = asWall(o.Until, zone)
		if untilIsDate(text) {
			o.Until = o.Until.Add(day - time.Second)
		}
	}
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return err
	}
	set.RRule(r)
	return nil
}

// checkRule refuses what RFC 5545 does not know and what the library would
// follow without end.
func checkRule(o *rrule.ROption, first time.Time) error {
	switch {
	case !o.Dtstart.IsZero():
		return errors.New("DTSTART does not belong in an RRULE: the event's start says it")
	case len(o.Byeaster) > 0:
		return errors.New("BYEASTER is not part of RFC 5545")
	case o.Freq > rrule.HOURLY:
		return fmt.Errorf("FREQ=%s repeats more often than hourly", o.Freq)
	case o.Interval < 0 || o.Interval > 10_000:
		return fmt.Errorf("INTERVAL=%d: expected 1 to 10000", o.Interval)
	case o.Count < 0:
		return fmt.Errorf("COUNT=%d: expected a positive number", o.Count)
	case slices.ContainsFunc(o.Byweekday, beyondPeriod(o)):
		return errors.New("BYDAY counts more weeks than its month or year has")
	case o.Freq == rrule.HOURLY && !reachesHour(o, first.Hour()):
		return fmt.Errorf("from %02d:00 in steps of %d hours it never reaches an hour of BYHOUR", first.Hour(), max(o.Interval, 1))
	}
	return nil
}

// beyondPeriod says of a weekday whether its number, as in -2MO, reaches out of
// the month or year that it counts in. The library indexes by it unchecked.
func beyondPeriod(o *rrule.ROption) func(rrule.Weekday) bool {
	most := 53
	if o.Freq == rrule.MONTHLY || len(o.Bymonth) > 0 {
		most = 5
	}
	return func(d rrule.Weekday) bool { return d.N() > most || d.N() < -most }
}

// reachesHour says whether hourly steps from start meet an hour of BYHOUR.
func reachesHour(o *rrule.ROption, start int) bool {
	if len(o.Byhour) == 0 {
		return true
	}
	step := max(o.Interval, 1) % 24
	for i := range 24 {
		for _, h := range o.Byhour {
			if h == (start+i*step)%24 {
				return true
			}
		}
	}
	return false
}

// untilIsDate says whether a rule's UNTIL is a date, which includes that day.
func untilIsDate(text string) bool {
	for part := range strings.SplitSeq(text, ";") {
		if until, ok := strings.CutPrefix(part, "UNTIL="); ok {
			return len(until) == len(rrule.DateFormat)
		}
	}
	return false
}

// eachDate calls add with the wall time of each date-time in the value of an
// EXDATE or RDATE line.
func eachDate(value string, zone *time.Location, add func(time.Time)) error {
	dates, err := rrule.StrToDatesInLoc(value, floating())
	if err != nil {
		return err
	}
	list := value[strings.LastIndex(value, ":")+1:]
	for i, text := range strings.Split(list, ",") {
		if len(text) == len(rrule.DateFormat) {
			return fmt.Errorf("%s is a date: expected a date-time, such as %sT090000", text, text)
		}
		add(asWall(dates[i], zone))
	}
	return nil
}

func asWall(t time.Time, zone *time.Location) time.Time {
	if t.Location().String() == "floating" {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	}
	return wallOf(t, zone)
}
