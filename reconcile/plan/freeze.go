package plan

import (
	"time"
)

// Freeze is a time in which changes of some causes wait (S41).
type Freeze struct {
	// Name is the freeze's key below freezes in the configuration.
	Name string
	// From and Until are when a single one begins and ends; zero where it recurs.
	From, Until time.Time
	// Begins is when one that recurs begins, each time for as long as Lasts; nil where it
	// does not.
	Begins interface {
		// Next is the first beginning after a moment; zero if there is none.
		Next(time.Time) time.Time
	} `json:"-"`
	Lasts time.Duration
	// Causes are those of the changes that wait.
	Causes []Cause
	// Reason is for whoever waits; may be empty.
	Reason string
}

// FrozenCauses are those whose changes wait where a freeze says nothing else: what is
// foreseen goes on, and so do leavers.
func FrozenCauses() []Cause { return []Cause{CausePolicy, CauseFacts, CauseDrift} }

// mostJoined bounds how many times that follow each other without a gap are one: what
// has more of them counts as without an end.
const mostJoined = 100

// On says whether the freeze holds at a moment, and until when it will: zero if no end
// is in sight.
func (f Freeze) On(at time.Time) (until time.Time, on bool) {
	if f.Begins == nil {
		return f.Until, !at.Before(f.From) && at.Before(f.Until)
	}
	begun := f.Begins.Next(at.Add(-f.Lasts))
	if begun.IsZero() || begun.After(at) {
		return time.Time{}, false
	}
	until = begun.Add(f.Lasts)
	for range mostJoined {
		next := f.Begins.Next(begun)
		if next.IsZero() || next.After(until) {
			return until, true
		}
		begun, until = next, next.Add(f.Lasts)
	}
	return time.Time{}, true
}

// Ends are when the freeze ends after one moment and before another.
func (f Freeze) Ends(after, before time.Time) []time.Time {
	var ends []time.Time
	if f.Begins == nil {
		if f.Until.After(after) && f.Until.Before(before) {
			ends = append(ends, f.Until)
		}
		return ends
	}
	at := after
	for range mostJoined {
		until, on := f.On(at)
		if !on {
			if at = f.Begins.Next(at); at.IsZero() || !at.Before(before) {
				break
			}
			continue
		}
		if until.IsZero() || !until.Before(before) {
			break
		}
		ends = append(ends, until.UTC())
		at = until
	}
	return ends
}
