package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Reasons need a ground (S34). Where a team's members are to take turns on its
// schedule, PagerDuty keeps whoever takes turns there on the team: after they left the
// roster, each would be the reason for the other, for ever. Teams and schedules of
// which grants follow from one another so are a circle; within it, access counts only
// as far as it follows from something outside.

// circles are the teams and schedules that follow from themselves, and what was found
// of them.
type circles struct {
	in     Input
	access *desired.Access
	index  *inventory.Index
	// changed are the schedules that an earlier pass changes.
	changed map[string]inventory.Schedule
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

// grounded finds the circles of an expansion, and makes it and access at the plan's
// moment say nothing that follows from itself alone. Earlier are those of an earlier
// pass, after which it may be gone; changed are the schedules as it leaves them, unknown
// is what can't be told besides.
func grounded(in Input, names func() *desired.Names, earlier *circles, e *desired.Expansion, changed map[string]inventory.Schedule, unknown []desired.Unknown) *circles {
	at := func() *desired.Access {
		a := e.At(in.Now)
		a.Unknown = slices.Concat(a.Unknown, unknown)
		return a
	}
	c := &circles{in: in, access: at(), index: e.Index(), changed: changed, of: map[inventory.Ref]*circle{}, by: map[desired.Pair][]desired.By{}}
	if earlier != nil {
		maps.Copy(c.by, earlier.by)
		c.told = slices.Clone(earlier.told)
	}
	links := e.Links()
	if !c.find(links) {
		c.access.Warnings = slices.Concat(c.access.Warnings, c.told)
		return c
	}
	regard := *c.access
	regard.Protections = slices.Concat(regard.Protections, operatorsOf(names(), in).protection())
	c.access = &regard
	var doubtful []desired.Unknown
	for _, one := range c.all() {
		s := c.solve(one, e)
		maps.Copy(c.by, e.Ground(one.targets, s.ground))
		doubtful = append(doubtful, s.doubtful...)
	}
	c.access = at()
	c.access.Unknown = append(c.access.Unknown, doubtful...)
	c.warn(links)
	c.access.Warnings = slices.Concat(c.access.Warnings, c.told)
	return c
}

// thing is the team or schedule that a fact is about.
func thing(fact inventory.Ref) inventory.Ref { return inventory.ByID(fact.Kind.Thing(), fact.ID) }

// find finds the circles; false if there is none.
func (c *circles) find(links []desired.Link) bool {
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
func (c *circles) namedTeams(schedule string) []string {
	return slices.DeleteFunc(teamsOf(c.in.Snapshot, schedule), func(team string) bool {
		_, named := c.access.Named[desired.Target{Resource: inventory.ByID(inventory.KindTeam, team)}]
		return !named
	})
}

// teamsOf are the teams on which PagerDuty puts whoever is on a schedule, sorted.
func teamsOf(s *inventory.Snapshot, schedule string) []string {
	teams := slices.Clone(s.Schedules[schedule].Teams)
	for _, p := range s.EscalationPolicies {
		if slices.Contains(targets(p), inventory.Target{Type: "schedule", ID: schedule}) {
			teams = append(teams, p.Teams...)
		}
	}
	slices.Sort(teams)
	return slices.Compact(teams)
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
func (c *circles) add(from inventory.Ref) {
	one := &circle{}
	for to := range reach(c.next, from) {
		if reach(c.next, to)[from] {
			one.things = append(one.things, to)
			c.of[to] = one
		}
	}
	for target := range c.access.Named {
		if c.of[target.Resource] == one {
			one.targets = append(one.targets, target)
			one.synced = one.synced || c.mode(target.Resource) == plan.Sync
		}
	}
	one.outside, one.inside = c.kept(one)
}

// all are the circles, each once.
func (c *circles) all() []*circle {
	var all []*circle
	for _, one := range c.of {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// have says that one of the pairs is in a circle, or about a base role, which may fix
// roles on its teams: what else follows from it can't be told pair by pair.
func (c *circles) have(pairs []desired.Pair) bool {
	return c.any() && slices.ContainsFunc(pairs, func(p desired.Pair) bool {
		return c.of[p.Resource] != nil || p.Resource.Kind == inventory.KindAccount
	})
}

// any says that there is a circle.
func (c *circles) any() bool { return c != nil && len(c.of) > 0 }

func (c *circles) mode(r inventory.Ref) plan.Mode {
	return c.in.Settings.ModeOf(r.Kind, r.ID, c.index.Name(r.Kind, r.ID))
}

// kept are whom PagerDuty keeps on the teams of a circle by itself: since they are on
// something outside it, and since they take turns on its schedules.
func (c *circles) kept(one *circle) (outside, inside map[desired.Pair]bool) {
	outside, inside = map[desired.Pair]bool{}, map[desired.Pair]bool{}
	for id, s := range c.in.Snapshot.Schedules {
		within := c.of[inventory.ByID(inventory.KindSchedule, id)] == one
		if after, ok := c.changed[id]; ok && !within {
			s = after
		}
		for _, team := range teamsOf(c.in.Snapshot, id) {
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
			for _, have := range plan.StandinsOn(s, c.in.Now) {
				if within && c.ours(id, have) {
					note(inside, have.User)
				} else {
					note(outside, have.User)
				}
			}
		}
	}
	for _, p := range c.in.Snapshot.EscalationPolicies {
		for _, t := range targets(p) {
			for _, team := range p.Teams {
				if t.Type == "user" {
					outside[desired.Pair{User: t.ID, Resource: inventory.ByID(inventory.KindTeam, team)}] = true
				}
			}
		}
	}
	return outside, inside
}

// ours says that this program made a stand-in.
func (c *circles) ours(schedule string, have plan.Standin) bool {
	return slices.ContainsFunc(c.in.Memory.Standins, func(o plan.OurStandin) bool {
		return o.Schedule == schedule && o.ID == have.ID && o.Kind == have.Kind
	})
}

// warn tells of grants that follow from themselves by what policies say alone, and of
// those by which somebody would have had something only so.
func (c *circles) warn(links []desired.Link) {
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
func (c *circles) byName(thing inventory.Ref) inventory.Ref {
	if named, err := inventory.ParseRef(c.index.Named(thing)); err == nil {
		return named
	}
	return thing
}

// path is how a fact follows from a target, and the target from it.
func (c *circles) path(target, fact inventory.Ref) string {
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

// grade says how well something is grounded.
type grade int

const (
	groundless grade = iota
	// doubtful is what may have a ground that can't be told.
	doubtful
	sure
)

// ground is how well something is grounded, and how long that holds.
type ground struct {
	grade
	// reason has the window and the schedule.
	reason desired.Reason
}

// always is a ground that does not end.
func always(g grade) ground { return ground{grade: g} }

// better is the better of two: the surer, and then the one that holds longer.
func (g ground) better(o ground) ground {
	longer := !g.reason.Until.IsZero() && (o.reason.Until.IsZero() || o.reason.Until.After(g.reason.Until))
	if o.grade > g.grade || o.grade == g.grade && longer {
		return o
	}
	return g
}

// within is the ground for as long as a reason that follows from it holds.
func (g ground) within(r desired.Reason) ground {
	if !r.Until.IsZero() && (g.reason.Until.IsZero() || r.Until.Before(g.reason.Until)) {
		g.reason = r
	}
	return g
}

// grounds are those of people on things.
type grounds struct {
	of map[inventory.Ref]map[string]ground
	// shifts says that shifts of the circle's own schedules are a ground.
	shifts bool
}

// solution is what has a ground in a circle.
type solution struct {
	c       *circles
	one     *circle
	reasons map[desired.Target]map[string][]desired.Reason
	// firm is what has a ground that is no shift of the circle's own schedules, and
	// holds what has one at all: who is on call has what that gives, and it is no
	// reason for more turns.
	firm, holds grounds
	doubtful    []desired.Unknown
}

// solve finds out what in a circle has a ground.
func (c *circles) solve(one *circle, e *desired.Expansion) *solution {
	s := &solution{c: c, one: one, reasons: map[desired.Target]map[string][]desired.Reason{},
		firm: grounds{map[inventory.Ref]map[string]ground{}, false}, holds: grounds{map[inventory.Ref]map[string]ground{}, true}}
	for _, thing := range one.things {
		s.firm.of[thing], s.holds.of[thing] = map[string]ground{}, map[string]ground{}
	}
	users := map[string]bool{}
	for _, target := range one.targets {
		s.reasons[target] = e.Reasons(target, c.in.Now)
		for user := range s.reasons[target] {
			users[user] = true
		}
	}
	for user := range users {
		s.settle(user, s.firm)
		s.settle(user, s.holds)
		s.doubt(user)
	}
	return s
}

// settle works out how well everything in the circle is grounded for a person, from
// what is outside on.
func (s *solution) settle(user string, in grounds) {
	for changed := true; changed; {
		changed = false
		for _, thing := range s.one.things {
			was := in.of[thing][user]
			if now := was.better(s.of(thing, user, in)); now != was {
				in.of[thing][user], changed = now, true
			}
		}
	}
}

// of is how being on a team, or taking turns on a schedule, is grounded.
func (s *solution) of(thing inventory.Ref, user string, in grounds) ground {
	schedule := thing.Kind == inventory.KindSchedule
	if schedule && in.shifts {
		return s.firm.of[thing][user]
	}
	best := s.base(thing, user)
	for _, target := range s.one.targets {
		if target.Resource == thing && !(schedule && target.Layer == "") {
			best = best.better(s.given(target, user, in))
		}
	}
	if schedule {
		return best
	}
	for _, other := range s.one.things {
		if other.Kind == inventory.KindSchedule && slices.Contains(teamsOf(s.c.in.Snapshot, other.ID), thing.ID) {
			best = best.better(in.of[other][user]).better(s.given(desired.Target{Resource: other}, user, in))
		}
	}
	return best
}

// given is how what grants give on a target is grounded.
func (s *solution) given(target desired.Target, user string, in grounds) ground {
	pair := desired.Pair{User: user, Resource: target.Resource, Layer: target.Layer}
	if g, known := s.c.access.Grants.Get(pair); known && g.Role == inventory.None {
		return ground{} // limited
	}
	var best ground
	for _, r := range s.reasons[target][user] {
		best = best.better(s.follows(r.Fact, user, in).within(r))
	}
	return best
}

// follows is how what follows from a fact is grounded.
func (s *solution) follows(fact inventory.Ref, user string, in grounds) ground {
	switch {
	case s.c.of[thing(fact)] != s.one, fact.Kind == inventory.KindOnCall && in.shifts:
		return always(sure)
	case fact.Kind == inventory.KindOnCall:
		return ground{}
	}
	return in.of[thing(fact)][user]
}

// base is how it is grounded, whatever policies say, that somebody is on a team or
// takes turns on a schedule now.
func (s *solution) base(thing inventory.Ref, user string) ground {
	pair := desired.Pair{User: user, Resource: thing}
	if thing.Kind == inventory.KindTeam {
		held := s.c.in.Snapshot.RoleOf(user, thing)
		switch {
		case s.one.outside[pair]:
			return always(sure)
		case held == inventory.None:
			return ground{}
		}
		return always(s.stays(pair, held))
	}
	var best ground
	for _, line := range oncall.Lines(s.c.in.Snapshot.Schedules[thing.ID], s.c.in.Now) {
		if !slices.Contains(line.Present, user) {
			continue
		}
		pair.Layer = line.ID
		if _, named := s.c.access.Named[pair.Target()]; !named {
			return always(sure)
		}
		best = best.better(always(s.stays(pair, desired.Rotation)))
	}
	return best
}

// stays is how it is grounded that somebody who is there stays without a grant: since
// they are left as they are, and not by PagerDuty's own doing.
func (s *solution) stays(pair desired.Pair, held string) grade {
	covered := slices.ContainsFunc(s.c.access.Protections, func(p desired.Protection) bool { return p.Covers(pair, held, inventory.None) })
	if covered || s.c.access.UnknownReason(pair) != "" {
		return sure
	}
	fixed := pair.Resource.Kind == inventory.KindTeam && s.c.fixedBase(pair.User)
	if !fixed && (s.c.mode(pair.Resource) == plan.Sync || !s.one.synced) {
		return groundless
	}
	if s.one.inside[pair] {
		return doubtful
	}
	return sure
}

// fixedBase says that a person's base role fixes their roles on teams, and goes on to.
func (c *circles) fixedBase(user string) bool {
	pair, held := desired.Pair{User: user, Resource: inventory.AccountRef}, c.in.Snapshot.RoleOf(user, inventory.AccountRef)
	before, raised := c.in.Memory.Raised[pair]
	switch g := c.access.Grant(pair); {
	case c.mode(pair.Resource) != plan.Sync:
	case g.Role != "":
		held = g.Role
	case raised && before != inventory.None && higher(pair, held, before):
		held = before // it goes back
	}
	return inventory.FixedBaseRole(held)
}

// doubt notes what can't be told of a person.
func (s *solution) doubt(user string) {
	for _, target := range s.one.targets {
		in := s.regarded(target)
		if s.given(target, user, in).grade != doubtful || s.firm.of[target.Resource][user].grade == sure {
			continue
		}
		i := slices.IndexFunc(s.reasons[target][user], func(r desired.Reason) bool { return s.follows(r.Fact, user, in).grade == doubtful })
		s.doubtful = append(s.doubtful, desired.Unknown{Code: policies.CodeCircularGrant, User: user, Resource: target.Resource, Reason: fmt.Sprintf(
			"whether %s is on %s for another reason than %s, which follows from it, can't be told (S34)",
			s.c.index.Name(inventory.KindUser, user), s.c.index.Named(thing(s.reasons[target][user][i].Fact)), s.c.index.Named(target.Resource))})
	}
}

// regarded are the grounds that count on a target: on a schedule, shifts of the
// circle's own schedules are none.
func (s *solution) regarded(target desired.Target) grounds {
	if target.Resource.Kind == inventory.KindSchedule {
		return s.firm
	}
	return s.holds
}

// ground is the ground of what a grant gives somebody by a fact; false if it follows
// from itself alone.
func (s *solution) ground(target desired.Target, user string, fact inventory.Ref) (desired.Reason, bool) {
	if s.c.of[target.Resource] != s.one {
		return desired.Reason{}, true
	}
	g := s.follows(fact, user, s.regarded(target))
	return g.reason, g.grade != groundless
}
