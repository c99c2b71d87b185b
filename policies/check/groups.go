package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

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

var duplicateGroups = Analyzer{
	Name: "duplicate-groups",
	Doc:  "groups that are declared twice",
	Run:  checkDuplicateGroups,
}

// checkDuplicateGroups warns of groups that are declared twice.
func checkDuplicateGroups(p *source.Pass) {
	for _, x := range statedIn(p).again {
		p.Besides(x.at, policies.Problem{Code: policies.CodeDuplicateGroup, Warning: true, About: aboutGroup(x.name), See: shortPlace(x.first),
			Found:    fmt.Sprintf("group %q declared a second time", x.name),
			Expected: fmt.Sprintf("one group rule a group; the first is at %s. Members may be added from anywhere", shortPlace(x.first))})
	}
}

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
					Expected: "groups without a way back; while there is one, nothing they reach is lowered"})
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
