//go:build !unix

// Package pgtest starts a PostgreSQL server of its own for tests, where it can.
package pgtest

import (
	"errors"
	"testing"
)

// ErrMissing says that there is nothing to start.
var ErrMissing = errors.New("PostgreSQL is started by tests on Unix alone")

// Shared skips the test.
func Shared(t testing.TB) string {
	t.Skip(ErrMissing)
	return ""
}

// Address is an error.
func Address() (string, error) { return "", ErrMissing }

// Stop does nothing.
func Stop() {}
