// Package compare tells what other policies do on one snapshot: two plans and what they
// follow from, side by side.
package compare

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The states. OutcomeNone is that PagerDuty holds what is asked for.
const (
	OutcomeNone       OutcomeState = "none"
	OutcomeChange     OutcomeState = "change"
	OutcomeUnenforced OutcomeState = "unenforced"
	OutcomeHeld       OutcomeState = "held"
	OutcomeBlocked    OutcomeState = "blocked"
	OutcomeUnknown    OutcomeState = "unknown"
	OutcomeProtected  OutcomeState = "protected"
	OutcomeImplied    OutcomeState = "implied"
	OutcomeLeft       OutcomeState = "left" // access that no policy gives, left alone
)

func guarded(a *desired.Access) []Guarded {
	var out []Guarded
	for _, p := range a.Protections {
		g := Guarded{Resource: p.Resource, Role: p.Role, People: -1, Users: []string{}, Reason: p.Reason, Origin: p.By.Origin}
		if p.Users != nil {
			g.People, g.Users = len(p.Users), slices.Sorted(maps.Keys(p.Users))
		}
		out = append(out, g)
	}
	return out
}

// guardedKey is a protection wherever it now stands in its file.
func guardedKey(g Guarded) any {
	type key struct {
		resource            inventory.Ref
		role, users, reason string
		people              int
	}
	return key{g.Resource, g.Role, strings.Join(g.Users, " "), g.Reason, g.People}
}

// Compare says what the second of two results does that the first does not.
// Both are of one snapshot.
func Compare(before, after *diff.Result) *Difference {
	d := &Difference{
		Version: plan.Version, Account: after.Plan.Account, Now: after.Plan.Now, TakenAt: after.Plan.TakenAt,
		Before:       Side{before.Plan.Revision, before.Plan.Summary},
		After:        Side{after.Plan.Revision, after.Plan.Summary},
		Access:       []AccessDifference{},
		Consequences: []Consequence{}, Turns: []MovedTurns{},
		Later: []Later{}, Rules: []RuleChange{}, Data: []string{}, Settings: []Setting{},
		Stated: Moved[Stated]{Begins: []Stated{}, Ends: []Stated{}},
		Names:  maps.Clone(before.Plan.Names),
	}
	maps.Copy(d.Names, after.Plan.Names)
	was, then := outcomesOf(before), outcomesOf(after)
	differing := map[desired.Pair]bool{}
	for _, pair := range differingPairs(before.Access, after.Access) {
		differing[pair] = true
		d.Access = append(d.Access, accessDifference(pair, before, after, was, then))
	}
	d.consequences(was, then, differing)
	d.Turns = displaced(before.Plan, after.Plan)
	d.holds()
	d.Findings = moved(before.Plan.Findings, after.Plan.Findings, findingKey)
	d.Unknown = moved(before.Plan.Unknown, after.Plan.Unknown, func(u desired.Unknown) desired.Unknown { return u })
	d.Absent = moved(before.Plan.Absent, after.Plan.Absent, func(a desired.Absent) string { return a.Email })
	d.Errors = moved(before.Plan.Errors, after.Plan.Errors, noticeKey)
	d.Warnings = moved(before.Plan.Warnings, after.Plan.Warnings, noticeKey)
	d.Suspended = moved(before.Plan.Suspended, after.Plan.Suspended, func(n desired.Notice) string { return n.Message })
	d.Protections = moved(guarded(before.Access), guarded(after.Access), guardedKey)
	d.name(after.Expansion.Index())
	d.count()
	return d
}

// differingPairs are the pairs with another role or another end, sorted.
func differingPairs(before, after *desired.Access) []desired.Pair {
	var pairs []desired.Pair
	note := func(g *desired.Grant) { pairs = append(pairs, g.Pair) }
	for target, was := range before.Grants {
		is, both := after.Grants.On(target), 0
		for user, g := range was {
			then, stays := is[user]
			if stays {
				both++
			}
			if !stays && g.Role != inventory.None || stays && (g.Role != then.Role || !g.Until.Equal(then.Until)) {
				note(g)
			}
		}
		if both == len(is) {
			continue // nobody is new
		}
		for user, g := range is {
			if _, known := was[user]; !known && g.Role != inventory.None {
				note(g)
			}
		}
	}
	for target, is := range after.Grants {
		if before.Grants.On(target) != nil {
			continue
		}
		for _, g := range is {
			if g.Role != inventory.None {
				note(g)
			}
		}
	}
	slices.SortFunc(pairs, desired.ComparePairs)
	return pairs
}

