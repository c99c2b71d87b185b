package eval_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMistakes loads each archive of testdata/mistakes as policy root "policies"
// and, if that goes well, evaluates both phases. Its file "want" is what the
// author is reported: problems, warnings and failures. A file "schema.json" is the
// schema of data.people.
func TestMistakes(t *testing.T) { golden(t, "testdata/mistakes", "want", told) }

// told is everything that loading and evaluating an archive says.
func told(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	t.Chdir(t.TempDir())
	o := eval.Options{Roots: []string{"policies"}}
	for _, f := range archive.Files {
		name := filepath.Join("policies", f.Name)
		switch f.Name {
		case "want":
			continue
		case "schema.json":
			name, o.Schemas = f.Name, map[string]string{"people": f.Name}
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := eval.Load(context.Background(), o)
	if err != nil {
		return problems(t, err)
	}
	out := policies.Problems(s.Warnings()).Error() + "\n"
	for _, phase := range []policies.Phase{policies.PhaseAccess, policies.PhaseRisk} {
		st, err := s.Evaluate(context.Background(), phase, input(t), noon)
		if err != nil {
			out += problems(t, err)
		}
		for _, f := range st.Failures {
			if p := s.ProblemOf(f); p.Expected != "" {
				out += "failure: " + f.Rule + ": " + p.String() + "\n"
				continue
			}
			out += "failure: " + f.Rule + ": " + f.Text() + " [" + string(f.Code) + "]\n"
		}
		if len(st.Warnings) > 0 {
			out += st.Warnings.Error() + "\n"
		}
	}
	return strings.TrimPrefix(out, "\n")
}

func problems(t *testing.T, err error) string {
	t.Helper()
	var ps policies.Problems
	if !errors.As(err, &ps) {
		t.Fatalf("not Problems: %v", err)
	}
	return ps.Error() + "\n"
}

// TestCorrectOddities holds that nothing is said of what is unusual and right.
func TestCorrectOddities(t *testing.T) { golden(t, "testdata/fine", "want", told) }
