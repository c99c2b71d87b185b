package diff

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// What is blocked or held is not made, and nothing may count on it: other changes are
// made again without it, or wait for it (S16).

// fixes says that a change of a base role would take the person's roles on teams, or
// their turns, out of reach.
func fixes(c plan.Change) bool {
	return c.Kind == plan.BaseRole && inventory.FixedBaseRole(c.After) && c.After != c.Before
}

// noteUnmade notes whose base role stays as it is, since the plan can't change it or
// waits with it, and says whether that is news: all that counted on it is to be planned
// again. What a person narrowed the plan away from is no news: the narrower plan is a part
// of the whole one.
func (b *builder) noteUnmade(stays map[string]bool) bool {
	news := false
	note := func(c plan.Change) {
		if fixes(c) && !stays[c.User] {
			stays[c.User], news = true, true
		}
	}
	for _, x := range b.plan.Blocked {
		note(x.Change)
	}
	for _, x := range b.plan.Held {
		note(x.Change)
	}
	return news
}

// places are those that a limit of PagerDuty's leaves on teams, or to people, as a plan
// takes them up.
type places struct {
	taken map[string]int
	// freed are the keys of the changes that free one, by team or person.
	freed map[string][]string
}

func newPlaces() places { return places{map[string]int{}, map[string][]string{}} }

// free notes that a change frees a place.
func (p places) free(of, change string) { p.freed[of] = append(p.freed[of], change) }

// left says whether there is a place left, of so many where some are in use.
func (p places) left(of string, used, most int) bool {
	return used+p.taken[of] < most || len(p.freed[of]) > 0
}

// take takes a place that left says is there for a change, which waits for whoever
// leaves it.
func (p places) take(c *plan.Change, of string, used, most int) {
	if used+p.taken[of] < most {
		p.taken[of]++
		return
	}
	leaver := p.freed[of][0]
	p.freed[of] = p.freed[of][1:]
	if !slices.Contains(c.Requires, leaver) {
		c.Requires = append(c.Requires, leaver)
	}
}
