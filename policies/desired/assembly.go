package desired

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// assembly makes an Expansion of statements, with what expands principals.
type assembly struct {
	x *expander
	e *Expansion
}

// lookUps resolves the names that rules look up by themselves. A rule whose
// look-up finds nothing says nothing, which must not read as a revoke; a person
// may be missing (S12).
func (a assembly) lookUps() {
	for _, r := range a.e.in.References {
		res := a.x.resolver.resolve(r.Ref)
		access := r.Origin.Package == "access" || strings.HasPrefix(r.Origin.Package, "access.")
		switch {
		case res.ok() && access:
			a.e.uses.lookUp(r.Ref.Kind.Thing(), res.id)
			if r.Ref.Kind == inventory.KindSchedule {
				if why, disputed := a.x.disputed(res.id, stretch{}); disputed {
					a.x.fail(why.as("a rule looks up a schedule that can't be trusted"), []policies.Origin{r.Origin})
				}
			}
		case res.ok():
		case access && !(r.Ref.Kind == inventory.KindUser && res.outcome == missing):
			a.x.fail(res.why.as("a rule looks up what it can't find"), []policies.Origin{r.Origin})
		default:
			a.e.warn(res.why.as("a rule looks up what it can't find"), []policies.Origin{r.Origin})
		}
	}
}

// grant adds what one grant asks for.
func (a assembly) grant(g policies.Grant) {
	resource, ok := a.resource(g.Resource, g.Origins)
	if !ok {
		return
	}
	switch g.Role {
	case Rotation:
		a.rotation(g, resource)
	case OverrideRole:
		a.override(g, resource)
	default:
		a.give(g, Target{Resource: resource})
	}
}

// give adds whom a grant reaches on its target.
func (a assembly) give(g policies.Grant, target Target) {
	a.e.name(target, g.Origins)

	overlong := ""
	if target.Resource.Kind != inventory.KindSchedule {
		overlong = a.x.overlong(g.From, g.Until, g.Origins)
	}
	if g.Principal.Kind == inventory.KindUser { // who needs no expansion, and most are
		if user, ok := a.x.user(g.Principal, g.Origins); ok {
			a.e.reach(target, user, a.x.alike(g, overlong))
		}
		return
	}
	who := a.x.principal(g.Principal, g.Origins)
	a.e.follows(target.Resource, who)
	for _, why := range who.unknown {
		a.e.unknown = append(a.e.unknown, why.unknown("*", target.Resource))
	}
	same := map[*string][]*given{}
	for user, ways := range who.ways {
		more := make([]candidate, 0, len(ways)*len(g.Origins))
		for i := range ways {
			more = appendCandidates(more, g, &ways[i], overlong, same)
		}
		a.e.reach(target, user, more)
	}
	a.e.link(target, who, g.Origins)
}

// name notes that rules name a target.
func (e *Expansion) name(target Target, origins []policies.Origin) {
	e.named[target] = addPlaces(e.named[target], origins)
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
	return appendCandidates(make([]candidate, 0, len(g.Origins)), g, &w, overlong, nil)
}

// appendCandidates appends a grant's candidates by one way. What those of ways by the
// same chain have in common is made once: a schedule has a way for each of its shifts.
func appendCandidates(to []candidate, g policies.Grant, w *way, overlong string, same map[*string][]*given) []candidate {
	window := w.window.intersect(bounded(g.From, g.Until).in(g.FromZone, g.UntilZone))
	if window.empty() {
		return to
	}
	refused := cmp.Or(overlong, w.refused)
	var all []*given
	if len(w.chain) > 0 {
		all = same[&w.chain[0]]
	}
	if len(all) == 0 || all[0].refused != refused || all[0].schedule != w.schedule || all[0].fact != w.fact {
		all = make([]*given, len(g.Origins))
		for i, o := range g.Origins {
			all[i] = &given{role: g.Role, order: g.Order, weighted: g.Weight > 0, schedule: w.schedule, fact: w.fact, by: []By{{Origin: o, Chain: chain(w)}}, refused: refused}
		}
		if len(w.chain) > 0 && same != nil {
			same[&w.chain[0]] = all
		}
	}
	for _, one := range all {
		to = append(to, candidate{window: window, given: one})
	}
	return to
}

