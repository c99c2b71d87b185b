package eval

import (
	"cmp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// statement is an element as what it says. Those of equal keys say the same;
// the source belongs to the origin.
type statement struct {
	key    string
	source string
	// says is a Grant, Group, … without its origins.
	says any
}

func compareStatements(a, b statement) int {
	return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.source, b.source))
}

// maxBad is how many bad elements of one rule are told one by one.
const maxBad = 5

// abbreviated is a term as messages show it.
func abbreviated(t *ast.Term) string {
	text := t.String()
	if len(text) > 160 {
		return strings.ToValidUTF8(text[:157], "") + "…"
	}
	return text
}
