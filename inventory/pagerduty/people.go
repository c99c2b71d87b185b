package pagerduty

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"

	"github.com/dutyward/dutyward/inventory"

	"golang.org/x/sync/errgroup"
)

func (r *reading) userList() list[wireUser] {
	return list[wireUser]{
		pattern: "/users", key: "users", query: url.Values{"include[]": userIncludes},
		id: wireUser.id, progress: r.progress("users"),
	}
}

func (r *reading) readUsers(ctx context.Context) {
	l := r.userList()
	got, err := readList(ctx, r.c, l)
	if err == nil && got.total > len(got.items) {
		got, err = r.usersBeyond(ctx, l, got)
	}
	r.users = got.items
	for _, u := range got.items {
		if u.deleted() {
			r.deleted[u.ID] = true
		}
	}
	if err == nil && len(got.items) == 0 {
		err = l.unexpected(errors.New("it lists nobody, and every account has an owner"))
	}
	if err != nil {
		r.miss(ctx, "users", err)
	}
}

// usersBeyond looks first in the teams that have members not yet seen.
func (r *reading) usersBeyond(ctx context.Context, l list[wireUser], got contents[wireUser]) (contents[wireUser], error) {
	<-r.members
	seen := l.index(got.items)
	var teams []string
	for _, id := range slices.Sorted(maps.Keys(r.s.Teams)) {
		for user := range r.s.Teams[id].Members {
			if !seen[user] {
				teams = append(teams, id)
				break
			}
		}
	}
	b := beyond[wireUser]{
		c: r.c, l: l, name: func(u wireUser) string { return u.Name },
		filters: batches("team_ids[]", teams), byName: true,
	}
	return b.read(ctx, got)
}

func (r *reading) readTeams(ctx context.Context) {
	defer close(r.members)
	l := list[wireTeam]{
		pattern: "/teams", key: "teams",
		id: func(t wireTeam) string { return t.ID }, progress: r.progress("teams"),
	}
	got, err := readList(ctx, r.c, l)
	if planLacks(err) {
		return
	}
	if err == nil && got.total > len(got.items) {
		b := beyond[wireTeam]{c: r.c, l: l, name: func(t wireTeam) string { return t.Name }, byName: true}
		got, err = b.read(ctx, got)
	}
	if err != nil {
		r.miss(ctx, "teams", err)
	}
	for _, w := range got.items {
		if text(w.DeletedAt) == "" {
			r.s.Teams[w.ID] = w.inventory()
		}
	}
	r.readMembers(ctx)
}

// readMembers reads the members of each team: team roles stand nowhere else.
func (r *reading) readMembers(ctx context.Context) {
	progress, done := r.progress("members of teams"), 0
	ids := slices.Sorted(maps.Keys(r.s.Teams))
	progress(0, len(ids))
	var group errgroup.Group
	group.SetLimit(2 * r.c.o.Concurrency)
	for _, id := range ids {
		group.Go(func() error {
			members, err := r.c.TeamMembers(ctx, id)
			r.setMembers(ctx, id, members, err)
			r.mu.Lock()
			done++
			n := done
			r.mu.Unlock()
			progress(n, len(ids))
			return nil
		})
	}
	_ = group.Wait()
}

func (r *reading) setMembers(ctx context.Context, id string, members map[string]string, err error) {
	r.mu.Lock()
	team := r.s.Teams[id]
	switch {
	case status(err) == 404: // deleted meanwhile
		delete(r.s.Teams, id)
		r.mu.Unlock()
		return
	case err == nil:
		team.Members = members
		r.s.Teams[id] = team
	}
	r.mu.Unlock()
	if err != nil {
		r.missMembers(ctx, team, err)
	}
}

func membersOf(t inventory.Team) string { return "members of team " + t.Name }
