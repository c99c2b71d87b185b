//go:build !unix

// Package pgtest starts a PostgreSQL server of its own for tests, where it can.
package pgtest

import "testing"

// Shared skips the test.
func Shared(t testing.TB) string {
	t.Skip("PostgreSQL is started by tests on Unix alone")
	return ""
}

// Stop does nothing.
func Stop() {}
