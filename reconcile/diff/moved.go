package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// movedTurn is the guard of the next turns of those who stay (S23).
var movedTurn = guard{code: plan.HoldMovedTurn, rule: "S23", releasable: true}

// holdMoved holds what moves the next turn of somebody who neither joins nor
// leaves (S23): of who leaves without another in their place. Whoever does so on one
// layer or event keeps their next turn on the others.
func (b *builder) holdMoved(s inventory.Schedule, revised oncall.Revised, changes []plan.Change) map[string]bool {
	changing := map[string][]string{} // the parts on which somebody joins or leaves
	for _, c := range changes {
		if c.Kind == plan.Rotation {
			changing[c.User] = append(changing[c.User], c.Layer)
		}
	}
	if len(changing) == 0 {
		return nil
	}
	moves, ahead, err := oncall.Moved(s, revised.Schedule, b.in.Now)
	if err != nil {
		return nil // what can't be rendered gets no edit
	}
	moves = slices.DeleteFunc(moves, func(m oncall.Move) bool { return changing[m.User] != nil })
	for _, user := range slices.Sorted(maps.Keys(changing)) {
		moves = append(moves, b.movedElsewhere(s, revised, user, changing[user])...)
	}
	var moved []string
	for _, m := range moves {
		if !b.in.Snapshot.Gone(m.User) && (m.How != oncall.CutShort || !takesPart(revised.Changes, m.User)) {
			moved = append(moved, b.tellMove(m, ahead))
		}
	}
	if len(moved) == 0 {
		return nil
	}
	leaves, swaps, joins := b.units(s, changes)
	return b.holdUnits([][]unit{leaves, swaps, joins}, movedTurn, strings.Join(moved, "; "),
		"give somebody else turns there in the same plan, who takes them over, or release it")
}

// movedElsewhere is how somebody's next turn moves on the layers and events of a
// schedule that an edit changes and on which they neither join nor leave.
func (b *builder) movedElsewhere(s inventory.Schedule, revised oncall.Revised, user string, changing []string) []oncall.Move {
	stays := func(p oncall.PartChange) bool {
		return !slices.Contains(changing, p.Part) && slices.Contains(p.Before, user) && slices.Contains(p.After, user)
	}
	if !slices.ContainsFunc(revised.Changes, stays) {
		return nil
	}
	var lines []oncall.Line
	for _, part := range changing {
		if l, ok := oncall.LineOf(s, part); ok {
			lines = append(lines, l)
		}
	}
	moves, _, err := oncall.Moved(withoutTurns(s, user, lines), withoutTurns(revised.Schedule, user, lines), b.in.Now)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(moves, func(m oncall.Move) bool { return m.User != user })
}

// withoutTurns is a schedule on which somebody's turns on lines of layers or events
// are another's, so that what is beneath them stays hidden.
func withoutTurns(s inventory.Schedule, user string, lines []oncall.Line) inventory.Schedule {
	another := "another"
	on := func(rotation, name string) bool {
		return slices.ContainsFunc(lines, func(l oncall.Line) bool { return l.Rotation == rotation && l.Name == name })
	}
	s.Layers = slices.Clone(s.Layers)
	for i, l := range s.Layers {
		if on("", l.Name) {
			s.Layers[i].Users = replaced(l.Users, another, func(u string) bool { return u == user })
		}
	}
	s.Rotations = slices.Clone(s.Rotations)
	for i, r := range s.Rotations {
		s.Rotations[i].Events = slices.Clone(r.Events)
		for k, e := range r.Events {
			if on(r.ID, e.Name) {
				s.Rotations[i].Events[k].Assignment.Members = replaced(e.Assignment.Members, &another, func(m *string) bool { return m != nil && *m == user })
			}
		}
	}
	return s
}

// replaced is a list with another element in the place of some.
func replaced[T any](list []T, by T, which func(T) bool) []T {
	list = slices.Clone(list)
	for i := range list {
		if which(list[i]) {
			list[i] = by
		}
	}
	return list
}

// takesPart says whether somebody takes turns on a part that changes: a turn there
// ends at a hand-over because another's begins.
func takesPart(parts []oncall.PartChange, user string) bool {
	return slices.ContainsFunc(parts, func(p oncall.PartChange) bool { return slices.Contains(p.After, user) })
}

// tellMove says what becomes of somebody's next turn.
func (b *builder) tellMove(m oncall.Move, ahead time.Duration) string {
	name := b.userName(m.User)
	switch m.How {
	case oncall.NoTurn:
		return fmt.Sprintf("%s would have no more turns in the next %s, instead of the next one from %s", name, weeksOf(ahead), clock(m.Was.Start))
	case oncall.LastTurn:
		return fmt.Sprintf("%s would have no more turns in the next %s after the one from %s", name, weeksOf(ahead), clock(m.Was.Start))
	case oncall.MovedLater:
		return fmt.Sprintf("%s would stay on call until %s instead of %s", name, clock(m.Is.End), clock(m.Was.End))
	case oncall.CutShort:
		return fmt.Sprintf("%s would be on call until %s instead of %s", name, clock(m.Is.End), clock(m.Was.End))
	}
	return fmt.Sprintf("%s's next turn would begin %s instead of %s", name, clock(m.Is.Start), clock(m.Was.Start))
}

func weeksOf(d time.Duration) string { return fmt.Sprintf("%d weeks", int(d.Hours()/24/7)) }
