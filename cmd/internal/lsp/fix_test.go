package lsp_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dutyward/dutyward/cmd/internal/lsp"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
)

// TestEachQuickFixEndsItsProblem applies every quick fix of every known mistake. What
// else is wrong with a line may show only then; that it reads as Rego may not suffer.
func TestEachQuickFixEndsItsProblem(t *testing.T) {
	archives, err := filepath.Glob("../../../policies/eval/testdata/mistakes/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no mistakes: %v", err)
	}
	fixes := 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		root := unpacked(t, archive)
		if root == "" {
			continue
		}
		for _, p := range found(root, nil) {
			text, err := os.ReadFile(p.File)
			if err != nil {
				continue // it is about a directory
			}
			r, ok := lsp.RemedyOf(p, string(text))
			if !ok {
				continue
			}
			fixes++
			lines := strings.Split(string(text), "\n")
			line := lines[r.Line-1]
			lines[r.Line-1] = line[:r.Start] + r.Text + line[r.End:]
			for _, q := range found(root, source.Unsaved{p.File: []byte(strings.Join(lines, "\n"))}) {
				if q.Code == p.Code && q.Line == p.Line && q.Found == p.Found || q.File == p.File && strings.HasSuffix(string(q.Code), "/syntax") {
					t.Errorf("%s: %v\nwith %q for %q:\n%v", filepath.Base(name), p, r.Text, line[r.Start:r.End], q)
				}
			}
		}
	}
	if fixes < 30 {
		t.Errorf("only %d quick fixes", fixes)
	}
}

// unpacked is the policy root of a mistake of which something is suggested, else empty.
func unpacked(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	root, suggests := filepath.Join(t.TempDir(), "policies"), false
	for _, f := range archive.Files {
		if f.Name == "want" {
			suggests = strings.Contains(string(f.Data), "did you mean")
			continue
		}
		path := filepath.Join(root, f.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if !suggests {
		return ""
	}
	return root
}

// found is what loading the policies of a root says.
func found(root string, unsaved source.Unsaved) policies.Problems {
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{root}, Unsaved: unsaved})
	var ps policies.Problems
	if errors.As(err, &ps) {
		return ps
	}
	if err != nil {
		return nil
	}
	return set.Warnings()
}
