package diff

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Difference is what other policies do on one snapshot: who is to have more or
// less access than before, what the plan then does about it, and what begins or
// ends besides. Its JSON form is documented with that of the plan.
type Difference struct {
	Version int       `json:"version"`
	Account string    `json:"account"`
	Now     time.Time `json:"now"`
	TakenAt time.Time `json:"taken_at"`
	Before  Side      `json:"before"`
	After   Side      `json:"after"`
	// Access are the pairs for which the policies ask for something else.
	Access []AccessDifference `json:"access"`
	// Consequences are the pairs for which they ask for the same, and the plan
	// does something else.
	Consequences []Consequence `json:"consequences"`
	// Holds are the reasons for which changes are held that were not before.
	Holds     []Hold                 `json:"holds"`
	Findings  Moved[plan.Finding]    `json:"findings"`
	Unknown   Moved[desired.Unknown] `json:"unknown"`
	Absent    Moved[desired.Absent]  `json:"absent"`
	Errors    Moved[desired.Notice]  `json:"errors"`
	Warnings  Moved[desired.Notice]  `json:"warnings"`
	Suspended Moved[string]          `json:"suspended"`
	// Protections are those in force: one that goes may let later plans change
	// what this one does not.
	Protections Moved[Guarded] `json:"protections"`
	// Names are as in a plan.
	Names   map[string]string `json:"names"`
	Summary DifferenceSummary `json:"summary"`
}

// Side is one of the two plans.
type Side struct {
	Revision string       `json:"revision"`
	Summary  plan.Summary `json:"summary"`
}

// AccessDifference is one pair for which the policies ask for something else.
type AccessDifference struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	// Before and After are the roles asked for, "none" where there is none. They
	// are equal where only the end differs.
	Before string `json:"before"`
	After  string `json:"after"`
	// Effect is empty where the roles are equal.
	Effect plan.Effect `json:"effect"`
	// UntilBefore and UntilAfter are the ends; null where there is none.
	UntilBefore *time.Time `json:"until_before"`
	UntilAfter  *time.Time `json:"until_after"`
	// By are the rules that give After; if nothing does, those that gave Before.
	By        []desired.By         `json:"by"`
	LimitedBy []desired.Limitation `json:"limited_by"`
	// Was and Then are what the plans do about the pair.
	Was  Outcome `json:"was"`
	Then Outcome `json:"then"`
}

// Consequence is a pair for which the plan does something else.
type Consequence struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	Was      Outcome       `json:"was"`
	Then     Outcome       `json:"then"`
}

// OutcomeState says what a plan does about a pair.
type OutcomeState string

// The states. OutcomeNone is that PagerDuty holds what is asked for.
const (
	OutcomeNone      OutcomeState = "none"
	OutcomeChange    OutcomeState = "change"
	OutcomeObserved  OutcomeState = "observed"
	OutcomeHeld      OutcomeState = "held"
	OutcomeBlocked   OutcomeState = "blocked"
	OutcomeUnknown   OutcomeState = "unknown"
	OutcomeProtected OutcomeState = "protected"
	OutcomeImplied   OutcomeState = "implied"
	OutcomeLeft      OutcomeState = "left" // access that no policy gives, left alone
)

// Outcome is what a plan does about a pair.
type Outcome struct {
	State OutcomeState `json:"state"`
	// Key is the change's; empty if there is none.
	Key string `json:"key"`
	// Before and After are the change's roles.
	Before string `json:"before"`
	After  string `json:"after"`
	// Rule is the semantics' rule that holds it.
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// Hold is why changes are held.
type Hold struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
	// Changes counts those that were not held before.
	Changes int `json:"changes"`
}

// Moved is what begins and what ends.
type Moved[T any] struct {
	Begins []T `json:"begins"`
	Ends   []T `json:"ends"`
}

// Guarded is a protection in force.
type Guarded struct {
	// Resource is by id; zero for every resource.
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// People counts whom it is about; -1 is everybody.
	People int             `json:"people"`
	Reason string          `json:"reason"`
	Origin policies.Origin `json:"origin"`
}

func guarded(a *desired.Access) []Guarded {
	var out []Guarded
	for _, p := range a.Protections {
		g := Guarded{Resource: p.Resource, Role: p.Role, People: -1, Reason: p.Reason, Origin: p.By.Origin}
		if p.Users != nil {
			g.People = len(p.Users)
		}
		out = append(out, g)
	}
	return out
}

