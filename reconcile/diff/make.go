// Package diff makes plans: it compares a snapshot with desired access.
//
// It is a pure function of snapshot, statements, memory, settings and now.
package diff

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/circles"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// passes bounds how often the plan is made again because team: principals mean
// the members after it. From the later ones on, causes that exceeded the limit on
// lowerings in any pass before stay held: else those who stay on a team because
// they are held could be few enough not to be.
const (
	passes     = 16
	latePasses = 4
)

// Input is all that a plan follows from.
type Input struct {
	Snapshot *inventory.Snapshot
	// Statements are what the policies say of this snapshot.
	Statements *policies.Statements
	// References are names that the policies look up by themselves.
	References []policies.Reference
	// Revision is the digest of those policies.
	Revision string
	// Provenance says where they are from.
	Provenance []policies.Provenance
	// Previous is what the last round's policies say of this snapshot; nil if
	// they are the same or there was no last round.
	Previous *policies.Statements
	Memory   plan.Memory
	Settings plan.Settings
	// Now is the moment the plan is for.
	Now time.Time
	// ClockDoubt is why that moment can't be trusted; empty if it can (S31).
	ClockDoubt string
	// OtherClock is what time it is by the clock that disagrees, zero if not known.
	OtherClock time.Time
	// SelfDoubt is why it can't be known to whom the token belongs; empty if it can
	// (S20). TokenUser is that person's id then, empty if it is nobody's.
	SelfDoubt, TokenUser string

	// Stillness is of an edit of policies or configuration that has yet to hold
	// still (S37); nil if there is none, or a person decides.
	Stillness *Stillness
	// Insist says that a person asks: edits of schedules that PagerDuty refused don't
	// wait (S32).
	Insist bool

	// Cache is kept for other plans of this snapshot and moment; nil if there are
	// none.
	Cache *Cache

	// brief leaves out what is to be said of the round beside its changes.
	brief bool
	// Horizon is the moment before which overrides must begin to be made; zero for
	// the end of the snapshot's window. A round reads a window of its own day.
	Horizon time.Time
	// disputes are a desired.Input's.
	disputes map[string]string
	// was are the rules that gave pairs their role before, as far as known.
	was map[desired.Pair][]desired.By
	// sabotage lets tests have the planning of a resource panic; nil otherwise.
	sabotage func(inventory.Ref)
}

// HorizonAt is the end of the window that a round at t would read, the
// snapshot's being of its own day.
func (in Input) HorizonAt(t time.Time) time.Time {
	a := in.Snapshot.Account
	return a.Window.Until.Add(midnight(t).Sub(midnight(a.TakenAt)))
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(day) }

// Result is a plan and what it was made of.
type Result struct {
	Plan *plan.Plan
	// Access is desired access, with team: principals as after the plan.
	Access *desired.Access
	// Expansion answers for other moments.
	Expansion *desired.Expansion
	// Snapshot is the snapshot seen through the overlay of recent writes (S9).
	Snapshot *inventory.Snapshot
	// ClockDoubt is why nothing is lowered that depends on the time; empty if it can
	// be trusted (S31).
	ClockDoubt string
	// last is the last finished round; nil if there was none.
	last *plan.Round
	// in is what all this follows from, for other plans from the same.
	in      Input
	circles *circles.Circles
	// Adopted are overrides that are as policies ask and taken for this program's
	// after a lost state (S24).
	Adopted []plan.OurOverride
	// asks are the overrides that policies ask for, by overrideKey; false says that a
	// protection keeps one from being made.
	asks map[string]bool
	// operators are the names of operators resolved.
	operators map[string]string
	// recent is an edit that has yet to hold still; nil if there is none.
	recent *recentEdit
}

// ErrNoGrants says that the policies give nothing at all though the last round's
// did (S2).
var ErrNoGrants = errors.New("the policies hold no grant at all, though the last round's did: an emptied directory, a checkout in progress or a truncated data file looks like this; nothing was planned. If it is meant, leave one grant in the policies, or stop running the program: without grants it has nothing to do")

