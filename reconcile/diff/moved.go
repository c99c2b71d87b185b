package diff

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// movedTurn holds what moves the next turn of somebody who neither joins nor
// leaves (S23): of who leaves without another in their place. Whoever does so on one
// layer or event keeps their next turn on the others.
var movedTurn = editGuard{hold{code: plan.HoldMovedTurn, rule: "S23", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	moved := b.moved(e.schedule, e.revised, e.changes)
	if len(moved) == 0 {
		return nil, nil
	}
	leaves, swaps, joins := b.units(e.schedule, e.changes)
	return b.firstOf(leaves, swaps, joins), waitFor(strings.Join(moved, "; "),
		"give somebody else turns there in the same plan, who takes them over, or release it")
}}

// manyJoins holds who joins a layer or event that would grow by more people than it may
// at once (S23): who takes over from somebody who leaves does not make it grow.
var manyJoins = editGuard{hold{code: plan.HoldManyJoins, rule: "S23", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	most := b.in.Settings.Edits.MostJoins()
	_, _, joins := b.units(e.schedule, e.changes)
	for _, p := range e.revised.Changes {
		grows := len(p.After) - len(p.Before)
		if len(p.Before) == 0 || grows <= most {
			continue
		}
		out := b.firstOf(slices.DeleteFunc(slices.Clone(joins), func(u unit) bool { return u[0].Layer != p.Part }))
		if len(out) == 0 {
			continue // a person released them
		}
		return out, waitFor(fmt.Sprintf("%d people more would take turns on %s %s of schedule %s, and edits.joins allows %d", grows, partName(e.schedule), b.partTitle(e.schedule, p.Part), e.schedule.Name, most),
			"look at the rule that names them; if all are meant, raise edits.joins, or release it")
	}
	return nil, nil
}}

// displacedTurns holds what moves more turns of others than may be moved without a
// person's word (S23): of the layer or event that moves the most of them.
var displacedTurns = editGuard{hold{code: plan.HoldDisplacedTurns, rule: "S23", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	most := b.in.Settings.Edits.MostDisplaced()
	turns, byPart := map[string]int{}, map[string]int{}
	var people []oncall.Displaced
	for _, d := range e.revised.Displaced {
		if d.Turns == 0 || b.in.Snapshot.Gone(d.User) {
			continue
		}
		if _, known := turns[d.User]; !known {
			people = append(people, d)
		}
		turns[d.User] = max(turns[d.User], d.Turns)
		byPart[d.Part] += d.Turns
	}
	all := 0
	for _, n := range turns {
		all += n
	}
	if all <= most {
		return nil, nil
	}
	leaves, swaps, joins := b.units(e.schedule, e.changes)
	parts := slices.SortedFunc(maps.Keys(byPart), func(x, y string) int { return cmp.Or(byPart[y]-byPart[x], cmp.Compare(x, y)) })
	var out []plan.Change
	for _, part := range append(parts, "") {
		on := slices.DeleteFunc(slices.Concat(leaves, joins), func(u unit) bool { return part != "" && u[0].Layer != part })
		if out = b.firstOf(on, swaps); len(out) > 0 {
			break
		}
	}
	slices.SortFunc(people, func(x, y oncall.Displaced) int { return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.User, y.User)) })
	return out, waitFor(b.tellDisplaced(e.schedule, people, all, most),
		"let who joins take over from somebody who leaves in the same plan, or give them a layer or event of their own: then no turn moves; or raise edits.displaced_turns, or release it")
}}

// displacedNamed is how many people a reason names.
const displacedNamed = 3

// tellDisplaced says how many turns of whom move, and from when.
func (b *builder) tellDisplaced(s inventory.Schedule, people []oncall.Displaced, turns, most int) string {
	var who []string
	for i, d := range people {
		if i == displacedNamed {
			who = append(who, fmt.Sprintf("and %d more", len(people)-i))
			break
		}
		who = append(who, b.userName(d.User)+" from "+clock(d.Since))
	}
	return fmt.Sprintf("%s on schedule %s would move within %s, and edits.displaced_turns allows %d: %s",
		turnsOf(turns, len(people)), s.Name, weeksOf(oncall.Counted), most, strings.Join(who, ", "))
}

func turnsOf(turns, people int) string {
	text := "1 turn"
	if turns != 1 {
		text = fmt.Sprintf("%d turns", turns)
	}
	if people == 1 {
		return text + " of another person"
	}
	return fmt.Sprintf("%s of %d others", text, people)
}

