package diff

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// settleMost is how many times Stillness.Settle is waited at most.
const settleMost = 10

// Stillness is what is known of an edit of policies or configuration that has
// yet to hold still (S37), or that there is none.
type Stillness struct {
	// Now is what time it is where the files are.
	Now time.Time
	// Still says that there is none, so that nothing else is said.
	Still bool
	// Settle is how long the edit must hold still for each thing that it newly
	// lowers.
	Settle time.Duration
	// Digest identifies policies and configuration as they are.
	Digest string
	// Settled are those that held still last; nil if none are known.
	Settled *plan.Settled
	// Committed says that they are exactly what a commit holds.
	Committed bool
	// Unrest is why somebody seems to be amid an edit; empty if nobody does.
	Unrest string
	// Superseded says that the policies are not those that stand in the files, as
	// these are broken: then nothing is known of how long they hold still.
	Superseded bool
}

// recentEdit is an edit that has yet to hold still, as the builder sees it.
type recentEdit struct {
	Stillness
	// access is what those that held still say, operators whom they protect; both
	// nil if not known.
	access    *desired.Access
	operators map[string]bool
	still     plan.Still
	// settled says that nothing waits any more.
	settled bool
}

// edited finds out since when there is an edit that has yet to hold still.
func (b *builder) edited() {
	s, last := b.in.Stillness, b.in.Memory.Last
	if s == nil {
		return
	}
	if s.Still {
		b.recent = &recentEdit{settled: true}
		return
	}
	u := &recentEdit{Stillness: *s, still: plan.Still{Digest: s.Digest, Since: s.Now, Waiting: map[string]time.Time{}}}
	if last != nil && last.Still.Digest == s.Digest && !s.Superseded && last.Still.Since.Before(s.Now) {
		u.still.Since = last.Still.Since
	}
	b.recent = u
	if s.Settled == nil {
		return
	}
	u.operators = map[string]bool{}
	for _, name := range s.Settled.Settings.Operators {
		for _, id := range b.cache.names().Person(name).IDs {
			u.operators[id] = true
		}
	}
	if s.Settled.Statements != nil {
		u.access = desired.Expand(desired.Input{
			Snapshot: b.in.Snapshot, Statements: s.Settled.Statements, Pinned: b.in.Memory.Pinned,
			Names: b.cache.names(), Longest: s.Settled.Settings.Longest,
		}).At(b.in.Now)
	}
}

// unsettledEdit holds what an edit newly lowers until it held still, the longer the
// more that is, or is committed (S37). Whatever changes meanwhile, each waits no
// longer than the longest of these times.
var unsettledEdit = guard{hold: hold{code: plan.HoldEditSettling, rule: "S37", releasable: true}, judge: func(b *builder) judge {
	u := b.recent
	if u == nil || u.settled {
		return nil
	}
	n := 0
	for _, c := range b.proposed {
		if b.newlyLowered(c) && !b.released(c) {
			n++
		}
	}
	acts := u.still.Since.Add(u.span(n))
	still := !u.Superseded && !u.Now.Before(acts) && len(b.plan.Suspended) == 0
	first := b.in.Memory.Last == nil && u.Unrest == "" // which edits nothing
	u.settled = u.Committed || still || first
	if u.settled {
		return nil
	}
	return func(c plan.Change) (wait, bool) {
		if !b.newlyLowered(c) || b.released(c) {
			return wait{}, false
		}
		since := b.waitingSince(c.ID)
		u.still.Waiting[c.ID] = since
		act := acts
		if most := since.Add(settleMost * u.Settle); most.Before(act) {
			act = most
		}
		if !u.Superseded && !u.Now.Before(act) {
			return wait{}, false
		}
		return u.wait(c, b.in.Now, act), true
	}
}}

// waitingSince is since when a lowering waits. A daemon that makes its rounds makes
// one when a wait ends, so that much longer without any is time in which nobody saw
// what was due: that counts as one Settle, lest an edit of then make one of now act
// at once.
func (b *builder) waitingSince(key string) time.Time {
	last, u := b.in.Memory.Last, b.recent
	if last == nil || u.Superseded {
		return u.Now
	}
	since, waited := last.Still.Waiting[key]
	if unseen := b.in.Now.Sub(last.At); unseen > 2*settleMost*u.Settle {
		since = since.Add(unseen - u.Settle)
	}
	if !waited || since.After(u.Now) {
		return u.Now
	}
	return since
}

