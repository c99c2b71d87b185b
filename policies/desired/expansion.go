package desired

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Input is what desired access follows from.
type Input struct {
	Snapshot   *inventory.Snapshot
	Statements *policies.Statements
	// Bindings are the names that earlier rounds resolved: key to id (S11).
	Bindings map[string]string
	// Names are those of the snapshot and bindings, for several expansions; nil for
	// this one alone.
	Names *Names
	// References are names that the policies look up by themselves.
	References []policies.Reference
	// Members are teams' members as they will be after the plan, by team id and
	// user id, where they differ from the snapshot's: team: means these.
	Members map[string]map[string]string
	// Schedules are schedules as they will be after the plan, by id, where they
	// differ from the snapshot's: rotation: means these.
	Schedules map[string]inventory.Schedule
	// Longest bounds grants and memberships that have an until; 0 for no bound.
	Longest time.Duration
	// Disputes are the schedules in dispute with why, by id, where the snapshot is
	// foreseen and has no on-calls of its moment to tell them by; nil where it has.
	Disputes map[string]string
	// Unsettled are the schedules, by id, that an edit of ours is on its way through:
	// what they have too many of or lack meanwhile is nobody's mistake.
	Unsettled map[string]bool
	// sabotage lets tests have a principal panic; nil otherwise.
	sabotage func(inventory.Ref)
}

func (in Input) names() *Names {
	if in.Names != nil {
		return in.Names
	}
	return NewNames(in.Snapshot, in.Bindings)
}

// Expansion is what the statements ask for over time, references resolved and
// groups expanded.
type Expansion struct {
	in         Input
	index      *inventory.Index
	candidates ByPair[[]candidate]
	overrides  []asked // one for each way in which a grant reaches somebody
	// named are the rules that name a target, without sources.
	named    map[Target][]policies.Origin
	mayEmpty map[Target][]policies.Empty
	limits   []limit
	// limitsOn are the indices of the limits on a person.
	limitsOn map[string][]int
	protects []protect
	groups   map[string]people
	links    map[link][]policies.Origin
	uses     Uses
	facts    map[inventory.Ref][]use
	disputes map[string]string

	unknown           []Unknown
	protectUnresolved []string
	leavers           map[string][]policies.Leaver
	unsupported       []Unsupported
	absent            []Absent
	errors, warnings  []Notice
	// swallows are warnings of an until that has no effect.
	swallows []Notice
	suspends []string
	bound    []*resolution
}

// candidate is one way in which a grant reaches a pair.
type candidate struct {
	role   string
	window Window
	// by is one, as a slice that grants may have for theirs.
	by       []By
	schedule string
	// fact is what of PagerDuty it follows from; nil if from nothing there.
	fact *inventory.Ref
	// circular says that it follows from itself alone, and so gives nothing (S34).
	circular bool
	// refused says why it gives nothing though it is in force; may be empty.
	refused string
}

// limit is a limit with its references resolved.
type limit struct {
	users map[string][]Window
	// kind and id are the resource's; an empty id is every resource of the kind.
	kind   inventory.Kind
	id     string
	atMost string
	reason string
	by     By
}

func (l limit) covers(p Pair) bool {
	return l.kind == p.Resource.Kind && (l.id == "" || l.id == p.Resource.ID)
}

// protect is a protect statement with its references resolved.
type protect struct {
	Protection
	users map[string][]Window // nil for everybody
	until time.Time           // zero for always
}