// alike are the candidates of a grant to a person. Those of a rule that gives
// many people the same are the same.
func (x *expander) alike(g policies.Grant, overlong string) []candidate {
	if g.From != nil || g.Until != nil || len(g.Origins) == 0 || g.Order != nil || g.Weight > 0 {
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

// alike is what tells apart the candidates of grants to people permanently.
type alike struct {
	role string
	// by is the first of the grant's origins, which statements share.
	by *policies.Origin
	n  int
}

func chain(w *way) []string {
	if w.chain == nil {
		return []string{}
	}
	return w.chain
}

// resource resolves a resource. One that does not exist names nothing, so that
// the real one is left alone (S1, S12); of a name that can't be trusted, all
// that it may mean is unknown (S10, S11).
func (a assembly) resource(ref inventory.Ref, origins []policies.Origin) (inventory.Ref, bool) {
	if ref.Kind == inventory.KindAccount {
		return ref, true
	}
	res := a.x.resolver.resolve(ref)
	if res.ok() {
		return inventory.ByID(ref.Kind, res.id), true
	}
	a.x.error(res.why, origins)
	if res.outcome == missing {
		return inventory.Ref{}, false
	}
	for _, id := range res.ids {
		a.e.unknown = append(a.e.unknown, res.why.unknown("*", inventory.ByID(ref.Kind, id)))
	}
	return inventory.Ref{}, false
}

func (a assembly) empty(s policies.Empty) {
	resource, ok := a.resource(s.Resource, s.Origins)
	if !ok {
		return
	}
	target := Target{Resource: resource}
	// Without a layer a schedule means the overrides of ours on it (S1).
	if resource.Kind == inventory.KindSchedule && s.Layer != "" {
		if target.Layer, ok = a.line(resource, s.Layer, s.Origins); !ok {
			return
		}
	}
	a.e.name(target, s.Origins)
	a.e.mayEmpty[target] = append(a.e.mayEmpty[target], s)
}

// limit adds a limit on the account, teams or schedules; limits on groups act
// while groups expand. What an unresolved one could have stopped is unknown.
func (a assembly) limit(l policies.Limit) {
	if l.Resource.Kind == inventory.KindGroup {
		return
	}
	resolved := limit{users: map[string][]Window{}, kind: l.Resource.Kind, atMost: l.AtMost, reason: l.Reason}
	if len(l.Origins) > 0 {
		resolved.by = By{Origin: l.Origins[0], Chain: []string{}}
	}
	who := a.x.principal(l.Principal, l.Origins)
	a.e.follows(inventory.Ref{}, who)
	if l.Principal.Kind == inventory.KindUser && a.x.resolver.resolve(l.Principal).outcome == missing {
		a.e.warn(noAccount(l.Principal, "a limit names %s, which is no account: it limits nobody"), l.Origins)
	}
	on := l.Resource
	if l.Resource.Kind != inventory.KindAccount && l.Resource.Name != "*" {
		res := a.x.resolver.resolve(l.Resource)
		if !res.ok() {
			a.x.error(res.why, l.Origins)
			every := inventory.Ref{Kind: l.Resource.Kind, Name: "*"}
			for user := range who.ways {
				a.e.unknown = append(a.e.unknown, res.why.as("a limit can't be applied").unknown(user, every))
			}
			return
		}
		resolved.id = res.id
		on = inventory.ByID(l.Resource.Kind, res.id)
	}
	for _, why := range who.unknown {
		a.e.unknown = append(a.e.unknown, why.as("a limit can't be applied").unknown("*", on))
	}
	for user, ways := range who.ways {
		for _, w := range ways {
			resolved.users[user] = append(resolved.users[user], w.window)
		}
	}
	for user := range resolved.users {
		a.e.limitsOn[user] = append(a.e.limitsOn[user], len(a.e.limits))
	}
	a.e.limits = append(a.e.limits, resolved)
}

// protect adds a protection. One whose reference does not resolve could be
// about anything, so everything lowered is held (S12).
func (a assembly) protect(p policies.Protect) {
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
			res := a.x.resolver.resolve(p.Resource)
			if !res.ok() {
				why := res.why.as("a protection can't be applied")
				a.x.error(why, p.Origins)
				a.e.protectUnresolved = append(a.e.protectUnresolved, why.at(firstOf(p.Origins)))
				return
			}
			resolved.Resource = inventory.ByID(p.Resource.Kind, res.id)
		}
	}
	if !p.Principal.IsZero() {
		if p.Principal.Kind == inventory.KindUser && a.x.resolver.resolve(p.Principal).outcome == missing {
			a.e.warn(noAccount(p.Principal, "a protection names %s, which is no account: it protects nobody"), p.Origins)
		}
		who := a.x.principal(p.Principal, p.Origins)
		a.e.follows(inventory.Ref{}, who)
		for _, why := range who.unknown {
			a.e.protectUnresolved = append(a.e.protectUnresolved, why.as("a protection can't be applied").at(firstOf(p.Origins)))
		}
		resolved.users = map[string][]Window{}
		for user, ways := range who.ways {
			for _, w := range ways {
				resolved.users[user] = append(resolved.users[user], w.window)
			}
		}
	}
	a.e.protects = append(a.e.protects, resolved)
}

