package journal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/dutyward/dutyward/reconcile/journal"
)

// executeIn runs statements in the schema of a journal in PostgreSQL.
func executeIn(t *testing.T, path, statements string) {
	t.Helper()
	o := in(path, journal.Options{}).Postgres
	c, err := pgx.ParseConfig(o.URL)
	must(t, err)
	c.RuntimeParams["search_path"] = o.Schema
	db := stdlib.OpenDB(*c)
	_, err = db.Exec(statements)
	must(t, err)
	must(t, db.Close())
}

func TestASchemaThatIsNotAJournalIsRefusedAndLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"another program's tables": {func(t *testing.T, path string) {
			executeIn(t, path, "CREATE SCHEMA "+nameOf(path)+"; CREATE TABLE songs (title TEXT)")
		}, "a database of another program"},
		"another program's versions": {func(t *testing.T, path string) {
			executeIn(t, path, "CREATE SCHEMA "+nameOf(path)+"; CREATE TABLE journal_version (application INT, version INT); INSERT INTO journal_version VALUES (1, 2)")
		}, "a database of another program"},
		"a newer version's journal": {func(t *testing.T, path string) {
			must(t, open(t, path, journal.Options{}).Close())
			executeIn(t, path, "UPDATE journal_version SET version = 99")
		}, "has schema version 99"},
	} {
		t.Run(name, func(t *testing.T) {
			path := inPostgres(t)
			c.make(t, path)
			_, err := journal.Open(t.Context(), path, in(path, journal.Options{Now: time.Now}))
			says(t, err, nameOf(path), c.says)
			_, err = journal.OpenReadOnly(t.Context(), path, in(path, journal.Options{Now: time.Now}))
			says(t, err, nameOf(path), c.says)
		})
	}
}

func TestASchemaThatIsNotThereOrEmptyIsAnEmptyMemoryForReaders(t *testing.T) {
	for name, prepare := range map[string]func(path string){
		"none":  func(string) {},
		"empty": func(path string) { executeIn(t, path, "CREATE SCHEMA "+nameOf(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := inPostgres(t)
			prepare(path)
			j, err := journal.OpenReadOnly(t.Context(), path, in(path, journal.Options{Now: time.Now, Account: "acme"}))
			must(t, err)
			if m := memory(t, j, start); m.Last != nil || len(m.Pinned) > 0 {
				t.Errorf("memory %+v", m)
			}
			must(t, j.Close())
			must(t, open(t, path, journal.Options{}).Close())
		})
	}
}

func TestWhatPostgreSQLRefusesSaysWhatToDo(t *testing.T) {
	path := inPostgres(t)
	at := *in(path, journal.Options{}).Postgres
	for name, c := range map[string]struct{ url, schema, says string }{
		"no server":      {"host=/nowhere user=dutyward password=correct-horse dbname=a", "dutyward", "can't be reached"},
		"no database":    {at.URL + "0", "dutyward", "refuses the user or the database"},
		"no address":     {"postgres://user:correct-horse@:99999999/a", "dutyward", "can't be read: expected postgres://"},
		"a bad schema":   {at.URL, "Not One", "can't be the name of a schema"},
		"no rights":      {at.URL + " options='-c role=pg_monitor'", "dutyward_new", "let it own the schema"},
		"read-only here": {at.URL + " default_transaction_read_only=on", "dutyward_new", "is a standby or read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			o := at
			o.URL, o.Schema = c.url, c.schema
			_, err := journal.Open(t.Context(), path, journal.Options{Now: time.Now, Postgres: &o})
			says(t, err, c.says)
			if err != nil && strings.Contains(err.Error(), "correct-horse") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestTextsThatPostgreSQLCannotKeepAreNoError(t *testing.T) {
	j := open(t, inPostgres(t), journal.Options{})
	must(t, j.Release(t.Context(), "a\x00key\xff", "because ? of $1 'it' \\ \x00"))
	if len(memory(t, j, start).Released) != 1 {
		t.Error("the release is lost")
	}
}
