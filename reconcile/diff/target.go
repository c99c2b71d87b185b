package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// target narrows the changes to those asked for, with what they need. The
// limits on lowerings have counted all of them before.
func (b *builder) target() {
	if len(b.in.Settings.Targets) == 0 {
		return
	}
	all := len(b.proposed)
	byID := map[string]plan.Change{}
	for _, c := range b.proposed {
		byID[c.ID] = c
	}
	wanted := map[string]bool{}
	var need func(c plan.Change) (lowering string)
	need = func(c plan.Change) string {
		for _, id := range c.Requires {
			other := byID[id]
			if other.Effect == plan.Lower && !b.targeted(other) {
				return id
			}
			if lowering := need(other); lowering != "" {
				return lowering
			}
		}
		return ""
	}
	var want func(c plan.Change)
	want = func(c plan.Change) {
		wanted[c.ID] = true
		for _, id := range c.Requires {
			want(byID[id])
		}
	}
	for _, c := range b.proposed {
		if !b.targeted(c) {
			continue
		}
		if lowering := need(c); lowering != "" {
			b.block(c, obstacle{plan.BlockedNotTargeted, "it needs " + b.describe(lowering) + ", a lowering that is not targeted", "target that as well"})
			continue
		}
		want(c)
	}
	for _, c := range b.proposed {
		if !wanted[c.ID] {
			b.untargeted = append(b.untargeted, c)
		}
	}
	b.proposed = slices.DeleteFunc(b.proposed, func(c plan.Change) bool { return !wanted[c.ID] })
	b.plan.Notices = append(b.plan.Notices, fmt.Sprintf("narrowed to %s: %d of %d changes",
		strings.Join(b.in.Settings.Targets, ", "), len(b.proposed), all))
}

// checkTargets errs where a target names nothing: a plan narrowed to a typing
// error would read as if there were nothing to do.
func checkTargets(s *inventory.Snapshot, targets []string) error {
	for _, t := range targets {
		kind, pattern, named := strings.Cut(t, ":")
		names := map[string]string{}
		switch {
		case t == string(inventory.KindAccount), !named && strings.Contains(t, "/"): // the latter is a change's key
			continue
		case inventory.Kind(kind) == inventory.KindUser:
			pattern = strings.ToLower(pattern)
			for id, u := range s.Users {
				names[id] = strings.ToLower(u.Email)
			}
		case inventory.Kind(kind) == inventory.KindTeam:
			for id, team := range s.Teams {
				names[id] = team.Name
			}
		case inventory.Kind(kind) == inventory.KindSchedule:
			for id, schedule := range s.Schedules {
				names[id] = schedule.Name
			}
		default:
			return fmt.Errorf("target %s: expected user:…, team:…, schedule:…, account or the key of a change", t)
		}
		matches := false
		for id, name := range names {
			matches = matches || plan.Matches(pattern, id, name)
		}
		if matches {
			continue
		}
		if near, ok := inventory.Nearest(pattern, slices.Sorted(maps.Values(names))); ok {
			return fmt.Errorf("target %s names nothing in the account; did you mean %s:%s?", t, kind, near)
		}
		return fmt.Errorf("target %s names nothing in the account", t)
	}
	return nil
}

// targeted says whether a target names a change: by its resource, its person or
// its key.
func (b *builder) targeted(c plan.Change) bool {
	return slices.ContainsFunc(b.in.Settings.Targets, func(t string) bool {
		if t == c.ID {
			return true
		}
		kind, pattern, _ := strings.Cut(t, ":")
		switch inventory.Kind(kind) {
		case inventory.KindUser:
			return plan.Matches(strings.ToLower(pattern), c.User, strings.ToLower(b.userName(c.User)))
		case c.Resource.Kind:
			return c.Kind == plan.BaseRole ||
				plan.Matches(pattern, c.Resource.ID, b.index.Name(c.Resource.Kind, c.Resource.ID))
		}
		return false
	})
}
