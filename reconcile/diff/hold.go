package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const (
	day = 24 * time.Hour
	// clockSlack is how far two clocks may be apart and still be taken for one
	// (S31).
	clockSlack = 30 * time.Second
)

// suspend gathers the reasons for which nothing at all is lowered this round:
// an incomplete snapshot (S6), statements that erred (S5), a protection that
// can't be known (S12), be it that of the token's user or an operator (S20).
func (b *builder) suspend() {
	because := func(rule string, reasons ...desired.Notice) {
		if len(reasons) > 0 && b.suspendedBy == "" {
			b.suspendedBy = rule
		}
		b.plan.Suspended = append(b.plan.Suspended, reasons...)
	}
	if account := b.in.Snapshot.Account; !account.Complete {
		missing := []string{}
		for _, m := range account.Missing {
			missing = append(missing, fmt.Sprintf("%s (%s)", m.What, m.Reason))
		}
		because("S6", desired.Notice{Code: codes.Incomplete, Message: "the snapshot is incomplete: " + strings.Join(missing, "; ")})
	}
	because("S11", b.anothersMemory()...)
	because("S5", b.access.Suspends...)
	because("S12", b.access.ProtectUnresolved...)
	if b.in.SelfDoubt != "" {
		because("S20", desired.Notice{Code: codes.TokenOwner, Message: b.in.SelfDoubt})
	}
	for _, n := range b.operators.nobody {
		n.Message = "could not determine who must never be changed: " + n.Message
		because("S20", n)
	}
}

// suspended holds all lowerings while lowering is suspended.
var suspended = guard{hold: hold{code: plan.HoldSuspended}, lowers: true, judge: func(b *builder) judge {
	if len(b.plan.Suspended) == 0 {
		return nil
	}
	w := wait{"lowering is suspended: " + b.plan.Suspended[0].Message, "it resumes automatically once that is fixed", nil}
	return func(plan.Change) (wait, bool) { return w, true }
}}

// doubtedClock holds, while nobody can be sure of the time, what would be lowered
// since its time is over, and what the other clock's time would leave (S31).
var doubtedClock = guard{hold: hold{code: plan.HoldClock, rule: "S31"}, lowers: true, judge: func(b *builder) judge {
	if b.clockDoubt == "" {
		return nil
	}
	w := wait{b.clockDoubt, "it resumes automatically once the clocks agree", nil}
	return func(c plan.Change) (wait, bool) { return w, foreseen(c.Cause) || b.leftOtherwise(c) }
}}

// leftOtherwise says whether desired access by the other clock gives more than a
// lowering would leave.
func (b *builder) leftOtherwise(c plan.Change) bool {
	if b.otherwise == nil {
		return !b.otherClock().IsZero()
	}
	if byLimit(b.access, c) {
		limit, limited := b.otherwise.Cap(c.Pair())
		return !limited || inventory.CompareRoles(c.Resource.Kind, limit.AtMost, c.After) > 0
	}
	role := b.otherwise.Grant(c.Pair()).Role
	return role != "" && inventory.CompareRoles(c.Resource.Kind, role, c.After) > 0
}

// otherClock is what time it is by the clock that disagrees; zero if that is not
// known.
func (b *builder) otherClock() time.Time {
	if b.in.ClockDoubt == "" && b.in.Memory.Last != nil {
		return b.in.Memory.Last.At // PagerDuty's own, as it was
	}
	return b.in.OtherClock
}

// doubtClock finds out whether the time can be trusted.
func (b *builder) doubtClock() {
	b.clockDoubt = b.in.ClockDoubt
	if last := b.in.Memory.Last; last != nil && b.clockDoubt == "" && last.At.Sub(b.in.Now) > clockSlack {
		b.clockDoubt = fmt.Sprintf("PagerDuty's clock went back: it says %s, and said %s in the last round", clock(b.in.Now), clock(last.At))
	}
	if b.clockDoubt == "" {
		return
	}
	b.notify(codes.ClockDoubted, "nothing that depends on the time is lowered: %s", b.clockDoubt)
	if other, w := b.otherClock(), b.in.Snapshot.Account.Window; b.elsewhen != nil && !other.Before(w.Since) && other.Before(w.Until) {
		b.otherwise = b.elsewhen(other)
	}
}

// foreseen says that a cause takes access away on its due time.
func foreseen(c plan.Cause) bool {
	return c == plan.CauseHandoff || c == plan.CauseExpiry
}