// Make makes the plan. It errs if the policies give nothing at all any more, if a
// target names nothing, or if team: principals do not settle.
//
// A fault of this program about one resource is contained there; any other is an
// error as well.
func Make(in Input) (made *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			made, err = nil, &FaultError{What: "the plan could not be made: " + faultOf(p)}
		}
	}()
	if len(in.Statements.Grants) == 0 && in.Memory.Last != nil && in.Memory.Last.Grants > 0 {
		if f := failedGrants(in.Statements); len(f) > 0 {
			return nil, fmt.Errorf("no grant is known, though the last round had some: %s; nothing was planned", f[0])
		}
		return nil, ErrNoGrants
	}
	snapshot, contradicted := overlay(in.Snapshot, in.Memory.Overlay)
	in.Snapshot = snapshot
	in.Memory = follow(snapshot, in.Memory)
	if err := checkTargets(snapshot, in.Settings.Targets); err != nil {
		return nil, err
	}

	cache := in.Cache.of(snapshot, in.Now, in.Memory.Pinned)
	in.Cache = nil // what else is made of this may be made at any time
	var before *desired.Access
	if in.Previous != nil {
		before = circles.Find(circlesIn(in, cache.names, desired.Expand(desired.Input{
			Snapshot: snapshot, Statements: in.Previous, Pinned: in.Memory.Pinned, Names: cache.names(), Longest: in.Settings.Longest,
		}), nil, nil), nil).Access
	}
	edits := unsettled(snapshot, in.Memory, in.Now)
	contradicted = slices.Concat(contradicted, edits)
	unsettled := map[string]bool{}
	for _, u := range edits {
		unsettled[u.Resource.ID] = true
	}
	var members map[string]map[string]string
	var schedules map[string]inventory.Schedule
	var found *circles.Circles
	bursts, stays := map[counted]string{}, map[string]bool{}
	for pass := range passes {
		e := desired.Expand(desired.Input{
			Snapshot: snapshot, Statements: in.Statements, Pinned: in.Memory.Pinned, Names: cache.names(), References: in.References,
			Members: members, Schedules: schedules,
			Longest: in.Settings.Longest, Disputes: in.disputes, Unsettled: unsettled,
		})
		found = circles.Find(circlesIn(in, cache.names, e, schedules, slices.Concat(contradicted, unread(snapshot))), found)
		access := found.Access
		if err := unplanned(access); err != nil {
			return nil, err
		}
		b := newBuilder(in, cache, e.Index(), access, before)
		b.after, b.was, b.circles, b.keptBases = schedules, in.was, found, stays
		if pass >= latePasses {
			b.bursts = maps.Clone(bursts)
		}
		p := b.build(e)
		maps.Copy(bursts, b.bursts)
		if b.noteUnmade(stays) {
			continue
		}
		after, edited := members, editedSchedules(p)
		if dependsOnTeams(in.Statements) {
			after = membersAfter(snapshot, p)
		}
		if sameMembers(snapshot, members, after) && sameSchedules(schedules, edited) {
			return &Result{
				Plan: p, Access: access, Expansion: e, Snapshot: snapshot, ClockDoubt: b.clockDoubt, last: in.Memory.Last, in: in, circles: found,
				Adopted: b.adopted, asks: b.asks, operators: b.operators.bound, recent: b.recent,
			}, nil
		}
		members, schedules = after, edited
	}
	return nil, fmt.Errorf("team: and rotation: principals do not settle: after %d passes the members of %s still change; look for rules in which membership of one team takes membership of another away",
		passes, strings.Join(restless(in.Statements), ", "))
}

// circlesIn is what a plan looks for circles in.
func circlesIn(in Input, names func() *desired.Names, e *desired.Expansion, changed map[string]inventory.Schedule, unknown []desired.Unknown) circles.Input {
	return circles.Input{
		Snapshot: in.Snapshot, Expansion: e, Memory: in.Memory, Settings: in.Settings, Now: in.Now, Changed: changed, Unknown: unknown,
		Protections: func() []desired.Protection { return operatorsOf(names(), in).protection() },
	}
}

// unread are the resources whose pairs the snapshot could not tell (S6): what
// looks like nobody there is no reason to raise.
func unread(s *inventory.Snapshot) []desired.Unknown {
	var unknown []desired.Unknown
	for _, m := range s.Account.Missing {
		if !m.Resource.IsZero() {
			unknown = append(unknown, desired.Unknown{Code: codes.Unread, User: "*", Resource: m.Resource, Reason: m.What + ": " + m.Reason})
		}
	}
	if s.Account.Complete {
		return unknown
	}
	// Of members who were not read nobody knows the base role, nor whether a
	// limit or protection names them.
	strangers := map[string]bool{}
	for _, team := range s.Teams {
		for user := range team.Members {
			if _, read := s.Users[user]; !read {
				strangers[user] = true
			}
		}
	}
	for _, user := range slices.Sorted(maps.Keys(strangers)) {
		unknown = append(unknown, desired.Unknown{Code: codes.Unread, User: user, Reason: "this person could not be read"})
	}
	return unknown
}

// dependsOnTeams says whether a principal stands for a team's members.
func dependsOnTeams(s *policies.Statements) bool { return len(restless(s)) > 0 }

