package examples_test

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile/report"
)

// TestThePoliciesTestsPass runs the tests that stand beside each example's
// policies.
func TestThePoliciesTestsPass(t *testing.T) {
	roots, err := filepath.Glob("*/policies")
	if err != nil || len(roots) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	for _, root := range roots {
		t.Run(filepath.Dir(root), func(t *testing.T) {
			set, err := eval.Load(context.Background(), eval.Options{Roots: []string{root}})
			if err != nil {
				t.Fatal(err)
			}
			r, err := set.Test(context.Background(), eval.TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Count(eval.TestPassed) == 0 {
				t.Error("no test passed")
			}
			if r.Passed() {
				return
			}
			var text bytes.Buffer
			if err := report.TestsText(&text, r, report.Style{}); err != nil {
				t.Fatal(err)
			}
			t.Errorf("the policies' tests:\n%s", text.String())
		})
	}
}
