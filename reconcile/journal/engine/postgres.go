package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres is a schema of a PostgreSQL database.
type Postgres struct {
	// URL is an address ("postgres://…") or key words and values, as libpq takes them. It
	// may hold a password.
	URL string
	// Schema is where the tables are. It is made if it is not there.
	Schema string
	// Redact takes out of each text that is recorded what must not be kept; nil for
	// nothing.
	Redact func(string) string
}

const (
	// answer is how long a statement may take: a server that doesn't answer is one that
	// can't be reached.
	answer = 30 * time.Second
	// idle is how long a transaction may stand still, as that of a process that was
	// stopped does, before the server ends it.
	idle = 5 * time.Second
)

// Kind implements Engine.
func (Postgres) Kind() string { return "postgres" }

// Name implements Engine.
func (p Postgres) Name() string {
	c, err := pgx.ParseConfig(p.URL)
	if err != nil {
		return "in PostgreSQL"
	}
	return fmt.Sprintf("in PostgreSQL (%s, database %s, schema %s)", net.JoinHostPort(c.Host, fmt.Sprint(c.Port)), c.Database, p.Schema)
}

// Prepare implements Engine. The schema is made with its tables.
func (Postgres) Prepare(context.Context) ([]string, error) { return nil, nil }

// Exists implements Engine.
func (p Postgres) Exists(ctx context.Context) (bool, []string, error) {
	db, err := p.Open(ctx, true)
	if err != nil {
		return false, nil, err
	}
	defer db.Close()
	var exists bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)`, p.Schema).Scan(&exists)
	return exists, nil, err
}

// identifier is what a schema may be called: nothing that needs quoting.
var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Identifier says whether a schema may be called so.
func Identifier(name string) bool { return identifier.MatchString(name) }

// Open implements Engine.
func (p Postgres) Open(ctx context.Context, _ bool) (*sql.DB, error) {
	if !identifier.MatchString(p.Schema) {
		return nil, fmt.Errorf("%q can't be the name of a schema: expected lower-case letters, digits and underscores", p.Schema)
	}
	c, err := pgx.ParseConfig(p.URL)
	if err != nil {
		return nil, errors.New("the address of the PostgreSQL database can't be read: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, or key words and values")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = Patience
	}
	// Nothing is kept of a statement, whose tables another process may change.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	for name, value := range map[string]string{
		"search_path":                         p.Schema,
		"application_name":                    "dutyward",
		"lock_timeout":                        milliseconds(Patience),
		"idle_in_transaction_session_timeout": milliseconds(idle),
	} {
		c.RuntimeParams[name] = value
	}
	// What was committed is on the disk, whatever the server is set to.
	durable := func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
		return err
	}
	db := sql.OpenDB(wrapping{stdlib.GetConnector(*c, stdlib.OptionAfterConnect(durable)), func(conn driver.Conn) (driver.Conn, bool) {
		whole, ok := conn.(connection)
		return &pgConn{whole, p.Redact}, ok
	}})
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// Write implements Engine. The turn is a lock that ends with the transaction: what reads
// and then writes sees all that was committed before it.
func (p Postgres) Write(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, p.turn())); err != nil {
		return nil, errors.Join(err, ended(tx))
	}
	return tx, nil
}

// ended rolls back; that it was rolled back already is no error.
func ended(tx *sql.Tx) error {
	if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// turn is the number of the lock of those who write.
func (p Postgres) turn() int64 {
	h := fnv.New64a()
	h.Write([]byte("dutyward journal " + p.Schema))
	return int64(h.Sum64())
}

// Read implements Engine.
func (Postgres) Read(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	return db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
}

// Version implements Engine.
func (p Postgres) Version(ctx context.Context, tx *sql.Tx) (version int, err error) {
	var tables, ours int
	err = tx.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE relname = 'journal_version')
		FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = ? AND relkind IN ('r', 'v', 'm', 'p', 'f')`, p.Schema).Scan(&tables, &ours)
	switch {
	case err != nil || tables == 0:
		return 0, err
	case ours == 0:
		return 0, &ForeignError{"the schema " + p.Schema, "name another under state.postgres.schema in the configuration"}
	}
	var app int
	err = tx.QueryRowContext(ctx, `SELECT application, version FROM journal_version`).Scan(&app, &version)
	if err == nil && app != Application {
		return 0, &ForeignError{"the schema " + p.Schema, "name another under state.postgres.schema in the configuration"}
	}
	return version, err
}

// Make implements Engine. To make a schema needs a right that the user of one that is
// there may lack.
func (p Postgres) Make(ctx context.Context, tx *sql.Tx) error {
	var there bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)`, p.Schema).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = tx.ExecContext(ctx, `CREATE SCHEMA `+p.Schema)
	return err
}

// SetVersion implements Engine.
func (p Postgres) SetVersion(ctx context.Context, tx *sql.Tx, version int) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO journal_version (one, application, version) VALUES (1, ?, ?)
		ON CONFLICT (one) DO UPDATE SET version = excluded.version`, Application, version)
	return err
}

// Now implements Engine: the clocks of the instances may differ, and there is one server.
func (Postgres) Now(ctx context.Context, tx *sql.Tx) (now time.Time, err error) {
	err = tx.QueryRowContext(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, err
}

// Hint implements Engine.
func (p Postgres) Hint(err error) string {
	var e *pgconn.PgError
	var unreached *pgconn.ConnectError
	switch {
	case errors.As(err, &e) && (strings.HasPrefix(e.Code, "28") || e.Code == "3D000"):
		return "the server refuses the user or the database: see the address that state.postgres.env names"
	case errors.As(err, &unreached):
		return "the server can't be reached: see that it runs and what address state.postgres.env names; nothing is changed in PagerDuty without a record"
	case !errors.As(err, &e):
		return ""
	case strings.HasPrefix(e.Code, "53"):
		return "the server has no disk, memory or connections left: nothing that was recorded is lost, and nothing is changed in PagerDuty without a record"
	case e.Code == "42501":
		return "the user may not do that: let it own the schema, or create schemas in the database (GRANT CREATE ON DATABASE … TO …)"
	case e.Code == "55P03":
		return "another process has been writing to it for ten seconds: run again"
	case e.Code == "25006":
		return "the server is a standby or read-only: name the primary"
	}
	return ""
}
