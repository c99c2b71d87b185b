// Package engine is what the two databases that a journal may be kept in differ in:
// SQLite, a file beside the configuration, and PostgreSQL, for several instances.
//
// The journal's statements are the same for both, with "?" for their arguments. What
// SQL they have apart are the schema's texts.
package engine

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Application marks a database as a journal: "DtyW".
const Application = 0x44747957

// Patience is how long another process's writing is waited for.
const Patience = 10 * time.Second

// Engine is a database as the journal uses it. Everything that is written goes through
// Write, one transaction at a time, whichever process it is in.
type Engine interface {
	// Kind is "sqlite" or "postgres": the directory of its schema's texts.
	Kind() string
	// Name names the journal for a person, without secrets.
	Name() string
	// Prepare makes what is opened for writing; it returns sentences for a person.
	Prepare(ctx context.Context) (notices []string, err error)
	// Exists says whether there is anything to read, with sentences for a person.
	Exists(ctx context.Context) (exists bool, notices []string, err error)
	// Open opens the database.
	Open(ctx context.Context, readOnly bool) (*sql.DB, error)
	// Write begins a transaction that waits for its turn to write; Read one that sees
	// one moment.
	Write(ctx context.Context, db *sql.DB) (*sql.Tx, error)
	Read(ctx context.Context, db *sql.DB) (*sql.Tx, error)
	// Version is that of the schema, 0 where there is none; a *ForeignError if the
	// database is another program's.
	Version(ctx context.Context, tx *sql.Tx) (int, error)
	// Make makes what the tables are in, where there are none yet.
	Make(ctx context.Context, tx *sql.Tx) error
	// SetVersion marks the database as a journal with a schema of that version.
	SetVersion(ctx context.Context, tx *sql.Tx, version int) error
	// Now is the clock by which leases run.
	Now(ctx context.Context, tx *sql.Tx) (time.Time, error)
	// Hint says what to do about an error of the database; empty where its own words do.
	Hint(err error) string
}

// ForeignError is the error of a database that another program made.
type ForeignError struct{ Name, Remedy string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s is a database of another program, not a journal: %s", e.Name, e.Remedy)
}
