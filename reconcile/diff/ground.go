package diff

import (
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Ground is what plans of one snapshot at one moment have in common, whatever
// the policies say: each part of it is made when first asked for. Whoever makes
// several such plans keeps it for Input; of another snapshot or moment it starts
// anew.
//
// The zero value is ready for use, by one plan at a time. A snapshot that it has
// seen must not change.
type Ground struct {
	snapshot *inventory.Snapshot
	now      time.Time
	bindings map[string]string

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

// of is the ground of a plan: g where it is of the same, else one made anew in
// its place, for g may be nil.
func (g *Ground) of(s *inventory.Snapshot, now time.Time, bindings map[string]string) *Ground {
	switch {
	case g == nil:
		return newGround(s, now, bindings)
	case g.snapshot != s, !g.now.Equal(now), !maps.Equal(g.bindings, bindings):
		*g = *newGround(s, now, bindings)
	}
	return g
}

func newGround(s *inventory.Snapshot, now time.Time, bindings map[string]string) *Ground {
	return &Ground{snapshot: s, now: now, bindings: bindings, members: map[string][]string{}, renderings: map[string]string{}}
}

func (g *Ground) names() *desired.Names {
	if g.named == nil {
		g.named = desired.NewNames(g.snapshot, g.bindings)
	}
	return g.named
}

func (g *Ground) allUsers() []string {
	if g.users == nil {
		g.users = slices.Sorted(maps.Keys(g.snapshot.Users))
	}
	return g.users
}

func (g *Ground) allTeams() []string {
	if g.teams == nil {
		g.teams = slices.Sorted(maps.Keys(g.snapshot.Teams))
	}
	return g.teams
}

// membersOf are the members of a team. They are not to be changed.
func (g *Ground) membersOf(team string) []string {
	members, known := g.members[team]
	if !known {
		members = slices.Sorted(maps.Keys(g.snapshot.Teams[team].Members))
		g.members[team] = members
	}
	return members
}

func (g *Ground) impliedMembers() map[string]map[string]string {
	if g.implied == nil {
		g.implied = impliedMembers(g.snapshot, g.now, nil)
	}
	return g.implied
}

// rendersOtherwise says why the turns of a schedule can't be foreseen (S22);
// empty if they can.
func (g *Ground) rendersOtherwise(id string) string {
	why, known := g.renderings[id]
	if !known {
		why = rendersOtherwise(g.snapshot.Schedules[id], g.snapshot.Account.Window, g.now, goneOn(g.snapshot, g.snapshot.Schedules[id]))
		g.renderings[id] = why
	}
	return why
}
