package engine

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// guard keeps a file from holding what must not be kept: no text goes into it that redact
// did not see, whichever method writes it.
type guard struct {
	driver.Connector
	redact func(string) string
}

// Connect implements driver.Connector.
func (g guard) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := g.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := c.(connection)
	if !ok {
		return nil, fmt.Errorf("a connection of the library's that lacks what others have: %T", c)
	}
	return guarded{whole, g.redact}, nil
}

// connection is what each connection of the library has, and what a wrapper must
// not hide.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type guarded struct {
	connection
	redact func(string) string
}

// Unwrap is the library's connection.
func (g guarded) Unwrap() driver.Conn { return g.connection }

// CheckNamedValue implements driver.NamedValueChecker: it is asked for each value
// of each statement.
func (g guarded) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	if text, ok := v.Value.(string); ok {
		v.Value = g.redact(text)
	}
	return err
}
