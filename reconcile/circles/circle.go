// Package circles finds the teams and schedules of which grants follow from one
// another, and takes what has no other reason out of desired access.
//
// Reasons need a ground (S34). Where a team's members are to take turns on its
// schedule, PagerDuty keeps whoever takes turns there on the team: after they left the
// roster, each would be the reason for the other, forever. Teams and schedules of which
// grants follow from one another so are a circle; within it, access counts only as far
// as it follows from something outside.
package circles

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Input is what circles are looked for in.
type Input struct {
	Snapshot  *inventory.Snapshot
	Expansion *desired.Expansion
	Memory    plan.Memory
	Settings  plan.Settings
	Now       time.Time
	// Protections are those that no policy states; asked only where there is a circle.
	Protections func() []desired.Protection
	// Changed are the schedules that an earlier pass changes, as it leaves them.
	Changed map[string]inventory.Schedule
	// Unknown is what can't be known besides.
	Unknown []desired.Unknown
}

// Circles are the teams and schedules that follow from themselves, and what was found
// of them.
type Circles struct {
	// Access is desired access at the moment, without what follows from itself alone.
	Access *desired.Access

	in    Input
	index *inventory.Index
	// next are the things that follow from each thing; granted are those by grants
	// alone, and not since PagerDuty puts people on teams, or for a shift.
	next, granted map[inventory.Ref][]inventory.Ref
	// of is the circle of each thing in one.
	of map[inventory.Ref]*circle
	// by are the rules that would have given what follows from itself alone.
	by map[desired.Pair][]desired.By
	// told are the warnings of grants that follow from themselves.
	told []desired.Notice
}

// circle is one of them.
type circle struct {
	things  []inventory.Ref
	targets []desired.Target
	// synced says that something of it is in sync.
	synced bool
	// outside are those whom PagerDuty keeps on its teams for other reasons, inside
	// those who are on a team's schedule in the circle.
	outside, inside map[desired.Pair]bool
}

// Find finds the circles of an expansion, and makes it and access at the moment say
// nothing that follows from itself alone. Earlier are those of an earlier pass, after
// which it may be gone; nil for none.
func Find(in Input, earlier *Circles) *Circles {
	e := in.Expansion
	at := func() *desired.Access {
		a := e.At(in.Now)
		a.Unknown = slices.Concat(a.Unknown, in.Unknown)
		return a
	}
	c := &Circles{in: in, Access: at(), index: e.Index(), of: map[inventory.Ref]*circle{}, by: map[desired.Pair][]desired.By{}}
	if earlier != nil {
		maps.Copy(c.by, earlier.by)
		c.told = slices.Clone(earlier.told)
	}
	links := e.Links()
	if !c.find(links) {
		c.Access.Warnings = slices.Concat(c.Access.Warnings, c.told)
		return c
	}
	regard := *c.Access
	regard.Protections = slices.Concat(regard.Protections, in.Protections())
	c.Access = &regard
	var doubtful []desired.Unknown
	for _, one := range c.all() {
		s := c.solve(one, e)
		maps.Copy(c.by, e.Ground(one.targets, s.ground))
		doubtful = append(doubtful, s.doubtful...)
	}
	c.Access = at()
	c.Access.Unknown = append(c.Access.Unknown, doubtful...)
	c.warn(links)
	c.Access.Warnings = slices.Concat(c.Access.Warnings, c.told)
	return c
}

// thing is the team or schedule that a fact is about.
func thing(fact inventory.Ref) inventory.Ref { return inventory.ByID(fact.Kind.Thing(), fact.ID) }

// find finds the circles; false if there is none.
func (c *Circles) find(links []desired.Link) bool {
	schedules := map[string]bool{}
	c.next, c.granted = map[inventory.Ref][]inventory.Ref{}, map[inventory.Ref][]inventory.Ref{}
	for _, l := range links {
		c.next[thing(l.Fact)] = append(c.next[thing(l.Fact)], l.Target.Resource)
		if thing(l.Fact) == l.Target.Resource || l.Fact.Kind != inventory.KindOnCall {
			c.granted[thing(l.Fact)] = append(c.granted[thing(l.Fact)], l.Target.Resource)
		}
		if l.Target.Resource.Kind == inventory.KindSchedule {
			schedules[l.Target.Resource.ID] = true
		}
	}
	for id := range schedules {
		for _, team := range c.namedTeams(id) {
			from := inventory.ByID(inventory.KindSchedule, id)
			c.next[from] = append(c.next[from], inventory.ByID(inventory.KindTeam, team))
		}
	}
	for from := range c.next {
		if _, known := c.of[from]; known || !reach(c.next, from)[from] {
			continue
		}
		c.add(from)
	}
	return len(c.of) > 0
}

// namedTeams are the teams of a schedule that policies name.
func (c *Circles) namedTeams(schedule string) []string {
	return slices.DeleteFunc(c.in.Snapshot.TeamsOf(schedule), func(team string) bool {
		_, named := c.Access.Named[desired.Target{Resource: inventory.ByID(inventory.KindTeam, team)}]
		return !named
	})
}

// reach is what follows from a thing, in one step or more.
func reach(next map[inventory.Ref][]inventory.Ref, from inventory.Ref) map[inventory.Ref]bool {
	seen, todo := map[inventory.Ref]bool{}, next[from]
	for len(todo) > 0 {
		to := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[to] {
			seen[to] = true
			todo = append(slices.Clone(todo), next[to]...)
		}
	}
	return seen
}

