package desired

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/policies"
)

// BoundKind says what makes a moment at which access begins or ends.
type BoundKind string

// The kinds of bounds.
const (
	BoundNone  BoundKind = ""      // unbounded
	BoundDate  BoundKind = "date"  // a from or until
	BoundShift BoundKind = "shift" // a shift's start or end, widened by lead or lag
	// BoundTakeover is the start of the shift that ends a gap, until which whoever
	// was on call last is kept.
	BoundTakeover BoundKind = "takeover"
	// BoundSnapshot is where the shifts end, or begin, that the snapshot holds: a
	// shift that reaches there goes on, until nobody knows when.
	BoundSnapshot BoundKind = "snapshot"
)

// Window is a half-open span of time with what bounds it. Zero times are
// unbounded.
type Window struct {
	From      time.Time `json:"from"`
	FromKind  BoundKind `json:"from_kind"`
	Until     time.Time `json:"until"`
	UntilKind BoundKind `json:"until_kind"`
	// FromZone and UntilZone are the time zones in which policies write these times;
	// empty where they have an offset.
	FromZone  string `json:"from_zone,omitempty"`
	UntilZone string `json:"until_zone,omitempty"`
}

// Begins and Ends are the window's bounds as people read them.
func (w Window) Begins() string { return policies.Clock(w.From, w.FromZone) }
func (w Window) Ends() string   { return policies.Clock(w.Until, w.UntilZone) }

// in is the window with the zones in which its bounds are written.
func (w Window) in(from, until string) Window {
	w.FromZone, w.UntilZone = from, until
	return w
}

// Contains says whether t lies in the window.
func (w Window) Contains(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.Until.IsZero() || t.Before(w.Until))
}

// empty says that no moment lies in the window.
func (w Window) empty() bool {
	return !w.From.IsZero() && !w.Until.IsZero() && !w.From.Before(w.Until)
}

// bounded is the window of a statement's from and until.
func bounded(from, until *time.Time) Window {
	var w Window
	if from != nil {
		w.From, w.FromKind = *from, BoundDate
	}
	if until != nil {
		w.Until, w.UntilKind = *until, BoundDate
	}
	return w
}

// intersect is the time that lies in both windows.
func (w Window) intersect(o Window) Window {
	if w.From.Before(o.From) {
		w.From, w.FromKind, w.FromZone = o.From, o.FromKind, o.FromZone
	}
	if w.Until.IsZero() || !o.Until.IsZero() && o.Until.Before(w.Until) {
		w.Until, w.UntilKind, w.UntilZone = o.Until, o.UntilKind, o.UntilZone
	}
	return w
}

// minus is what remains of the window outside o: none, one or two windows. The
// moments at which o begins and ends bound what remains as o was bounded.
func (w Window) minus(o Window) []Window {
	cut := w.intersect(o)
	if cut.empty() {
		return []Window{w}
	}
	var rest []Window
	if !cut.From.IsZero() && w.From.Before(cut.From) {
		before := w
		before.Until, before.UntilKind, before.UntilZone = cut.From, o.FromKind, o.FromZone
		rest = append(rest, before)
	}
	if !cut.Until.IsZero() && (w.Until.IsZero() || cut.Until.Before(w.Until)) {
		after := w
		after.From, after.FromKind, after.FromZone = cut.Until, o.UntilKind, o.UntilZone
		rest = append(rest, after)
	}
	return rest
}

// unite merges windows that overlap or touch, sorted by start.
func unite(windows []Window) []Window {
	if len(windows) < 2 {
		return windows
	}
	ws := slices.Clone(windows)
	slices.SortFunc(ws, func(a, b Window) int { return a.From.Compare(b.From) })
	out := ws[:1]
	for _, w := range ws[1:] {
		last := &out[len(out)-1]
		if last.Until.IsZero() {
			continue // the last one never ends
		}
		if w.From.After(last.Until) {
			out = append(out, w)
			continue
		}
		if w.Until.IsZero() || w.Until.After(last.Until) {
			last.Until, last.UntilKind, last.UntilZone = w.Until, w.UntilKind, w.UntilZone
		}
	}
	return out
}

// around is the united window that holds t, and whether there is one.
func around(windows []Window, t time.Time) (Window, bool) {
	for _, w := range unite(windows) {
		if w.Contains(t) {
			return w, true
		}
	}
	return Window{}, false
}

// edges calls f for each bound of the window that is a moment at which something
// changes.
func (w Window) edges(f func(time.Time)) {
	if !w.From.IsZero() && w.FromKind != BoundSnapshot {
		f(w.From)
	}
	if !w.Until.IsZero() && w.UntilKind != BoundSnapshot {
		f(w.Until)
	}
}