// guardedKey is a protection wherever it now stands in its file.
func guardedKey(g Guarded) Guarded {
	g.Origin = policies.Origin{}
	return g
}

// DifferenceSummary counts a difference.
type DifferenceSummary struct {
	// Raise and Lower count the pairs that are to get more and less, Until those
	// whose end alone differs.
	Raise        int `json:"raise"`
	Lower        int `json:"lower"`
	Until        int `json:"until"`
	Consequences int `json:"consequences"`
	// Held counts the changes that are held and were not before.
	Held          int `json:"held"`
	FindingsBegin int `json:"findings_begin"`
	FindingsEnd   int `json:"findings_end"`
	ErrorsBegin   int `json:"errors_begin"`
	UnknownsBegin int `json:"unknowns_begin"`
	WarningsBegin int `json:"warnings_begin"`
	AbsentBegin   int `json:"absent_begin"`
	SuspendsBegin int `json:"suspends_begin"`
}

// Empty says that nothing at all differs.
func (d *Difference) Empty() bool {
	s := d.Summary
	return s == DifferenceSummary{} && len(d.Errors.Ends)+len(d.Warnings.Ends)+len(d.Absent.Ends)+len(d.Unknown.Ends)+len(d.Suspended.Ends)+len(d.Protections.Begins)+len(d.Protections.Ends) == 0
}