// moved says whose next turns an edit moves who neither join nor leave.
func (b *builder) moved(s inventory.Schedule, revised oncall.Revised, changes []plan.Change) []string {
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
	var moved []string
	tell := func(m oncall.Move, where string) {
		if !b.in.Snapshot.Gone(m.User) && (m.How != oncall.CutShort || !takesPart(revised.Changes, m.User)) {
			moved = append(moved, b.tellMove(m, ahead, where))
		}
	}
	for _, m := range moves {
		if changing[m.User] == nil {
			tell(m, "")
		}
	}
	for _, user := range slices.Sorted(maps.Keys(changing)) {
		for _, m := range b.movedElsewhere(s, revised, user, changing[user]) {
			tell(m, elsewhere(s))
		}
	}
	return moved
}

// movedElsewhere is how somebody's next turn moves on the layers and events of a
// schedule on which they neither join nor leave: with those that an edit changes, and
// on a layer beneath one that has more turns than before, which hide theirs.
func (b *builder) movedElsewhere(s inventory.Schedule, revised oncall.Revised, user string, changing []string) []oncall.Move {
	after := oncall.Lines(revised.Schedule, b.in.Now)
	stays := func(l oncall.Line) bool {
		return !slices.ContainsFunc(changing, l.Has) && slices.Contains(l.Members, user) && slices.ContainsFunc(after, func(is oncall.Line) bool {
			return is.Rotation == l.Rotation && is.Name == l.Name && slices.Contains(is.Members, user)
		})
	}
	if !slices.ContainsFunc(oncall.Lines(s, b.in.Now), stays) {
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
	return slices.DeleteFunc(moves, func(m oncall.Move) bool { return m.User != user || onCallThrough(revised.Schedule, m.Was) })
}

// onCallThrough says whether somebody is on call on a schedule throughout a shift,
// overrides apart: a turn that another layer takes over from is then as it was.
func onCallThrough(s inventory.Schedule, shift inventory.Shift) bool {
	s.Overrides, s.CustomShifts = nil, nil
	shifts, err := oncall.Render(s, shift.Start, shift.End)
	if err != nil {
		return false
	}
	theirs := slices.DeleteFunc(shifts, func(other inventory.Shift) bool { return other.User != shift.User })
	return oncall.Coverage(theirs, shift.Start, shift.End) == 100
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
// ends at a handoff because another's begins.
func takesPart(parts []oncall.PartChange, user string) bool {
	return slices.ContainsFunc(parts, func(p oncall.PartChange) bool { return slices.Contains(p.After, user) })
}

// elsewhere says where the turns are that somebody has beside those that an edit is
// about.
func elsewhere(s inventory.Schedule) string {
	if len(s.Layers) > 0 {
		return " on the other layers"
	}
	return " in the other rotations"
}

// tellMove says what becomes of somebody's next turn; where is empty for a turn
// anywhere on the schedule.
func (b *builder) tellMove(m oncall.Move, ahead time.Duration, where string) string {
	name := b.userName(m.User)
	switch m.How {
	case oncall.NoTurn:
		return fmt.Sprintf("%s would have no more turns%s in the next %s, instead of the next one from %s", name, where, weeksOf(ahead), clock(m.Was.Start))
	case oncall.LastTurn:
		return fmt.Sprintf("%s would have no more turns%s in the next %s after the one from %s", name, where, weeksOf(ahead), clock(m.Was.Start))
	case oncall.MovedLater:
		return fmt.Sprintf("%s would stay on call until %s instead of %s", name, clock(m.Is.End), clock(m.Was.End))
	case oncall.CutShort:
		return fmt.Sprintf("%s would be on call until %s instead of %s", name, clock(m.Is.End), clock(m.Was.End))
	}
	return fmt.Sprintf("%s's next turn would begin %s instead of %s", name, clock(m.Is.Start), clock(m.Was.Start))
}

func weeksOf(d time.Duration) string { return fmt.Sprintf("%d weeks", int(d.Hours()/24/7)) }

// refusedEdit holds an edit that PagerDuty refused a while ago (S32), until it is tried
// again. One that asks for something else, or of a schedule that has changed, is
// tried at once, and so is one that a person releases.
var refusedEdit = editGuard{hold{code: plan.HoldRefusedEdit, rule: "S32", releasable: true}, func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait) {
	turns := slices.DeleteFunc(slices.Clone(e.changes), func(c plan.Change) bool { return c.Kind != plan.Rotation })
	r, ok := b.refusedBefore(e.schedule, turns)
	if !ok || slices.ContainsFunc(turns, func(c plan.Change) bool { return b.releasedSince(c, r.At) }) {
		return nil, nil
	}
	next, often := r.Next(), "once"
	if r.Times > 1 {
		often = fmt.Sprintf("%d times", r.Times)
	}
	why := fmt.Sprintf("the edit of schedule %s was refused %s, last at %s, and nothing of it is left; it is tried again at %s: %s",
		e.schedule.Name, often, clock(r.At), clock(next), r.Why)
	return turns, func(c plan.Change) wait {
		return wait{why, "it is retried automatically then, and at once if anything about it changes; to try it now: " + letThrough(c), &next}
	}
}}

// refusedBefore is the refusal of the same edit for which it waits.
func (b *builder) refusedBefore(s inventory.Schedule, turns []plan.Change) (plan.Refused, bool) {
	if b.in.Memory.Last == nil || b.in.Insist {
		return plan.Refused{}, false
	}
	refused := b.in.Memory.Last.Refused
	i := slices.IndexFunc(refused, func(r plan.Refused) bool {
		return r.Schedule == s.ID && b.in.Now.Before(r.Next()) && !stale(r, b.in.Now) && r.Edit == editDigest(s, turns, b.in.Now)
	})
	if i < 0 {
		return plan.Refused{}, false
	}
	return refused[i], true
}

// editDigest tells an edit from others: by the changes that it makes, and by the
// definition that it starts from. When it takes effect is no difference, for that
// moves with each handoff. What has ended does not count.
func editDigest(s inventory.Schedule, turns []plan.Change, now time.Time) string {
	var of struct {
		Schedule  string
		Zone      string
		Layers    []inventory.Layer
		Rotations []inventory.Rotation
		Changes   []string
	}
	of.Schedule, of.Zone, of.Rotations = s.ID, s.TimeZone, oncall.Living(s, now)
	for _, l := range s.Layers {
		if l.End == nil || l.End.After(now) {
			of.Layers = append(of.Layers, l)
		}
	}
	for _, c := range turns {
		of.Changes = append(of.Changes, c.ID)
	}
	slices.Sort(of.Changes)
	text, err := json.Marshal(of)
	if err != nil {
		return "" // can't be: these are plain values
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Refusals are the edits that wait after a round. Why says of the turns that were
// refused in it, by the keys of their changes, what PagerDuty said; made are the
// keys of the changes that came about.
func (r *Result) Refusals(why map[string]string, made map[string]bool) []plan.Refused {
	now, list := r.Plan.Now, []plan.Refused{}
	settled := map[string]bool{}
	for _, e := range r.Plan.Edits {
		var turns []plan.Change
		for _, c := range r.Plan.Changes {
			if c.Resource != e.Schedule || c.Kind != plan.Rotation {
				continue
			}
			if _, refused := why[c.ID]; refused {
				turns = append(turns, c)
			}
			settled[e.Schedule.ID] = settled[e.Schedule.ID] || made[c.ID]
		}
		if len(turns) > 0 {
			settled[e.Schedule.ID] = true
			list = append(list, r.refusedAgain(plan.Refused{
				Schedule: e.Schedule.ID, Edit: editDigest(e.Work.Was, turns, now), Times: 1, At: now, Why: why[turns[0].ID],
			}))
		}
	}
	if r.last == nil {
		return list
	}
	for _, before := range r.last.Refused {
		if !settled[before.Schedule] && !stale(before, now) {
			list = append(list, before)
		}
	}
	return list
}

// refusedAgain counts the times that an edit was refused in a row.
func (r *Result) refusedAgain(now plan.Refused) plan.Refused {
	if r.last == nil {
		return now
	}
	for _, before := range r.last.Refused {
		if before.Schedule == now.Schedule && before.Edit == now.Edit && !stale(before, now.At) {
			now.Times = before.Times + 1
		}
	}
	return now
}

// stale says that it does not count any more: nobody asked for it in a day, or the
// clock went back.
func stale(r plan.Refused, now time.Time) bool {
	return now.Sub(r.Next()) > day || r.At.Sub(now) > clockSlack
}
