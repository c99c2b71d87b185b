package docs_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// program builds dutyward once and gives its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dutyward-docs-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dutyward")
	out, err := exec.Command("go", "build", "-o", path, "../cmd/dutyward").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// dutyward runs the program in a directory with nothing of the environment, and
// returns what it prints to standard output.
func dutyward(t *testing.T, dir string, args ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = []string{"TMPDIR=" + os.TempDir(), "NO_COLOR=1"}
	if err := cmd.Run(); err != nil {
		t.Fatalf("dutyward %s: %v\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

func TestTheReadmesPictureIsWhatTheDemoPrints(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	// How long it took is shown where it took long, which says nothing here.
	out := regexp.MustCompile(`(?m)^(Applied: .*) \([^)]*\)\.$`).ReplaceAllString(dutyward(t, t.TempDir(), "demo", "--once"), "$1.")
	picture := section(t, out, "Plan of acme", "account\n") + "…\n\n" +
		section(t, out, "team:Payments\n", "team:Platform\n") +
		section(t, out, "team:Production Access\n", "team:Search\n") + "…\n\n" +
		section(t, out, "Findings (", "  medium") + "…\n\n" +
		section(t, out, "Applied: ", "── 5.") +
		section(t, out, "A fresh snapshot", "Next, on")
	block := regexp.MustCompile("(?s)(<!-- picture[^\n]*\n```text\n).*?(```\n)")
	want := block.ReplaceAllString(string(page), "${1}"+strings.TrimSpace(picture)+"\n${2}")
	if *update {
		if err := os.WriteFile("../README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(page) {
		t.Error("the picture in README.md is not what the demo prints: go test ./docs -update")
	}
}

// section is the part of text from one mark up to the next.
func section(t *testing.T, text, from, to string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n"+from)
	part, _, ends := strings.Cut(after, "\n"+to)
	if !found || !ends {
		t.Fatalf("the demo prints nothing from %q to %q:\n%s", from, to, text)
	}
	return from + part + "\n"
}
