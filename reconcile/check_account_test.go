package reconcile_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMistakesThatAnAccountShows checks the policies of each archive of testdata/check on
// the account there. Its file "want" is what check says.
func TestMistakesThatAnAccountShows(t *testing.T) {
	account, err := filepath.Abs("testdata/check/account.json")
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			name, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := []byte(checked(t, archive, account))
			i := len(archive.Files) - 1
			if archive.Files[i].Name != "want" {
				t.Fatal("the last file is not want")
			}
			if *update {
				archive.Files[i].Data = got
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := archive.Files[i].Data; !bytes.Equal(got, want) {
				t.Errorf("check says\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// checked is what check says of an archive's policies on an account, a line each.
func checked(t *testing.T, archive *txtar.Archive, account string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, f := range archive.Files {
		path := filepath.Join("policies", f.Name)
		if f.Name == "want" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{"policies"}})
	if ps, ok := err.(policies.Problems); ok {
		return ps.Error() + "\n"
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(account)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s, err := inventory.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	round := reconcile.Round{
		Policies: set, Reader: theAccount{s}, Memory: (*journal.Journal)(nil), Now: func() time.Time { return s.Now },
		Settings: plan.Settings{Default: plan.Observe},
	}
	problems, _, err := round.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return problems.Error() + "\n"
}
