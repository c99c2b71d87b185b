package docs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
)

var (
	regoBlock   = regexp.MustCompile("(?s)(<!-- file [^\n]* -->\n)?```rego\n(.*?)```\n")
	fileBlock   = regexp.MustCompile("(?s)<!-- file ([^ ]+) -->\n```[a-z]+\n(.*?)```\n")
	outputBlock = regexp.MustCompile("(?s)(<!-- output: ([^\n]*) -->\n```text\n).*?(```\n)")
	messages    = regexp.MustCompile("(?s)<!-- messages -->\n```text\n(.*?)```\n")
)

// TestEveryRegoBlockOfADocumentLoads loads each block by itself. One without a
// package is a part of a file and gets one.
func TestEveryRegoBlockOfADocumentLoads(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		for i, m := range regoBlock.FindAllStringSubmatch(text(t, page), -1) {
			if m[1] != "" {
				continue // part of a folder, which is loaded whole
			}
			found++
			source := m[2]
			if !strings.Contains(source, "package ") {
				source = "package access.example\n\n" + source
			}
			t.Run(fmt.Sprintf("%s block %d", filepath.Base(page), i+1), func(t *testing.T) {
				dir := t.TempDir()
				write(t, filepath.Join(dir, "example.rego"), source)
				loads(t, dir)
			})
		}
	}
	if found == 0 {
		t.Error("the documents hold no Rego")
	}
}

// TestTheGuidesOutputIsThePrograms runs the guide's commands, each on the files
// that stand above it.
func TestTheGuidesOutputIsThePrograms(t *testing.T) {
	const page = "policies.md"
	guide := text(t, page)
	var want strings.Builder
	rest := 0
	for _, at := range outputBlock.FindAllStringSubmatchIndex(guide, -1) {
		command := regexp.MustCompile(`\s+`).Split(guide[at[4]:at[5]], -1)
		want.WriteString(guide[rest:at[3]])
		want.WriteString(dutyward(t, guideFolder(t, guide[:at[0]]), command...))
		rest = at[6]
	}
	want.WriteString(guide[rest:])
	if *update {
		write(t, page, want.String())
		return
	}
	if want.String() != guide {
		t.Errorf("the output in %s is not what the program prints: go test ./docs -update", page)
	}
}

// TestTheGuidesMessagesAreTheLoaders looks for each message in the golden files
// of the mistakes that the loader refuses.
func TestTheGuidesMessagesAreTheLoaders(t *testing.T) {
	block := messages.FindStringSubmatch(text(t, "policies.md"))
	if block == nil {
		t.Fatal("the guide shows no messages")
	}
	names, err := filepath.Glob("../policies/eval/testdata/mistakes/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, name := range names {
		for line := range strings.Lines(text(t, name)) {
			said[line] = true
		}
	}
	for line := range strings.Lines(block[1]) {
		if !said[line] {
			t.Errorf("the loader never says: %s", line)
		}
	}
}

// TestTheGuidesPolicyTestsPass runs them as `opa test` does.
func TestTheGuidesPolicyTestsPass(t *testing.T) {
	library := filepath.Join(t.TempDir(), "lib")
	if err := source.ExportLibrary(library); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(guideFolder(t, text(t, "policies.md")), "policies")
	ctx := context.Background()
	modules, store, err := tester.Load([]string{root, library}, nil)
	if err != nil {
		t.Fatal(err)
	}
	txn := storage.NewTransactionOrDie(ctx, store)
	defer store.Abort(ctx, txn)
	results, err := tester.NewRunner().RaiseBuiltinErrors(true).SetStore(store).SetModules(modules).RunTests(ctx, txn)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for r := range results {
		ran++
		if !r.Pass() {
			t.Errorf("%s at %s fails: %v", r.Name, r.Location, r.Error)
		}
	}
	if ran == 0 {
		t.Error("no test ran")
	}
}

// guideFolder is a folder with the files that a part of the guide has its
// reader write. Nothing is wrong or odd with its policies.
func guideFolder(t *testing.T, guide string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "account.json"), text(t, "../examples/starter/seed.json"))
	for _, f := range fileBlock.FindAllStringSubmatch(guide, -1) {
		write(t, filepath.Join(dir, f[1]), f[2])
	}
	loads(t, filepath.Join(dir, "policies"))
	return dir
}

// loads loads a policy root, in which nothing may be wrong or odd.
func loads(t *testing.T, root string) {
	t.Helper()
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{root}})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range set.Warnings() {
		t.Errorf("a warning: %s", w)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
