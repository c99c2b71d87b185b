package eval_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dutyward/dutyward/policies/eval"
)

// TestRunner runs the tests of each archive of testdata/tests as policy root
// "policies", with coverage where its comment says so. Its file "want.json" is
// the report, without durations.
func TestRunner(t *testing.T) { golden(t, "testdata/tests", "want.json", tested) }

// tested is the report on an archive's tests as JSON.
func tested(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, f := range archive.Files {
		if f.Name == "want.json" {
			continue
		}
		name := filepath.Join("policies", f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	report, err := load(t, "policies").Test(context.Background(), eval.TestOptions{
		Coverage: strings.Contains(string(archive.Comment), "coverage"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Tests {
		report.Tests[i].Duration = 0
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(report); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestAnExpressionChoosesTestsByFullName(t *testing.T) {
	set := load(t, root(t, "a_test.rego", "package a_test\n\ntest_one if true\n\ntest_two if true\n\ntest_two if true\n\ntest_not_test_one if true\n",
		"b_test.rego", "package b_test\n\ntest_one if true\n",
		"c_test.rego", "package a_test[\"odd-name\"]\n\nnested.test_one if true\n\nnested.test_one if true\n"))
	for expression, want := range map[string][]string{
		"": {
			"a_test.test_one", "a_test.test_two", "a_test.test_two#01", "a_test.test_not_test_one", "b_test.test_one",
			`a_test["odd-name"].nested.test_one`, `a_test["odd-name"].nested["test_one#01"]`,
		},
		"odd":                {`a_test["odd-name"].nested.test_one`, `a_test["odd-name"].nested["test_one#01"]`},
		"^b_":                {"b_test.test_one"},
		"two":                {"a_test.test_two", "a_test.test_two#01"},
		`^a_test\.test_one$`: {"a_test.test_one"},
		"three":              nil,
	} {
		t.Run(expression, func(t *testing.T) {
			report, err := set.Test(context.Background(), eval.TestOptions{Run: regexp.MustCompile(expression)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range report.Tests {
				got = append(got, r.FullName())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATestThatDoesNotEndIsAnError(t *testing.T) {
	set := load(t, root(t, "a_test.rego", `package a_test

test_heavy if {
	some a in numbers.range(1, 10000)
	some b in numbers.range(1, 10000)
	a * b == -1
}
`))
	report, err := set.Test(context.Background(), eval.TestOptions{TimeLimit: 20_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Tests[0]; got.Outcome != eval.TestErrored || got.Message != "the test did not finish within 20ms" {
		t.Errorf("%+v", got)
	}
}

func TestTheContextStopsTests(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	set := load(t, root(t, "a_test.rego", "package a_test\n\ntest_one if true\n"))
	if _, err := set.Test(ctx, eval.TestOptions{}); err == nil {
		t.Error("no error")
	}
}
