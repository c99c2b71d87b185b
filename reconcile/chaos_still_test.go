package reconcile_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// planned is a round that made a plan, and by which law; nil for the last good one,
// which stands beside it, in place of a broken one. Of one that did not finish the program
// may know or not.
type planned struct {
	at        time.Time
	law, good *law
	finished  bool
}

// notePlanned notes the round that has just been.
func (c *chaos) notePlanned(finished bool) {
	if c.begun == 0 && !c.paused {
		return
	}
	l := c.laws[c.at]
	if c.broken != nil {
		l = nil
	}
	c.rounds = append(c.rounds, planned{c.began, l, c.inForce, finished && c.begun > 0})
}

// judgeStill says that nothing is lowered by an edit which has just been written,
// unless what stood before would have lowered it, or edits without end did (S37).
func (c *chaos) judgeStill(said, on, id, layer, user, after string) {
	now := c.inForce
	if c.before == nil || now != c.laws[c.at] || now == c.before || c.broken != nil || c.began.Sub(c.since) >= time.Minute {
		return
	}
	defer func() { c.inForce = now }()
	lowers := func(l *law) bool {
		c.inForce = l
		return c.mayLower(on, id, layer, user, after)
	}
	switch {
	case lowers(c.before):
	case c.restored && len(c.rounds) > 0 && c.rounds[len(c.rounds)-1].law != nil && lowers(c.rounds[len(c.rounds)-1].law):
		// What held still last is what the copy of the journal says, where an edit since
		// was followed by another before it held still: that is not the law before. The law
		// of the last round lowers it as well, so that the edit does so again for nobody.
		c.counts["lowered: as before, by a restored journal"]++
	case c.heldBetween(lowers) >= time.Minute:
		// A round that is killed counts for nothing here, but the program may know of it.
		// A minute is what the law of the rounds before this edit needs to be the one before.
		c.counts["lowered: as the law between"]++
	case c.dueAllAlong(lowers) >= 9*time.Minute:
		c.counts["lowered: after edits without end"]++
	default:
		c.violate("%s: the policies said %q until %s ago", said, c.before.name, c.began.Sub(c.since))
	}
}

// heldBetween is for how long the law before the last edit was that of each round, if it
// lowers something and is another than today's: time that nobody watched counts as a minute.
func (c *chaos) heldBetween(lowers func(*law) bool) (long time.Duration) {
	next := c.began
	var between *law
	for _, r := range slices.Backward(c.rounds) {
		if between == nil {
			between = r.law
		}
		if between == nil || r.law != between {
			break
		}
		long += watched(r.at, next)
		next = r.at
	}
	if between == nil || between == c.laws[c.at] || !lowers(between) {
		return 0
	}
	return long
}

// watched is the time between two rounds as S37 counts it: much of it is time that nobody
// watched, and counts as a minute.
func watched(from, to time.Time) time.Duration {
	if gap := to.Sub(from); gap <= 22*time.Minute {
		return gap
	}
	return time.Minute
}

// dueAllAlong is for how long something was due in each round, up to this one: time
// that nobody watched counts as a minute. A round of which the program may know
// nothing counts only where it speaks for that.
func (c *chaos) dueAllAlong(lowers func(*law) bool) (long time.Duration) {
	next := c.began
	for i := len(c.rounds) - 1; i >= 0; i-- {
		r := c.rounds[i]
		due := lowers(cmp.Or(r.law, r.good))
		switch {
		case !due && r.finished:
			return long
		case !due:
			continue
		}
		long += watched(r.at, next)
		next = r.at
	}
	return long
}

// inEffect says whether an override puts somebody on call at a moment. On a shift-based
// schedule it is in place of somebody, and does nothing where they have no turn.
func inEffect(s inventory.Schedule, o inventory.Override, t time.Time) bool {
	if !within(o.Start, o.End, t) || o.User == nil {
		return false
	}
	if s.Kind == inventory.ScheduleOfLayers {
		on := onCallAt(s, t)
		return len(on) == 1 && on[0] == *o.User
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			if o.Rotation != nil && *o.Rotation == r.ID && o.Replaces != nil && turnIn(e, t) == *o.Replaces {
				return true
			}
		}
	}
	return false
}
