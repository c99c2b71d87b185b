// Package docs_test keeps the documents true to the code.
package docs_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of the documents anew")

var (
	testOfRule = regexp.MustCompile(`(?m)^func (Test(S\d+)_\w+)\(`)
	// testList is the mark of a rule's tests and the list that follows it.
	testList = regexp.MustCompile(`(?m)^<!-- tests (S\d+) -->\n((?:- .*\n)*)`)
)

// yetToCome are numbers that are given away for rules about parts that do not
// exist.
var yetToCome = map[string]bool{"S36": true, "S39": true}

func TestSemanticsNamesTheTestsThatHoldEachRule(t *testing.T) {
	page, err := os.ReadFile("semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsByRule(t)
	listed := map[string]bool{}
	want := testList.ReplaceAllStringFunc(string(page), func(part string) string {
		rule := testList.FindStringSubmatch(part)[1]
		listed[rule] = true
		return fmt.Sprintf("<!-- tests %s -->\n%s", rule, strings.Join(tests[rule], ""))
	})
	for n := 1; n <= 40; n++ {
		if rule := fmt.Sprintf("S%d", n); !listed[rule] && !yetToCome[rule] {
			t.Errorf("semantics.md has no list of tests for %s", rule)
		}
	}
	for rule := range tests {
		if !listed[rule] {
			t.Errorf("%v are about %s, which is no rule", tests[rule], rule)
		}
	}
	for section := range strings.SplitSeq(want, "\n### ") {
		rule, _, _ := strings.Cut(section, ":")
		binds := strings.Contains(strings.ToLower(strings.Join(strings.Fields(section), " ")), "binds as soon as")
		if listed[rule] && len(tests[rule]) == 0 && !binds {
			t.Errorf("no test holds %s, and it does not say what it waits for (\"binds as soon as …\")", rule)
		}
	}
	if *update {
		if err := os.WriteFile("semantics.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Error("the lists of tests in semantics.md are not current: go test ./docs -update")
	}
}

func TestSemanticsHasItsRulesInOrder(t *testing.T) {
	page, err := os.ReadFile("semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, m := range regexp.MustCompile(`(?m)^### S(\d+): \S`).FindAllStringSubmatch(string(page), -1) {
		n, _ := strconv.Atoi(m[1])
		if n <= last {
			t.Errorf("S%d comes behind S%d", n, last)
		}
		last = n
	}
}

// testsByRule lists the tests whose name begins with the number of a rule, as
// lines of the page.
func testsByRule(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	for file, source := range goFiles(t) {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range testOfRule.FindAllStringSubmatch(source, -1) {
			tests[m[2]] = append(tests[m[2]], fmt.Sprintf("- `%s` (%s)\n", m[1], filepath.ToSlash(filepath.Dir(file))))
		}
	}
	for _, list := range tests {
		slices.Sort(list)
	}
	return tests
}

// goFiles are the repository's Go files by path from its root.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		source, err := fs.ReadFile(root, path)
		files[path] = string(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
