package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	pd "github.com/PagerDuty/go-pagerduty"
)

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
