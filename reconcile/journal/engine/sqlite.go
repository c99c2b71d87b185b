package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite is a file.
type SQLite struct {
	Path string
	// Redact takes out of each text that is recorded what must not be kept; nil for
	// nothing.
	Redact func(string) string
	// Wall is the machine's own clock.
	Wall func() time.Time
}

// Kind implements Engine.
func (SQLite) Kind() string { return "sqlite" }

// Name implements Engine.
func (s SQLite) Name() string { return s.Path }

// Prepare implements Engine: it makes the file, and fixes a mode that is too loose.
func (s SQLite) Prepare(context.Context) ([]string, error) { return secure(s.Path) }

// Exists implements Engine.
func (s SQLite) Exists(context.Context) (bool, []string, error) {
	info, err := os.Stat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil, nil
	case err != nil:
		return false, nil, fmt.Errorf("open journal: %w", err)
	case info.Size() == 0:
		return false, nil, nil
	case loose(info):
		return true, []string{fmt.Sprintf("the journal %s can be read by others (mode %04o): run chmod 600 on it", s.Path, info.Mode().Perm())}, nil
	}
	return true, nil, nil
}

// Open implements Engine. One connection is enough, for SQLite has one writer anyway; a
// commit is on the disk when it returns (synchronous FULL).
func (s SQLite) Open(ctx context.Context, readOnly bool) (*sql.DB, error) {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(s.Path))
	mode := "rw&_pragma=journal_mode(WAL)"
	if readOnly {
		mode = "ro"
	}
	dsn := "file:" + escaped + "?mode=" + mode + "&_txlock=immediate" +
		fmt.Sprintf("&_pragma=busy_timeout(%d)", Patience.Milliseconds()) + "&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)"
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	if s.Redact != nil {
		c = wrapping{c, func(conn driver.Conn) (driver.Conn, bool) {
			whole, ok := conn.(sqliteConnection)
			return guarded{whole, s.Redact}, ok
		}}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	if err := pingPatiently(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// pingPatiently connects. While another process turns the file to WAL or
// recovers it, SQLite answers "busy" at once whatever its timeout is.
func pingPatiently(ctx context.Context, db *sql.DB) error {
	for deadline := time.Now().Add(Patience); ; {
		err := db.PingContext(ctx)
		var busy *sqlite.Error
		if !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Write implements Engine.
func (SQLite) Write(ctx context.Context, db *sql.DB) (*sql.Tx, error) { return db.BeginTx(ctx, nil) }

// Read implements Engine.
func (SQLite) Read(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	return db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
}

// Version implements Engine.
func (s SQLite) Version(ctx context.Context, tx *sql.Tx) (version int, err error) {
	var app, tables int
	for query, into := range map[string]*int{
		`PRAGMA application_id`: &app, `PRAGMA user_version`: &version, `SELECT count(*) FROM sqlite_schema`: &tables,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(into); err != nil {
			return 0, err
		}
	}
	if app != Application && (tables > 0 || version != 0 || app != 0) {
		return 0, &ForeignError{s.Path, "name another file in the configuration"}
	}
	return version, nil
}

// Make implements Engine: the file is there.
func (SQLite) Make(context.Context, *sql.Tx) error { return nil }

// SetVersion implements Engine.
func (SQLite) SetVersion(ctx context.Context, tx *sql.Tx, version int) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d; PRAGMA user_version = %d`, Application, version))
	return err
}

// Now implements Engine.
func (s SQLite) Now(context.Context, *sql.Tx) (time.Time, error) { return s.Wall(), nil }

// Hint implements Engine.
func (SQLite) Hint(err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	return hints[e.Code()&0xff]
}
