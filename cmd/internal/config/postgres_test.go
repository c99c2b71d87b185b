package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory/secret"
)

const database = "postgres://dutyward:correct-horse@db.acme.com/prod"

func TestTheStateMayBeInPostgreSQL(t *testing.T) {
	c, _, err := load(t, "account: {name: Acme EU}\nstate: {postgres: {env: ACME_DB}}\n", map[string]string{"ACME_DB": database})
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Database(); d == nil || d.URL != database || d.Schema != "dutyward_acme_eu" {
		t.Errorf("database %+v", d)
	}
	if name := c.StateName(); name != "in PostgreSQL (db.acme.com:5432, database prod, schema dutyward_acme_eu)" {
		t.Errorf("the state is called %s", name)
	}
	if c, _, err := load(t, "state: a.db\n", nil); err != nil || c.Database() != nil {
		t.Errorf("a file: database %v, error %v", c.Database(), err)
	}
}

func TestWhatIsWrongWithADatabaseIsSaid(t *testing.T) {
	env := map[string]string{"ACME_DB": database}
	for text, want := range map[string]string{
		"state: {postgres: '" + database + "'}":                     "does not belong in this file",
		"state: {postgres: {env: OTHER}}":                           "the environment variable OTHER is not set",
		"state: {postgres: {env: ACME_DB, schema: Not One}}":        `"Not One" is not valid`,
		"state: {postgres: {schema: a}}":                            "expected env",
		"state: {postgres: {env: ACME_DB, scheme: a}}":              "did you mean schema?",
		"state: {postgresql: {env: ACME_DB}}":                       "state.postgresql is not a setting",
		"state: {postgres: {env: [ACME_DB]}}":                       "state.postgres.env: expected a name",
		"state.postgres: {env: ACME_DB}":                            "state.postgres is not a setting",
		"state: {postgres: {env: ACME_DB}}\nstate: a.db":            "for the second time",
		"state: {postgres: {env: ACME_DB}, postgres: {env: OTHER}}": "for the second time",
	} {
		_, _, err := load(t, text, env)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "correct-horse") {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

func TestThePasswordOfADatabaseIsASecret(t *testing.T) {
	for _, address := range []string{database, "host=db user=dutyward password=correct-horse dbname=prod", "host=db password = 'correct-horse'", "postgres://db/prod?user=a&password=correct-horse"} {
		secrets := &secret.Keeper{}
		file := filepath.Join(t.TempDir(), "dutyward.yaml")
		if err := os.WriteFile(file, []byte("state: {postgres: {env: ACME_DB}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, map[string]string{"ACME_DB": address}, secrets); err != nil {
			t.Fatal(err)
		}
		if got := secrets.Redact("can't log in with correct-horse"); strings.Contains(got, "correct-horse") {
			t.Errorf("%s: %s", address, got)
		}
	}
}
