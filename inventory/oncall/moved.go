package oncall

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Move is what becomes of somebody's next turn when a schedule changes: a time on
// call without a break, the one under way or else the first to come.
type Move struct {
	User string
	// Was and Is are their turn before and after; Is is zero if they would have none
	// any more.
	Was, Is inventory.Shift
	// How says what becomes of it.
	How Movement
}

// Movement is a way in which a turn moves.
type Movement string

// The ways in which a turn moves.
const (
	MovedStart Movement = "start"   // it begins at another time
	MovedLater Movement = "later"   // the one under way ends later
	CutShort   Movement = "shorter" // the one under way ends sooner
	NoTurn     Movement = "none"    // they have none any more
	LastTurn   Movement = "last"    // it is as it was, and none follows
)

// Moved are the people whose next turn from a moment on is not what it was, by id.
// Overrides and custom shifts hide turns and are left out of both. How far that
// looks ahead is the other answer.
func Moved(before, after inventory.Schedule, now time.Time) ([]Move, time.Duration, error) {
	before.Overrides, before.CustomShifts, after.Overrides, after.CustomShifts = nil, nil, nil, nil
	ahead := max(aheadOf(before), aheadOf(after))
	was, err := turnsFrom(before, now, ahead)
	if err != nil {
		return nil, ahead, err
	}
	is, err := turnsFrom(after, now, ahead)
	if err != nil {
		return nil, ahead, err
	}
	var moves []Move
	for _, user := range peopleOf(was, nil) {
		how := movement(was[user], is[user], now, ahead)
		if how == "" {
			continue
		}
		m := Move{User: user, How: how, Was: inventory.Shift{User: user, Start: was[user][0].start, End: was[user][0].end}}
		if len(is[user]) > 0 {
			m.Is = inventory.Shift{User: user, Start: is[user][0].start, End: is[user][0].end}
		}
		moves = append(moves, m)
	}
	return moves, ahead, nil
}

// movement is what becomes of the first of somebody's turns; empty if nothing
// does.
func movement(was, is []span, now time.Time, ahead time.Duration) Movement {
	switch {
	case len(is) == 0:
		return NoTurn
	case !was[0].start.Equal(is[0].start):
		return MovedStart
	case was[0].start.Equal(now) && is[0].end.After(was[0].end):
		return MovedLater
	case was[0].start.Equal(now) && is[0].end.Before(was[0].end):
		return CutShort
	}
	// Who takes turns at all has some in each third of so long a time.
	third := ahead / 3
	if is[len(is)-1].end.Before(now.Add(third)) && was[len(was)-1].end.After(now.Add(2*third)) {
		return LastTurn
	}
	return ""
}

// aheadOf is how far ahead of a change everybody's turns are looked for: half a
// year, or three cycles.
func aheadOf(s inventory.Schedule) time.Duration {
	ahead := 26 * 7 * day
	for _, l := range s.Layers {
		ahead = max(ahead, cyclesOf(l, 3))
	}
	return fewTurns(s, ahead)
}

// longestAhead bounds how far turns are looked for, in seconds: twelve years.
const longestAhead = 12 * 366 * secondsADay

// turnOf is how long a layer's turns last, in seconds, within what is looked through.
func turnOf(l inventory.Layer) int64 { return int64(min(max(l.TurnSeconds, 1), longestAhead)) }

// cyclesOf is how long a layer's list takes some times, one more on it; twelve
// years at most.
func cyclesOf(l inventory.Layer, times int) time.Duration {
	turns := int64(times * (len(l.Users) + 1))
	return time.Duration(min(turns*turnOf(l), longestAhead)) * time.Second
}

// fewTurns shortens a time so that no layer has more turns in it than can be
// rendered often: PagerDuty's shortest are of an hour.
func fewTurns(s inventory.Schedule, ahead time.Duration) time.Duration {
	const most = 20_000
	seconds := int64(ahead / time.Second)
	for _, l := range s.Layers {
		seconds = min(seconds, turnOf(l)*most)
	}
	return time.Duration(seconds) * time.Second
}

// turnsFrom are everybody's turns from a moment on, by user id.
func turnsFrom(s inventory.Schedule, now time.Time, ahead time.Duration) (map[string][]span, error) {
	shifts, err := Render(s, now, now.Add(ahead))
	if err != nil {
		return nil, err
	}
	turns := map[string][]span{}
	for _, shift := range shifts {
		turns[shift.User] = append(turns[shift.User], span{shift.Start, shift.End})
	}
	for user, spans := range turns {
		turns[user] = unite(spans)
	}
	return turns, nil
}

// lastPlace brings those who come last on a layer behind everybody's next turn.
// Counting from the turn under way does so, unless what is left of it is closed by
// restrictions or hidden by another layer: then its person's next turn would move,
// and a successor from a later handoff, counting from there, spares it.
func (r *reviser) lastPlace(i int, c layerChange, v Revision) layerChange {
	if len(v.Join) <= len(v.Leave) || !r.movesStayers(i, c, v) {
		return c
	}
	later := c
	later.successor = true
	from := c.effective
	for range 3*len(c.layer.Users) + 7 {
		var ok bool
		later.from, later.effective, ok = c.turns.handoff(from)
		if !ok || c.layer.End != nil && !c.layer.End.After(later.effective) {
			return c
		}
		if !r.movesStayers(i, later, v) {
			return later
		}
		from = later.effective.Add(time.Second)
	}
	return c
}

// movesStayers says whether a change of a layer moves the next turn of somebody who
// neither joins nor leaves. What does not render is not edited.
func (r *reviser) movesStayers(i int, c layerChange, v Revision) bool {
	changed := *r
	changed.after = cloneDefinition(r.after)
	cycle := cycleFrom(pointers(c.layer.Users), c.from)
	changed.putLayer(i, c.with(reorder(cycle, v.Join, v.Leave, false)))
	moves, _, err := Moved(r.after, changed.after, r.now)
	return err == nil && slices.ContainsFunc(moves, func(m Move) bool {
		return m.How != CutShort && !slices.Contains(v.Join, m.User) && !slices.Contains(v.Leave, m.User)
	})
}
