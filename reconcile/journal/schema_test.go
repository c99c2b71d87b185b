package journal_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Two branches that each add a migration both take the next number, and merge
// without a conflict.
func TestMigrationsAreNumberedWithoutAGapFromOne(t *testing.T) {
	for i, name := range texts(t, "sqlite") {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("migration %d is %s, whose name should begin with %s", i+1, name, want)
		}
	}
}

// A migration for one engine alone leaves the other behind.
func TestEachMigrationIsWrittenForBothEngines(t *testing.T) {
	sqlite, postgres := texts(t, "sqlite"), texts(t, "postgres")
	first := slices.Index(sqlite, postgres[0])
	if first < 0 || !slices.Equal(sqlite[first:], postgres) {
		t.Errorf("SQLite has %q, PostgreSQL has %q", sqlite, postgres)
	}
}

func texts(t *testing.T, engine string) (names []string) {
	t.Helper()
	files, err := os.ReadDir("schema/" + engine)
	must(t, err)
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// text is a migration of SQLite's.
func text(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("schema/sqlite/" + name)
	must(t, err)
	return string(text)
}
