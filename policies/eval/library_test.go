package eval_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestLibrary runs the library's own tests with OPA's tester.
func TestLibrary(t *testing.T) {
	paths, err := filepath.Glob("../library/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]*ast.Module{}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		modules[p], err = ast.ParseModuleWithOpts(p, string(text), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
	}
	results, err := tester.NewRunner().RaiseBuiltinErrors(true).CapturePrintOutput(true).SetModules(modules).RunTests(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for r := range results {
		ran++
		t.Run(r.Name, func(t *testing.T) {
			if !r.Pass() {
				t.Errorf("%s: %v %s %v", r.Location, r.Error, r.Output, r.SubResults)
			}
		})
	}
	if ran == 0 {
		t.Error("no test ran")
	}
}
