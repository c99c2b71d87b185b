package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// wrapping makes a library's connections, each in another of our own: false is one that
// lacks what others have.
type wrapping struct {
	driver.Connector
	wrap func(driver.Conn) (driver.Conn, bool)
}

// Connect implements driver.Connector.
func (w wrapping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := w.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	wrapped, ok := w.wrap(c)
	if !ok {
		return nil, fmt.Errorf("the library's connection lacks what others have: %T", c)
	}
	return wrapped, nil
}

// connection is what each connection of either library has, and what a wrapper must
// not hide.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
}

// sqliteConnection is what each of SQLite's has.
type sqliteConnection interface {
	connection
	driver.Validator
}

// guarded keeps a file from holding what must not be kept: no text goes into it that
// redact did not see, whichever method writes it.
type guarded struct {
	sqliteConnection
	redact func(string) string
}

// Unwrap is the library's connection.
func (g guarded) Unwrap() driver.Conn { return g.sqliteConnection }

// CheckNamedValue implements driver.NamedValueChecker: it is asked for each value
// of each statement.
func (g guarded) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	if text, ok := v.Value.(string); ok {
		v.Value = g.redact(text)
	}
	return err
}
