package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/reconcile/events"
)

var update = flag.Bool("update", false, "rewrite the generated documentation")

// current compares a generated page with docs/reference, or rewrites it.
func current(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "reference", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update to write it", err)
	}
	if diff := cmp.Diff(string(have), text); diff != "" {
		t.Errorf("%s is not current (-file +code); -update rewrites it:\n%s", path, diff)
	}
}

const generated = "<!-- Made from the code by `go test ./cmd/dutyward -update`: edit it there. -->\n\n"

func TestTheReferenceIsCurrent(t *testing.T) {
	current(t, "configuration.md", generated+config.Reference())
	current(t, "exit-codes.md", generated+exit.Reference())
	current(t, "events.md", generated+events.Reference())
	current(t, "codes.md", generated+codesReference())
	current(t, "commands.md", generated+commandReference(t))
}

// commandReference is cobra's Markdown of all commands, in one page.
func commandReference(t *testing.T) string {
	root := newRoot(newApp(nil, nil, nil, nil))
	root.DisableAutoGenTag = true
	root.InitDefaultHelpFlag()
	var b bytes.Buffer
	b.WriteString("# Commands\n\nExit codes are in [exit-codes.md](exit-codes.md), settings in [configuration.md](configuration.md).\n\n")
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c != root || c.Name() == "help" {
			return
		}
		c.DisableAutoGenTag = true
		var page bytes.Buffer
		anchor := func(link string) string {
			return "#" + strings.ReplaceAll(strings.TrimSuffix(link, ".md"), "_", "-")
		}
		if err := doc.GenMarkdownCustom(c, &page, anchor); err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(page.String(), "### SEE ALSO")
		text, inherited, _ := strings.Cut(text, "### Options inherited from parent commands")
		_ = inherited // said once, at the root
		b.WriteString(strings.TrimRight(text, "\n") + "\n\n")
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each(root)
	return strings.TrimRight(b.String(), "\n") + "\n"
}