// Compare says what the second of two results does that the first does not.
// Both are of one snapshot.
func Compare(before, after *Result) *Difference {
	d := &Difference{
		Version: plan.Version, Account: after.Plan.Account, Now: after.Plan.Now, TakenAt: after.Plan.TakenAt,
		Before:       Side{before.Plan.Revision, before.Plan.Summary},
		After:        Side{after.Plan.Revision, after.Plan.Summary},
		Access:       []AccessDifference{},
		Consequences: []Consequence{},
		Names:        maps.Clone(before.Plan.Names),
	}
	maps.Copy(d.Names, after.Plan.Names)
	was, then := outcomesOf(before), outcomesOf(after)
	differing := map[desired.Pair]bool{}
	for _, pair := range differingPairs(before.Access, after.Access) {
		differing[pair] = true
		d.Access = append(d.Access, accessDifference(pair, before, after, was, then))
	}
	d.consequences(was, then, differing)
	d.holds()
	d.Findings = moved(before.Plan.Findings, after.Plan.Findings, findingKey)
	d.Unknown = moved(before.Plan.Unknown, after.Plan.Unknown, func(u desired.Unknown) desired.Unknown { return u })
	d.Absent = moved(before.Plan.Absent, after.Plan.Absent, func(a desired.Absent) string { return a.Email })
	d.Errors = moved(before.Plan.Errors, after.Plan.Errors, noticeKey)
	d.Warnings = moved(before.Plan.Warnings, after.Plan.Warnings, noticeKey)
	d.Suspended = moved(before.Plan.Suspended, after.Plan.Suspended, func(s string) string { return s })
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

func accessDifference(pair desired.Pair, before, after *Result, was, then map[outcomeKey]Outcome) AccessDifference {
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
func outcomesOf(r *Result) map[outcomeKey]Outcome {
	p := r.Plan
	out := map[outcomeKey]Outcome{}
	of := func(c plan.Change, state OutcomeState, rule, why string) {
		out[keyOf(c.Pair(), c.ID)] = Outcome{State: state, Key: c.ID, Before: c.Before, After: c.After, Rule: rule, Why: why}
	}
	pair := func(user string, resource inventory.Ref, layer string) outcomeKey {
		return keyOf(desired.Pair{User: user, Resource: resource, Layer: layer}, "")
	}
	for _, x := range p.Drift {
		out[pair(x.User, x.Resource, x.Layer)] = Outcome{State: OutcomeLeft, Before: x.Role, After: x.Role, Why: x.Why}
	}
	for _, x := range p.Implied {
		out[pair(x.User, x.Resource, "")] = Outcome{State: OutcomeImplied, Before: x.Role, After: x.Role, Why: x.Why}
	}
	for _, x := range p.Protected {
		out[pair(x.User, x.Resource, "")] = Outcome{State: OutcomeProtected, Before: x.Before, After: x.Before, Why: x.Reason}
	}
	for _, c := range p.Changes {
		of(c, OutcomeChange, "", "")
	}
	for _, c := range p.Observed {
		of(c, OutcomeObserved, "", "")
	}
	for _, c := range p.Blocked {
		of(c.Change, OutcomeBlocked, "", c.Why)
	}
	for _, c := range p.Held {
		of(c.Change, OutcomeHeld, c.Rule, c.Why)
	}
	return out
}

// outcomeOf is what a plan does about a pair.
func outcomeOf(outcomes map[outcomeKey]Outcome, r *Result, pair desired.Pair) Outcome {
	if o, ok := outcomes[keyOf(pair, "")]; ok {
		return o
	}
	if why := r.Access.UnknownReason(pair); why != "" {
		return Outcome{State: OutcomeUnknown, Why: why}
	}
	role := r.Snapshot.RoleOf(pair.User, pair.Resource)
	grant := r.Access.Grant(pair)
	asked := cmp.Or(grant.Role, inventory.None)
	if plan.KindOf(pair) == plan.BaseRole && asked == inventory.None {
		return Outcome{State: OutcomeLeft, Before: role, After: role, Why: "no rule gives a base role, so it stays"}
	}
	return Outcome{State: OutcomeNone, Before: role, After: role}
}

// consequences notes the pairs that are asked for as before and for which the
// plan does something else.
func (d *Difference) consequences(was, then map[outcomeKey]Outcome, differing map[desired.Pair]bool) {
	note := func(key outcomeKey, a, b Outcome) {
		if differing[key.Pair] || a.State == b.State && a.After == b.After && a.Rule == b.Rule {
			return
		}
		d.Consequences = append(d.Consequences, Consequence{User: key.User, Resource: key.Resource, Layer: key.Layer, Was: a, Then: b})
	}
	nothing := Outcome{State: OutcomeNone}
	for key, o := range was {
		if _, stays := then[key]; !stays {
			note(key, o, nothing)
		}
	}
	for key, o := range then {
		if before, ok := was[key]; ok {
			note(key, before, o)
		} else {
			note(key, nothing, o)
		}
	}
	slices.SortFunc(d.Consequences, func(a, b Consequence) int {
		return cmp.Or(desired.ComparePairs(
			desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer},
			desired.Pair{User: b.User, Resource: b.Resource, Layer: b.Layer},
		), cmp.Compare(a.Then.Key, b.Then.Key), cmp.Compare(a.Was.Key, b.Was.Key))
	})
}

// holds counts what is held by reason, where it was not held before.
func (d *Difference) holds() {
	d.Holds = []Hold{}
	note := func(was, then Outcome) {
		if then.State != OutcomeHeld || was.State == OutcomeHeld && was.Key == then.Key {
			return
		}
		i := slices.IndexFunc(d.Holds, func(h Hold) bool { return h.Rule == then.Rule && h.Why == then.Why })
		if i < 0 {
			i = len(d.Holds)
			d.Holds = append(d.Holds, Hold{Rule: then.Rule, Why: then.Why})
		}
		d.Holds[i].Changes++
	}
	for _, a := range d.Access {
		note(a.Was, a.Then)
	}
	for _, c := range d.Consequences {
		note(c.Was, c.Then)
	}
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

// name says what people call whatever the difference refers to by id.
func (d *Difference) name(x *inventory.Index) {
	p := &plan.Plan{Names: d.Names}
	for _, a := range d.Access {
		p.Name(x, inventory.ByID(inventory.KindUser, a.User))
		p.Name(x, a.Resource)
	}
	for _, g := range slices.Concat(d.Protections.Begins, d.Protections.Ends) {
		p.Name(x, g.Resource)
	}
}

func (d *Difference) count() {
	s := &d.Summary
	for _, a := range d.Access {
		switch a.Effect {
		case plan.Raise:
			s.Raise++
		case plan.Lower:
			s.Lower++
		default:
			s.Until++
		}
	}
	for _, h := range d.Holds {
		s.Held += h.Changes
	}
	s.Consequences = len(d.Consequences)
	s.FindingsBegin, s.FindingsEnd = len(d.Findings.Begins), len(d.Findings.Ends)
	s.ErrorsBegin, s.WarningsBegin = len(d.Errors.Begins), len(d.Warnings.Begins)
	s.AbsentBegin = len(d.Absent.Begins)
	s.UnknownsBegin, s.SuspendsBegin = len(d.Unknown.Begins), len(d.Suspended.Begins)
}
