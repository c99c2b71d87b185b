package oncall

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Line is what people take for one layer or event: itself, and those that took
// over from it. A rotation that changes without moving anybody's turn often ends
// one and starts a successor of the same name, which has an id of its own.
type Line struct {
	// ID is the last one's: whom it will have on call permanently.
	ID string
	// Name is the same for all.
	Name string
	// Rotation is the rotation that the events are in; empty for layers.
	Rotation string
	// IDs are the ids of all, ended ones too, the first to begin first.
	IDs []string
	// Members are those of the last one, once each, in the order of their turns.
	Members []string
	// Present are those of all that have not ended: until a handoff they may be
	// more than the members.
	Present []string
}

// Has says whether a layer or event belongs to the line.
func (l Line) Has(id string) bool { return slices.Contains(l.IDs, id) }

// Lines are the lines of a schedule of either kind that do not end before t, or
// at it: layers lowest precedence first, events by rotation and start.
//
// A layer takes over from one of its name that ends before it begins, or just
// then; an event from one of its name and rotation.
func Lines(s inventory.Schedule, t time.Time) []Line {
	var lines []*lineage
	for _, p := range partsOf(s) {
		i := slices.IndexFunc(lines, func(l *lineage) bool { return l.endsBefore(p) })
		if i < 0 {
			lines = append(lines, &lineage{})
			i = len(lines) - 1
		}
		lines[i].parts = append(lines[i].parts, p)
	}
	slices.SortStableFunc(lines, func(a, b *lineage) int { return cmp.Compare(a.last().place, b.last().place) })
	var out []Line
	for _, l := range lines {
		if !l.last().endedBy(t) {
			out = append(out, l.line(t))
		}
	}
	return out
}

// part is a layer or an event.
type part struct {
	id, name, rotation string
	start              time.Time
	end                *time.Time
	members            []string
	// place is where it stands in the schedule.
	place int
}

func (p part) endedBy(t time.Time) bool { return p.end != nil && !p.end.After(t) }

// partsOf are the layers or events of a schedule, the first to begin first.
func partsOf(s inventory.Schedule) []part {
	var parts []part
	for _, l := range s.Layers {
		parts = append(parts, part{id: l.ID, name: l.Name, start: l.Start, end: l.End, members: l.Users, place: len(parts)})
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			p := part{id: e.ID, name: e.Name, rotation: r.ID, start: e.EffectiveSince, end: e.EffectiveUntil, place: len(parts)}
			for _, m := range e.Assignment.Members {
				if m != nil {
					p.members = append(p.members, *m)
				}
			}
			parts = append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.start.Compare(b.start) })
	return parts
}

// lineage is a line being gathered.
type lineage struct{ parts []part }

func (l *lineage) last() part { return l.parts[len(l.parts)-1] }

// endsBefore says whether p takes over from the line.
func (l *lineage) endsBefore(p part) bool {
	last := l.last()
	return last.name == p.name && last.rotation == p.rotation && last.endedBy(p.start)
}

func (l *lineage) line(t time.Time) Line {
	last := l.last()
	out := Line{ID: last.id, Name: last.name, Rotation: last.rotation, Members: once(last.members)}
	for _, p := range l.parts {
		out.IDs = append(out.IDs, p.id)
		if !p.endedBy(t) {
			out.Present = append(out.Present, p.members...)
		}
	}
	out.Present = once(out.Present)
	return out
}

// once are the distinct ids, each where it stands first.
func once(ids []string) []string {
	out := []string{}
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// Includes says whether a person takes turns on the line permanently.
func (l Line) Includes(user string) bool { return slices.Contains(l.Members, user) }

// RoleOn is the role of somebody on the line that a layer or event belongs to: how many
// turns within a cycle they take permanently, of which an event knows one.
func RoleOn(s inventory.Schedule, id, user string) string {
	line, ok := LineOf(s, id)
	if !ok || !line.Includes(user) {
		return inventory.None
	}
	n := 0
	for _, l := range s.Layers {
		for _, u := range l.Users {
			if l.ID == line.ID && u == user {
				n++
			}
		}
	}
	return inventory.TurnsRole(n)
}

// LineOf is the line that a layer or event belongs to, ended or not.
func LineOf(s inventory.Schedule, id string) (Line, bool) {
	for _, l := range Lines(s, time.Time{}) {
		if l.Has(id) {
			return l, true
		}
	}
	return Line{}, false
}

// People are those whom a schedule has on call from t on: on layers, events and
// custom shifts that have not ended. Sorted.
func People(s inventory.Schedule, t time.Time) []string {
	var people []string
	for _, l := range Lines(s, t) {
		people = append(people, l.Present...)
	}
	for _, c := range s.CustomShifts {
		if c.User != nil && c.End.After(t) {
			people = append(people, *c.User)
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}