// Expand resolves and expands what the statements say.
func Expand(in Input) *Expansion {
	x := newExpander(in)
	e := &Expansion{
		in:         in,
		index:      x.resolver.index,
		candidates: ByPair[[]candidate]{},
		named:      map[Target][]policies.Origin{},
		mayEmpty:   map[Target][]policies.Empty{},
		limitsOn:   map[string][]int{},
		leavers:    map[string][]policies.Leaver{},
		links:      map[link][]policies.Origin{},
		uses:       newUses(),
		facts:      map[inventory.Ref][]use{},
	}
	for _, g := range in.Statements.Groups {
		x.group(g.Name, g.Origins, false)
	}
	x.limitsOnUndeclared()
	e.declaredTwice()
	e.lookUps(x)
	for _, g := range in.Statements.Grants {
		e.grant(x, g)
	}
	for _, s := range in.Statements.Empties {
		e.empty(x, s)
	}
	for _, l := range in.Statements.Limits {
		e.limit(x, l)
	}
	for _, p := range in.Statements.Protects {
		e.protect(x, p)
	}
	for _, l := range in.Statements.Leavers {
		e.leaver(x, l)
	}
	e.finish(x)
	return e
}

// declaredTwice warns of groups that several statements declare otherwise: only
// one description or owner is shown.
func (e *Expansion) declaredTwice() {
	first := map[string]policies.Group{}
	for _, g := range e.in.Statements.Groups {
		other, twice := first[g.Name]
		if !twice {
			first[g.Name] = g
			continue
		}
		where, see := "", ""
		if len(other.Origins) > 0 {
			see = fmt.Sprintf("%s:%d", other.Origins[0].File, other.Origins[0].Line)
			where = " at " + see
		}
		for _, o := range g.Origins {
			n := groupReason(policies.CodeDuplicateGroup, g.Name, "group %q is declared a second time with another description or owner; the first is%s: "+
				"keep one, members may be added from anywhere", g.Name, where).at(o)
			n.See = see
			e.warnings = append(e.warnings, n)
		}
	}
}

// lookUps resolves the names that rules look up by themselves. A rule whose
// look-up finds nothing says nothing, which must not read as a revoke; a person
// may be missing (S12).
func (e *Expansion) lookUps(x *expander) {
	for _, r := range e.in.References {
		res := x.resolver.resolve(r.Ref)
		access := r.Origin.Package == "access" || strings.HasPrefix(r.Origin.Package, "access.")
		switch {
		case res.ok() && access:
			e.uses.lookUp(r.Ref.Kind.Thing(), res.id)
			if r.Ref.Kind == inventory.KindSchedule {
				if why, disputed := x.disputed(res.id, stretch{}); disputed {
					x.fail(why.as("a rule looks up a schedule that can't be trusted"), []policies.Origin{r.Origin})
				}
			}
		case res.ok():
		case access && !(r.Ref.Kind == inventory.KindUser && res.outcome == missing):
			x.fail(res.why.as("a rule looks up what it can't find"), []policies.Origin{r.Origin})
		default:
			e.warn(res.why.as("a rule looks up what it can't find"), []policies.Origin{r.Origin})
		}
	}
}

// grant adds what one grant asks for.
func (e *Expansion) grant(x *expander, g policies.Grant) {
	resource, ok := e.resource(x, g.Resource, g.Origins)
	if !ok {
		return
	}
	switch g.Role {
	case Rotation:
		e.rotation(x, g, resource)
	case Standin:
		e.override(x, g, resource)
	default:
		e.give(x, g, Target{Resource: resource})
	}
}

// give adds whom a grant reaches on its target.
func (e *Expansion) give(x *expander, g policies.Grant, target Target) {
	e.name(target, g.Origins)

	overlong := ""
	if target.Resource.Kind != inventory.KindSchedule {
		overlong = x.overlong(g.From, g.Until, g.Origins)
	}
	if g.Principal.Kind == inventory.KindUser { // who needs no expansion, and most are
		if user, ok := x.user(g.Principal, g.Origins); ok {
			e.reach(target, user, x.alike(g, overlong))
		}
		return
	}
	who := x.principal(g.Principal, g.Origins)
	e.follows(target.Resource, who)
	for _, why := range who.unknown {
		e.unknown = append(e.unknown, why.unknown("*", target.Resource))
	}
	for user, ways := range who.ways {
		for _, w := range ways {
			e.reach(target, user, candidatesOf(g, w, overlong))
		}
	}
	e.link(target, who, g.Origins)
}

