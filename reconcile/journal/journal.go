// Package journal is the program's durable memory, which holds what earlier rounds
// recorded and the next one needs: an SQLite file beside the configuration, or a schema
// of a PostgreSQL database that several instances share.
//
// Open makes or opens it for writing; OpenReadOnly is for planning, and takes a
// missing file for an empty memory. Whoever applies holds the writer's lock
// (S29); reading and planning need none. What a method has recorded when it
// returns survives a crash of the machine.
//
// The journal belongs to one account, and its file to its owner alone (mode 0600). It holds
// names and roles of people, and no token.
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/journal/engine"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// ErrReadOnly is the error of every method that records, on a journal opened
// by OpenReadOnly.
var ErrReadOnly = errors.New("the journal was opened for reading only")

// Options are how a journal is opened. Now is required.
type Options struct {
	// Now is the clock by which records are dated: the account's, which a
	// rehearsal may set.
	Now func() time.Time
	// Account is the account's name in the configuration. A journal keeps the
	// first it is given, and refuses another. Empty is not checked.
	Account string
	// Command says in the writer's lock what holds it: "dutyward apply". The
	// program's name if empty. Arguments may hold secrets: leave them out.
	Command string
	// Actor is who decides and lets rounds be made, such as "kai": recorded with both.
	// Empty where no person does.
	Actor string
	// Reason is why they let rounds be made; may be empty.
	Reason string
	// Host names this machine in the writer's lock; its host name if empty.
	Host string
	// Keep is how long rounds that wrote something are kept; permanently if 0.
	Keep time.Duration
	// Redact takes out of each text that is recorded what must not be kept; nil for
	// nothing.
	Redact func(string) string
	// Outbox makes of what happens what is kept for receivers; nil for nothing.
	Outbox func(events.Event) (outbox.Entry, bool)
	// Wall is the machine's own clock, by which the writer's lease runs;
	// time.Now if nil.
	Wall func() time.Time
	// Postgres is where the journal is if it is not a file; nil if it is. Its Redact is
	// not needed. Files beside the journal are then still at the path it is opened with.
	Postgres *engine.Postgres
}

// engineAt is the database that the options name, or the file.
func (o Options) engineAt(path string) engine.Engine {
	if o.Postgres != nil {
		return engine.Postgres{URL: o.Postgres.URL, Schema: o.Postgres.Schema, Redact: o.Redact}
	}
	return engine.SQLite{Path: path, Redact: o.Redact, Wall: o.Wall}
}

func (o Options) withDefaults() Options {
	if o.Command == "" {
		o.Command = filepath.Base(os.Args[0])
	}
	if o.Host == "" {
		o.Host, _ = os.Hostname()
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	return o
}

// Journal is an open journal. It is safe for concurrent use. A nil *Journal is
// an empty memory that can't be written.
type Journal struct {
	path     string // of the files beside it
	options  Options
	engine   engine.Engine
	db       *sql.DB // nil where there is no file to read
	readOnly bool
	notices  []string
	// restored says why it is older than what ran here last; nil if it is not.
	restored atomic.Pointer[string]
	names    atomic.Pointer[roundNames]
	discard  func() error // gets rid of a copy that was read instead; nil if none was

	// sightings are the leases of others as they were seen last.
	sightings struct {
		sync.Mutex
		of map[string]sighting
	}

	mu   sync.Mutex
	held *heldLock
}

// Open opens the journal at path, or in PostgreSQL, for reading and writing, makes it if
// it is not there, and brings an older schema up to date. A looser mode than 0600 is
// fixed, and Notices says so. The folder must exist.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	j := newJournal(path, o)
	var err error
	if j.notices, err = j.engine.Prepare(ctx); err != nil {
		return nil, err
	}
	if err := j.connect(ctx); err != nil {
		return nil, err
	}
	if err := j.migrate(ctx); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	for _, step := range []func(context.Context) error{j.checkAccount, j.compareSeen, j.readRestored, j.forgetOpen} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return j, nil
}

func newJournal(path string, o Options) *Journal {
	o = o.withDefaults()
	return &Journal{path: path, options: o, engine: o.engineAt(path)}
}

// OpenReadOnly opens the journal at path, or in PostgreSQL, for reading. If there is none,
// the memory is empty: a first plan needs no journal. It changes nothing, not even
// an older schema, or a mode that is too loose, which Notices tells.
func OpenReadOnly(ctx context.Context, path string, o Options) (*Journal, error) {
	j := newJournal(path, o)
	j.readOnly = true
	exists, notices, err := j.engine.Exists(ctx)
	if err != nil {
		return nil, j.failed("open", err)
	}
	j.notices = notices
	if !exists {
		return j, nil
	}
	if err := j.connect(ctx); err != nil {
		return nil, err
	}
	if err := j.checkSchema(ctx); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	for _, step := range []func(context.Context) error{j.checkAccount, j.compareSeen, j.readRestored} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return j, nil
}

// Notices are sentences about the file that a person should read.
func (j *Journal) Notices() []string {
	if j == nil {
		return nil
	}
	return j.notices
}

// Close closes the journal. A writer's lock still held ends with it.
func (j *Journal) Close() error {
	if j == nil || j.db == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var err error
	if j.held != nil && j.held.lease != nil {
		err = j.resign(j.held)
	}
	err = errors.Join(err, j.db.Close())
	if j.discard != nil {
		err = errors.Join(err, j.discard())
		j.discard = nil
	}
	if j.held != nil {
		err = errors.Join(err, j.held.file.release())
		j.held = nil
	}
	if err != nil {
		return fmt.Errorf("close journal %s: %w", j.engine.Name(), err)
	}
	return nil
}

// connect opens the database.
func (j *Journal) connect(ctx context.Context) (err error) {
	if j.db, err = j.engine.Open(ctx, j.readOnly); err != nil {
		return j.failed("open", err)
	}
	return nil
}

// checkAccount notes whose journal this is, or finds that it is another's.
func (j *Journal) checkAccount(ctx context.Context) error {
	if j.options.Account == "" || j.db == nil {
		return nil
	}
	var account string
	err := j.db.QueryRowContext(ctx, `SELECT value FROM about WHERE name = 'account'`).Scan(&account)
	switch {
	case errors.Is(err, sql.ErrNoRows) && j.readOnly:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return j.write(ctx, "note the account", func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO about (name, value) VALUES ('account', ?) ON CONFLICT DO NOTHING`, j.options.Account)
			return err
		})
	case err != nil:
		return j.failed("read the account's name", err)
	case account != j.options.Account:
		return fmt.Errorf("the journal %s belongs to the account %q, and the configuration names %q: give each account a journal of its own, or correct the name", j.engine.Name(), account, j.options.Account)
	}
	return nil
}

// write runs f in a transaction and commits it durably. what completes the
// sentence "can't …".
func (j *Journal) write(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if j == nil || j.readOnly {
		return ErrReadOnly
	}
	tx, err := j.engine.Write(ctx, j.db)
	if err != nil {
		return j.failed(what, err)
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := f(tx); err != nil {
		return j.failed(what, err)
	}
	if err := tx.Commit(); err != nil {
		return j.failed(what, err)
	}
	return nil
}

// now is the record's time.
func (j *Journal) now() string { return stamp(j.options.Now()) }

const layout = "2006-01-02T15:04:05.000000000Z"

func stamp(t time.Time) string { return t.UTC().Format(layout) }

func parseStamp(s string) (time.Time, error) { return time.Parse(layout, s) }
