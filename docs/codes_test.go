package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/reconcile"
)

// coded are the types whose values say something to people and must have a code, by
// the rooms whose texts have codes.
var coded = []string{"Problem", "Notice", "Unknown", "Complaint", "Failure", "Held", "Blocked", "Extra", "Implied", "Protected"}

// TestNothingIsSaidWithoutACode looks at all values that are written out.
func TestNothingIsSaidWithoutACode(t *testing.T) {
	eachFile(t, func(name string, f *ast.File, fset *token.FileSet) {
		if !strings.HasPrefix(name, "policies/") && !strings.HasPrefix(name, "reconcile/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || len(lit.Elts) == 0 || !slices.Contains(coded, typeNameOf(lit.Type)) {
				return true
			}
			if !slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool { return isKey(e, "Code") }) {
				t.Errorf("%s: %s without a Code", fset.Position(lit.Pos()), typeNameOf(lit.Type))
			}
			return true
		})
	})
}

// TestEachCodeHasAPageAndIsSaid holds the constants, the pages and the places that say
// them together.
func TestEachCodeHasAPageAndIsSaid(t *testing.T) {
	declared, said := map[string]string{}, map[string]int{} // both by "directory.Name"
	eachFile(t, func(name string, f *ast.File, fset *token.FileSet) {
		own := map[*ast.Ident]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if sel, ok := n.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Code" && len(n.Values) == 1 {
					text, _ := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					declared[path.Dir(name)+"."+n.Names[0].Name] = text
					own[n.Names[0]] = true
				}
			case *ast.CompositeLit: // a page is no place that says it
				if i := slices.IndexFunc(n.Elts, func(e ast.Expr) bool { return isKey(e, "Code") }); i >= 0 && slices.ContainsFunc(n.Elts, func(e ast.Expr) bool { return isKey(e, "Means") }) {
					if id, ok := n.Elts[i].(*ast.KeyValueExpr).Value.(*ast.Ident); ok {
						own[id] = true
					}
				}
			case *ast.Ident:
				if !own[n] {
					said[n.Name]++
				}
			}
			return true
		})
	})
	pages := reconcile.Pages()
	for name, c := range declared {
		if !slices.Contains(pages.Codes(), c) {
			t.Errorf("%s, %s, has no page", c, name)
		}
		if _, short, _ := strings.Cut(name, "."); said[short] == 0 {
			t.Errorf("nothing says %s, %s", c, name)
		}
	}
	form := regexp.MustCompile(`^[a-z]+/[a-z]+(-[a-z]+)*$`)
	for i, p := range pages {
		if !form.MatchString(string(p.Code)) {
			t.Errorf("%s: not category/name", p.Code)
		}
		if i > 0 && pages[i-1].Code == p.Code {
			t.Errorf("%s has two pages", p.Code)
		}
		for part, text := range map[string]string{"title": p.Title, "meaning": p.Means, "reason": p.Why, "remedy": p.Do, "example": p.Example} {
			if text == "" {
				t.Errorf("%s has no %s", p.Code, part)
			}
		}
	}
	if len(pages) != len(declared) {
		t.Errorf("%d pages of %d codes", len(pages), len(declared))
	}
}

// worded are the files that go by the words of others, who have no codes: OPA, the parser
// of YAML, the judge of the simulator, and Go's own packages.
var worded = []string{
	"policies/source/compile.go", "policies/source/data.go", "policies/source/parse.go", "policies/check/forms/variable.go",
	"policies/eval/failure.go", "inventory/jsonfault.go",
	"inventory/pagerdutysim/contract/exception.go", "inventory/pagerdutysim/contract/violation.go", "cmd/internal/config/load.go",
	"reconcile/report/tests.go",
}

// TestNothingGoesByASentence looks at what asks for parts of a text that is for people.
func TestNothingGoesByASentence(t *testing.T) {
	said := []string{"Message", "Why", "Reason", "Error", "Sentence"}
	asks := []string{"Contains", "HasPrefix", "HasSuffix", "Index", "EqualFold", "CutPrefix", "CutSuffix", "MatchString", "FindStringSubmatch"}
	eachFile(t, func(name string, f *ast.File, fset *token.FileSet) {
		if slices.Contains(worded, name) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(asks, fun.Sel.Name) {
				return true
			}
			if x, ok := fun.X.(*ast.Ident); ok && x.Name == "slices" {
				return true
			}
			about := call.Args[0]
			if c, ok := about.(*ast.CallExpr); ok {
				about = c.Fun
			}
			if sel, ok := about.(*ast.SelectorExpr); ok && slices.Contains(said, sel.Sel.Name) {
				t.Errorf("%s: %s goes by the words of %s: give it a code or a field", fset.Position(call.Pos()), fun.Sel.Name, sel.Sel.Name)
			}
			return true
		})
	})
}

// TestEachMistakeHasACode reads the golden files of mistakes, which other tests hold.
func TestEachMistakeHasACode(t *testing.T) {
	files, err := filepath.Glob("../policies/eval/testdata/mistakes/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d mistakes: %v", len(files), err)
	}
	pages, seen := reconcile.Pages(), map[string]bool{}
	known := pages.Codes()
	code := regexp.MustCompile(` \[([a-z]+/[a-z-]+)\]$`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(text), "-- want --\n")
		for line := range strings.Lines(want) {
			if strings.HasPrefix(line, " ") || strings.TrimSpace(line) == "" {
				continue // the source of what stands above
			}
			if m := code.FindStringSubmatch(strings.TrimSpace(line)); m == nil || !slices.Contains(known, m[1]) {
				t.Errorf("%s: no code: %s", filepath.Base(name), line)
			} else {
				seen[m[1]] = true
			}
		}
	}
	for _, p := range pages {
		if !p.Account && !seen[string(p.Code)] && !slices.Contains(unarchived, string(p.Code)) {
			t.Errorf("no mistake in policies/eval/testdata/mistakes shows %s", p.Code)
		}
	}
}

// unarchived are the codes of what an archive of texts can't hold, such as links, and of
// what only the command check says.
var unarchived = []string{
	"bundle/signature", "bundle/unusable", "file/link", "file/repeated", "file/secret", "file/too-large", "file/unreadable", "policy/no-rules",
	"ignore/unknown-code", "ignore/unused",
}

func typeNameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

func isKey(e ast.Expr, name string) bool {
	kv, ok := e.(*ast.KeyValueExpr)
	if !ok {
		return false
	}
	id, ok := kv.Key.(*ast.Ident)
	return ok && id.Name == name
}

// eachFile calls f with each file of the program that is no test.
func eachFile(t *testing.T, f func(name string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	fset := token.NewFileSet()
	for _, wing := range house {
		err := filepath.WalkDir(filepath.Join("..", wing), func(name string, d os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				return err
			}
			f(strings.TrimPrefix(filepath.ToSlash(name), "../"), file, fset)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
