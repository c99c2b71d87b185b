package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Counted is a number with its noun.
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

const (
	// longPlan is from how many changes on a plan begins with what they are in all.
	longPlan = 60
	// overviewShown bounds the resources and the rules there.
	overviewShown = 15
)

// overview counts the changes of a long plan by resource and by rule, above all details:
// what is to be approved fits on a screen.
func (t *planText) overview() {
	p := t.plan
	places, rules := map[string]*counts{}, map[string]*counts{}
	note := func(c plan.Change, add func(*counts)) {
		into := func(all map[string]*counts, key string) {
			if all[key] == nil {
				all[key] = &counts{}
			}
			all[key].all++
			add(all[key])
		}
		into(places, t.place(c.Resource, c.Layer))
		rule := "no rule gives it"
		if len(c.By) > 0 {
			by := c.By[0].Origin
			by.Source = "" // of one person
			rule = Origin(by)
		}
		into(rules, rule)
	}
	for _, c := range p.Changes {
		note(c, func(n *counts) { n.due.Count(c) })
	}
	for _, c := range p.Observed {
		note(c, func(n *counts) { n.observed++ })
	}
	for _, x := range p.Blocked {
		note(x.Change, func(n *counts) { n.blocked++ })
	}
	for _, x := range p.Held {
		note(x.Change, func(n *counts) { n.held++ })
	}
	if total := len(p.Changes) + len(p.Observed) + len(p.Blocked) + len(p.Held); total < longPlan {
		return
	}
	t.head("In all, by resource (%d)", len(places))
	t.counted(places)
	t.head("In all, by rule (%d)", len(rules))
	t.counted(rules)
}

// counts are how many changes there are, by what becomes of them.
type counts struct {
	all                     int
	due                     plan.Tally
	observed, blocked, held int
}

func (n counts) String() string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{n.due.Add, "to add"}, {n.due.Change, "to change"}, {n.due.Remove, "to remove"},
		{n.observed, "observed only"}, {n.blocked, "blocked"}, {n.held, "held"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return strings.Join(parts, ", ")
}

// counted writes counts, the most first.
func (t *planText) counted(all map[string]*counts) {
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(all[b].all-all[a].all, strings.Compare(a, b)) })
	shown := keys[:min(len(keys), overviewShown)]
	width := widest(shown, 60)
	for _, key := range shown {
		t.line("  %s  %s", pad(key, width), all[key])
	}
	if more := len(keys) - len(shown); more > 0 {
		t.line("  and %d more, below", more)
	}
}
