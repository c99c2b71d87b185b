package policies

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

func checkContract(m *modules, r *report)                {}
func checkBuiltins(m *modules, r *report)                {}
func checkReferences(m *modules, d documents, r *report) {}
func literalReferences(m *modules) []Reference           { return nil }
func capabilities() *ast.Capabilities                    { return ast.CapabilitiesForThisVersion() }