// name notes that rules name a target.
func (e *Expansion) name(target Target, origins []policies.Origin) {
	named, known := e.named[target]
	before := len(named)
	if named = addPlaces(named, origins); !known || len(named) > before {
		e.named[target] = named
	}
}

// addPlaces adds places of rules to a list of them, each once and without sources.
func addPlaces(places, more []policies.Origin) []policies.Origin {
	for _, o := range more {
		o.Source = ""
		if !slices.Contains(places, o) {
			places = append(places, o)
		}
	}
	return places
}

// reach adds the ways in which a grant reaches a pair.
func (e *Expansion) reach(target Target, user string, more []candidate) {
	if len(more) == 0 {
		return
	}
	on := e.candidates[target]
	if on == nil {
		on = map[string][]candidate{}
		e.candidates[target] = on
	}
	if before := on[user]; before != nil {
		more = append(before, more...)
	}
	on[user] = more
}

// candidatesOf are a grant's candidates by one way. They are without room to
// grow, for several pairs may share them.
func candidatesOf(g policies.Grant, w way, overlong string) []candidate {
	window := w.window.intersect(bounded(g.From, g.Until))
	if window.empty() {
		return nil
	}
	out := make([]candidate, len(g.Origins))
	for i, o := range g.Origins {
		out[i] = candidate{
			role: g.Role, window: window, schedule: w.schedule, fact: w.fact,
			by: []By{{Origin: o, Chain: chain(w)}}, refused: cmp.Or(overlong, w.refused),
		}
	}
	return out
}

// alike are the candidates of a grant to a person. Those of a rule that gives
// many people the same are the same.
func (x *expander) alike(g policies.Grant, overlong string) []candidate {
	if g.From != nil || g.Until != nil || len(g.Origins) == 0 {
		return candidatesOf(g, way{}, overlong)
	}
	key := alike{g.Role, &g.Origins[0], len(g.Origins)}
	known, ok := x.grants[key]
	if !ok {
		known = candidatesOf(g, way{}, overlong)
		x.grants[key] = known
	}
	return known
}

// alike is what tells apart the candidates of grants to people for good.
type alike struct {
	role string
	// by is the first of the grant's origins, which statements share.
	by *policies.Origin
	n  int
}

// Index finds the things of the snapshot by name.
func (e *Expansion) Index() *inventory.Index { return e.index }

func chain(w way) []string {
	if w.chain == nil {
		return []string{}
	}
	return w.chain
}

// resource resolves a resource. One that does not exist names nothing, so that
// the real one is left alone (S1, S12); of a name that can't be trusted, all
// that it may mean is unknown (S10, S11).
func (e *Expansion) resource(x *expander, ref inventory.Ref, origins []policies.Origin) (inventory.Ref, bool) {
	if ref.Kind == inventory.KindAccount {
		return ref, true
	}
	res := x.resolver.resolve(ref)
	if res.ok() {
		return inventory.ByID(ref.Kind, res.id), true
	}
	x.error(res.why, origins)
	if res.outcome == missing {
		return inventory.Ref{}, false
	}
	for _, id := range res.ids {
		e.unknown = append(e.unknown, res.why.unknown("*", inventory.ByID(ref.Kind, id)))
	}
	return inventory.Ref{}, false
}

func (e *Expansion) empty(x *expander, s policies.Empty) {
	resource, ok := e.resource(x, s.Resource, s.Origins)
	if !ok {
		return
	}
	target := Target{Resource: resource}
	// Without a layer a schedule means the overrides of ours on it (S1).
	if resource.Kind == inventory.KindSchedule && s.Layer != "" {
		if target.Layer, ok = e.line(x, resource, s.Layer, s.Origins); !ok {
			return
		}
	}
	e.name(target, s.Origins)
	e.mayEmpty[target] = append(e.mayEmpty[target], s)
}

