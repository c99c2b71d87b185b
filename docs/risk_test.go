package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies/packs"
)

// TestTheListOfRisksIsCurrent holds the table of docs/risk.md to the packs.
func TestTheListOfRisksIsCurrent(t *testing.T) {
	const begin, end = "<!-- rules: written by go test ./docs -update -->\n", "<!-- end of rules -->"
	content, err := os.ReadFile("risk.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(content), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("risk.md lacks the marks of the list")
	}
	var b strings.Builder
	for _, pack := range packs.Names() {
		fmt.Fprintf(&b, "\n### Pack `%s`\n\n| rule | severity | what it finds | CIS | SOC 2 | ISO 27001 |\n| --- | --- | --- | --- | --- | --- |\n", pack)
		for _, r := range packs.Rules() {
			if r.Pack == pack {
				fmt.Fprintf(&b, "| `%s` | %s | **%s.** %s | %s | %s | %s |\n", r.ID, r.Severity, r.Title, r.Why, r.Controls.CIS, r.Controls.SOC2, r.Controls.ISO27001)
			}
		}
	}
	want := before + begin + b.String() + "\n" + end + after
	if *update {
		if err := os.WriteFile("risk.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(content) {
		t.Error("the list of risk.md is not current: go test ./docs -update")
	}
}
