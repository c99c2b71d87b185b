package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

var undeclaredGroups = Analyzer{
	Name: "undeclared-groups",
	Doc:  "groups that no rule declares",
	Run:  checkUndeclaredGroups,
}

// checkUndeclaredGroups warns of groups that no group rule declares, once some are. A
// file that does not parse may declare any of them.
func checkUndeclaredGroups(p *source.Pass) {
	s := statedIn(p)
	if len(p.Modules.Broken) > 0 || s.computed || len(s.declared) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(s.declared))
	for _, x := range s.mentions {
		if _, ok := s.declared[x.name]; ok || x.term == nil || x.term.Location == nil {
			continue
		}
		problem := policies.Problem{Code: policies.CodeUndeclaredGroup, Warning: true, About: aboutGroup(x.name), Found: fmt.Sprintf("group %q, which no group rule declares", x.name),
			Expected: fmt.Sprintf("a rule such as group contains {\"name\": %q}; until then nothing is done for it and nothing is lowered", x.name)}
		if near, ok := policies.Nearest(x.name, names); ok {
			problem.Suggestion = strconv.Quote(near)
		}
		p.Besides(x.term.Location, problem)
	}
}
