package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
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

// foldRows sums up rows: by rule, and then who gets less, more or the same with another
// end, by resource and role.
func (t *differenceText) foldRows(rows []row) {
	rules := map[string]int{}
	by := map[plan.Effect][]plan.Change{}
	for _, r := range rows {
		by[r.change.Effect] = append(by[r.change.Effect], r.change)
		for _, b := range r.change.By[:min(1, len(r.change.By))] {
			rules[Origin(policies.Origin{File: b.Origin.File, Line: b.Origin.Line, Title: b.Origin.Title, Owner: b.Origin.Owner})]++
		}
	}
	t.tally("By rule", rules)
	t.folded("Less", by[plan.Lower], lowerShown)
	t.folded("More", by[plan.Raise], raiseShown)
	t.folded("The same with another end", by[""], raiseShown)
}

// tally counts by a reason, the most frequent first.
func (t *differenceText) tally(head string, n map[string]int) {
	reasons := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], strings.Compare(a, b)) })
	t.line("  %s", t.mild(head))
	for _, reason := range reasons[:min(len(reasons), reasonsShown)] {
		t.line("    %d  %s", n[reason], reason)
	}
	if more := len(reasons) - reasonsShown; more > 0 {
		t.line("    and %s", count(more, "other", "others"))
	}
}

// foldConsequences sums up by what becomes of it and where, the most frequent first.
func (t *differenceText) foldConsequences() {
	at := map[string]map[string]int{}
	n := map[string]int{}
	for _, c := range t.diff.Consequences {
		said := handled(c.Then) + "; before: " + handled(c.Was)
		if at[said] == nil {
			at[said] = map[string]int{}
		}
		at[said][t.place(c.Resource, c.Layer)]++
		n[said]++
	}
	said := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(n[b]-n[a], strings.Compare(a, b)) })
	for _, what := range said[:min(len(said), raiseShown)] {
		var places []string
		for _, place := range slices.SortedFunc(maps.Keys(at[what]), t.comparePlaces) {
			places = append(places, fmt.Sprintf("%s (%d)", place, at[what][place]))
		}
		t.line("  %d  %s", n[what], what)
		t.some("      ", places)
	}
	if more := len(said) - raiseShown; more > 0 {
		t.line("  and %s", count(more, "other", "others"))
	}
}
