package journal_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/engine"
	"github.com/dutyward/dutyward/reconcile/journal/pgtest"
	"github.com/dutyward/dutyward/reconcile/plan"
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

// leadVariable makes the test binary an instance that leads and holds the lock of the
// journal in the schema and database that it names, says so, and says when it lost them.
const leadVariable = "DUTYWARD_TEST_LEAD"

func lead(address string) {
	ctx := context.Background()
	schema, url, _ := strings.Cut(address, " ")
	o := journal.Options{Now: time.Now, Command: "dutyward run", Postgres: &engine.Postgres{URL: url, Schema: schema}}
	j, err := journal.Open(ctx, "", o)
	if err == nil {
		_, _, err = j.Lead(ctx, func(journal.Holder) {})
	}
	if err == nil {
		_, err = j.Lock(ctx)
	}
	for said := false; err == nil; time.Sleep(10 * time.Millisecond) {
		var done func()
		if _, done, err = j.Fenced(ctx); err == nil {
			done()
			if !said {
				fmt.Println("leads")
				said = true
			}
		}
	}
	_, recorded := j.Begin(ctx, &plan.Plan{})
	fmt.Printf("lost: %v; recorded: %v\n", err, recorded)
	select {}
}