// limit adds a limit on the account, teams or schedules; limits on groups act
// while groups expand. What an unresolved one could have stopped is unknown.
func (e *Expansion) limit(x *expander, l policies.Limit) {
	if l.Resource.Kind == inventory.KindGroup {
		return
	}
	resolved := limit{users: map[string][]Window{}, kind: l.Resource.Kind, atMost: l.AtMost, reason: l.Reason}
	if len(l.Origins) > 0 {
		resolved.by = By{Origin: l.Origins[0], Chain: []string{}}
	}
	who := x.principal(l.Principal, l.Origins)
	e.follows(inventory.Ref{}, who)
	if l.Principal.Kind == inventory.KindUser && x.resolver.resolve(l.Principal).outcome == missing {
		e.warn(noAccount(l.Principal, "a limit names %s, which is no account: it limits nobody"), l.Origins)
	}
	on := l.Resource
	if l.Resource.Kind != inventory.KindAccount && l.Resource.Name != "*" {
		res := x.resolver.resolve(l.Resource)
		if !res.ok() {
			x.error(res.why, l.Origins)
			every := inventory.Ref{Kind: l.Resource.Kind, Name: "*"}
			for user := range who.ways {
				e.unknown = append(e.unknown, res.why.as("a limit can't be applied").unknown(user, every))
			}
			return
		}
		resolved.id = res.id
		on = inventory.ByID(l.Resource.Kind, res.id)
	}
	for _, why := range who.unknown {
		e.unknown = append(e.unknown, why.as("a limit can't be applied").unknown("*", on))
	}
	for user, ways := range who.ways {
		for _, w := range ways {
			resolved.users[user] = append(resolved.users[user], w.window)
		}
	}
	for user := range resolved.users {
		e.limitsOn[user] = append(e.limitsOn[user], len(e.limits))
	}
	e.limits = append(e.limits, resolved)
}

// protect adds a protection. One whose reference does not resolve could be
// about anything, so everything lowered is held (S12).
func (e *Expansion) protect(x *expander, p policies.Protect) {
	resolved := protect{Protection: Protection{Role: p.Role, Reason: p.Reason}}
	if len(p.Origins) > 0 {
		resolved.By = By{Origin: p.Origins[0], Chain: []string{}}
	}
	if p.Until != nil {
		resolved.until = *p.Until
	}
	if !p.Resource.IsZero() {
		resolved.Resource = p.Resource
		if p.Resource.Kind != inventory.KindAccount {
			res := x.resolver.resolve(p.Resource)
			if !res.ok() {
				why := res.why.as("a protection can't be applied")
				x.error(why, p.Origins)
				e.protectUnresolved = append(e.protectUnresolved, why.text)
				return
			}
			resolved.Resource = inventory.ByID(p.Resource.Kind, res.id)
		}
	}
	if !p.Principal.IsZero() {
		if p.Principal.Kind == inventory.KindUser && x.resolver.resolve(p.Principal).outcome == missing {
			e.warn(noAccount(p.Principal, "a protection names %s, which is no account: it protects nobody"), p.Origins)
		}
		who := x.principal(p.Principal, p.Origins)
		e.follows(inventory.Ref{}, who)
		for _, why := range who.unknown {
			e.protectUnresolved = append(e.protectUnresolved, why.as("a protection can't be applied").text)
		}
		resolved.users = map[string][]Window{}
		for user, ways := range who.ways {
			for _, w := range ways {
				resolved.users[user] = append(resolved.users[user], w.window)
			}
		}
	}
	e.protects = append(e.protects, resolved)
}

func (e *Expansion) leaver(x *expander, l policies.Leaver) {
	who := x.principal(l.Principal, l.Origins)
	e.follows(inventory.Ref{}, who)
	for user := range who.ways {
		e.leavers[user] = append(e.leavers[user], l)
		by := make([]By, 0, len(l.Origins))
		for _, o := range l.Origins {
			by = append(by, By{Origin: o, Chain: []string{}})
		}
		e.unsupported = append(e.unsupported, Unsupported{
			Key: "leaver/" + user, Lowers: true,
			What: fmt.Sprintf("deprovisioning of %s (%s)", x.resolver.index.Name(inventory.KindUser, user), l.Reason),
			By:   by, User: user, Resource: inventory.AccountRef,
		})
	}
}

