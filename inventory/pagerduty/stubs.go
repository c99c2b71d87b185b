package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// checkPeople asks for each person on a schedule or escalation policy who is not in
// the list of users: deleted people stay there as stubs, and somebody may have been
// added while the account was read. Who can't be told makes the snapshot incomplete,
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
