package report_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/report"
)

// An annotation is one line, whatever a policy holds: what would end it, begin
// another command or another property is escaped as GitHub reads it back.
func TestAnnotationsOfGitHubAreEscaped(t *testing.T) {
	for name, tc := range map[string]struct {
		problem policies.Problem
		want    string
	}{
		"an error with a place": {
			policies.Problem{File: "a.rego", Line: 3, Column: 7, Found: `role "x"`, Expected: "another"},
			`::error file=a.rego,line=3,col=7,title=dutyward check::found role "x"; expected another`,
		},
		"a warning of a whole file": {
			policies.Problem{File: "a.yaml", Warning: true, Message: "odd"}, "::warning file=a.yaml,title=dutyward check::odd",
		},
		"of no file": {policies.Problem{Message: "odd"}, "::error title=dutyward check::odd"},
		"commas and colons in a file's name": {
			policies.Problem{File: "a,b:c.rego", Line: 1, Message: "odd"}, "::error file=a%2Cb%3Ac.rego,line=1,title=dutyward check::odd",
		},
		"commas and colons in a message stand": {
			policies.Problem{File: "a.rego", Message: "a, b: c"}, "::error file=a.rego,title=dutyward check::a, b: c",
		},
		"line breaks and another command": {
			policies.Problem{File: "a\n.rego", Message: "odd\r\n::error file=b.rego::c"},
			"::error file=a%0A.rego,title=dutyward check::odd%0D%0A::error file=b.rego::c",
		},
		"what looks escaped": {policies.Problem{File: "a%2C.rego", Message: "100%0A"}, "::error file=a%252C.rego,title=dutyward check::100%250A"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := report.ProblemsGitHub(&out, policies.Problems{tc.problem}, func(file string) string { return file }); err != nil {
				t.Fatal(err)
			}
			if got, _, _ := strings.Cut(out.String(), "\n"); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
