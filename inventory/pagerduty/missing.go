package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"
)

// checkPeople asks for each person on a schedule or escalation policy who is not in
// the list of users: deleted people stay there as stubs, and somebody may have been
// added while the account was read. Who can't be known makes the snapshot incomplete,
// for without an account everything of theirs would count as nobody's.
func (r *reading) checkPeople(ctx context.Context) {
	if len(r.users) == 0 || r.missing("users") || ctx.Err() != nil {
		return
	}
	listed := r.userList().index(r.users)
	strangers := slices.DeleteFunc(r.peopleOnCall(), func(id string) bool { return listed[id] || r.deleted[id] })
	if len(strangers) > maxAsked {
		r.miss(ctx, "people on schedules", fmt.Errorf("%d people on schedules and escalation policies are not among the users", len(strangers)))
		return
	}
	for _, id := range strangers {
		u, err := r.c.user(ctx, id)
		switch {
		case status(err) == http.StatusNotFound, err == nil && u.deleted():
			r.deleted[id] = true
		case err != nil:
			r.miss(ctx, "user "+id, err)
		default:
			r.users = append(r.users, u)
		}
	}
}

// peopleOnCall are the ids of all whom schedules, escalation policies and on-calls
// name, sorted.
func (r *reading) peopleOnCall() []string {
	var ids []string
	add := func(users ...*string) {
		for _, u := range users {
			if u != nil && *u != "" {
				ids = append(ids, *u)
			}
		}
	}
	for _, s := range r.s.Schedules {
		for _, l := range s.Layers {
			ids = append(ids, l.Users...)
		}
		for _, rotation := range s.Rotations {
			for _, e := range rotation.Events {
				add(e.Assignment.Members...)
			}
		}
		for _, c := range s.CustomShifts {
			add(c.User)
		}
		for _, o := range s.Overrides {
			add(o.User, o.Replaces)
		}
		for _, shift := range s.Shifts {
			ids = append(ids, shift.User)
		}
	}
	for _, p := range r.s.EscalationPolicies {
		for _, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "user" {
					ids = append(ids, t.ID)
				}
			}
		}
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
}

// checkMentions looks for teams and escalation policies that other parts mention
// and the lists lack. One that is there on its own id says that its list is not
// whole, though it answered and its count was right; one that is not was deleted,
// or is not for this token.
func (r *reading) checkMentions(ctx context.Context) {
	teams, policies := map[string]bool{}, map[string]bool{}
	for _, u := range r.users {
		mention(teams, u.Teams)
	}
	for _, s := range r.s.Schedules {
		for _, id := range s.Teams {
			teams[id] = true
		}
		for _, id := range s.EscalationPolicies {
			policies[id] = true
		}
	}
	maps.DeleteFunc(teams, func(id string, _ bool) bool { _, listed := r.s.Teams[id]; return listed })
	maps.DeleteFunc(policies, func(id string, _ bool) bool { _, listed := r.s.EscalationPolicies[id]; return listed })
	r.checkMentioned(ctx, "teams", "/teams/{}", teams)
	r.checkMentioned(ctx, "escalation policies", "/escalation_policies/{}", policies)
}

func mention(ids map[string]bool, refs []pd.APIObject) {
	for _, ref := range refs {
		ids[ref.ID] = true
	}
}

// checkMentioned asks for what a list lacks, up to the first that is there.
func (r *reading) checkMentioned(ctx context.Context, what, pattern string, lacking map[string]bool) {
	if len(lacking) == 0 || r.missing(what) || ctx.Err() != nil {
		return
	}
	for i, id := range slices.Sorted(maps.Keys(lacking)) {
		if i == maxAsked {
			return
		}
		if _, err := r.c.get(ctx, pattern, []string{id}, nil, &struct{}{}); err == nil {
			r.miss(ctx, what, fmt.Errorf("the list lacks #%s, which is there on its own id", id))
			return
		}
	}
}

// checkOnCalls finds a list of on-calls that says nothing at all where people
// stand on escalation policies in person, who are always on call.
func (r *reading) checkOnCalls(ctx context.Context) {
	if len(r.s.OnCalls) > 0 || r.missing("on-calls") {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(r.s.EscalationPolicies)) {
		p := r.s.EscalationPolicies[id]
		for _, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "user" && !r.deleted[t.ID] {
					r.miss(ctx, "on-calls", errors.New("the list is empty, though somebody is always on call by the escalation policy "+p.Name))
					return
				}
			}
		}
	}
}

// readSought asks for each schedule that must be somewhere and is in neither
// list. PagerDuty leaves out of /v3/schedules what the token can't read, so
// only a 404 on a schedule's own id says that it is gone; any other answer
// makes it missing. Where a list itself could not be read nothing is sought: the
// snapshot is incomplete as it is, and each schedule would be a request.
func (r *reading) readSought(ctx context.Context) {
	if r.missing(layerBased) || r.missing(shiftBased) {
		return
	}
	sought := map[string]string{}
	for _, id := range r.o.Schedules {
		sought[id] = "mentioned before"
	}
	for _, p := range r.s.EscalationPolicies {
		for _, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "schedule" && (sought[t.ID] == "" || p.Name < sought[t.ID]) {
					sought[t.ID] = p.Name
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sought)) {
		if _, found := r.s.Schedules[id]; found || r.missing("schedule "+id) {
			continue
		}
		if err := r.readOne(ctx, id); err != nil {
			r.miss(ctx, "schedule "+id, fmt.Errorf("in neither list of schedules (%s), and not readable on its own id: %w", mentionedBy(sought[id]), err))
		}
	}
}

func mentionedBy(by string) string {
	if by == "mentioned before" {
		return by
	}
	return "target of escalation policy " + by
}

// readOne reads a schedule of unknown kind on its own id; nil also if PagerDuty
// says that it is gone.
func (r *reading) readOne(ctx context.Context, id string) error {
	s, _, err := r.c.layered(ctx, id, r.s.Account.Window)
	switch {
	case err == nil:
		r.addLayered(ctx, s)
		return nil
	case status(err) != http.StatusNotFound && !saysShiftBased(err):
		return err
	}
	notLayered := err
	err = r.addShiftBased(ctx, id)
	if status(err) == http.StatusNotFound && status(notLayered) == http.StatusNotFound {
		return nil
	}
	return err
}

// saysShiftBased matches the 400 of a v2 read of a shift-based schedule. The
// exact text is not known; that of the reverse speaks of the "v2 Schedules API".
// Source: pagerduty-mcp-server.
func saysShiftBased(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return false
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Errors, " "))
	return strings.Contains(said, "v3") || strings.Contains(said, "shift-based")
}
