package journal

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// schema holds the migrations, forward only, each a file "NNNN_what.sql", the
// numbers without a gap from 1. One that was released is never edited.
//
//go:embed schema/*.sql
var schema embed.FS

// applicationID marks the file as a journal ("DtyW"), so that another
// program's database is never migrated.
const applicationID = 0x44747957

// migrations returns the migrations' texts; the first is version 1.
func migrations() ([]string, error) {
	names, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(names))
	for i, name := range names {
		text, err := schema.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts[i] = string(text)
	}
	return texts, nil
}

// version reads the file's schema version, 0 for an empty file, and the
// migrations that this program knows.
func (j *Journal) version(ctx context.Context) (have int, texts []string, err error) {
	// In one transaction, for another process may be migrating between reads.
	tx, err := j.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, nil, j.failed("read its schema version", err)
	}
	defer tx.Rollback() // nothing was written
	return j.versionIn(ctx, tx)
}

func (j *Journal) versionIn(ctx context.Context, q *sql.Tx) (have int, texts []string, err error) {
	if texts, err = migrations(); err != nil {
		return 0, nil, err
	}
	var app, tables int
	if err := q.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&app); err != nil {
		return 0, nil, j.failed("read its schema version", err)
	}
	if err := q.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&have); err != nil {
		return 0, nil, j.failed("read its schema version", err)
	}
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return 0, nil, j.failed("read its schema", err)
	}
	switch {
	case app != applicationID && (tables > 0 || have != 0 || app != 0):
		return 0, nil, fmt.Errorf("%s is a database of another program, not a journal: name another file in the configuration", j.path)
	case have > len(texts):
		return 0, nil, fmt.Errorf("the journal %s has schema version %d, and this program knows no later one than %d: it was written by a newer version; use that one", j.path, have, len(texts))
	}
	return have, texts, nil
}

// migrate brings the schema to the version that this program knows. Of two
// processes that do so at once, the second finds it done.
func (j *Journal) migrate(ctx context.Context) error {
	have, texts, err := j.version(ctx)
	if err != nil || have == len(texts) {
		return err
	}
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return j.failed("bring its schema up to date", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	have, texts, err = j.versionIn(ctx, tx)
	if err != nil {
		return err
	}
	texts = append(texts[have:len(texts):len(texts)],
		fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, applicationID, len(texts)))
	for _, text := range texts {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return j.failed("bring its schema up to date", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return j.failed("bring its schema up to date", err)
	}
	return nil
}

// checkSchema is migrate for readers, who change nothing: a file that nobody
// has written to yet is an empty memory, and one of an older version of the
// program is read from a copy, for whoever has just upgraded wants a plan first.
func (j *Journal) checkSchema(ctx context.Context) error {
	have, texts, err := j.version(ctx)
	switch {
	case err != nil || have == len(texts):
		return err
	case have == 0:
		err := j.db.Close()
		j.db = nil
		return err
	}
	return j.readCopy(ctx)
}

// readCopy goes on with a copy of the file, with today's schema, that is gone
// when the journal is closed.
func (j *Journal) readCopy(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "dutyward-state-")
	if err != nil {
		return fmt.Errorf("copy the journal %s, which an older version wrote: %w", j.path, err)
	}
	j.discard = func() error { return os.RemoveAll(dir) }
	copied := filepath.Join(dir, "dutyward.db")
	if _, err := j.db.ExecContext(ctx, `VACUUM INTO ?`, copied); err != nil {
		return j.failed("copy it, as an older version wrote it", err)
	}
	if err := j.db.Close(); err != nil {
		return j.failed("copy it, as an older version wrote it", err)
	}
	if err := j.connect(ctx, copied, "rw"); err != nil {
		return err
	}
	return j.migrate(ctx)
}
