package compare

import (
	"cmp"
	"slices"

	"github.com/dutyward/dutyward/policies"
)

// ruleChanges are the rules that are written otherwise. One of the same name in the same
// file that is new takes the place of one that is gone.
func ruleChanges(before, after Said) []RuleChange {
	key := func(r policies.RuleText) [2]string { return [2]string{r.Origin.Package, r.Means} }
	m := moved(before.Rules, after.Rules, key)
	was, gives := elementsOf(before), elementsOf(after)
	changes := []RuleChange{}
	for _, r := range m.Begins {
		change := RuleChange{Change: RuleNew, Origin: r.Origin, Name: r.Name, Contract: r.Contract, Text: r.Text, Gives: gives[placeOf(r.Origin)]}
		same := func(old policies.RuleText) bool { return old.Name == r.Name && old.Origin.File == r.Origin.File }
		i := slices.IndexFunc(m.Ends, func(old policies.RuleText) bool { return same(old) && old.Text == r.Text })
		if i < 0 {
			i = slices.IndexFunc(m.Ends, same)
		}
		if i >= 0 {
			change.Change, change.Was = RuleChanged, was[placeOf(m.Ends[i].Origin)]
			m.Ends = slices.Delete(m.Ends, i, i+1)
		}
		changes = append(changes, change)
	}
	for _, r := range m.Ends {
		changes = append(changes, RuleChange{Change: RuleGone, Origin: r.Origin, Name: r.Name, Contract: r.Contract, Text: r.Text, Was: was[placeOf(r.Origin)]})
	}
	titles := titlesOf(after)
	for i, c := range changes {
		if c.Change != RuleGone {
			changes[i].Origin.Title = titles[placeOf(c.Origin)]
		}
	}
	slices.SortStableFunc(changes, func(a, b RuleChange) int {
		return cmp.Or(cmp.Compare(a.Origin.File, b.Origin.File), cmp.Compare(a.Origin.Line, b.Origin.Line))
	})
	return changes
}

// place is where a rule stands.
type place struct {
	file string
	line int
}

func placeOf(o policies.Origin) place { return place{o.File, o.Line} }

// elementsOf are how many elements each contract rule gave.
func elementsOf(s Said) map[place]int {
	n := map[place]int{}
	for _, st := range []*policies.Statements{s.Access, s.Risk} {
		if st == nil {
			continue
		}
		for _, c := range st.Counts {
			n[placeOf(c.Origin)] += c.Elements
		}
	}
	return n
}

// titlesOf are the titles of contract rules.
func titlesOf(s Said) map[place]string {
	titles := map[place]string{}
	for _, st := range []*policies.Statements{s.Access, s.Risk} {
		if st == nil {
			continue
		}
		for _, c := range st.Counts {
			titles[placeOf(c.Origin)] = c.Origin.Title
		}
	}
	return titles
}
