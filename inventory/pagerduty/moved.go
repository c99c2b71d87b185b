package pagerduty

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
)

// Moved reads single things again and says which are not as a snapshot has them,
// with how they differ, by id. Of people it compares all but license and team
// roles; of teams their members.
func (c *Client) Moved(ctx context.Context, base *inventory.Snapshot, a inventory.Aged) (map[string]string, error) {
	moved := map[string]string{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.o.Concurrency)
	for ids, look := range map[*[]string]func(context.Context, *inventory.Snapshot, string) (string, error){
		&a.Users: c.userMoved, &a.Policies: c.policyMoved, &a.Schedules: c.scheduleMoved, &a.Teams: c.membersMoved,
	} {
		for _, id := range *ids {
			group.Go(func() error {
				how, err := look(ctx, base, id)
				if status(err) == http.StatusNotFound {
					how, err = "it is not there any more", nil
				}
				if how != "" {
					mu.Lock()
					defer mu.Unlock()
					moved[id] = how
				}
				return err
			})
		}
	}
	return moved, group.Wait()
}

func (c *Client) userMoved(ctx context.Context, base *inventory.Snapshot, id string) (string, error) {
	w, err := c.user(ctx, id)
	if err != nil {
		return "", err
	}
	was, is := base.Users[id], w.inventory()
	one := inventory.Snapshot{Users: map[string]inventory.User{id: is}}
	one.Normalize()
	is = one.Users[id]
	is.Teams, is.License = was.Teams, was.License
	if w.deleted() || !reflect.DeepEqual(is, was) {
		return was.Email + " is not as they were read", nil
	}
	on := map[string]bool{}
	for _, t := range w.Teams {
		team, known := base.Teams[t.ID]
		if !known {
			continue // no name of the policies' means it yet
		}
		on[t.ID] = true
		if name := strings.TrimSpace(t.Summary); name != "" && name != team.Name {
			return fmt.Sprintf("the team %s is called %s now", team.Name, name), nil
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(on)), slices.Sorted(maps.Keys(was.Teams))) {
		return was.Email + " is on other teams than before", nil
	}
	return "", nil
}

func (c *Client) policyMoved(ctx context.Context, base *inventory.Snapshot, id string) (string, error) {
	w, _, err := getOne[wirePolicy](ctx, c, "/escalation_policies/{}", id, policyQuery, "escalation_policy")
	if err != nil {
		return "", err
	}
	p, err := w.inventory()
	if err != nil {
		return "", err
	}
	one := inventory.Snapshot{EscalationPolicies: map[string]inventory.EscalationPolicy{id: p}}
	one.Normalize()
	is, was := one.EscalationPolicies[id], base.EscalationPolicies[id]
	if is.Name != was.Name || !reflect.DeepEqual(is.Rules, was.Rules) {
		return fmt.Sprintf("the escalation policy %s has another name or other levels", was.Name), nil
	}
	return "", nil
}

func (c *Client) scheduleMoved(ctx context.Context, base *inventory.Snapshot, id string) (string, error) {
	is, err := c.Schedule(ctx, id, base.Account.Window)
	if err != nil {
		return "", err
	}
	if was := base.Schedules[id]; !sameSchedule(normalized(is), was) {
		return fmt.Sprintf("the schedule %s is not as it was read", was.Name), nil
	}
	return "", nil
}

func (c *Client) membersMoved(ctx context.Context, base *inventory.Snapshot, id string) (string, error) {
	is, err := c.TeamMembers(ctx, id)
	if err != nil {
		return "", err
	}
	if was := base.Teams[id]; !maps.Equal(is, was.Members) {
		return fmt.Sprintf("the team %s has other members, or others in their roles", was.Name), nil
	}
	return "", nil
}