// noAccount is that a statement names somebody who has no account.
func noAccount(ref inventory.Ref, format string) reason {
	return reason{code: codeNoAccount, about: ref, text: fmt.Sprintf(format, ref)}
}

func (e *Expansion) warn(why reason, origins []policies.Origin) {
	for _, o := range origins {
		e.warnings = append(e.warnings, why.at(o))
	}
}

// finish takes over what the expander found out on the way and sorts it.
func (e *Expansion) finish(x *expander) {
	e.groups, e.disputes = x.groups, x.disputes
	for _, user := range slices.Sorted(maps.Keys(x.userUnknown)) {
		e.unknown = append(e.unknown, x.userUnknown[user].unknown(user, inventory.Ref{}))
	}
	for _, f := range e.in.Statements.Failures {
		msg := fmt.Sprintf("%s:%d: the %s rule failed: %s", f.Origin.File, f.Origin.Line, f.Rule, f.Text())
		x.suspend = append(x.suspend, msg)
		x.errors = append(x.errors, Failed(f))
		if f.Rule == "limit" || f.Rule == "protect" {
			e.unknown = append(e.unknown, Unknown{Code: f.Code, User: "*", Reason: msg})
		}
	}
	slices.SortFunc(e.unknown, compareUnknown)
	e.unknown = slices.Compact(e.unknown)
	slices.Sort(e.protectUnresolved)
	e.protectUnresolved = slices.Compact(e.protectUnresolved)
	for _, email := range slices.Sorted(maps.Keys(x.absent)) {
		by := x.absent[email]
		slices.SortFunc(by, compareBy)
		e.absent = append(e.absent, Absent{
			Email: strings.TrimPrefix(email, string(inventory.KindUser)+":"),
			By:    slices.CompactFunc(by, func(a, b By) bool { return compareBy(a, b) == 0 }),
		})
	}
	slices.SortFunc(e.unsupported, compareUnsupported)
	e.unsupported = slices.CompactFunc(e.unsupported, func(a, b Unsupported) bool { return a.Key == b.Key })
	for target, on := range e.candidates {
		compare := compareCandidates(target.Resource.Kind)
		for _, cs := range on {
			if len(cs) > 1 {
				slices.SortFunc(cs, compare)
			}
		}
	}
	e.allSwallowed()
	e.warnings = append(e.warnings, x.warnings...)
	slices.SortFunc(x.errors, compareNotices)
	e.errors = slices.Compact(x.errors)
	e.suspends, e.bound = x.suspend, x.resolver.bound
}

// allSwallowed looks for every until that has no effect.
func (e *Expansion) allSwallowed() {
	e.swallows = nil
	for _, on := range e.candidates {
		for _, cs := range on {
			if len(cs) > 1 {
				e.swallowed(cs)
			}
		}
	}
}

// allWarnings are the warnings, sorted.
func (e *Expansion) allWarnings() []Notice {
	all := slices.Concat(e.warnings, e.swallows)
	slices.SortFunc(all, compareNotices)
	return slices.Compact(all)
}

// swallowed warns of an until that has no effect, since a permanent grant gives
// as much (S19).
func (e *Expansion) swallowed(sorted []candidate) {
	for _, permanent := range sorted {
		if permanent.window != (Window{}) || permanent.refused != "" || permanent.circular {
			continue
		}
		for _, c := range sorted {
			if c.window.UntilKind == BoundDate && c.role == permanent.role {
				by := permanent.by[0]
				e.swallows = append(e.swallows, Notice{Code: policies.CodePointlessUntil, See: fmt.Sprintf("%s:%d", by.File, by.Line), Origin: c.by[0].Origin, Message: fmt.Sprintf(
					"the until of this grant has no effect: %s:%d gives %s for good", by.File, by.Line, c.role)})
			}
		}
		return
	}
}
