package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
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

// overview counts the changes of a long plan by resource, role, rule and commit, above all
// details: what is to be approved fits on a screen.
func (t *planText) overview() {
	p := t.plan
	if changesIn(p) < longPlan {
		return
	}
	places, moves, rules, commits := tallies{}, tallies{}, tallies{}, tallies{}
	note := func(c plan.Change, add func(*counts)) {
		places.note(t.place(c.Resource, c.Layer), add)
		moves.note(moveIn(c), add)
		rules.note(firstRule(c), add)
		if t.commit != nil {
			commits.note(cmp.Or(t.commit(c), "no commit known"), add)
		}
	}
	for _, c := range p.Changes {
		note(c, func(n *counts) { n.due.Count(c) })
	}
	for _, c := range p.Unenforced {
		note(c, func(n *counts) { n.unenforced++ })
	}
	for _, x := range p.Blocked {
		note(x.Change, func(n *counts) { n.blocked++ })
	}
	for _, x := range p.Held {
		note(x.Change, func(n *counts) { n.held++ })
	}
	t.counted("resource", places)
	t.counted("role", moves)
	t.counted("rule", rules)
	t.counted("commit", commits)
}

// firstRule is the first rule that a change is from.
func firstRule(c plan.Change) string {
	if len(c.By) == 0 || c.After == inventory.None {
		return "no rule gives it"
	}
	by := c.By[0].Origin
	by.Source = "" // of one person
	return Origin(by)
}

// tallies are counts by what is counted.
type tallies map[string]*counts

func (all tallies) note(key string, add func(*counts)) {
	if all[key] == nil {
		all[key] = &counts{}
	}
	all[key].all++
	add(all[key])
}

// counts are how many changes there are, by what becomes of them.
type counts struct {
	all                       int
	due                       plan.Tally
	unenforced, blocked, held int
}

func (n *counts) add(other counts) {
	n.due.Add += other.due.Add
	n.due.Change += other.due.Change
	n.due.Remove += other.due.Remove
	n.unenforced += other.unenforced
	n.blocked += other.blocked
	n.held += other.held
}

func (n counts) String() string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{n.due.Add, "to add"}, {n.due.Change, "to change"}, {n.due.Remove, "to remove"},
		{n.unenforced, "not enforced"}, {n.blocked, "blocked"}, {n.held, "held"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	return strings.Join(parts, ", ")
}

// counted writes counts, the most first.
func (t *planText) counted(by string, all tallies) {
	if len(all) == 0 {
		return
	}
	t.head("In all, by %s (%d)", by, len(all))
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(all[b].all-all[a].all, t.order.Compare(a, b)) })
	shown := keys[:min(len(keys), overviewShown)]
	width := widest(shown, cmp.Or(t.wide, 160)*5/8)
	for _, key := range shown {
		t.line("  %s  %s", pad(key, width), all[key])
	}
	if more := len(keys) - len(shown); more > 0 {
		var rest counts
		for _, key := range keys[overviewShown:] {
			rest.add(*all[key])
		}
		t.line("  and %d more: %s", more, rest)
	}
}
