package desired

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// group is who is in a group, with its limits applied unless raw.
func (x *expander) group(name string, origins []policies.Origin, raw bool) people {
	done, path := x.groups, &x.path
	if raw {
		done, path = x.raw, &x.rawPath
	}
	if p, ok := done[name]; ok {
		return p
	}
	if !x.declared[name] {
		why := groupReason(policies.CodeUndeclaredGroup, name, "group:%s is not declared by any group rule", name).meaning(x.nearestGroup(name))
		x.error(why, origins)
		return people{unknown: []reason{why}}
	}
	if i := slices.Index(*path, name); i >= 0 {
		cycle := canonicalCycle(append(slices.Clone((*path)[i:]), name))
		why := groupReason(policies.CodeCircularGroups, cycle[0], "groups nest in a circle: %s", strings.Join(cycle, " → "))
		x.fail(why, origins)
		return people{unknown: []reason{why}}
	}
	*path = append(*path, name)
	p := people{ways: map[string][]way{}}
	for _, m := range x.members[name] {
		in := x.expand(m.Principal, stretchOf(m), m.Origins, raw)
		p.unknown = append(p.unknown, in.unknown...)
		p.uses = append(p.uses, in.uses...)
		p.addFacts(in.facts)
		bounds := bounded(m.From, m.Until).in(m.FromZone, m.UntilZone)
		if m.WhenEmpty == policies.KeepLast {
			in.keep(bounds)
		}
		p.add(in, bounds, x.overlong(m.From, m.Until, m.Origins))
	}
	*path = (*path)[:len(*path)-1]

	if !raw {
		x.limitGroup(name, &p)
	}
	if x.keepLast(name, &p) && !raw {
		x.limitGroup(name, &p) // it keeps nobody longer than their limit lets it
	}
	p.unknown = sortReasons(p.unknown)
	p.tidy()
	done[name] = p
	return p
}

// canonicalCycle turns a circle of names so that it reads the same wherever it
// was entered.
func canonicalCycle(cycle []string) []string {
	names := cycle[:len(cycle)-1]
	first := slices.Index(names, slices.Min(names))
	turned := append(slices.Clone(names[first:]), names[:first]...)
	return append(turned, turned[0])
}

// add puts the people of o into p, for as long as the window lasts; refused says
// why it puts nobody there, or is empty.
func (p *people) add(o people, w Window, refused string) {
	for user, ways := range o.ways {
		into := slices.Grow(p.ways[user], len(ways))
		for _, v := range ways {
			v.window, v.refused = v.window.intersect(w), cmp.Or(v.refused, refused)
			if !v.window.empty() {
				into = append(into, v)
			}
		}
		if len(into) > 0 {
			p.ways[user] = into
		}
	}
}

// addFacts adds facts that the people of p may follow from, each once.
func (p *people) addFacts(facts []inventory.Ref) {
	for _, fact := range facts {
		if !slices.Contains(p.facts, fact) {
			p.facts = append(p.facts, fact)
		}
	}
}

// keep marks the people of p as those to be kept, while the window lasts.
func (p people) keep(w Window) {
	for _, ways := range p.ways {
		for i := range ways {
			ways[i].keep = &w
		}
	}
}

// tidy sorts every person's ways, drops repetitions, and of the ways that share
// a window and follow from the same keeps the shortest few. What they use is named
// once.
func (p *people) tidy() {
	slices.SortFunc(p.uses, compareUses)
	p.uses = slices.Compact(p.uses)
	for user, ways := range p.ways {
		slices.SortFunc(ways, compareWays)
		p.ways[user] = few(slices.CompactFunc(ways, func(a, b way) bool { return compareWays(a, b) == 0 }))
	}
}

// few are the shortest ways of each window, and of those some for each fact that
// they follow from.
func few(sorted []way) []way {
	if len(sorted) <= waysPerWindow {
		return sorted
	}
	kept, window, seen := sorted[:0], Window{}, map[inventory.Ref]int{}
	for _, w := range sorted {
		if w.window != window {
			window = w.window
			clear(seen)
		}
		fact := inventory.Ref{}
		if w.fact != nil {
			fact = *w.fact
		}
		if seen[fact]++; seen[fact] <= waysPerWindow {
			kept = append(kept, w)
		}
	}
	return kept
}

func compareWays(a, b way) int {
	if c := cmp.Or(a.window.From.Compare(b.window.From), a.window.Until.Compare(b.window.Until)); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.window.FromKind, b.window.FromKind), cmp.Compare(a.window.UntilKind, b.window.UntilKind),
		cmp.Compare(len(a.chain), len(b.chain)), slices.Compare(a.chain, b.chain),
		cmp.Compare(a.schedule, b.schedule), cmp.Compare(a.refused, b.refused),
	)
}

// limitGroup takes out of a group whom a limit on it keeps out (S19). A limit
// on every group spares the one that says whom it limits.
func (x *expander) limitGroup(name string, p *people) {
	for _, l := range slices.Concat(x.limits[name], x.limits["*"]) {
		if l.Resource.Name == "*" && l.Principal == groupRef(name) {
			continue
		}
		out := x.expand(l.Principal, stretch{}, l.Origins, true)
		p.uses = append(p.uses, out.uses...)
		for _, why := range out.unknown {
			p.unknown = append(p.unknown, why.as("it is unknown whom the limit on group:%s keeps out", name))
		}
		for user, cuts := range out.ways {
			if ways, in := p.ways[user]; in {
				p.ways[user] = without(ways, cuts)
			}
		}
	}
	maps.DeleteFunc(p.ways, func(_ string, ways []way) bool { return len(ways) == 0 })
}

// without is what remains of ways outside the windows of cuts.
func without(ways, cuts []way) []way {
	for _, cut := range cuts {
		var rest []way
		for _, w := range ways {
			for _, window := range w.window.minus(cut.window) {
				w.window = window
				rest = append(rest, w)
			}
		}
		ways = rest
	}
	return ways
}

// limitsOnUndeclared reports limits on groups that nobody declares.
func (x *expander) limitsOnUndeclared() {
	for _, name := range slices.Sorted(maps.Keys(x.limits)) {
		if name == "*" || x.declared[name] {
			continue
		}
		why := groupReason(policies.CodeUndeclaredGroup, name, "a limit is on group:%s, which no group rule declares", name).meaning(x.nearestGroup(name))
		x.fail(why, x.limits[name][0].Origins)
	}
}

// groupRef is the reference to a group.
func groupRef(name string) inventory.Ref {
	return inventory.Ref{Kind: inventory.KindGroup, Name: name}
}