// restless are the team: and rotation: principals, sorted.
func restless(s *policies.Statements) []string {
	refs := map[string]bool{}
	for r := range s.Principals() {
		if r.Kind == inventory.KindTeam || r.Kind == inventory.KindRotation {
			refs[r.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(refs))
}

// membersAfter are the members, after the plan, of the teams that it changes.
func membersAfter(s *inventory.Snapshot, p *plan.Plan) map[string]map[string]string {
	after := After(s, p)
	changed := map[string]map[string]string{}
	for _, c := range p.Changes {
		if c.Kind == plan.TeamRole {
			changed[c.Resource.ID] = after.Teams[c.Resource.ID].Members
		}
	}
	for _, i := range p.Implied {
		if i.Foreseen {
			changed[i.Resource.ID] = after.Teams[i.Resource.ID].Members
		}
	}
	return changed
}

func sameMembers(s *inventory.Snapshot, a, b map[string]map[string]string) bool {
	members := func(m map[string]map[string]string, team string) map[string]string {
		if after, ok := m[team]; ok {
			return after
		}
		return s.Teams[team].Members
	}
	for _, changed := range []map[string]map[string]string{a, b} {
		for team := range changed {
			if !maps.Equal(members(a, team), members(b, team)) {
				return false
			}
		}
	}
	return true
}

// After is the account as it will be once the plan's changes are made.
func After(s *inventory.Snapshot, p *plan.Plan) *inventory.Snapshot {
	e := inventory.NewEdit(s)
	for _, c := range p.Changes {
		Suppose(e, c)
	}
	for _, i := range p.Implied {
		if i.Foreseen {
			e.SetTeamRole(i.Resource.ID, i.User, i.Role)
		}
	}
	after := e.Snapshot()
	if edited := editedSchedules(p); len(edited) > 0 {
		after.Schedules = maps.Clone(after.Schedules)
		maps.Copy(after.Schedules, edited)
	}
	return after
}

// Cache is what plans of one snapshot at one moment have in common, whatever
// the policies say: each part of it is made when first asked for. Whoever makes
// several such plans keeps it for Input; of another snapshot or moment it starts
// again.
//
// The zero value is ready for use, by one plan at a time. A snapshot that it has
// seen must not change.
type Cache struct {
	snapshot *inventory.Snapshot
	now      time.Time
	pinned   map[string]string

	named *desired.Names
	// users and teams are the ids of all of them, sorted.
	users, teams []string
	// members are the ids of each team's members, sorted.
	members map[string][]string
	// implied are the people whom PagerDuty puts on teams by itself, by team, with
	// the reason.
	implied map[string]map[string]string
	// renderings say of schedules why their turns can't be foreseen.
	renderings map[string]string
}

// of is the cache of a plan: c where it is of the same, else one made again in
// its place, for c may be nil.
func (c *Cache) of(s *inventory.Snapshot, now time.Time, pinned map[string]string) *Cache {
	switch {
	case c == nil:
		return newCache(s, now, pinned)
	case c.snapshot != s, !c.now.Equal(now), !maps.Equal(c.pinned, pinned):
		*c = *newCache(s, now, pinned)
	}
	return c
}

func newCache(s *inventory.Snapshot, now time.Time, pinned map[string]string) *Cache {
	return &Cache{snapshot: s, now: now, pinned: pinned, members: map[string][]string{}, renderings: map[string]string{}}
}

func (c *Cache) names() *desired.Names {
	if c.named == nil {
		c.named = desired.NewNames(c.snapshot, c.pinned)
	}
	return c.named
}

func (c *Cache) allUsers() []string {
	if c.users == nil {
		c.users = slices.Sorted(maps.Keys(c.snapshot.Users))
	}
	return c.users
}

func (c *Cache) allTeams() []string {
	if c.teams == nil {
		c.teams = slices.Sorted(maps.Keys(c.snapshot.Teams))
	}
	return c.teams
}

// membersOf are the members of a team. They are not to be changed.
func (c *Cache) membersOf(team string) []string {
	members, known := c.members[team]
	if !known {
		members = slices.Sorted(maps.Keys(c.snapshot.Teams[team].Members))
		c.members[team] = members
	}
	return members
}

func (c *Cache) impliedMembers() map[string]map[string]string {
	if c.implied == nil {
		c.implied = impliedMembers(c.snapshot, c.now, nil)
	}
	return c.implied
}

// rendersOtherwise says why the turns of a schedule can't be foreseen (S22);
// empty if they can.
func (c *Cache) rendersOtherwise(id string) string {
	why, known := c.renderings[id]
	if !known {
		why = rendersOtherwise(c.snapshot.Schedules[id], c.snapshot.Account.Window, c.now, c.snapshot.GoneOn(c.snapshot.Schedules[id]))
		c.renderings[id] = why
	}
	return why
}