// emptiedTeam holds what would take the last people off a team, or off whatever else must be staffed, for another cause
// than a handoff, an expiry or leavers, and the last of those who are on it for
// good: a shift's access that stays makes the loss no smaller (S3).
var emptiedTeam = guard{hold: hold{code: plan.HoldEmptying, rule: "S3", releasable: true}, lowers: true, judge: func(b *builder) judge {
	return func(c plan.Change) (wait, bool) {
		if !traitsOf(c.Kind).staffed || !b.mayNotEmpty(c) {
			return wait{}, false
		}
		resource, target := b.resourceName(c.Resource), c.Pair().Target()
		empty := !b.anybody(target)
		w := wait{
			why: fmt.Sprintf("no rule puts anybody on %s any more", resource),
			release: fmt.Sprintf("say `empty contains {\"resource\": %q, \"reason\": …}` in a policy if it may lose everybody, or release it: %s",
				b.reference(c.Resource), letThrough(c)),
		}
		if !empty {
			w.why = fmt.Sprintf("no rule puts anybody on %s permanently any more, only for shifts or a while", resource)
		}
		if byLimit(b.access, c) {
			w.why = fmt.Sprintf("limits would leave nobody on %s", resource)
		}
		return w, empty || (b.stoodForGood(c) || len(b.circular(c.Pair())) > 0) && !b.anybodyForGood(target)
	}
}}

// emptiedRotation holds what would end everybody's turns on a layer or event, in the
// same way. No release lets it through (S25).
var emptiedRotation = guard{hold: hold{code: plan.HoldEmptyingRotation, rule: "S3"}, lowers: true, judge: func(b *builder) judge {
	return func(c plan.Change) (wait, bool) {
		if c.Kind != plan.Rotation || !b.mayNotEmpty(c) {
			return wait{}, false
		}
		why, target := "no rule gives anybody turns on %s any more", c.Pair().Target()
		if byLimit(b.access, c) {
			why = "limits would leave nobody turns on %s"
		}
		return wait{
			why:     fmt.Sprintf(why, b.targetName(target)),
			release: "grant somebody turns there, or end it in PagerDuty; it is never left without anybody (S25)",
		}, !b.anybody(target)
	}
}}

// mayNotEmpty says of a change that takes somebody off that nothing allows it to
// take the last: no policy, due time, leaver, or person's word.
func (b *builder) mayNotEmpty(c plan.Change) bool {
	target := c.Pair().Target()
	switch {
	case c.After != inventory.None, len(b.access.MayEmpty[target]) > 0, foreseen(c.Cause), c.Cause == plan.CauseLeaver, b.released(c):
		return false
	}
	return !byLimit(b.access, c) || !b.stays(target)
}

// stoodForGood says whether the last round's policies gave without an end what a
// change takes away, or one before did and it is held since.
func (b *builder) stoodForGood(c plan.Change) bool {
	if c.Cause != plan.CausePolicy && c.Cause != plan.CauseFacts || b.in.Memory.Last == nil {
		return false
	}
	then := b.last[c.Pair()]
	return then.Desired != "" && then.Desired != inventory.None && then.Window.Until.IsZero() ||
		slices.Contains(b.in.Memory.Last.Emptying, c.ID)
}

// anybodyForGood says whether somebody has a grant on a target that does not end.
func (b *builder) anybodyForGood(target desired.Target) bool {
	for _, g := range b.access.Grants.On(target) {
		if g.Role != inventory.None && g.Until.IsZero() {
			return true
		}
	}
	return false
}

// anybody says whether somebody has a grant on a target.
func (b *builder) anybody(target desired.Target) bool {
	for range b.granted(target) {
		return true
	}
	return false
}

// counted is what a bound counts by itself: the changes of one cause.
type counted struct {
	bound string
	cause plan.Cause
}

// burst holds all changes of a cause that would exceed a bound (S26). What was held
// stays held until a person releases it, or sets other bounds.
var burst = guard{hold: hold{code: plan.HoldBurst, rule: "S26", releasable: true}, judge: func(b *builder) judge {
	b.count()
	return func(c plan.Change) (wait, bool) {
		if b.released(c) || !slices.Contains(plan.CountedCauses(), c.Cause) {
			return wait{}, false
		}
		why, last := b.exceeded(c), b.in.Memory.Last
		if why == "" && last != nil && slices.Contains(last.Held, c.ID) && reflect.DeepEqual(last.Bounds, b.in.Settings.Bounds) {
			why = "held in an earlier round as one of too many, and not released since"
		}
		return wait{why, "look at each, then: " + letThrough(c), nil}, why != ""
	}
}}

// replacing holds what is lowered where a bound holds raises: the people to come may be
// in place of those to go.
var replacing = guard{hold: hold{code: plan.HoldReplacing, rule: "S26", releasable: true}, lowers: true, judge: func(b *builder) judge {
	held := map[inventory.Ref]plan.Bound{}
	for _, h := range b.plan.Held {
		if h.Code != plan.HoldBurst || h.Effect != plan.Raise {
			continue
		}
		for _, bound := range b.bounds() {
			if b.counts(bound, h.Change) { // exceeded now, or in the round that first held it
				held[h.Resource] = bound
			}
		}
	}
	if len(held) == 0 {
		return nil
	}
	return func(c plan.Change) (wait, bool) {
		bound, waits := held[c.Resource]
		waits = waits && !b.released(c) && slices.Contains(plan.CountedCauses(), c.Cause) &&
			(c.Resource.Kind != inventory.KindAccount || slices.Contains(bound.Roles, c.Before))
		return wait{
			why:     fmt.Sprintf("limits.%s holds raises on %s, which may be in its place", bound.Name, b.resourceName(c.Resource)),
			release: "release those raises, and it goes on with them; or alone: " + letThrough(c),
		}, waits
	}
}}

