package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What ages does not lower (S35). A round that read in part knows who is on call
// now, and builds on an older reading for the rest. It lowers a pair only if all
// that this follows from is fresh or was looked at again:
//
//	whoever would be lowered       looked at again: base role, address, ways to
//	                               be reached, teams and what these are called
//	shifts, levels of escalation   fresh where they were read or compared with
//	policies, who takes turns      /oncalls for this round, else looked at again
//	a team's members               as far as the person goes: by their own teams;
//	                               all of them where a group keeps whoever was last
//	what rules read of the         never fresh: full refreshes alone tell
//	account in their own words
//
// A lowering for which that can't be had, or which it speaks against, waits for a
// full refresh, which is due at once. Raises don't wait.

// mostLooks is how many single things are looked at again at most: beyond that a
// full refresh is no dearer.
const mostLooks = 25

// looker looks at single things again; inventory/pagerduty's client does.
type looker interface {
	Moved(ctx context.Context, base *inventory.Snapshot, a inventory.Aged) (map[string]string, error)
}

// fresh is the part of a plan that follows from what is fresh. What has to wait
// is noted, with the reason.
func (r *round) fresh(ctx context.Context, set reconcile.Policies, result *reconcile.Result) (*plan.Plan, error) {
	if r.full() {
		return result.Plan, nil
	}
	grounds := map[string]inventory.Aged{} // by the key of a lowering
	var all inventory.Aged
	for _, c := range result.Plan.Changes {
		if c.Effect == plan.Lower {
			grounds[c.ID] = r.follows(result, c)
			all = unite(all, grounds[c.ID])
		}
	}
	if len(grounds) == 0 {
		return result.Plan, nil
	}
	moved, why := r.look(ctx, set, all)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	waits := map[string]bool{}
	for key, g := range grounds {
		for _, id := range slices.Concat(g.Users, g.Policies, g.Schedules, g.Teams) {
			if how := moved[id]; how != "" {
				waits[key], r.waits = true, how
			}
		}
		if why != "" {
			waits[key], r.waits = true, why
		}
	}
	return withoutWaiting(result.Plan, waits), nil
}

// follows is what a lowering follows from and was not read for this round.
func (r *round) follows(result *reconcile.Result, c plan.Change) inventory.Aged {
	a := inventory.Aged{Users: []string{c.User}}
	facts := result.Expansion.Facts(c.Resource)
	for id := range facts.Shifts {
		if !r.read.refreshed.Knows(id, c.User) {
			a.Schedules = append(a.Schedules, id)
		}
	}
	for id := range facts.Rotations {
		if !r.read.refreshed.Read(id) {
			a.Schedules = append(a.Schedules, id)
		}
	}
	if c.Kind.OnSchedule() && !r.read.refreshed.Read(c.Resource.ID) {
		a.Schedules = append(a.Schedules, c.Resource.ID)
	}
	for id := range facts.Policies {
		if !r.read.refreshed.KnowsPolicy(id) {
			a.Policies = append(a.Policies, id)
		}
	}
	if keepsLast(result.Statements) {
		a.Teams = slices.Sorted(maps.Keys(facts.Teams))
	}
	return a
}

// keepsLast says that a group keeps whoever was in it last: then who is in it
// follows from everybody who might be.
func keepsLast(s *policies.Statements) bool {
	return slices.ContainsFunc(s.Members, func(m policies.Member) bool { return m.WhenEmpty == policies.KeepLast })
}

// look looks at what aged, and says how it moved, or why nobody can tell.
func (r *round) look(ctx context.Context, set reconcile.Policies, a inventory.Aged) (moved map[string]string, why string) {
	looks, able := r.d.Refresher.(looker)
	switch facts := set.Facts(); {
	case len(facts) > 0:
		return nil, fmt.Sprintf("the policies read %s of the account, which only a full refresh brings up to date", strings.Join(facts, ", "))
	case !able:
		return nil, "what has aged can't be looked at again"
	case a.Count() > mostLooks:
		return nil, fmt.Sprintf("%d things would have to be looked at again", a.Count())
	}
	moved, err := looks.Moved(inventory.Urgent(ctx), r.read.snapshot, a)
	if err != nil {
		return nil, err.Error()
	}
	return moved, ""
}

func unite(a, b inventory.Aged) inventory.Aged {
	both := func(a, b []string) []string {
		all := slices.Concat(a, b)
		slices.Sort(all)
		return slices.Compact(all)
	}
	return inventory.Aged{
		Users: both(a.Users, b.Users), Policies: both(a.Policies, b.Policies),
		Schedules: both(a.Schedules, b.Schedules), Teams: both(a.Teams, b.Teams),
	}
}

// withoutWaiting is a plan without the changes that wait, those that need them to
// be made before, and the rest of the edits that they are part of.
func withoutWaiting(p *plan.Plan, waits map[string]bool) *plan.Plan {
	if len(waits) == 0 {
		return p
	}
	for before := 0; before != len(waits); {
		before = len(waits)
		for _, e := range p.Edits {
			if slices.ContainsFunc(e.Changes, func(key string) bool { return waits[key] }) {
				for _, key := range e.Changes {
					waits[key] = true
				}
			}
		}
		for _, c := range p.Changes {
			if slices.ContainsFunc(c.Requires, func(key string) bool { return waits[key] }) {
				waits[c.ID] = true
			}
		}
	}
	left := *p
	left.Changes = slices.DeleteFunc(slices.Clone(p.Changes), func(c plan.Change) bool { return waits[c.ID] })
	left.Edits = slices.DeleteFunc(slices.Clone(p.Edits), func(e plan.Edit) bool {
		return slices.ContainsFunc(e.Changes, func(key string) bool { return waits[key] })
	})
	left.Count()
	return &left
}
