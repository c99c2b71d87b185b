package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestTheCommentedPathOfAFirstConfigurationLeadsToOneTeamsSync(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := run([]string{"init", dir, "--snapshot", "testdata/account.json"}, nil, &stdout, &stderr, nil); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	file := filepath.Join(dir, defaultFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, path, found := strings.Cut(string(text), "  # teams:\n")
	if !found {
		t.Fatalf("no commented path in\n%s", text)
	}
	path = strings.ReplaceAll("  # teams:\n"+path, "  # ", "  ")
	if err := os.WriteFile(file, []byte(before+strings.Replace(path, "grant-only", "sync", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := (&app{configFile: file}).config()
	if err != nil {
		t.Fatal(err)
	}
	if mode := c.settings().ModeOf(inventory.KindTeam, "TPAY", "Payments"); mode != plan.Sync {
		t.Errorf("Payments is in %s", mode)
	}
	if mode := c.settings().ModeOf(inventory.KindTeam, "TSEA", "Search"); mode != plan.Observe {
		t.Errorf("Search is in %s", mode)
	}
}