func (a assembly) leaver(l policies.Leaver) {
	who := a.x.principal(l.Principal, l.Origins)
	a.e.follows(inventory.Ref{}, who)
	for user := range who.ways {
		a.e.leavers[user] = append(a.e.leavers[user], l)
		by := make([]By, 0, len(l.Origins))
		for _, o := range l.Origins {
			by = append(by, By{Origin: o, Chain: []string{}})
		}
		a.e.unsupported = append(a.e.unsupported, Unsupported{
			Key: "leaver/" + user, Lowers: true,
			What: fmt.Sprintf("deprovisioning of %s (%s)", a.x.resolver.index.Name(inventory.KindUser, user), l.Reason),
			By:   by, User: user, Resource: inventory.AccountRef,
		})
	}
}

// noAccount is that a statement names somebody who has no account.
func noAccount(ref inventory.Ref, format string) reason {
	return reason{code: codeNoAccount, about: ref, text: fmt.Sprintf(format, ref)}
}

// finish takes over what the expander found out on the way and sorts it.
func (a assembly) finish() {
	a.e.groups, a.e.disputes = a.x.groups, a.x.disputes
	for _, user := range slices.Sorted(maps.Keys(a.x.userUnknown)) {
		a.e.unknown = append(a.e.unknown, a.x.userUnknown[user].unknown(user, inventory.Ref{}))
	}
	for _, f := range a.e.in.Statements.Failures {
		msg := fmt.Sprintf("%s:%d: the %s rule failed: %s", f.Origin.File, f.Origin.Line, f.Rule, f.Text())
		a.x.suspend = append(a.x.suspend, Notice{Code: f.Code, Message: msg, Origin: f.Origin})
		a.x.errors = append(a.x.errors, Failed(f))
		if f.Rule == "limit" || f.Rule == "protect" {
			a.e.unknown = append(a.e.unknown, Unknown{Code: f.Code, User: "*", Reason: msg})
		}
	}
	slices.SortFunc(a.e.unknown, compareUnknown)
	a.e.unknown = slices.Compact(a.e.unknown)
	slices.SortFunc(a.e.protectUnresolved, func(x, y Notice) int {
		return cmp.Or(cmp.Compare(x.Message, y.Message), policies.CompareOrigins(x.Origin, y.Origin))
	})
	a.e.protectUnresolved = slices.CompactFunc(a.e.protectUnresolved, func(x, y Notice) bool { return x.Message == y.Message })
	for _, email := range slices.Sorted(maps.Keys(a.x.absent)) {
		by := a.x.absent[email]
		slices.SortFunc(by, compareBy)
		a.e.absent = append(a.e.absent, Absent{
			Email: strings.TrimPrefix(email, string(inventory.KindUser)+":"),
			By:    slices.CompactFunc(by, func(a, b By) bool { return compareBy(a, b) == 0 }),
		})
	}
	slices.SortFunc(a.e.unsupported, compareUnsupported)
	a.e.unsupported = slices.CompactFunc(a.e.unsupported, func(a, b Unsupported) bool { return a.Key == b.Key })
	for target, on := range a.e.candidates {
		compare := compareCandidates(target.Resource.Kind)
		for _, cs := range on {
			slices.SortFunc(cs, compare)
		}
	}
	a.e.allSwallowed()
	a.e.warnings = append(a.e.warnings, a.x.warnings...)
	slices.SortFunc(a.x.errors, compareNotices)
	a.e.errors = slices.Compact(a.x.errors)
	a.e.suspends, a.e.bound = a.x.suspend, a.x.resolver.bound
}
