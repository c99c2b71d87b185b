package oncall

import (
	"fmt"
	"slices"
	"time"
)

// The years that rendering is defined for. They bound every loop, and catch
// the zero time where a moment is missing.
const (
	firstYear = 1970
	lastYear  = 2199
)

// maxPieces bounds how many turns, restricted spans or occurrences one layer
// or event is followed through before it counts as defective: 35 days of turns
// of an hour are 840.
const maxPieces = 1_000_000

// maxTurns is maxPieces for the turns of a layer, which are looked through more
// often: PagerDuty's shortest are of an hour.
const maxTurns = 200_000

// span is half-open: [start, end).
type span struct{ start, end time.Time }

func (s span) empty() bool { return !s.start.Before(s.end) }

// clip is what of s lies in w; it may be empty.
func (s span) clip(w span) span {
	return span{later(s.start, w.start), earlier(s.end, w.end)}
}

func (s span) check() error {
	if s.end.Before(s.start) {
		return fmt.Errorf("the window ends at %s, before its start at %s", stamp(s.end), stamp(s.start))
	}
	if !plausible(s.start) || !plausible(s.end) {
		return fmt.Errorf("the window from %s to %s is outside the years %d to %d", stamp(s.start), stamp(s.end), firstYear, lastYear)
	}
	return nil
}

func plausible(t time.Time) bool {
	y := t.UTC().Year()
	return y >= firstYear && y <= lastYear
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// unite sorts spans and joins those that touch or overlap; empty ones vanish.
func unite(spans []span) []span {
	spans = slices.DeleteFunc(spans, span.empty)
	slices.SortFunc(spans, func(x, y span) int { return x.start.Compare(y.start) })
	var united []span
	for _, s := range spans {
		if n := len(united); n > 0 && !s.start.After(united[n-1].end) {
			united[n-1].end = later(united[n-1].end, s.end)
			continue
		}
		united = append(united, s)
	}
	return united
}
