package check

import (
	"fmt"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

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
