package pagerduty

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// patch is a snapshot in which parts are put in the place of what they were. It stays
// what reading the whole account would give; where it can't, an
// inventory.OutdatedError says so.
type patch struct {
	c       *Client
	s       inventory.Snapshot
	changed map[string]bool
	// again are the teams whose members have to be read again.
	again map[string]bool
	// seats says that licenses went from one person to another.
	seats bool
}

func newPatch(c *Client, base *inventory.Snapshot) *patch {
	p := &patch{c: c, s: *base, changed: map[string]bool{}, again: map[string]bool{}}
	p.s.Users, p.s.Teams, p.s.Schedules = maps.Clone(base.Users), maps.Clone(base.Teams), maps.Clone(base.Schedules)
	p.s.EscalationPolicies = maps.Clone(base.EscalationPolicies)
	return p
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

// put notes whether something changed.
func put[T any](p *patch, of map[string]T, id string, is T) {
	was, known := of[id]
	if !known || !reflect.DeepEqual(was, is) {
		of[id] = is
		p.changed[id] = true
	}
}

// user puts somebody in their place. The teams that PagerDuty refers to, if other than
// before, have their members read again.
func (p *patch) user(ctx context.Context, w wireUser) error {
	if w.deleted() {
		return p.dropUser(w.ID)
	}
	one := inventory.Snapshot{Users: map[string]inventory.User{w.ID: w.inventory()}}
	one.Normalize()
	is := one.Users[w.ID]
	was, known := p.s.Users[w.ID]
	if known {
		is.Teams, is.License = was.Teams, was.License
	}
	if licensed := len(p.s.Licenses) > 0; licensed && (!known || is.BaseRole != was.BaseRole) {
		seat, err := p.c.seatOf(ctx, w.ID)
		if err != nil {
			return vanished("the license of user", w.ID, err)
		}
		is.License, p.seats = &seat, true
	}
	on := map[string]bool{}
	for _, t := range w.Teams {
		if _, there := p.s.Teams[t.ID]; !there {
			return outdated("%s is on a team that is new (%s)", is.Email, t.ID)
		}
		on[t.ID] = true
		if is.Teams[t.ID] == "" {
			p.again[t.ID] = true
		}
	}
	for id := range is.Teams {
		if !on[id] {
			p.again[id] = true
		}
	}
	put(p, p.s.Users, w.ID, is)
	return nil
}

// dropUser takes somebody out who is not there any more, unless on-call duty still names
// them: then only a full refresh tells what that means.
func (p *patch) dropUser(id string) error {
	u, known := p.s.Users[id]
	if !known {
		return nil
	}
	r := reading{s: p.s}
	if _, named := slices.BinarySearch(r.peopleOnCall(), id); named {
		return outdated("%s is not there any more and stands on schedules or escalation policies", u.Email)
	}
	for team := range u.Teams {
		p.member(team, id, "")
	}
	delete(p.s.Users, id)
	p.changed[id], p.seats = true, p.seats || len(p.s.Licenses) > 0
	return nil
}

// member sets the role that somebody has on a team, on the team's side; empty is none.
func (p *patch) member(team, user, role string) {
	t, there := p.s.Teams[team]
	if !there {
		return
	}
	t.Members = maps.Clone(t.Members)
	if t.Members[user] = role; role == "" {
		delete(t.Members, user)
	}
	p.s.Teams[team] = t
	p.changed[team] = true
}

// team puts a team in its place, with the members that it had.
func (p *patch) team(w wireTeam) error {
	is := w.inventory()
	was, known := p.s.Teams[w.ID]
	switch {
	case text(w.DeletedAt) != "":
		return p.dropTeam(w.ID)
	case !known:
		p.again[w.ID] = true
	case is.Name != was.Name || text(is.Parent) != text(was.Parent):
		return outdated("the team %s has another name or parent", was.Name)
	default:
		is.Members = was.Members
	}
	put(p, p.s.Teams, w.ID, is)
	return nil
}

// dropTeam takes a team out that is not there any more, unless others name it.
func (p *patch) dropTeam(id string) error {
	was, known := p.s.Teams[id]
	if !known {
		return nil
	}
	gone := outdated("the team %s is not there any more", was.Name)
	for _, t := range p.s.Teams {
		if text(t.Parent) == id {
			return gone
		}
	}
	for _, s := range p.s.Schedules {
		if slices.Contains(s.Teams, id) {
			return gone
		}
	}
	for _, e := range p.s.EscalationPolicies {
		if slices.Contains(e.Teams, id) {
			return gone
		}
	}
	for user := range was.Members {
		p.teamOf(user, id, "")
	}
	delete(p.s.Teams, id)
	delete(p.again, id)
	p.changed[id] = true
	return nil
}

// teamOf sets the role that somebody has on a team, on the person's side.
func (p *patch) teamOf(user, team, role string) {
	u, known := p.s.Users[user]
	if !known || u.Teams[team] == role {
		return
	}
	u.Teams = maps.Clone(u.Teams)
	if u.Teams[team] = role; role == "" {
		delete(u.Teams, team)
	}
	p.s.Users[user] = u
}

// members puts a team's members in their place, here and with the people.
func (p *patch) members(id string, is map[string]string) error {
	team, there := p.s.Teams[id]
	if !there {
		return outdated("the team %s is new", id)
	}
	for user := range is {
		if _, known := p.s.Users[user]; !known {
			return outdated("somebody new is on team %s (%s)", team.Name, user)
		}
	}
	if maps.Equal(is, team.Members) {
		return nil
	}
	for user := range team.Members {
		if is[user] == "" {
			p.teamOf(user, id, "")
		}
	}
	for user, role := range is {
		p.teamOf(user, id, role)
	}
	team.Members = is
	p.s.Teams[id] = team
	p.changed[id] = true
	return nil
}

// schedule puts a schedule in its place, unless it names people or policies that the
// snapshot does not know, or is called otherwise than before.
func (p *patch) schedule(s inventory.Schedule) error {
	s = p.c.recognized(normalized(s), p.s.Account.Window)
	was, known := p.s.Schedules[s.ID]
	if known && (s.Name != was.Name || s.Kind != was.Kind) {
		return outdated("the schedule %s has another name or kind", was.Name)
	}
	mentioned := map[string]bool{}
	for _, shift := range was.Shifts {
		mentioned[shift.User] = true
	}
	for _, user := range slices.Concat(s.Users, usersOf(s.Shifts)) {
		if _, there := p.s.Users[user]; !there && !mentioned[user] && !slices.Contains(was.Users, user) {
			return outdated("on schedule %s there is somebody who was not there (%s)", s.Name, user)
		}
	}
	for _, team := range s.Teams {
		if _, there := p.s.Teams[team]; !there && !slices.Contains(was.Teams, team) {
			return outdated("the schedule %s belongs to a team that was not there (%s)", s.Name, team)
		}
	}
	for _, policy := range s.EscalationPolicies {
		if _, there := p.s.EscalationPolicies[policy]; !there && !slices.Contains(was.EscalationPolicies, policy) {
			return outdated("the schedule %s stands on an escalation policy that was not there (%s)", s.Name, policy)
		}
	}
	put(p, p.s.Schedules, s.ID, s)
	return nil
}

func usersOf(shifts []inventory.Shift) []string {
	users := make([]string, 0, len(shifts))
	for _, s := range shifts {
		users = append(users, s.User)
	}
	return users
}

// policy puts an escalation policy in its place, and brings the schedules that it names
// in line.
func (p *patch) policy(w wirePolicy) error {
	is, err := w.inventory()
	if err != nil {
		return outdated("escalation policy %s can't be read as it was: %v", w.Name, err)
	}
	one := inventory.Snapshot{EscalationPolicies: map[string]inventory.EscalationPolicy{w.ID: is}}
	one.Normalize()
	is = one.EscalationPolicies[w.ID]
	was, known := p.s.EscalationPolicies[w.ID]
	if known && is.Name != was.Name {
		return outdated("the escalation policy %s has another name", was.Name)
	}
	for _, t := range is.Targets() {
		_, user := p.s.Users[t.ID]
		_, schedule := p.s.Schedules[t.ID]
		if !user && !schedule && !slices.Contains(was.Targets(), t) {
			return outdated("the escalation policy %s names a %s that was not there (%s)", is.Name, t.Type, t.ID)
		}
	}
	for _, team := range is.Teams {
		if _, there := p.s.Teams[team]; !there && !slices.Contains(was.Teams, team) {
			return outdated("the escalation policy %s belongs to a team that was not there (%s)", is.Name, team)
		}
	}
	put(p, p.s.EscalationPolicies, w.ID, is)
	p.stand(w.ID, was.Targets(), is.Targets())
	return nil
}

// stand brings the policies that schedules stand on in line with a policy's targets.
func (p *patch) stand(policy string, was, is []inventory.Target) {
	for _, t := range slices.Concat(was, is) {
		s, there := p.s.Schedules[t.ID]
		if stands := slices.Contains(is, t); !there || t.Type != "schedule" || stands == slices.Contains(s.EscalationPolicies, policy) {
			continue
		}
		s.EscalationPolicies = slices.DeleteFunc(slices.Clone(s.EscalationPolicies), func(id string) bool { return id == policy })
		if slices.Contains(is, t) {
			s.EscalationPolicies = append(s.EscalationPolicies, policy)
		}
		slices.Sort(s.EscalationPolicies)
		put(p, p.s.Schedules, t.ID, s)
	}
}

// dropPolicy takes a policy out that is not there any more.
func (p *patch) dropPolicy(id string) {
	was, known := p.s.EscalationPolicies[id]
	if !known {
		return
	}
	p.stand(id, was.Targets(), nil)
	delete(p.s.EscalationPolicies, id)
	p.changed[id] = true
}

// finish reads again what turned out to have to be, and gives the result.
func (p *patch) finish(ctx context.Context) (*inventory.Snapshot, []string, error) {
	for _, id := range slices.Sorted(maps.Keys(p.again)) {
		members, err := p.c.TeamMembers(ctx, id)
		if err != nil {
			return nil, nil, vanished("the members of team", id, err)
		}
		if err := p.members(id, members); err != nil {
			return nil, nil, err
		}
	}
	if p.seats && len(p.s.Licenses) > 0 {
		licenses, err := p.c.licenses(ctx)
		if err != nil {
			return nil, nil, vanished("licenses", "", err)
		}
		one := inventory.Snapshot{Licenses: licenses}
		one.Normalize()
		p.s.Licenses = one.Licenses
	}
	return &p.s, slices.Sorted(maps.Keys(p.changed)), nil
}
