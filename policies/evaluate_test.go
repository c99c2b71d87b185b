package policies_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// account is a small account at noon.
func account() *inventory.Snapshot {
	return &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: noon, Complete: true},
		Now:     noon,
		Users: map[string]inventory.User{
			"PANN": {ID: "PANN", Name: "Ann", Email: "ann@acme.com", BaseRole: "user"},
			"PBOB": {ID: "PBOB", Name: "Bob", Email: "Bob@acme.com", BaseRole: "limited_user"},
		},
		Teams: map[string]inventory.Team{"TPAY": {ID: "TPAY", Name: "Payments", DefaultRole: "manager"}},
	}
}

// root writes files to a new directory; names and contents alternate.
func root(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, roots ...string) *policies.Set {
	t.Helper()
	s, err := policies.Load(context.Background(), policies.Options{Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func input(t *testing.T) *policies.Input {
	t.Helper()
	in, err := policies.NewInput(account())
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestAStatementNamesTheRuleThatMadeIt(t *testing.T) {
	dir := root(t, "access/oncall.rego", `# METADATA
# title: Payments
# custom: {owner: dan@acme.com}
package access.oncall

group contains {"name": name} if some name in {"payments", "prod"}

member contains {"group": "payments", "principal": $"oncall:Payments {line}", "lead": "15m"} if {
	some line in {"Primary", "Secondary"}
}

# METADATA
# title: Everybody
# custom: {owner: eve@acme.com}
grant contains {"principal": p, "resource": "account", "role": "user", "source": u.id} if {
	some u in input.users
	p := $"user:{u.email}"
}

grant contains {"principal": "user:ann@acme.com", "resource": "account", "role": "user"}
`)
	s := load(t, dir)
	st, err := s.Evaluate(context.Background(), policies.PhaseAccess, input(t), noon)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", st)
	if len(st.Grants) != 2 || len(st.Grants[1].Origins) != 2 {
		t.Fatalf("%+v", st)
	}
	if got := st.Grants[0].Origins[0]; got.Owner != "eve@acme.com" || got.Line != 15 || !strings.HasPrefix(got.File, dir) {
		t.Errorf("%+v", got)
	}
}
