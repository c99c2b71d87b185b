package contract

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/policies"
	"github.com/open-policy-agent/opa/v1/ast"
)

// NotAnObject is the complaint about an element that has no fields.
func NotAnObject(c *ContractRule, term *ast.Term, typ string) Complaint {
	return Complaint{Code: codeNotAnObject, Term: term,
		Found:    fmt.Sprintf("%s %s as an element of %s", policies.Article(typ), typ, c.Name),
		Expected: "an object with " + c.shape()}
}

// shortened is a text without its middle, if it is long.
func shortened(text string) string {
	const most = 240
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + "…" + strings.ToValidUTF8(text[len(text)-most/2:], "")
}
