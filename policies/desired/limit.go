package desired

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Cap is the highest role that limits leave a pair at one moment (S38).
type Cap struct {
	AtMost string
	// By are the limits that leave no more, in the policies' order.
	By []Limitation
	// Window is when they do, as far as that is known: that of the first of them.
	Window
}

// Cap is what limits leave a pair, whether or not grants give it anything; false
// if none is on it.
func (a *Access) Cap(p Pair) (Cap, bool) {
	if a.expansion == nil {
		return Cap{}, false
	}
	return a.expansion.capAt(p, a.At)
}

// Beyond is what limits leave a pair that holds more, whatever is known of it; false if
// it does not.
func (a *Access) Beyond(p Pair, held string) (Cap, bool) {
	if held == inventory.None {
		return Cap{}, false
	}
	limit, limited := a.Cap(p)
	return limit, limited && inventory.CompareRoles(p.Resource.Kind, held, limit.AtMost) > 0
}

// Capped are the people on whom a limit is in force on resources of a kind.
func (a *Access) Capped(kind inventory.Kind) map[string]bool {
	if a.expansion == nil {
		return nil
	}
	users := map[string]bool{}
	for _, l := range a.expansion.limits {
		if l.kind != kind {
			continue
		}
		for user := range l.users {
			if _, in := l.inForce(user, a.At); in {
				users[user] = true
			}
		}
	}
	return users
}

// MayCap says whether a limit is on a resource, at whatever time.
func (a *Access) MayCap(r inventory.Ref) bool {
	return a.expansion != nil && slices.ContainsFunc(a.expansion.limits, func(l limit) bool {
		return l.covers(Pair{Resource: r})
	})
}

// CapEdges are the moments at which somebody comes under a limit on the account, teams
// or schedules, or is not under it any more, after one moment and before another.
func (e *Expansion) CapEdges(after, before time.Time) []time.Time {
	var edges []time.Time
	for _, l := range e.limits {
		for _, windows := range l.users {
			for _, w := range windows {
				w.edges(func(t time.Time) {
					if t.After(after) && t.Before(before) {
						edges = append(edges, t.UTC())
					}
				})
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	return slices.CompactFunc(edges, time.Time.Equal)
}

// Ceiling is a limit in force: on whom, and on what by id; without an id it is
// every resource of the kind.
type Ceiling struct {
	Kind   inventory.Kind `json:"kind"`
	ID     string         `json:"id"`
	AtMost string         `json:"at_most"`
	// Users are ids, sorted.
	Users []string `json:"users"`
}

// Covers says whether it is on a pair.
func (c Ceiling) Covers(p Pair) bool {
	_, on := slices.BinarySearch(c.Users, p.User)
	return on && limit{kind: c.Kind, id: c.ID}.covers(p)
}

// Ceilings are the limits in force, in the policies' order.
func (a *Access) Ceilings() []Ceiling {
	out := []Ceiling{}
	if a.expansion == nil {
		return out
	}
	for _, l := range a.expansion.limits {
		c := Ceiling{Kind: l.kind, ID: l.id, AtMost: l.atMost}
		for user := range l.users {
			if _, in := l.inForce(user, a.At); in {
				c.Users = append(c.Users, user)
			}
		}
		if slices.Sort(c.Users); len(c.Users) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (e *Expansion) capAt(p Pair, t time.Time) (Cap, bool) {
	var c Cap
	found := false
	for _, i := range e.limitsOn[p.User] {
		l := e.limits[i]
		window, in := l.inForce(p.User, t)
		if !in || !l.covers(p) {
			continue
		}
		lower := 0
		if found {
			lower = inventory.CompareRoles(l.kind, l.atMost, c.AtMost)
		}
		if !found || lower < 0 {
			c, found = Cap{AtMost: l.atMost, Window: window}, true
		}
		if lower <= 0 {
			c.By = append(c.By, Limitation{AtMost: l.atMost, Reason: l.reason, By: l.by})
		}
	}
	return c, found
}

// inForce says whether a limit is on somebody at a moment, and in which window.
func (l limit) inForce(user string, t time.Time) (Window, bool) { return around(l.users[user], t) }
