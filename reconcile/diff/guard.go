package diff

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// hold is a reason to hold a change.
type hold struct {
	// code names it, rule is the semantics' rule behind it.
	code code.Code
	rule string
	// releasable says that a person's release lets a change through.
	releasable bool
}

// guard holds back changes that wait for a person's word, or for something to be
// over.
type guard struct {
	hold
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
var guards = []guard{suspended, unsettledEdit, doubtedClock, unwitnessedRaise, hidingOverride, fight, emptiedTeam, emptiedRotation, burst, replacing, frozen}

// revertGuards are asked of what undoes an earlier round.
var revertGuards = []guard{suspended, revertedEmpty, burst}

// editGuard holds back changes of an edit of a schedule, which it sees as a whole.
type editGuard struct {
	hold
	// judge finds the changes of an edit that wait, and why each does.
	judge func(b *builder, e edit) ([]plan.Change, func(plan.Change) wait)
}

// edit is an edit of a schedule that is to be judged.
type edit struct {
	schedule inventory.Schedule
	revised  oncall.Revised
	changes  []plan.Change
}

// editGuards are asked in this order, until one holds something. The edit is then tried
// again without it.
var editGuards = []editGuard{movedTurn, manyJoins, displacedTurns, voidedOverride, worsenedPaging, refusedEdit}

// holdEdit holds what keeps an edit from being made, and returns the keys held.
func (b *builder) holdEdit(e edit) map[string]bool {
	out := map[string]bool{}
	for _, g := range editGuards {
		changes, why := g.judge(b, e)
		for _, c := range changes {
			if !out[c.ID] {
				b.holdBack(c, g.hold, why(c))
				out[c.ID] = true
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// letThrough is the command that releases a change.
func letThrough(c plan.Change) string { return "dutyward release " + c.ID + " --reason …" }

// holdAll holds back the changes that wait for a word.
func (b *builder) holdAll(guards []guard) {
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
		b.holdBack(c, g.hold, w)
	}
	b.proposed = kept
}

// holdBack lists a change as held.
func (b *builder) holdBack(c plan.Change, h hold, w wait) {
	rule := h.rule
	if h.code == plan.HoldSuspended {
		rule = b.suspendedBy
	}
	b.plan.Held = append(b.plan.Held, plan.Held{
		Change: c, Code: h.code, Rule: rule, Why: w.why, Release: w.release, Releasable: h.releasable, Acts: w.acts,
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
