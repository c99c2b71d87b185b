package paging

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Worse is a kind of hole of an escalation policy, for incidents of high urgency, that there
// is for longer in one account than in another.
type Worse struct {
	Policy string
	Kind   Kind
	// Before and After are for how long there is a hole of the kind or a worse one.
	Before, After time.Duration
	// First is the first one that was not there before.
	First Hole
}

// graded are the kinds of holes of which an incident has one at most, the worst first.
var graded = []Kind{Nobody, Silence, EmailOnly, Late}

// Worsened tells which of the policies, with services that they are for, page worse in the
// account after than before. A turn more or less that somebody takes because others' turns
// moved is none: a hole that was there counts once it is a tenth longer.
func Worsened(before, after *Account, policies []string) []Worse {
	var out []Worse
	for _, id := range policies {
		v := inventory.Service{EscalationPolicy: id, Urgency: inventory.ServiceUrgency{During: inventory.UrgencyHigh, Outside: inventory.UrgencyHigh}}
		was, _ := before.Holes(v)
		is, _ := after.Holes(v)
		for i, kind := range graded {
			bad := graded[:i+1]
			b, a := lasts(was, bad), lasts(is, bad)
			if a <= b+b/10 {
				continue
			}
			w := Worse{Policy: id, Kind: kind, Before: b, After: a}
			for _, h := range is {
				if slices.Contains(bad, h.Kind) && !covered(h, was, bad) {
					w.First = h
					break
				}
			}
			if w.First.Since.IsZero() {
				continue
			}
			out = append(out, w)
			break
		}
	}
	return out
}

// lasts is for how long there are holes of some kinds.
func lasts(holes []Hole, kinds []Kind) time.Duration {
	var sum time.Duration
	for _, h := range holes {
		if slices.Contains(kinds, h.Kind) {
			sum += h.Until.Sub(h.Since)
		}
	}
	return sum
}

// covered says that others of these kinds are there all the time that a hole is.
func covered(h Hole, by []Hole, kinds []Kind) bool {
	at := h.Since
	for _, o := range by {
		if slices.Contains(kinds, o.Kind) && !o.Since.After(at) && o.Until.After(at) {
			at = o.Until
		}
	}
	return !at.Before(h.Until)
}
