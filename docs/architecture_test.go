package docs_test

import (
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dutyward/dutyward/"

// house is the order of the packages: each may import those before it.
var house = []string{"inventory", "policies", "reconcile", "cmd"}

// pure packages reach for nothing outside: no network, no files, no processes.
var pure = []string{"inventory", "inventory/oncall", "policies/desired", "reconcile/plan"}

func TestImportsGoInOneDirection(t *testing.T) {
	for _, i := range imports(t) {
		to, own := strings.CutPrefix(i.path, module)
		from, known := place(i.file)
		if !own || !known {
			continue
		}
		if there, known := place(to); known && there > from {
			t.Errorf("%s imports %s: the direction is cmd → reconcile → policies → inventory", i.file, to)
		}
	}
}

func TestThePureCoreReachesForNothingOutside(t *testing.T) {
	outside := []string{"net", "net/http", "os", "os/exec", "database/sql", "log", "log/slog"}
	for _, i := range imports(t) {
		for _, p := range pure {
			for _, o := range outside {
				if path.Dir(i.file) == p && i.path == o {
					t.Errorf("%s imports %s: %s is pure", i.file, o, p)
				}
			}
		}
	}
}

func TestOnlyOnePackageSpeaksToPagerDuty(t *testing.T) {
	for _, i := range imports(t) {
		if strings.HasPrefix(i.path, "github.com/PagerDuty/") && path.Dir(i.file) != "inventory/pagerduty" {
			t.Errorf("%s imports %s: that is inventory/pagerduty's", i.file, i.path)
		}
	}
}

type imported struct{ file, path string }

// imports are the imports of all files but tests.
func imports(t *testing.T) []imported {
	t.Helper()
	var list []imported
	for file, source := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || !strings.Contains(file, "/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, imported{file, p})
		}
	}
	if len(list) == 0 {
		t.Fatal("no imports found")
	}
	return list
}

// place is where in the house a file or package belongs.
func place(p string) (int, bool) {
	first, _, _ := strings.Cut(p, "/")
	for i, name := range house {
		if name == first {
			return i, true
		}
	}
	return 0, false
}
