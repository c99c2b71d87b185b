package journal_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Two branches that each add a migration both take the next number, and merge
// without a conflict.
func TestMigrationsAreNumberedWithoutAGapFromOne(t *testing.T) {
	files, err := os.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(f.Name(), want) {
			t.Errorf("migration %d is %s, whose name should begin with %s", i+1, f.Name(), want)
		}
	}
}