func accessDifference(pair desired.Pair, before, after *diff.Result, was, then map[outcomeKey]Outcome) AccessDifference {
	old := before.Access.Grant(pair)
	fresh := after.Access.Grant(pair)
	d := AccessDifference{
		User: pair.User, Resource: pair.Resource, Layer: pair.Layer,
		Before: cmp.Or(old.Role, inventory.None), After: cmp.Or(fresh.Role, inventory.None),
		UntilBefore: ending(old), UntilAfter: ending(fresh),
		By: plan.OrEmpty(fresh.By), LimitedBy: plan.OrEmpty(fresh.Limited),
		Was: outcomeOf(was, before, pair), Then: outcomeOf(then, after, pair),
	}
	switch c := inventory.CompareRoles(pair.Resource.Kind, d.After, d.Before); {
	case d.After == d.Before:
	case c > 0:
		d.Effect = plan.Raise
	default:
		d.Effect = plan.Lower
	}
	if len(d.By) == 0 {
		d.By = plan.OrEmpty(old.By)
	}
	return d
}

func ending(g desired.Grant) *time.Time {
	if g.Until.IsZero() {
		return nil
	}
	return &g.Until
}

// outcomeKey identifies what an outcome is about. Of one person on one schedule
// there may be several overrides, which their keys tell apart.
type outcomeKey struct {
	desired.Pair
	key string
}

func keyOf(pair desired.Pair, change string) outcomeKey {
	if plan.KindOf(pair) == plan.Override {
		return outcomeKey{pair, change}
	}
	return outcomeKey{Pair: pair}
}

// outcomesOf is what a plan does, by pair.
func outcomesOf(r *diff.Result) map[outcomeKey]Outcome {
	p := r.Plan
	out := map[outcomeKey]Outcome{}
	of := func(c plan.Change, state OutcomeState, code code.Code, rule, why string) {
		out[keyOf(c.Pair(), c.ID)] = Outcome{change: c, State: state, Key: c.ID, Before: c.Before, After: c.After, Code: code, Rule: rule, Why: why}
	}
	pair := func(user string, resource inventory.Ref, layer string) outcomeKey {
		return keyOf(desired.Pair{User: user, Resource: resource, Layer: layer}, "")
	}
	for _, x := range p.Extra {
		out[pair(x.User, x.Resource, x.Layer)] = Outcome{State: OutcomeLeft, Before: x.Role, After: x.Role, Code: x.Code, Why: x.Why}
	}
	for _, x := range p.Implied {
		out[pair(x.User, x.Resource, "")] = Outcome{State: OutcomeImplied, Before: x.Role, After: x.Role, Code: x.Code, Why: x.Why}
	}
	for _, x := range p.Protected {
		out[pair(x.User, x.Resource, "")] = Outcome{State: OutcomeProtected, Before: x.Before, After: x.Before, Code: x.Code, Why: x.Reason}
	}
	for _, c := range p.Changes {
		of(c, OutcomeChange, "", "", "")
	}
	for _, c := range p.Unenforced {
		of(c, OutcomeUnenforced, "", "", "")
	}
	for _, c := range p.Blocked {
		of(c.Change, OutcomeBlocked, c.Code, "", c.Why)
	}
	for _, c := range p.Held {
		of(c.Change, OutcomeHeld, c.Code, c.Rule, c.Why)
	}
	return out
}

// outcomeOf is what a plan does about a pair.
func outcomeOf(outcomes map[outcomeKey]Outcome, r *diff.Result, pair desired.Pair) Outcome {
	if o, ok := outcomes[keyOf(pair, "")]; ok {
		return o
	}
	if why := r.Access.UnknownReason(pair); why != "" {
		return Outcome{State: OutcomeUnknown, Why: why}
	}
	role := plan.RoleHeld(r.Snapshot, pair, r.Plan.Now)
	grant := r.Access.Grant(pair)
	asked := cmp.Or(grant.Role, inventory.None)
	if plan.KindOf(pair) == plan.BaseRole && asked == inventory.None {
		return Outcome{State: OutcomeLeft, Before: role, After: role, Why: "no rule gives a base role, so it stays"}
	}
	return Outcome{State: OutcomeNone, Before: role, After: role}
}

// moved is what is in the second list and not in the first, and the other way
// round.
func moved[T any, K comparable](before, after []T, key func(T) K) Moved[T] {
	only := func(in, not []T) []T {
		known := map[K]bool{}
		for _, x := range not {
			known[key(x)] = true
		}
		out := []T{}
		for _, x := range in {
			if !known[key(x)] {
				out = append(out, x)
			}
		}
		return out
	}
	return Moved[T]{Begins: only(after, before), Ends: only(before, after)}
}

// findingKey is a finding's identity and whether it is waived.
func findingKey(f plan.Finding) any {
	type key struct {
		rule              string
		subject, resource inventory.Ref
		severity, message string
		waived            bool
	}
	return key{f.Rule, f.Subject, f.Resource, f.Severity, f.Message, f.Waived != nil}
}

// noticeKey is a notice wherever it now stands in its file.
func noticeKey(n desired.Notice) any {
	type key struct{ message, file, source string }
	return key{n.Message, n.Origin.File, n.Origin.Source}
}
