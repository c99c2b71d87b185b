package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// cause finds why a pair changes now, by comparing it with the last finished
// round (S14). The second result is what PagerDuty held then, if that moved as
// well as the desired side.
func (b *builder) cause(pair desired.Pair, held string) (plan.Cause, string) {
	cause, drifted := b.causeRemembered(pair, held)
	if b.restored() != "" && foreseen(cause) && inventory.CompareRoles(pair.Resource.Kind, b.asked(b.access, pair), held) < 0 {
		return plan.CauseDrift, drifted // the end that was foreseen may have come and gone
	}
	return cause, drifted
}

// causeRemembered is the cause by what the last round left.
func (b *builder) causeRemembered(pair desired.Pair, held string) (plan.Cause, string) {
	last := b.in.Memory.Last
	if last == nil {
		return plan.CausePolicy, ""
	}
	then, known := b.last[pair]
	if !known {
		then = plan.RoundPair{Desired: inventory.None, Actual: inventory.None}
	}
	drifted := ""
	if known && then.Actual != held {
		drifted = then.Actual
	}
	if now := b.asked(b.access, pair); then.Desired != now {
		return b.desiredMoved(pair, then, now), drifted
	}
	moved := drifted != "" || !known && held != inventory.None
	end, ours := b.in.Memory.Ends[pair]
	switch {
	case moved && ours && end.Role == held && !end.Until.After(b.in.Now):
		return end.Cause, "" // raised by a round that did not finish
	case !known && held != inventory.None && !b.wasNamed(pair.Target()):
		return plan.CausePolicy, "" // it was there before the policies spoke of it
	case moved:
		return plan.CauseDrift, ""
	case then.Pending != "":
		return then.Pending, ""
	}
	return plan.CausePolicy, ""
}

// wasNamed says whether a grant named a target in the last round.
func (b *builder) wasNamed(target desired.Target) bool {
	return slices.ContainsFunc(b.in.Memory.Last.Named, func(n plan.NamedTarget) bool { return n.Target == target })
}

// desiredMoved is the cause of a change whose desired side moved.
func (b *builder) desiredMoved(pair desired.Pair, then plan.RoundPair, asked string) plan.Cause {
	if b.in.Revision != b.in.Memory.Last.Revision && (b.before == nil || b.asked(b.before, pair) != asked) {
		return plan.CausePolicy
	}
	grant := b.access.Grant(pair)
	over := func(t time.Time) bool { return !t.IsZero() && !t.After(b.in.Now) }
	passed := func(t time.Time) bool { return over(t) && t.After(b.in.Memory.Last.At) }
	for _, bound := range []struct {
		came bool
		kind desired.BoundKind
	}{
		// The pair may be from a round before the last one, which could not tell.
		{over(then.Window.Until), then.Window.UntilKind},
		{passed(grant.From), grant.FromKind},
	} {
		switch {
		case !bound.came:
		case bound.kind == desired.BoundDate:
			return plan.CauseExpiry
		case bound.kind == desired.BoundShift, bound.kind == desired.BoundTakeover, bound.kind == desired.BoundSnapshot:
			return plan.CauseHandoff
		}
	}
	for _, schedule := range then.Schedules {
		if b.takenOver(schedule, pair.User, passed) {
			return plan.CauseHandoff
		}
	}
	return plan.CauseFacts
}

// takenOver says whether a person's shift on a schedule ended at a moment at
// which somebody else's starts.
func (b *builder) takenOver(schedule, user string, passed func(time.Time) bool) bool {
	shifts := b.in.Snapshot.Schedules[schedule].Shifts
	for _, s := range shifts {
		if s.User != user || !passed(s.End) {
			continue
		}
		for _, next := range shifts {
			if next.User != user && next.Start.Equal(s.End) {
				return true
			}
		}
	}
	return false
}

// asked is the role that access gives a pair.
func (b *builder) asked(a *desired.Access, pair desired.Pair) string {
	if g, ok := a.Grants.Get(pair); ok {
		return g.Role
	}
	return inventory.None
}

// reason is one sentence for a person.
func (b *builder) reason(c plan.Change, grant desired.Grant) string {
	switch {
	case len(b.circular(c.Pair())) > 0 && c.Effect == plan.Lower:
		return "it follows from itself alone, through " + strings.Join(b.circular(c.Pair())[0].Chain, " → ")
	case len(c.LimitedBy) > 0:
		l := c.LimitedBy[0]
		return fmt.Sprintf("limited to %s: %s", l.AtMost, l.Reason)
	case c.Cause == plan.CauseDrift && c.Effect == plan.Lower && c.After == inventory.None:
		return "added in PagerDuty; no rule gives it"
	case c.Cause == plan.CauseDrift && c.Before == inventory.None:
		return "removed in PagerDuty; policies give " + c.After
	case c.Cause == plan.CauseDrift:
		return fmt.Sprintf("changed in PagerDuty to %s; policies give %s", c.Before, c.After)
	case c.Effect == plan.Raise && c.Cause == plan.CauseExpiry && grant.FromKind == desired.BoundDate:
		return "granted from " + grant.Begins() + lasting(grant)
	case c.Effect == plan.Raise && grant.UntilKind == desired.BoundShift:
		return "on call until " + clock(grant.Until)
	case c.Effect == plan.Raise && grant.UntilKind == desired.BoundSnapshot:
		return "on call past " + clock(grant.Until) + ", where the snapshot ends"
	case c.Effect == plan.Raise && grant.UntilKind == desired.BoundTakeover:
		return "on call last, and kept until somebody takes over " + clock(grant.Until)
	case c.Effect == plan.Raise && grant.UntilKind == desired.BoundDate:
		return "granted until " + grant.Ends()
	case c.After != inventory.None:
		return c.ByRule()
	}
	then := b.last[c.Pair()]
	switch c.Cause {
	case plan.CauseExpiry:
		if then.Window.Until.IsZero() {
			return "the grant has ended" // in an earlier round, which could not take it away
		}
		return "the grant ended " + then.Window.Ends()
	case plan.CauseHandoff:
		return "the shift ended"
	case plan.CauseFacts:
		return "what it followed from changed in PagerDuty"
	}
	return "no rule gives it"
}

// lasting is until when a grant lasts, where a date says so.
func lasting(g desired.Grant) string {
	if g.UntilKind != desired.BoundDate {
		return ""
	}
	return " until " + g.Ends()
}