// frozen holds changes while a freeze holds that is about their cause (S41). It is asked
// last: what waits for a person as well says that.
var frozen = guard{hold: hold{code: plan.HoldFrozen, rule: "S41", releasable: true}, judge: func(b *builder) judge {
	waits := map[plan.Cause]wait{}
	for _, f := range b.in.Settings.Freezes {
		until, on := f.On(b.in.Now)
		if !on {
			continue
		}
		w := wait{why: fmt.Sprintf("freezes.%s holds", f.Name), release: "it resumes automatically then"}
		if until.IsZero() {
			w.release = "change the freeze, whose times leave no gap"
		} else {
			w.why += " until " + clock(until)
			w.acts = &until
		}
		if f.Reason != "" {
			w.why += ": " + f.Reason
		}
		for _, cause := range f.Causes {
			if before, held := waits[cause]; !held || w.acts == nil || before.acts != nil && before.acts.Before(*w.acts) {
				waits[cause] = w
			}
		}
	}
	if len(waits) == 0 {
		return nil
	}
	return func(c plan.Change) (wait, bool) {
		w, held := waits[c.Cause]
		if !held || b.released(c) {
			return wait{}, false
		}
		w.release += "; or now: " + letThrough(c)
		return w, true
	}
}}

// bounds are those of this account.
func (b *builder) bounds() []plan.Bound {
	if b.in.Settings.Bounds == nil {
		return defaultBounds // made once: a forecast asks at each moment
	}
	return b.in.Settings.Bounds
}

var defaultBounds = plan.DefaultBounds()

// counts says whether a bound counts a change.
func (b *builder) counts(bound plan.Bound, c plan.Change) bool {
	return bound.Counts(plan.RecentOf(c, b.in.Now), b.index.Name(c.Resource.Kind, c.Resource.ID))
}

// exceeded says by how much a bound that counts a change is exceeded; empty if none is.
func (b *builder) exceeded(c plan.Change) string {
	for _, bound := range b.bounds() {
		if why := b.bursts[counted{bound.Name, c.Cause}]; why != "" && b.counts(bound, c) {
			return why
		}
	}
	return ""
}

// count finds the bounds that the proposed changes exceed.
func (b *builder) count() {
	if b.bursts == nil {
		b.bursts = map[counted]string{}
	}
	if len(b.proposed) == 0 {
		return
	}
	kinds := resourceKinds()
	for _, bound := range b.bounds() {
		for _, cause := range bound.Causes {
			for _, kind := range kinds {
				if why := b.excess(bound, cause, kind); why != "" {
					b.bursts[counted{bound.Name, cause}] = why
				}
			}
		}
	}
}

// excess says by how much the changes of a cause on a kind of resource exceed a bound;
// empty if they don't.
func (b *builder) excess(bound plan.Bound, cause plan.Cause, kind inventory.Kind) string {
	planned, applied := 0, 0
	for _, c := range b.proposed {
		if c.Cause == cause && c.Resource.Kind == kind && !b.released(c) && b.counts(bound, c) {
			planned++
		}
	}
	if planned == 0 {
		return ""
	}
	for _, r := range b.in.Memory.Recent {
		if r.Cause == cause && r.Resource.Kind == kind && b.in.Now.Sub(r.At) < bound.Window && bound.Counts(r, b.index.Name(kind, r.Resource.ID)) {
			applied++
		}
	}
	pairs := b.heldPairs(bound, kind)
	if applied+planned <= bound.Allowed(pairs) {
		return ""
	}
	return fmt.Sprintf("%s on the %s for the cause %q planned and %d applied in the last %s are more than the %d allowed (%s)",
		bound.Quantity(planned), scopeName(kind), cause, applied, windowed(bound.Window), bound.Allowed(pairs), bound.Figures(pairs))
}

// windowed is a window in words.
func windowed(d time.Duration) string {
	if d%time.Hour == 0 && d > time.Hour {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func scopeName(kind inventory.Kind) string {
	if kind == inventory.KindAccount {
		return "account"
	}
	return string(kind) + "s"
}

// heldPairs counts the pairs now held on the named resources of a kind that are
// in sync and that a bound counts.
func (b *builder) heldPairs(bound plan.Bound, kind inventory.Kind) int {
	n := 0
	for target := range b.access.Named {
		if target.Resource.Kind != kind || b.mode(target.Resource) != plan.Sync || !bound.On(target.Resource, b.index.Name(kind, target.Resource.ID)) {
			continue
		}
		if kind == inventory.KindAccount {
			n += len(b.in.Snapshot.Users)
			continue
		}
		for range membersOf(b.in.Snapshot, target) {
			n++
		}
	}
	return n
}