// add adds the circle of a thing that follows from itself.
func (c *Circles) add(from inventory.Ref) {
	one := &circle{}
	for to := range reach(c.next, from) {
		if reach(c.next, to)[from] {
			one.things = append(one.things, to)
			c.of[to] = one
		}
	}
	for target := range c.Access.Named {
		if c.of[target.Resource] == one {
			one.targets = append(one.targets, target)
			one.synced = one.synced || c.mode(target.Resource) == plan.Sync
		}
	}
	one.outside, one.inside = c.kept(one)
}

// By are the rules that would have given a pair what follows from itself alone.
func (c *Circles) By(pair desired.Pair) []desired.By {
	if c == nil {
		return nil
	}
	return c.by[pair]
}

// all are the circles, each once.
func (c *Circles) all() []*circle {
	var all []*circle
	for _, one := range c.of {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// Has says that one of the pairs is in a circle, or about a base role, which may fix
// roles on its teams: what else follows from it can't be known pair by pair.
func (c *Circles) Has(pairs []desired.Pair) bool {
	return c.Any() && slices.ContainsFunc(pairs, func(p desired.Pair) bool {
		return c.of[p.Resource] != nil || p.Resource.Kind == inventory.KindAccount
	})
}

// Any says that there is a circle.
func (c *Circles) Any() bool { return c != nil && len(c.of) > 0 }

func (c *Circles) mode(r inventory.Ref) plan.Mode {
	return c.in.Settings.ModeOf(r.Kind, r.ID, c.index.Name(r.Kind, r.ID))
}

// kept are whom PagerDuty keeps on the teams of a circle by itself: since they are on
// something outside it, and since they take turns on its schedules.
func (c *Circles) kept(one *circle) (outside, inside map[desired.Pair]bool) {
	outside, inside = map[desired.Pair]bool{}, map[desired.Pair]bool{}
	for id, s := range c.in.Snapshot.Schedules {
		within := c.of[inventory.ByID(inventory.KindSchedule, id)] == one
		if after, ok := c.in.Changed[id]; ok && !within {
			s = after
		}
		for _, team := range c.in.Snapshot.TeamsOf(id) {
			resource := inventory.ByID(inventory.KindTeam, team)
			if c.of[resource] != one {
				continue
			}
			note := func(kept map[desired.Pair]bool, users ...string) {
				for _, user := range users {
					kept[desired.Pair{User: user, Resource: resource}] = true
				}
			}
			for _, line := range oncall.Lines(s, c.in.Now) {
				if within {
					note(inside, line.Present...)
				} else {
					note(outside, line.Present...)
				}
			}
			for _, have := range plan.OverridesOn(s, c.in.Now) {
				if within && c.ours(id, have) {
					note(inside, have.User)
				} else {
					note(outside, have.User)
				}
			}
		}
	}
	for _, p := range c.in.Snapshot.EscalationPolicies {
		for _, t := range p.Targets() {
			for _, team := range p.Teams {
				if t.Type == "user" {
					outside[desired.Pair{User: t.ID, Resource: inventory.ByID(inventory.KindTeam, team)}] = true
				}
			}
		}
	}
	return outside, inside
}

// ours says that this program made an override.
func (c *Circles) ours(schedule string, have plan.OverrideShift) bool {
	return slices.ContainsFunc(c.in.Memory.Overrides, func(o plan.OurOverride) bool {
		return o.Schedule == schedule && o.ID == have.ID && o.Kind == have.Kind
	})
}

// warn tells of grants that follow from themselves by what policies say alone, and of
// those by which somebody would have had something only so.
func (c *Circles) warn(links []desired.Link) {
	affected := map[desired.Target]bool{}
	for pair := range c.by {
		affected[pair.Target()] = true
	}
	for _, l := range links {
		from, to := thing(l.Fact), l.Target.Resource
		if c.of[from] == nil || c.of[from] != c.of[to] {
			continue
		}
		if !affected[l.Target] && !(from == to || reach(c.granted, to)[from]) {
			continue
		}
		for _, o := range l.Origins {
			n := desired.Notice{Code: policies.CodeCircularGrant, About: c.byName(to), Origin: o, Message: fmt.Sprintf(
				"what this gives on %s follows from itself, by %s: it neither puts anybody there nor keeps them (S34); say in another rule who belongs there",
				c.index.Named(to), c.path(to, l.Fact))}
			if !slices.Contains(c.told, n) {
				c.told = append(c.told, n)
			}
		}
	}
}

// byName is the reference by which policies mean a thing, as far as it has a name.
func (c *Circles) byName(thing inventory.Ref) inventory.Ref {
	if named, err := inventory.ParseRef(c.index.Named(thing)); err == nil {
		return named
	}
	return thing
}

// path is how a fact follows from a target, and the target from it.
func (c *Circles) path(target, fact inventory.Ref) string {
	before, todo := map[inventory.Ref]inventory.Ref{}, []inventory.Ref{target}
	for i := 0; i < len(todo); i++ {
		next := slices.Clone(c.next[todo[i]])
		slices.SortFunc(next, func(a, b inventory.Ref) int { return strings.Compare(a.String(), b.String()) })
		for _, to := range next {
			if _, seen := before[to]; !seen && to != target {
				before[to] = todo[i]
				todo = append(todo, to)
			}
		}
	}
	names := []string{c.index.Named(target)}
	if thing(fact) == target || fact.Kind == inventory.KindOnCall {
		names = append([]string{c.index.Named(fact)}, names...)
	}
	for at := thing(fact); at != target; at = before[at] {
		names = append([]string{c.index.Named(at)}, names...)
	}
	if names[0] != c.index.Named(target) && thing(fact) != target {
		names = append([]string{c.index.Named(target)}, names...)
	}
	return strings.Join(names, " → ")
}

const (
	groundless grade = iota
	// doubtful is what may have a ground that can't be known.
	doubtful
	sure
)