// waits says that a change waited already in the last round.
func (b *builder) waits(key string) bool {
	last := b.in.Memory.Last
	if last == nil {
		return false
	}
	_, waits := last.Still.Waiting[key]
	return waits
}

// span is how long an edit must hold still that newly lowers n things.
func (u *recentEdit) span(n int) time.Duration {
	if u.Unrest != "" {
		n = settleMost
	}
	return u.Settle * time.Duration(max(1, min(n, settleMost)))
}

// wait is that of a lowering until it acts, by the clock where the files are. It
// is told by PagerDuty's, by which it is now.
func (u *recentEdit) wait(c plan.Change, now, acts time.Time) wait {
	var h wait
	if u.Superseded {
		h.why = "it comes from an edit of the policies that had not settled before they broke"
		h.release = "fix the policies; to act before: " + letThrough(c)
		return h
	}
	toldBy := func(t time.Time) time.Time { return now.Add(t.Sub(u.Now)).Round(time.Second) }
	acts = toldBy(acts)
	h.acts = &acts
	h.why = fmt.Sprintf("it comes from an edit of the policies or the configuration made %s, which must stay unchanged until %s", exactly(toldBy(u.still.Since)), exactly(acts))
	if u.Unrest != "" {
		h.why += "; " + u.Unrest
	}
	h.release = "nothing: it acts then, or once the edit is committed to git; to act before: " + letThrough(c)
	return h
}

func exactly(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// newlyLowered says that policies and settings that held still would not lower
// what a change lowers, or that those of the last round would not: they may have
// been edited again before anything could tell that they held still.
func (b *builder) newlyLowered(c plan.Change) bool {
	u := b.recent
	switch {
	case c.Effect != plan.Lower:
		return false
	case c.Cause == plan.CausePolicy || b.waits(c.ID):
		return true
	case b.before != nil && b.keeps(b.before, c):
		return true
	case u.Settled == nil:
		return false
	case u.operators[c.User]:
		return true
	case u.Settled.Settings.ModeOf(c.Resource.Kind, c.Resource.ID, b.index.Name(c.Resource.Kind, c.Resource.ID)) != plan.Sync:
		return true
	case u.access == nil:
		return false
	}
	return b.keeps(u.access, c)
}

// keeps says that access, as other policies would have it, does not lower what a
// change lowers, or that this can't be known.
func (b *builder) keeps(access *desired.Access, c plan.Change) bool {
	pair := c.Pair()
	for _, p := range access.Protections {
		if p.Covers(pair, c.Before, c.After) {
			return true
		}
	}
	if byLimit(b.access, c) {
		limit, limited := access.Cap(pair)
		return !limited || access.UnknownReason(pair) != "" || inventory.CompareRoles(c.Resource.Kind, limit.AtMost, c.After) > 0
	}
	if _, named := access.Named[pair.Target()]; !named || access.UnknownReason(pair) != "" {
		return true
	}
	if c.Kind == plan.Override {
		return asksFor(access, *c.Override, pair)
	}
	return inventory.CompareRoles(c.Resource.Kind, b.asked(access, pair), c.After) > 0
}

// asksFor says whether access has an override, or one in a part of its window.
func asksFor(access *desired.Access, p plan.OverrideShift, pair desired.Pair) bool {
	return slices.ContainsFunc(access.Overrides, func(o desired.Override) bool {
		return o.Pair() == pair && len(o.Limited) == 0 && o.From.Before(p.End) && p.Start.Before(o.Until)
	})
}

// stillOf is what a round remembers of an edit.
func stillOf(r *Result) plan.Still {
	switch {
	case r.recent != nil:
		return r.recent.still
	case r.last != nil:
		return r.last.Still
	}
	return plan.Still{}
}

// Settled says that the edit of policies and configuration of which the plan was
// told, if any, held still.
func (r *Result) Settled() bool { return r.recent == nil || r.recent.settled }
