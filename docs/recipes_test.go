package docs_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/report"
)

// TestEachRecipeLoadsAndItsTestsPass makes a policy root of each section's
// files: nothing is wrong or odd with it, and its tests pass.
func TestEachRecipeLoadsAndItsTestsPass(t *testing.T) {
	sections := strings.Split(text(t, "recipes.md"), "\n## ")[1:]
	if len(sections) < 10 {
		t.Fatalf("%d recipes; there were ten", len(sections))
	}
	for _, section := range sections {
		title, _, _ := strings.Cut(section, "\n")
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range fileBlock.FindAllStringSubmatch(section, -1) {
				write(t, filepath.Join(dir, f[1]), f[2])
			}
			set, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range set.Warnings() {
				t.Errorf("a warning: %s", w)
			}
			r, err := set.Test(context.Background(), eval.TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Count(eval.TestPassed) > 0 && r.Passed() {
				return
			}
			var out bytes.Buffer
			if err := report.TestsText(&out, r, report.Style{}); err != nil {
				t.Fatal(err)
			}
			t.Errorf("its tests:\n%s", out.String())
		})
	}
}
