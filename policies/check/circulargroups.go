package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

var circularGroups = Analyzer{
	Name: "circular-groups",
	Doc:  "groups that are in themselves",
	Run:  checkCircularGroups,
}

// checkCircularGroups warns of groups that are in themselves, once a circle.
func checkCircularGroups(p *source.Pass) {
	s := statedIn(p)
	done := map[string]bool{}
	var path []string
	var visit func(m mention)
	visit = func(m mention) {
		if i := slices.Index(path, m.name); i >= 0 {
			circle := append(slices.Clone(path[i:]), m.name)
			if m.term != nil && m.term.Location != nil {
				p.Besides(m.term.Location, policies.Problem{Code: policies.CodeCircularGroups, Warning: true, About: aboutGroup(slices.Min(circle)),
					Found:    "groups that nest in a circle: " + strings.Join(circle, " → "),
					Expected: "groups without a way back; while there is one, nothing is lowered that they reach"})
			}
			return
		}
		if done[m.name] {
			return
		}
		path = append(path, m.name)
		for _, next := range s.nested[m.name] {
			visit(next)
		}
		path = path[:len(path)-1]
		done[m.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.nested)) {
		visit(mention{name: name})
	}
}
