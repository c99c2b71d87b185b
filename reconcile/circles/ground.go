package circles

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// grade says how well something is grounded.
type grade int

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
	c       *Circles
	one     *circle
	reasons map[desired.Target]map[string][]desired.Reason
	// firm is what has a ground that is no shift of the circle's own schedules, and
	// holds what has one at all: who is on call has what that gives, and it is no
	// reason for more turns.
	firm, holds grounds
	doubtful    []desired.Unknown
}

// solve finds out what in a circle has a ground.
func (c *Circles) solve(one *circle, e *desired.Expansion) *solution {
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
		if other.Kind == inventory.KindSchedule && slices.Contains(s.c.in.Snapshot.TeamsOf(other.ID), thing.ID) {
			best = best.better(in.of[other][user]).better(s.given(desired.Target{Resource: other}, user, in))
		}
	}
	return best
}

// given is how what grants give on a target is grounded.
func (s *solution) given(target desired.Target, user string, in grounds) ground {
	pair := desired.Pair{User: user, Resource: target.Resource, Layer: target.Layer}
	if g, known := s.c.Access.Grants.Get(pair); known && g.Role == inventory.None {
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
		if _, named := s.c.Access.Named[pair.Target()]; !named {
			return always(sure)
		}
		best = best.better(always(s.stays(pair, desired.Rotation)))
	}
	return best
}

// stays is how it is grounded that somebody who is there stays without a grant: since
// they are left as they are, and not by PagerDuty's own doing.
func (s *solution) stays(pair desired.Pair, held string) grade {
	covered := slices.ContainsFunc(s.c.Access.Protections, func(p desired.Protection) bool { return p.Covers(pair, held, inventory.None) })
	if covered || s.c.Access.UnknownReason(pair) != "" {
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
func (c *Circles) fixedBase(user string) bool {
	pair, held := desired.Pair{User: user, Resource: inventory.AccountRef}, c.in.Snapshot.RoleOf(user, inventory.AccountRef)
	before, raised := c.in.Memory.Raised[pair]
	switch g := c.Access.Grant(pair); {
	case c.mode(pair.Resource) != plan.Sync:
	case g.Role != "":
		held = g.Role
	case raised && before != inventory.None && inventory.CompareRoles(pair.Resource.Kind, held, before) > 0:
		held = before // it goes back
	}
	return inventory.FixedBaseRole(held)
}

// doubt notes what can't be known of a person.
func (s *solution) doubt(user string) {
	for _, target := range s.one.targets {
		in := s.regarded(target)
		if s.given(target, user, in).grade != doubtful || s.firm.of[target.Resource][user].grade == sure {
			continue
		}
		i := slices.IndexFunc(s.reasons[target][user], func(r desired.Reason) bool { return s.follows(r.Fact, user, in).grade == doubtful })
		s.doubtful = append(s.doubtful, desired.Unknown{Code: policies.CodeCircularGrant, User: user, Resource: target.Resource, Reason: fmt.Sprintf(
			"it is unknown whether %s is on %s for another reason than %s, which follows from it (S34)",
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
