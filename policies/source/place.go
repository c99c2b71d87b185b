package source

import "github.com/open-policy-agent/opa/v1/ast"

type Place struct {
	File        string
	Row, Column int
}

func PlaceOf(loc *ast.Location) Place { return Place{File: loc.File, Row: loc.Row, Column: loc.Col} }
