package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/dutyward/dutyward/reconcile/journal/engine"
)

// schema holds the migrations of each engine, forward only, each a file
// "NNNN_what.sql". Both engines count alike, and each number is one change of the schema,
// written for both; PostgreSQL begins with the number that it was added with, and with
// the whole schema of then. One that was released is never edited.
//
//go:embed schema/*/*.sql
var schema embed.FS

// migration is a text of the schema, and the version that it leads to.
type migration struct {
	version int
	text    string
}

// migrations are those of an engine, in their order.
func migrations(kind string) ([]migration, error) {
	names, err := fs.Glob(schema, "schema/"+kind+"/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		text, err := schema.ReadFile(name)
		if err != nil {
			return nil, err
		}
		version, err := strconv.Atoi(path.Base(name)[:4])
		if err != nil {
			return nil, fmt.Errorf("the migration %s has no number: %w", name, err)
		}
		all = append(all, migration{version, string(text)})
	}
	return all, nil
}

// pending reads the schema's version, 0 for an empty database, and the migrations that
// it lacks.
func (j *Journal) pending(ctx context.Context, tx *sql.Tx) (have int, lacks []migration, err error) {
	all, err := migrations(j.engine.Kind())
	if err != nil {
		return 0, nil, err
	}
	have, err = j.engine.Version(ctx, tx)
	var foreign *engine.ForeignError
	switch known := all[len(all)-1].version; {
	case errors.As(err, &foreign):
		return 0, nil, foreign
	case err != nil:
		return 0, nil, j.failed("read its schema version", err)
	case have > known:
		return 0, nil, fmt.Errorf("the journal %s has schema version %d, and this program knows no later one than %d: it was written by a newer version; use that one", j.engine.Name(), have, known)
	}
	for _, m := range all {
		if m.version > have {
			lacks = append(lacks, m)
		}
	}
	return have, lacks, nil
}

// version is pending in a transaction of its own, for another process may be migrating
// between reads.
func (j *Journal) version(ctx context.Context) (have int, lacks []migration, err error) {
	tx, err := j.engine.Read(ctx, j.db)
	if err != nil {
		return 0, nil, j.failed("read its schema version", err)
	}
	defer tx.Rollback() // nothing was written
	return j.pending(ctx, tx)
}

// migrate brings the schema to the version that this program knows. Of processes that do
// so at once, one does it, and the others find it done.
func (j *Journal) migrate(ctx context.Context) error {
	_, lacks, err := j.version(ctx)
	if err != nil || len(lacks) == 0 {
		return err
	}
	tx, err := j.engine.Write(ctx, j.db)
	if err != nil {
		return j.failed("bring its schema up to date", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	have, lacks, err := j.pending(ctx, tx)
	if err != nil {
		return err
	}
	if err := j.engine.Make(ctx, tx); err != nil {
		return j.failed("bring its schema up to date", err)
	}
	for _, m := range lacks {
		if _, err := tx.ExecContext(ctx, m.text); err != nil {
			return j.failed("bring its schema up to date", err)
		}
		if have = m.version; have == chained {
			if err := j.beginChain(ctx, tx); err != nil {
				return j.failed("begin the chain", err)
			}
		}
	}
	if err := j.engine.SetVersion(ctx, tx, have); err != nil {
		return j.failed("bring its schema up to date", err)
	}
	if err := tx.Commit(); err != nil {
		return j.failed("bring its schema up to date", err)
	}
	return nil
}

// checkSchema is migrate for readers, who change nothing: a database that nobody
// has written to yet is an empty memory, and a file of an older version of the
// program is read from a copy, for whoever has just upgraded wants a plan first.
func (j *Journal) checkSchema(ctx context.Context) error {
	have, lacks, err := j.version(ctx)
	switch {
	case err != nil || len(lacks) == 0:
		return err
	case have == 0:
		err := j.db.Close()
		j.db = nil
		return err
	}
	file, ok := j.engine.(engine.SQLite)
	if !ok {
		return fmt.Errorf("the journal %s has schema version %d, of an older version of this program: `dutyward apply` and `dutyward run` bring it up to date", j.engine.Name(), have)
	}
	return j.readCopy(ctx, file)
}

// readCopy goes on with a copy of the file, with today's schema, that is gone
// when the journal is closed.
func (j *Journal) readCopy(ctx context.Context, file engine.SQLite) error {
	dir, err := os.MkdirTemp("", "dutyward-state-")
	if err != nil {
		return fmt.Errorf("copy the journal %s, which an older version wrote: %w", file.Path, err)
	}
	j.discard = func() error { return os.RemoveAll(dir) }
	copied := file
	copied.Path = filepath.Join(dir, "dutyward.db")
	if _, err := j.db.ExecContext(ctx, `VACUUM INTO ?`, copied.Path); err != nil {
		return j.failed("copy it, as an older version wrote it", err)
	}
	if err := j.db.Close(); err != nil {
		return j.failed("copy it, as an older version wrote it", err)
	}
	if j.db, err = copied.Open(ctx, false); err != nil {
		return j.failed("copy it, as an older version wrote it", err)
	}
	return j.migrate(ctx)
}
