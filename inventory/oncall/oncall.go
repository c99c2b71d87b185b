// Package oncall is time: who is on call on a schedule or an escalation policy,
// from when until when, and when that next changes.
//
// Render computes the final schedule of both kinds of schedule from their
// layers or rotations, custom shifts and overrides. Revise changes who takes
// turns, so that nobody's turn moves that need not. Everything else here reads
// lists of shifts, ours or PagerDuty's. All of it is pure: no clock, no
// network, and the time zone database is part of the binary.
//
// # Local time
//
// Restrictions, turns of whole days and the occurrences of events are meant in
// local wall time. One rule turns wall time into a moment everywhere: it is the
// first moment at which the local clock has reached that time. A time that the
// clock skips in spring is therefore the moment of the skip, and a time that it
// passes twice in autumn is the first passing; spans keep their wall-clock
// length and so are an hour shorter or longer there.
package oncall

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Render returns who is on call on s in [since, until), clipped to it: the
// final schedule, sorted by inventory.SortShifts, in UTC, with adjacent pieces
// of the same person and origin merged. Every shift has an origin. On a
// layer-based schedule at most one person is on call at a time; a gap means
// nobody. The error names the schedule, the part of it and the defect.
func Render(s inventory.Schedule, since, until time.Time) ([]inventory.Shift, error) {
	shifts, err := render(s, since, until)
	if err != nil {
		return nil, fmt.Errorf("schedule %q (%s): %w", s.Name, s.ID, err)
	}
	return shifts, nil
}

func render(s inventory.Schedule, since, until time.Time) ([]inventory.Shift, error) {
	w := span{since.UTC(), until.UTC()}
	if err := w.check(); err != nil {
		return nil, err
	}
	switch s.Kind {
	case inventory.ScheduleOfLayers:
		return renderLayers(s, w)
	case inventory.ScheduleOfShifts:
		return renderRotations(s, w)
	}
	return nil, fmt.Errorf("%q is not a kind of schedule: expected %q or %q",
		s.Kind, inventory.ScheduleOfLayers, inventory.ScheduleOfShifts)
}

// At returns the shifts under way at t; a shift is under way from its start
// until just before its end.
func At(shifts []inventory.Shift, t time.Time) []inventory.Shift {
	var at []inventory.Shift
	for _, s := range shifts {
		if !s.Start.After(t) && s.End.After(t) {
			at = append(at, s)
		}
	}
	return at
}

// NextBoundary returns the first start or end of a shift after the given
// moment, and false if there is none.
func NextBoundary(shifts []inventory.Shift, after time.Time) (time.Time, bool) {
	var next time.Time
	for _, s := range shifts {
		for _, t := range []time.Time{s.Start, s.End} {
			if t.After(after) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next, !next.IsZero()
}

// Coverage is the share of [since, until) with somebody on call, 0 to 100,
// rounded to two decimals. An empty window has none.
func Coverage(shifts []inventory.Shift, since, until time.Time) float64 {
	if !since.Before(until) {
		return 0
	}
	spans := make([]span, 0, len(shifts))
	for _, s := range shifts {
		spans = append(spans, span{s.Start, s.End})
	}
	var covered float64
	for _, s := range unite(spans) {
		if c := s.clip(span{since, until}); !c.empty() {
			covered += c.end.Sub(c.start).Seconds()
		}
	}
	return math.Round(covered/until.Sub(since).Seconds()*10000) / 100
}

// merge joins shifts of the same person and origin that touch or overlap, and
// sorts the result as a snapshot holds it.
func merge(shifts []inventory.Shift) []inventory.Shift {
	origin := func(o *inventory.Origin) inventory.Origin {
		if o == nil {
			return inventory.Origin{}
		}
		return *o
	}
	slices.SortFunc(shifts, func(x, y inventory.Shift) int {
		ox, oy := origin(x.Origin), origin(y.Origin)
		return cmp.Or(
			cmp.Compare(x.User, y.User), cmp.Compare(ox.Kind, oy.Kind), cmp.Compare(ox.ID, oy.ID),
			x.Start.Compare(y.Start), x.End.Compare(y.End),
		)
	})
	merged := make([]inventory.Shift, 0, len(shifts))
	for _, s := range shifts {
		if n := len(merged); n > 0 {
			last := &merged[n-1]
			same := last.User == s.User && origin(last.Origin) == origin(s.Origin)
			if same && !s.Start.After(last.End) {
				last.End = later(last.End, s.End)
				continue
			}
		}
		merged = append(merged, s)
	}
	inventory.SortShifts(merged)
	return merged
}
