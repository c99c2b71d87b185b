package eval_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
)

// TestSetsLoadAndRunBesideOthers is for the race detector: a plan beside another
// revision, or a reload beside a round, share what OPA keeps for all of them.
// Checks that find something go through more code than those that don't, which
// is why policies with mistakes are loaded too.
func TestSetsLoadAndRunBesideOthers(t *testing.T) {
	roots := unpacked(t, "testdata/mistakes/*.txtar", "testdata/tests/*.txtar")
	if testing.Short() {
		roots = slices.DeleteFunc(roots, func(root string) bool {
			ok, _ := filepath.Match("*field*", filepath.Base(root))
			return !ok && filepath.Ext(root) != ".tests"
		})
	}
	roots = append(roots, "../../examples/company/policies")
	backwards := slices.Clone(roots)
	slices.Reverse(backwards)
	in := input(t)
	var group errgroup.Group
	for _, order := range [][]string{roots, backwards, roots} {
		group.Go(func() error {
			for _, root := range order {
				run(root, in)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// run does with policies all that can be done with them. What comes of it is for
// other tests.
func run(root string, in *eval.Input) {
	ctx := context.Background()
	set, err := eval.Load(ctx, eval.Options{Roots: []string{root}})
	if err != nil {
		return
	}
	var group errgroup.Group
	for _, phase := range []policies.Phase{policies.PhaseAccess, policies.PhaseRisk} {
		group.Go(func() error { _, err := set.Evaluate(ctx, phase, in, noon); return err })
	}
	group.Go(func() error {
		_, err := set.Test(ctx, eval.TestOptions{Coverage: true})
		return err
	})
	_ = group.Wait()
}

// unpacked are directories that hold the files of each archive.
func unpacked(t *testing.T, patterns ...string) []string {
	t.Helper()
	var dirs []string
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no archives: %v", err)
		}
		for _, name := range names {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), filepath.Base(name)+"."+filepath.Base(filepath.Dir(name)))
			for _, f := range archive.Files {
				place := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(place, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
