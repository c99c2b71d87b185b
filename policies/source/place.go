package source

import "github.com/open-policy-agent/opa/v1/ast"

// Place is a place in a policy.
type Place struct {
	File        string
	Row, Column int
}

// PlaceOf is the place of a location of OPA's.
func PlaceOf(loc *ast.Location) Place { return Place{File: loc.File, Row: loc.Row, Column: loc.Col} }
