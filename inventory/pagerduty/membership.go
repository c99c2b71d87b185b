package pagerduty

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/dutyward/dutyward/inventory"
)

// maxAsked bounds the teams, and the users, who are read again because the two
// readings of their memberships differ.
const maxAsked = 50

// checkMemberships holds the members that teams list against the teams that
// users refer to. Reading both takes a while, in which people come and go, so
// that where they differ both are read once more; what still differs then is
// missing.
func (r *reading) checkMemberships(ctx context.Context) {
	if len(r.users) == 0 || r.missing("users") || ctx.Err() != nil {
		return
	}
	differing := r.differingMemberships()
	if len(differing) > 0 && len(differing) <= maxAsked {
		r.rereadMemberships(ctx, differing)
		differing = r.differingMemberships()
	}
	for _, id := range slices.Sorted(maps.Keys(differing)) {
		r.missMembers(ctx, r.s.Teams[id], fmt.Errorf(
			"the team's list of members and the teams that users refer to differ in %d people (%s)",
			len(differing[id]), sample(differing[id])))
	}
}

func (r *reading) rereadMemberships(ctx context.Context, differing map[string]map[string]bool) {
	people := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(differing)) {
		members, err := r.c.TeamMembers(ctx, id)
		r.setMembers(ctx, id, members, err)
		for user := range differing[id] {
			people[user] = true
		}
	}
	if len(people) <= maxAsked {
		r.askAgain(ctx, people)
	}
}

// differingMemberships maps team ids to the users who stand in only one of the
// two.
func (r *reading) differingMemberships() map[string]map[string]bool {
	differing := map[string]map[string]bool{}
	note := func(team, user string) {
		if r.missing(membersOf(r.s.Teams[team])) {
			return
		}
		if differing[team] == nil {
			differing[team] = map[string]bool{}
		}
		differing[team][user] = true
	}
	refers := map[[2]string]bool{}
	for _, u := range r.users {
		if u.deleted() {
			continue
		}
		for _, t := range u.Teams {
			team, known := r.s.Teams[t.ID]
			if !known {
				continue
			}
			refers[[2]string{t.ID, u.ID}] = true
			if _, member := team.Members[u.ID]; !member {
				note(t.ID, u.ID)
			}
		}
	}
	for id, team := range r.s.Teams {
		for user := range team.Members {
			if !refers[[2]string{id, user}] && !r.deleted[user] {
				note(id, user)
			}
		}
	}
	return differing
}

// askAgain reads single users again, and users who were not in the list.
func (r *reading) askAgain(ctx context.Context, people map[string]bool) {
	at := map[string]int{}
	for i, u := range r.users {
		at[u.ID] = i
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		u, err := r.c.user(ctx, id)
		i, listed := at[id]
		switch {
		case err != nil:
		case listed:
			r.users[i] = u
		default:
			r.users = append(r.users, u)
		}
		if err == nil && u.deleted() {
			r.deleted[id] = true
		}
	}
}

func (r *reading) missing(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.s.Account.Missing {
		if m.What == what {
			return true
		}
	}
	return false
}

// sample names up to three of ids.
func sample(ids map[string]bool) string {
	names := slices.Sorted(maps.Keys(ids))
	if len(names) <= 3 {
		return fmt.Sprint(names)
	}
	return fmt.Sprintf("%v and %d more", names[:3], len(names)-3)
}

type wireTeam struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description *string       `json:"description"`
	DefaultRole string        `json:"default_role"`
	Parent      *pd.APIObject `json:"parent"`
	DeletedAt   *string       `json:"deleted_at"`
}

func (w wireTeam) id() string { return w.ID }

func (w wireTeam) inventory() inventory.Team {
	t := inventory.Team{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description),
		DefaultRole: w.DefaultRole, Members: map[string]string{},
	}
	if w.Parent != nil && w.Parent.ID != "" {
		t.Parent = &w.Parent.ID
	}
	return t
}

type wireMember struct {
	User pd.APIObject `json:"user"`
	Role string       `json:"role"`
}

func (m wireMember) lacks() string {
	if m.Role == "" {
		return "role"
	}
	return ""
}

// TeamMembers reads the members of a team, user id to team role. An error is an
// *Error, or a *CountError if the members could not be counted.
func (c *Client) TeamMembers(ctx context.Context, teamID string) (map[string]string, error) {
	got, err := readList(ctx, c, list[wireMember]{
		pattern: "/teams/{}/members", ids: []string{teamID}, key: "members",
		id: func(m wireMember) string { return m.User.ID }, lacks: wireMember.lacks,
	})
	if err != nil {
		return nil, err
	}
	members := make(map[string]string, len(got.items))
	for _, m := range got.items {
		members[m.User.ID] = m.Role
	}
	return members, nil
}
