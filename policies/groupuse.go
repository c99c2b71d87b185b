package policies

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// ReadsGroup says whether policies read the members of a group of that name, as
// input.groups.NAME or by a name that they compute. Going over all groups is no
// use of any.
func (s *Set) ReadsGroup(name string) bool { return s.groupsRead.any || s.groupsRead.names[name] }

// groupsRead are the groups whose members policies read.
type groupsRead struct {
	names map[string]bool
	// any says that some name is computed.
	any bool
}

var inputGroups = ast.MustParseRef("input.groups")

func groupsReadIn(resolved map[string]*ast.Module, files []*file) groupsRead {
	read := groupsRead{names: map[string]bool{}}
	for _, f := range files {
		m := resolved[f.name]
		if m == nil || f.isTest() {
			continue
		}
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if !ref.HasPrefix(inputGroups) || len(ref) == len(inputGroups) {
				return false
			}
			switch key := ref[len(inputGroups)].Value.(type) {
			case ast.String:
				read.names[string(key)] = true
			case ast.Var:
				read.any = read.any || !key.IsWildcard() && !key.IsGenerated()
			default:
				read.any = true
			}
			return false
		})
	}
	return read
}
