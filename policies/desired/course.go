package desired

import (
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Boundary is a moment at which desired access may change by itself.
type Boundary struct {
	At time.Time
	// Pairs are those whose access may change then, sorted.
	Pairs []Pair
	// Protections says that a protection begins or ends then. It has no pairs of
	// its own.
	Protections bool
}

// Boundaries are the boundaries after one moment and before another, in order.
func (e *Expansion) Boundaries(after, before time.Time) []Boundary {
	at := map[time.Time]map[Pair]bool{}
	note := func(pairs ...Pair) func(time.Time) {
		return func(t time.Time) {
			if !t.After(after) || !t.Before(before) {
				return
			}
			t = t.UTC()
			if at[t] == nil {
				at[t] = map[Pair]bool{}
			}
			for _, p := range pairs {
				at[t][p] = true
			}
		}
	}
	byUser, overrides := e.PairsByUser(), map[string][]Pair{}
	for _, o := range e.overrides {
		overrides[o.User] = append(overrides[o.User], o.Pair())
	}
	for pair, cs := range e.candidates.All() {
		for _, c := range cs {
			c.window.edges(note(pair))
		}
	}
	for _, l := range e.limits {
		for user, windows := range l.users {
			var covered []Pair
			for _, p := range slices.Concat(byUser[user], overrides[user]) {
				if l.covers(p) {
					covered = append(covered, p)
				}
			}
			for _, w := range windows {
				w.edges(note(covered...))
			}
		}
	}
	protections := map[time.Time]bool{}
	protection := func(t time.Time) {
		note()(t)
		protections[t.UTC()] = true
	}
	for _, p := range e.protects {
		if !p.until.IsZero() {
			protection(p.until)
		}
		for _, windows := range p.users {
			for _, w := range windows {
				w.edges(protection)
			}
		}
	}
	out := make([]Boundary, 0, len(at))
	for t, pairs := range at {
		out = append(out, Boundary{At: t, Pairs: slices.SortedFunc(maps.Keys(pairs), ComparePairs), Protections: protections[t]})
	}
	slices.SortFunc(out, func(a, b Boundary) int { return a.At.Compare(b.At) })
	return out
}

// Move takes access of this expansion from an earlier moment to t, in place,
// where only the given pairs may have changed since: At(t), but for the groups,
// which it leaves out.
func (e *Expansion) Move(a *Access, t time.Time, pairs []Pair) {
	a.At, a.Groups = t, nil
	for _, pair := range pairs {
		e.settle(a, pair, t)
	}
	a.Protections = e.protectionsAt(t)
}

// MoveOverrides takes the overrides of access from an earlier moment to t, which
// Move leaves as they are: only limits and their own ends change them.
func (e *Expansion) MoveOverrides(a *Access, t time.Time) { a.Overrides = e.overridesAt(t) }

// Asked are all overrides that the statements ask for, one for each way in which
// a grant reaches somebody, those that have ended included.
func (e *Expansion) Asked() []Override {
	all := make([]Override, len(e.overrides))
	for i, o := range e.overrides {
		all[i] = o.Override
	}
	return all
}

// Disputes are the schedules in dispute (S21) whose on-calls are asked for, with
// why, by id.
func (e *Expansion) Disputes() map[string]string { return e.disputes }

// Spell is a span for which the same people are in a group; nobody is a gap.
type Spell struct {
	From  time.Time
	Until time.Time
	// Users are their ids, sorted.
	Users []string
}

// Spells are who is in a group from one moment until another, without gaps
// between the spells.
func (e *Expansion) Spells(group string, from, until time.Time) []Spell {
	ways := e.groups[group].ways
	edges := []time.Time{from}
	var moves []move
	var windows []Window
	for user, ws := range ways {
		windows = windows[:0]
		for i := range ws {
			ws[i].window.edges(func(t time.Time) {
				if t.After(from) && t.Before(until) {
					edges = append(edges, t.UTC())
				}
			})
			if ws[i].refused == "" {
				windows = append(windows, ws[i].window)
			}
		}
		moves = movesOf(moves, user, unite(windows), from, until)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	slices.SortFunc(moves, compareMoves)
	return spellsOf(edges, moves, until)
}

// move is that somebody joins a group, or leaves it.
type move struct {
	at    time.Time
	joins bool
	user  string
}

// compareMoves has people leave before others join.
func compareMoves(a, b move) int {
	switch c := a.at.Compare(b.at); {
	case c != 0:
		return c
	case a.joins == b.joins:
		return 0
	case a.joins:
		return 1
	}
	return -1
}

// movesOf appends when somebody joins and leaves between two moments.
func movesOf(moves []move, user string, united []Window, from, until time.Time) []move {
	for _, w := range united {
		if !w.Until.IsZero() && !w.Until.After(from) || !w.From.IsZero() && !w.From.Before(until) {
			continue
		}
		start := from
		if w.From.After(from) {
			start = w.From.UTC()
		}
		moves = append(moves, move{start, true, user})
		if !w.Until.IsZero() {
			moves = append(moves, move{w.Until.UTC(), false, user})
		}
	}
	return moves
}

// spellsOf are the spells between edges, by what moves at these, both in order.
func spellsOf(edges []time.Time, moves []move, until time.Time) []Spell {
	var spells []Spell
	in := map[string]bool{}
	for _, t := range edges {
		for len(moves) > 0 && moves[0].at.Before(t) {
			moves = moves[1:] // at no edge: where the snapshot ends nobody is known to leave
		}
		for ; len(moves) > 0 && moves[0].at.Equal(t); moves = moves[1:] {
			if moves[0].joins {
				in[moves[0].user] = true
			} else {
				delete(in, moves[0].user)
			}
		}
		users := slices.Sorted(maps.Keys(in))
		if n := len(spells); n > 0 {
			if slices.Equal(spells[n-1].Users, users) {
				continue
			}
			spells[n-1].Until = t
		}
		spells = append(spells, Spell{From: t, Until: until, Users: users})
	}
	return spells
}

// OnCallGroups are the names of the groups that have an oncall: or escalation:
// among their members, in person or through other groups, sorted.
func (e *Expansion) OnCallGroups() []string {
	within := map[string][]string{} // group to those that have it as a member
	var found []string
	seen := map[string]bool{}
	for _, m := range e.in.Statements.Members {
		switch {
		case onDuty(m.Principal.Kind) && !seen[m.Group]:
			seen[m.Group] = true
			found = append(found, m.Group)
		case m.Principal.Kind == inventory.KindGroup:
			within[m.Principal.Name] = append(within[m.Principal.Name], m.Group)
		}
	}
	for i := 0; i < len(found); i++ {
		for _, outer := range within[found[i]] {
			if !seen[outer] {
				seen[outer] = true
				found = append(found, outer)
			}
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { _, declared := e.groups[name]; return !declared })
	slices.Sort(found)
	return found
}

// GroupUnknown is why a group's membership is unknown; empty if it is known.
func (e *Expansion) GroupUnknown(name string) []string { return textsOf(e.groups[name].unknown) }

// PairsByUser are the pairs that have a grant at any time, by person.
func (e *Expansion) PairsByUser() map[string][]Pair {
	by := map[string][]Pair{}
	for pair := range e.candidates.All() {
		by[pair.User] = append(by[pair.User], pair)
	}
	return by
}

// GrantAt is what a pair is to have at t; false if nothing.
func (e *Expansion) GrantAt(pair Pair, t time.Time) (Grant, bool) {
	sorted, _ := e.candidates.Get(pair)
	return e.choose(pair, sorted, t)
}

// RoleAt is the role that a pair is to have at t; inventory.None if none.
func (e *Expansion) RoleAt(pair Pair, t time.Time) string {
	sorted, _ := e.candidates.Get(pair)
	if g, ok := e.choose(pair, sorted, t); ok {
		return g.Role
	}
	return inventory.None
}
