package diff

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// guard holds back changes that wait for a person's word, or for something to be
// over.
type guard struct {
	// code names the reason, rule is the semantics' rule behind it.
	code code.Code
	rule string
	// releasable says that a person's release lets a change through.
	releasable bool
	// lowers says that it holds lowerings only.
	lowers bool
	// judge finds out what the guard goes by in this plan; nil if it holds nothing.
	judge func(*builder) judge
}

// judge says of a change whether it waits, and why.
type judge func(plan.Change) (wait, bool)

// wait is why a change waits, and how it goes on.
type wait struct {
	why, release string
	// acts is when time alone lets it through; nil if it does not.
	acts *time.Time
}

// guards are asked in this order: a change that one holds is not shown to the next.
var guards = []guard{suspended, unsettledEdit, doubtedClock, unwitnessedRaise, hidingOverride, fight, emptiedTeam, emptiedRotation, burst}

// revertGuards are asked of what undoes an earlier round.
var revertGuards = []guard{suspended, revertedEmpty, burst}

// letThrough is the command that releases a change.
func letThrough(c plan.Change) string { return "dutyward release " + c.ID + " --reason …" }

// hold holds back the changes that wait for a word.
func (b *builder) hold(guards []guard) {
	for _, g := range guards {
		if g.lowers && !slices.ContainsFunc(b.proposed, lowers) {
			continue
		}
		if judge := g.judge(b); judge != nil {
			b.holdBy(g, judge)
		}
	}
}

func lowers(c plan.Change) bool { return c.Effect == plan.Lower }

// holdBy moves the changes that a judge says wait to the held ones.
func (b *builder) holdBy(g guard, judge judge) {
	kept := make([]plan.Change, 0, len(b.proposed))
	for _, c := range b.proposed {
		if g.lowers && !lowers(c) {
			kept = append(kept, c)
			continue
		}
		w, waits := judge(c)
		if !waits {
			kept = append(kept, c)
			continue
		}
		b.holdBack(c, g, w)
	}
	b.proposed = kept
}

// holdBack lists a change as held.
func (b *builder) holdBack(c plan.Change, g guard, w wait) {
	rule := g.rule
	if g.code == plan.HoldSuspended {
		rule = b.suspendedBy
	}
	b.plan.Held = append(b.plan.Held, plan.Held{
		Change: c, Code: g.code, Rule: rule, Why: w.why, Release: w.release, Releasable: g.releasable, Acts: w.acts,
	})
}

// released says whether a person let this change through.
func (b *builder) released(c plan.Change) bool {
	_, ok := b.in.Memory.Released[c.ID]
	return ok
}

// releasedSince says whether a person let this change through after t.
func (b *builder) releasedSince(c plan.Change, t time.Time) bool {
	r, ok := b.in.Memory.Released[c.ID]
	return ok && r.At.After(t)
}

// obstacle is why a change can't be made, and what would make it possible. Without a
// code there is none.
type obstacle struct {
	code         code.Code
	why, unblock string
}

func (o obstacle) none() bool { return o.code == "" }

// block lists a change as blocked.
func (b *builder) block(c plan.Change, o obstacle) {
	b.plan.Blocked = append(b.plan.Blocked, plan.Blocked{Change: c, Code: o.code, Why: o.why, Unblock: o.unblock})
}
