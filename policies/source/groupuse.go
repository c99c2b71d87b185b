package source

import "github.com/open-policy-agent/opa/v1/ast"

// GroupsRead are the groups whose members policies read.
type GroupsRead struct {
	Names map[string]bool
	// Any says that some name is computed.
	Any bool
}

var inputGroups = ast.MustParseRef("input.groups")

// GroupsReadIn are the groups that policies read, tests apart.
func GroupsReadIn(resolved map[string]*ast.Module, files []*File) GroupsRead {
	read := GroupsRead{Names: map[string]bool{}}
	for _, f := range files {
		m := resolved[f.Name]
		if m == nil || f.IsTest() {
			continue
		}
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if !ref.HasPrefix(inputGroups) || len(ref) == len(inputGroups) {
				return false
			}
			switch key := ref[len(inputGroups)].Value.(type) {
			case ast.String:
				read.Names[string(key)] = true
			case ast.Var:
				read.Any = read.Any || !key.IsWildcard() && !key.IsGenerated()
			default:
				read.Any = true
			}
			return false
		})
	}
	return read
}
