package pagerduty

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"

	pd "github.com/PagerDuty/go-pagerduty"

	"github.com/dutyward/dutyward/inventory"
)

// Reread reads again what the audit trail says was changed, on top of a complete
// snapshot, and says which of it is not as it was, by id. An inventory.OutdatedError
// says that the account has to be read in full.
func (c *Client) Reread(ctx context.Context, base *inventory.Snapshot, a inventory.Audited) (*inventory.Snapshot, []string, error) {
	if a.Beyond != "" {
		return nil, nil, outdated("%s", a.Beyond)
	}
	r := &rereading{c: c, base: base, users: make([]inventory.User, len(a.Users)), teams: make([]inventory.Team, len(a.Teams)), schedules: make([]inventory.Schedule, len(a.Schedules))}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Concurrency)
	each := func(ids []string, read func(context.Context, int, string) error) {
		for i, id := range ids {
			group.Go(func() error { return read(reading, i, id) })
		}
	}
	each(a.Users, r.user)
	each(a.Teams, r.team)
	each(a.Schedules, r.schedule)
	each(a.Policies, r.policy)
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	return r.result(ctx)
}

// rereading is one call of Reread in the making; each reader writes its own element.
type rereading struct {
	c         *Client
	base      *inventory.Snapshot
	users     []inventory.User
	teams     []inventory.Team
	schedules []inventory.Schedule
}

// vanished makes an answer that says a resource is not there any more, or can't be seen, one
// that only a full refresh can tell more about.
func vanished(what, id string, err error) error {
	var e *Error
	if errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusUnauthorized {
		return outdated("%s %s can't be read as it was: %v", what, id, err)
	}
	return err
}

func (r *rereading) user(ctx context.Context, i int, id string) error {
	was, known := r.base.Users[id]
	if !known {
		return outdated("the user %s is new", id)
	}
	is, err := r.c.User(ctx, id)
	if err != nil {
		return vanished("user", id, err)
	}
	is.Teams, is.License = was.Teams, was.License
	if is.BaseRole != was.BaseRole && len(r.base.Licenses) > 0 {
		seat, err := r.c.seatOf(ctx, id)
		if err != nil {
			return vanished("the license of user", id, err)
		}
		is.License = &seat
	}
	r.users[i] = is
	return nil
}

// seatOf is the id of the license that a person has.
func (c *Client) seatOf(ctx context.Context, id string) (string, error) {
	var license pd.APIObject
	_, err := c.getKey(ctx, "/users/{}/license", []string{id}, nil, "license", &license)
	return license.ID, err
}

func (r *rereading) team(ctx context.Context, i int, id string) error {
	was, known := r.base.Teams[id]
	if !known {
		return outdated("the team %s is new", id)
	}
	w, _, err := getOne[wireTeam](ctx, r.c, "/teams/{}", id, nil, "team")
	if err != nil {
		return vanished("team", id, err)
	}
	is := w.inventory()
	if is.Name != was.Name || text(is.Parent) != text(was.Parent) || text(w.DeletedAt) != "" {
		return outdated("the team %s has another name or parent", was.Name)
	}
	if is.Members, err = r.c.TeamMembers(ctx, id); err != nil {
		return vanished("the members of team", id, err)
	}
	for user := range is.Members {
		if _, known := r.base.Users[user]; !known {
			return outdated("somebody new is on team %s (%s)", was.Name, user)
		}
	}
	r.teams[i] = is
	return nil
}

func (r *rereading) schedule(ctx context.Context, i int, id string) error {
	was, known := r.base.Schedules[id]
	if !known {
		return outdated("the schedule %s is new", id)
	}
	is, err := r.c.Schedule(ctx, id, r.base.Account.Window)
	if err != nil {
		return vanished("schedule", id, err)
	}
	is = normalized(is)
	if is.Name != was.Name || !slices.Equal(is.EscalationPolicies, was.EscalationPolicies) || !slices.Equal(is.Teams, was.Teams) {
		return outdated("the schedule %s has another name, other teams or other escalation policies", was.Name)
	}
	r.schedules[i] = is
	return nil
}

// policy says that a policy which is not as it was read needs a full refresh: teams and
// schedules refer to it.
func (r *rereading) policy(ctx context.Context, _ int, id string) error {
	if _, known := r.base.EscalationPolicies[id]; !known {
		return outdated("the escalation policy %s is new", id)
	}
	how, err := r.c.policyMoved(ctx, r.base, id)
	if err != nil {
		return vanished("escalation policy", id, err)
	}
	if how != "" {
		return outdated("%s", how)
	}
	return nil
}

// result puts what was read in the place of what it was.
func (r *rereading) result(ctx context.Context) (*inventory.Snapshot, []string, error) {
	s := *r.base
	s.Users, s.Teams, s.Schedules = maps.Clone(s.Users), maps.Clone(s.Teams), maps.Clone(s.Schedules)
	var changed []string
	seats := false
	for _, is := range r.users {
		was := s.Users[is.ID]
		one := inventory.Snapshot{Users: map[string]inventory.User{is.ID: is}}
		one.Normalize()
		if is = one.Users[is.ID]; !reflect.DeepEqual(is, was) {
			seats = seats || is.BaseRole != was.BaseRole && len(s.Licenses) > 0
			s.Users[is.ID], changed = is, append(changed, is.ID)
		}
	}
	for _, is := range r.teams {
		if was := s.Teams[is.ID]; !reflect.DeepEqual(is, was) {
			r.membersOf(&s, was, is)
			s.Teams[is.ID], changed = is, append(changed, is.ID)
		}
	}
	for _, is := range r.schedules {
		if !sameSchedule(is, s.Schedules[is.ID]) {
			s.Schedules[is.ID], changed = is, append(changed, is.ID)
		}
	}
	if seats {
		licenses, err := r.c.licenses(ctx)
		if err != nil {
			return nil, nil, vanished("licenses", "", err)
		}
		one := inventory.Snapshot{Licenses: licenses}
		one.Normalize()
		s.Licenses = one.Licenses
	}
	slices.Sort(changed)
	return &s, changed, nil
}

// membersOf brings the teams that people are on in line with a team's members.
func (r *rereading) membersOf(s *inventory.Snapshot, was, is inventory.Team) {
	for user := range was.Members {
		u, known := s.Users[user]
		if _, stays := is.Members[user]; !stays && known {
			u.Teams = maps.Clone(u.Teams)
			delete(u.Teams, is.ID)
			s.Users[user] = u
		}
	}
	for user, role := range is.Members {
		u := s.Users[user]
		if u.Teams[is.ID] != role {
			u.Teams = maps.Clone(u.Teams)
			u.Teams[is.ID] = role
			s.Users[user] = u
		}
	}
}
