package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

var unusedGroups = Analyzer{
	Name: "unused-groups",
	Doc:  "groups that nothing uses",
	Run:  checkUnusedGroups,
}

// checkUnusedGroups warns of groups that nothing refers to, in policies that grant
// something. A file that does not parse may use any of them.
func checkUnusedGroups(p *source.Pass) {
	s, read := statedIn(p), source.GroupsReadIn(p.Resolved, p.Files)
	if len(p.Modules.Broken) > 0 || s.unknown || len(s.grants) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.declared)) {
		e := s.declared[name]
		if s.used[name] || read.Any || read.Names[name] || e.Fields["name"].Term.Location == nil {
			continue
		}
		p.Besides(e.Fields["name"].Term.Location, policies.Problem{Code: policies.CodeUnusedGroup, Warning: true, About: aboutGroup(name),
			Found:    fmt.Sprintf("group %q, which nobody uses", name),
			Expected: fmt.Sprintf("a grant, member, limit or protection that names %q; or no such group", "group:"+name)})
	}
}
