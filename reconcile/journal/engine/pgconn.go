package engine

import (
	"context"
	"database/sql/driver"
	"strconv"
	"strings"
)

// pgConn takes the journal's statements: "?" is an argument, a truth is 0 or 1, and no text
// goes into it that redact did not see.
type pgConn struct {
	connection
	redact func(string) string
}

// ExecContext implements driver.ExecerContext.
func (c *pgConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return c.connection.ExecContext(ctx, numbered(query, len(args)), args)
}

// QueryContext implements driver.QueryerContext.
func (c *pgConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	rows, err := c.connection.QueryContext(ctx, numbered(query, len(args)), args)
	if err != nil {
		cancel()
		return nil, err
	}
	return timed{rows, cancel}, nil
}

// timed are rows that have to come in time.
type timed struct {
	driver.Rows
	cancel context.CancelFunc
}

// Close implements driver.Rows.
func (t timed) Close() error {
	defer t.cancel()
	return t.Rows.Close()
}

// CheckNamedValue implements driver.NamedValueChecker: it is asked for each value
// of each statement. PostgreSQL keeps no text with a NUL or that is not UTF-8.
func (c *pgConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value)
	switch value := v.Value.(type) {
	case string:
		if c.redact != nil {
			value = c.redact(value)
		}
		v.Value = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\x00", "\uFFFD")
	case bool:
		v.Value = int64(0)
		if value {
			v.Value = int64(1)
		}
	}
	return err
}

// numbered writes $1, $2 … for each "?". The journal's statements have none in a text.
func numbered(query string, args int) string {
	if args == 0 {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}
