package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// scope is the pairs that a plan compares, where only these can differ from the
// plan of the moment before.
type scope struct {
	// accounts are the people whose base roles are compared.
	accounts map[string]bool
	// teams are the people compared, by team.
	teams map[string]map[string]bool
	// schedules are compared whole: their turns hang together.
	schedules map[string]bool
	// others are the pairs of whatever else there is access to.
	others map[desired.Pair]bool
}

func newScope() *scope {
	return &scope{map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}, map[desired.Pair]bool{}}
}

// add takes a pair in.
func (s *scope) add(p desired.Pair) {
	switch p.Resource.Kind {
	case inventory.KindAccount:
		s.accounts[p.User] = true
	case inventory.KindTeam:
		if s.teams[p.Resource.ID] == nil {
			s.teams[p.Resource.ID] = map[string]bool{}
		}
		s.teams[p.Resource.ID][p.User] = true
	case inventory.KindSchedule:
		s.schedules[p.Resource.ID] = true
	default:
		s.others[p] = true
	}
}

// has says whether a pair is compared.
func (s *scope) has(p desired.Pair) bool {
	switch p.Resource.Kind {
	case inventory.KindAccount:
		return s.accounts[p.User]
	case inventory.KindTeam:
		return s.teams[p.Resource.ID][p.User]
	case inventory.KindSchedule:
		return s.schedules[p.Resource.ID]
	}
	return s.others[p]
}

// pairs are the pairs in scope, but for those on schedules.
func (s *scope) pairs(each func(desired.Pair)) {
	for user := range s.accounts {
		each(desired.Pair{User: user, Resource: inventory.AccountRef})
	}
	for team, users := range s.teams {
		for user := range users {
			each(desired.Pair{User: user, Resource: inventory.ByID(inventory.KindTeam, team)})
		}
	}
	for pair := range s.others {
		each(pair)
	}
}

// accounts are the ids of the people whose base roles are compared, sorted.
func (b *builder) accounts() []string {
	if b.scope == nil {
		return b.cache.allUsers()
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.scope.accounts)), func(id string) bool {
		_, ok := b.in.Snapshot.Users[id]
		return !ok
	})
}

// teams are the ids of the teams that are compared, sorted.
func (b *builder) teams() []string {
	if b.scope == nil {
		return b.cache.allTeams()
	}
	return slices.Sorted(maps.Keys(b.scope.teams))
}

// onTeam are the ids of the people compared who are on a team or are to be,
// sorted.
func (b *builder) onTeam(id string) []string {
	members := b.in.Snapshot.Teams[id].Members
	joins := func(user string) bool {
		if _, on := members[user]; on {
			return false
		}
		_, known := b.in.Snapshot.Users[user]
		return known
	}
	team := desired.Target{Resource: inventory.ByID(inventory.KindTeam, id)}
	var users []string
	if b.scope != nil {
		for user := range b.scope.teams[id] {
			pair := desired.Pair{User: user, Resource: team.Resource}
			if _, on := members[user]; on || joins(user) && b.grants(pair) {
				users = append(users, user)
			}
		}
		slices.Sort(users)
		return users
	}
	for user := range b.granted(team) {
		if joins(user) {
			users = append(users, user)
		}
	}
	if len(users) == 0 {
		return b.cache.membersOf(id)
	}
	users = append(users, b.cache.membersOf(id)...)
	slices.Sort(users)
	return users
}

// outOfScope are the keys of changes of schedules that a plan did not look at.
func (b *builder) outOfScope(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		kind, rest, _ := strings.Cut(key, "/")
		id, _, _ := strings.Cut(rest, "/")
		return kind != string(inventory.KindSchedule) || b.scope.schedules[id]
	})
}

func usersOf(members []*string) []string {
	var users []string
	for _, m := range members {
		if m != nil {
			users = append(users, *m)
		}
	}
	return users
}
