package eval

import "github.com/dutyward/dutyward/policies"

// ReadsGroup says whether policies read the members of a group of that name, as
// input.groups.NAME or by a name that they compute. Going over all groups is no
// use of any.
func (s *Set) ReadsGroup(name string) bool { return s.groupsRead.Any || s.groupsRead.Names[name] }

// References are the names that the policies look up by literal arguments of
// the library's functions, in the order of their places.
func (s *Set) References() []policies.Reference { return s.refs }

// Provenance says where the policies are from, root by root.
func (s *Set) Provenance() []policies.Provenance {
	if s.provenance == nil {
		return []policies.Provenance{}
	}
	return s.provenance
}
