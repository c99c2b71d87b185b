package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
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
	r.listTeams(ctx)
	r.readMembers(ctx)
}

// listTeams reads the teams without their members.
func (r *reading) listTeams(ctx context.Context) {
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
	r.teams = map[string]wireTeam{}
	for _, w := range got.items {
		if text(w.DeletedAt) == "" {
			r.s.Teams[w.ID], r.teams[w.ID] = w.inventory(), w
		}
	}
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

// wireUser is a user as the API shows it with its includes. go-pagerduty's own
// type lacks deleted_at.
type wireUser struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	Email          string  `json:"email"`
	Role           string  `json:"role"`
	JobTitle       *string `json:"job_title"`
	TimeZone       *string `json:"time_zone"`
	Description    *string `json:"description"`
	InvitationSent bool    `json:"invitation_sent"`
	DeletedAt      *string `json:"deleted_at"`

	Teams          []pd.APIObject `json:"teams"`
	ContactMethods []struct {
		ID          string `json:"id"`
		Type        string `json:"type"`
		Label       string `json:"label"`
		Enabled     *bool  `json:"enabled"` // some kinds have none
		Blacklisted bool   `json:"blacklisted"`
	} `json:"contact_methods"`
	NotificationRules []struct {
		StartDelayInMinutes int          `json:"start_delay_in_minutes"`
		Urgency             string       `json:"urgency"`
		ContactMethod       pd.APIObject `json:"contact_method"`
	} `json:"notification_rules"`
}

// userIncludes bring everything of a user in one answer, so that no request a
// user is needed. Source: OpenAPI, listUsers.
var userIncludes = []string{"contact_methods", "notification_rules", "teams"}

// inventory is the user without teams, whose roles the answer does not say, and
// without license.
func (w wireUser) inventory() inventory.User {
	u := inventory.User{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Email: strings.TrimSpace(w.Email), BaseRole: w.Role,
		JobTitle: text(w.JobTitle), TimeZone: text(w.TimeZone), Description: text(w.Description),
		Invited: w.InvitationSent, Teams: map[string]string{},
		ContactMethods:    []inventory.ContactMethod{},
		NotificationRules: []inventory.NotificationRule{},
	}
	blocked := map[string]bool{}
	for _, m := range w.ContactMethods {
		blocked[m.ID] = m.Blacklisted || m.Enabled != nil && !*m.Enabled
		u.ContactMethods = append(u.ContactMethods, inventory.ContactMethod{Type: plainType(m.Type), Label: m.Label, Blocked: blocked[m.ID]})
	}
	for _, r := range w.NotificationRules {
		u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{
			DelayMinutes: r.StartDelayInMinutes, Urgency: r.Urgency, Contact: plainType(r.ContactMethod.Type),
			Blocked: blocked[r.ContactMethod.ID],
		})
	}
	return u
}

func (w wireUser) id() string { return w.ID }

func (w wireUser) deleted() bool { return text(w.DeletedAt) != "" }

// lacks is what a person lacks that every one has; empty if nothing.
func (w wireUser) lacks() string {
	switch {
	case w.Email == "":
		return "email"
	case w.Role == "":
		return "role"
	}
	return ""
}

// User reads one user. Teams is empty, for the answer does not say team roles,
// and License null. A user marked as deleted is a 404.
func (c *Client) User(ctx context.Context, id string) (inventory.User, error) {
	w, err := c.user(ctx, id)
	if err != nil {
		return inventory.User{}, err
	}
	if w.deleted() {
		return inventory.User{}, &Error{Status: 404, Message: "this user was deleted", Method: "GET", Endpoint: "/users/" + id}
	}
	return w.inventory(), nil
}

func (c *Client) user(ctx context.Context, id string) (wireUser, error) {
	const pattern = "/users/{}"
	query := url.Values{"include[]": userIncludes}
	u, _, err := getOne[wireUser](ctx, c, pattern, id, query, "user")
	if err == nil && !u.deleted() && u.lacks() != "" {
		err = misshapen(request{method: http.MethodGet, pattern: pattern, ids: []string{id}}, fmt.Errorf("the user has no %s", u.lacks()))
	}
	return u, err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// plainType is a type without the suffix of references.
func plainType(t string) string { return strings.TrimSuffix(t, "_reference") }
