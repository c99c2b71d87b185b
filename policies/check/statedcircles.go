package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

var circularGrants = Analyzer{
	Name: "circular-grants",
	Doc:  "grants that follow from themselves",
	Run:  checkCircularGrants,
}

// follow is a grant as it stands: what it gives on a resource follows from a
// principal.
type follow struct {
	principal mention // a reference
	resource  string
}

// follow notes what the grants of a rule follow from. Where several principals
// and several resources are picked, which go together is not told apart here.
func (s *stated) follow(r *ast.Rule, e contract.Element) {
	principals, _ := texts(r.Body, e.Fields["principal"].Term)
	resources, _ := texts(r.Body, e.Fields["resource"].Term)
	if len(principals) > 1 && len(resources) > 1 {
		return
	}
	for _, principal := range principals {
		for _, resource := range resources {
			s.followed = append(s.followed, follow{mention{principal, e.Fields["principal"].Term}, resource})
		}
	}
}

// checkCircularGrants warns of grants that follow from themselves (S34): of a group of a team that
// is granted the team, of turns for whoever has turns, and through others. Who is on a
// team while on call has a reason to be there, and may have turns for another.
func checkCircularGrants(p *source.Pass) {
	s := statedIn(p)
	next := map[string][]string{}
	for _, f := range s.followed {
		for _, way := range s.ways(f.principal.name, nil) {
			if from := thingOf(way[0]); from == f.resource || !strings.HasPrefix(way[0], string(inventory.KindOnCall)+":") {
				next[from] = append(next[from], f.resource)
			}
		}
	}
	told := map[*ast.Location]bool{}
	for _, f := range s.followed {
		for _, way := range s.ways(f.principal.name, nil) {
			back := pathBetween(next, f.resource, thingOf(way[0]))
			loc := f.principal.term.Location
			if back == nil || !slices.Contains(next[thingOf(way[0])], f.resource) || loc == nil || told[loc] {
				continue
			}
			told[loc] = true
			path := append(back[:len(back)-1], way...)
			p.Besides(loc, policies.Problem{Code: policies.CodeCircularGrant, Warning: true, About: f.resource,
				Found: "a grant that follows from itself: " + strings.Join(append(path, f.resource), " → "),
				Expected: fmt.Sprintf("another rule that says who belongs on %s: this one neither puts anybody there nor keeps them",
					f.resource)})
		}
	}
}

// ways are the ways from the teams and schedules that a principal follows from, each
// with the groups it came through: "team:Payments", "group:core".
func (s *stated) ways(principal string, through []string) [][]string {
	group, isGroup := strings.CutPrefix(principal, "group:")
	if !isGroup {
		if thingOf(principal) == "" {
			return nil
		}
		return [][]string{append([]string{principal}, through...)}
	}
	if slices.Contains(through, principal) {
		return nil
	}
	var all [][]string
	for _, m := range s.within[group] {
		if all = append(all, s.ways(m, append([]string{principal}, through...))...); len(all) > 100 {
			break
		}
	}
	return all
}

// thingOf is the team or schedule that a principal stands for the people of; empty
// if it is none.
func thingOf(principal string) string {
	kind, name, _ := strings.Cut(principal, ":")
	switch inventory.Kind(kind) {
	case inventory.KindTeam, inventory.KindOnCall, inventory.KindRotation:
		return string(inventory.Kind(kind).Thing()) + ":" + name
	}
	return ""
}

// pathBetween is the shortest way from one thing to another, both included; nil if
// there is none.
func pathBetween(next map[string][]string, from, to string) []string {
	todo, seen := [][]string{{from}}, map[string]bool{from: true}
	for i := 0; i < len(todo); i++ {
		path := todo[i]
		last := path[len(path)-1]
		if last == to {
			return path
		}
		for _, n := range next[last] {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, append(slices.Clone(path), n))
			}
		}
	}
	return nil
}
