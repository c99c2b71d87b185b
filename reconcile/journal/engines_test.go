package journal_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/engine"
	"github.com/dutyward/dutyward/reconcile/journal/pgtest"
)

// place makes room for a journal and returns its path.
type place func(t *testing.T) string

// postgres are the journals that are not in files, by their paths.
var postgres sync.Map

var (
	schemas atomic.Int64
	address struct {
		sync.Mutex
		url string
	}
)

// onBoth runs a test on each engine: no sentence about a journal holds on one alone.
func onBoth(t *testing.T, test func(t *testing.T, at place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, file) })
	t.Run("postgres", func(t *testing.T) { test(t, inPostgres) })
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "journal.db") }

// inPostgres is the path of a journal in a schema of its own.
func inPostgres(t *testing.T) string {
	t.Helper()
	address.Lock()
	defer address.Unlock()
	if address.url == "" {
		address.url = pgtest.Shared(t)
	}
	path := file(t)
	postgres.Store(path, &engine.Postgres{URL: address.url, Schema: fmt.Sprintf("journal_%d", schemas.Add(1))})
	return path
}

// in are the options for the journal of a path.
func in(path string, o journal.Options) journal.Options {
	if p, ok := postgres.Load(path); ok {
		o.Postgres = p.(*engine.Postgres)
	}
	return o
}

// nameOf is how messages call the journal of a path.
func nameOf(path string) string {
	if o := in(path, journal.Options{}); o.Postgres != nil {
		return o.Postgres.Schema
	}
	return path
}
