package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dutyward/dutyward/"

// house is the order of the packages: each may import those before it.
var house = []string{"inventory", "policies", "reconcile", "cmd"}

// pure packages reach for nothing outside: no network, no files, no processes.
var pure = []string{"inventory", "inventory/oncall", "inventory/paging", "policies", "policies/desired", "reconcile/plan", "reconcile/findings", "reconcile/circles", "reconcile/diff", "reconcile/diff/codes", "reconcile/compare", "reconcile/forecast", "reconcile/events", "reconcile/outbox", "reconcile/feed", "reconcile/journal/chain"}

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

// acquainted are the rooms of the reconciliation that know PagerDuty's client: one looks
// whether it works, the other prints what it cost.
var acquainted = []string{"reconcile/doctor", "reconcile/report"}

func TestTheReconciliationDoesNotKnowPagerDutysClient(t *testing.T) {
	for _, i := range imports(t) {
		from := path.Dir(i.file)
		if below(from, "reconcile") && i.path == module+"inventory/pagerduty" && !slices.Contains(acquainted, from) {
			t.Errorf("%s imports %s: it asks through an interface of its own", i.file, i.path)
		}
	}
}

// openers are the functions that open something, by their package. Sessions alone call
// them, for how an installation is reached is decided once; and doctor, which looks
// whether the state can be opened.
var openers = map[string][]string{
	"inventory/pagerduty": {"New", "NewClock"},
	"reconcile/journal":   {"Open", "OpenReadOnly"},
}

var opening = []string{"cmd/internal/session", "reconcile/doctor"}

func TestOnlySessionsOpenAnAccountOrAState(t *testing.T) {
	opened := 0
	eachFile(t, func(name string, f *ast.File, fset *token.FileSet) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				for pkg, names := range openers {
					if x, ok := sel.X.(*ast.Ident); !ok || x.Obj != nil || x.Name != path.Base(pkg) || !slices.Contains(names, sel.Sel.Name) {
						continue
					}
					if opened++; !slices.Contains(opening, path.Dir(name)) {
						t.Errorf("%s: %s.%s is called by %s alone", fset.Position(call.Pos()), pkg, sel.Sel.Name, strings.Join(opening, " and "))
					}
				}
			}
			return true
		})
	})
	if opened < 4 {
		t.Errorf("%d calls found", opened)
	}
}

// logging are the methods by which something is logged, and where they are called: the
// log is a sink of events, each of which has a code.
var logging = []string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "InfoContext", "WarnContext", "ErrorContext", "DebugContext"}

const logger = "reconcile/events/eventlog"

func TestNothingIsLoggedButEvents(t *testing.T) {
	eachFile(t, func(name string, f *ast.File, fset *token.FileSet) {
		if path.Dir(name) == logger {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(logging, sel.Sel.Name) {
				return true
			}
			var last string
			switch x := sel.X.(type) {
			case *ast.Ident:
				last = x.Name
			case *ast.SelectorExpr:
				last = x.Sel.Name
			}
			if slices.Contains([]string{"log", "slog", "logger", "Logger"}, last) {
				t.Errorf("%s: %s.%s: tell it as an event, which has a code", fset.Position(call.Pos()), last, sel.Sel.Name)
			}
			return true
		})
	})
}

// TestWhatPeopleDecideIsNotPrinted holds that an API can stand on decide.
func TestWhatPeopleDecideIsNotPrinted(t *testing.T) {
	for _, i := range imports(t) {
		if path.Dir(i.file) == "reconcile/decide" && (i.path == module+"reconcile/report" || i.path == "io") {
			t.Errorf("%s imports %s: what comes of a decision is a value", i.file, i.path)
		}
	}
}

// TestThePureCoreDoesWithoutRego looks at all that the linker takes in.
func TestThePureCoreDoesWithoutRego(t *testing.T) {
	for _, p := range pure {
		out, err := exec.Command("go", "list", "-deps", "../"+p).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if strings.Contains(string(out), "open-policy-agent") {
			t.Errorf("%s takes in OPA", p)
		}
	}
}

// owners are the places that alone may import a library, and those below them.
var owners = map[string]string{
	"github.com/PagerDuty/go-pagerduty":     "inventory/pagerduty",
	"github.com/open-policy-agent/opa":      "policies",
	"modernc.org/sqlite":                    "reconcile/journal",
	"github.com/jackc/pgx":                  "reconcile/journal/engine",
	"github.com/getkin/kin-openapi":         "inventory/pagerdutysim/contract",
	"github.com/teambition/rrule-go":        "inventory/oncall",
	"github.com/spf13/cobra":                "cmd/dutyward",
	"github.com/spf13/pflag":                "cmd/dutyward",
	"github.com/santhosh-tekuri/jsonschema": "policies",
}

func TestEachLibraryHasOneOwner(t *testing.T) {
	used := map[string]bool{}
	for _, i := range imports(t) {
		for library, owner := range owners {
			if !below(i.path, library) {
				continue
			}
			used[library] = true
			if !below(path.Dir(i.file), owner) {
				t.Errorf("%s imports %s, which is %s's alone", i.file, i.path, owner)
			}
		}
	}
	for library, owner := range owners {
		if !used[library] {
			t.Errorf("nothing imports %s any more: %s need not own it", library, owner)
		}
	}
}

// below says whether a path is that of a place or of something in it.
func below(path, place string) bool {
	return path == place || strings.HasPrefix(path, place+"/")
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
