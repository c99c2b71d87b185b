package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies/source"
)

func TestTheLibrarysPageIsItsMetadata(t *testing.T) {
	functions, err := source.LibraryFunctions()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("<!-- Made from the library's METADATA by `go test ./docs -update`: edit it there. -->\n\n# The library\n\n" +
		"`import data.dutyward` in a policy, `import data.dutyward.fixture` in a test. `dutyward library` says the same.\n")
	for _, f := range functions {
		if f.Title == "" || f.Description == "" {
			t.Errorf("%s has no title or no description", f.Name)
		}
		fmt.Fprintf(&b, "\n## `%s`\n\n%s. %s\n", f.Signature, f.Title, f.Description)
	}
	const page = "reference/library.md"
	if *update {
		write(t, page, b.String())
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is not what the library says: go test ./docs -update", page)
	}
}
