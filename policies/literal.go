package policies

import (
	"github.com/dutyward/dutyward/inventory"
)

// Reference is a literal argument of the library's team, schedule or user: a
// name that should resolve.
type Reference struct {
	Ref    inventory.Ref
	Origin Origin
}

// References are the names that the policies look up by literal arguments of
// the library's functions, in the order of their places.
func (s *Set) References() []Reference { return s.refs }
