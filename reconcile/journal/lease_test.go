//go:build unix

package journal_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/engine"
	"github.com/dutyward/dutyward/reconcile/journal/pgtest"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// instance is another process that leads.
type instance struct {
	*exec.Cmd
	lines chan string
}

func startInstance(t *testing.T, path string) *instance {
	t.Helper()
	at := in(path, journal.Options{}).Postgres
	i := &instance{Cmd: exec.Command(os.Args[0]), lines: make(chan string, 10)}
	i.Env = append(os.Environ(), leadVariable+"="+at.Schema+" "+at.URL)
	out, err := i.StdoutPipe()
	must(t, err)
	must(t, i.Start())
	t.Cleanup(func() { _ = i.Process.Kill(); _ = i.Wait() })
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			i.lines <- s.Text()
		}
	}()
	return i
}

// says waits for a line.
func (i *instance) says(t *testing.T, words ...string) {
	t.Helper()
	select {
	case line := <-i.lines:
		says(t, errors.New(line), words...)
	case <-time.After(time.Minute):
		t.Fatalf("it does not say %q", words)
	}
}

// leads waits until a journal leads and holds the lock, and returns how long that took.
func leads(t *testing.T, j *journal.Journal) (took time.Duration, leading context.Context) {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	leading, _, err := j.Lead(ctx, func(journal.Holder) {})
	must(t, err)
	_, err = j.Lock(ctx)
	must(t, err)
	return time.Since(began), leading
}

// soon is how long a take-over may take from a holder that ended without a word.
const soon = journal.SharedLease + 4*time.Second

func TestS29_OfSeveralInstancesOneLeadsAndAnotherFollowsWithinSecondsOfItsDeath(t *testing.T) {
	t.Parallel()
	path := inPostgres(t)
	next := open(t, path, journal.Options{Now: time.Now})
	first := startInstance(t, path)
	first.says(t, "leads")
	_, err := next.Lock(t.Context())
	says(t, err, "dutyward run")
	must(t, first.Process.Kill())
	if took, _ := leads(t, next); took > soon {
		t.Errorf("it took %s", took)
	}
}

func TestS29_AnInstanceThatStoodStillWritesNothingMore(t *testing.T) {
	t.Parallel()
	path := inPostgres(t)
	next := open(t, path, journal.Options{Now: time.Now})
	first := startInstance(t, path)
	first.says(t, "leads")
	must(t, first.Process.Signal(syscall.SIGSTOP))
	if took, _ := leads(t, next); took > soon {
		t.Errorf("it took %s", took)
	}
	must(t, first.Process.Signal(syscall.SIGCONT))
	first.says(t, "lost: the writer's lock is not held any more", "recorded: ", "the writer's lock is not held")
}

func TestS29_TheLeadIsGivenBackAtOnce(t *testing.T) {
	t.Parallel()
	path := inPostgres(t)
	first, next := open(t, path, journal.Options{Now: time.Now, Command: "first"}), open(t, path, journal.Options{Now: time.Now})
	leading, resign, err := first.Lead(t.Context(), func(journal.Holder) {})
	must(t, err)
	waiting := make(chan journal.Holder, 1)
	go func() { <-waiting; _ = resign() }()
	began := time.Now()
	_, _, err = next.Lead(t.Context(), func(h journal.Holder) { waiting <- h })
	must(t, err)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if leading.Err() == nil {
		t.Error("the first leads still")
	}
}

// A server that is killed takes the lease with it, and gives it to one when it is back.
func TestS29_WithoutTheDatabaseNobodyWritesAndAfterItOneDoes(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	must(t, err)
	defer server.Close()
	url, err := server.Database()
	must(t, err)
	o := journal.Options{Now: time.Now, Postgres: &engine.Postgres{URL: url, Schema: "dutyward"}}
	j, err := journal.Open(t.Context(), file(t), o)
	must(t, err)
	defer j.Close()
	_, leading := leads(t, j)
	fenced, done, err := j.Fenced(t.Context())
	must(t, err)
	defer done()
	must(t, server.Kill())
	for _, ctx := range []context.Context{leading, fenced} {
		select {
		case <-ctx.Done():
		case <-time.After(journal.SharedLease):
			t.Fatal("it is trusted for longer than it lasts")
		}
	}
	_, _, err = j.Fenced(t.Context())
	says(t, err, "the writer's lock is not held any more")
	must(t, server.Run())
	next, err := journal.Open(t.Context(), file(t), o)
	must(t, err)
	defer next.Close()
	if took, _ := leads(t, next); took > soon {
		t.Errorf("it took %s", took)
	}
	_, err = j.Begin(t.Context(), &plan.Plan{})
	if !errors.Is(err, journal.ErrNotLocked) {
		t.Errorf("the first recorded: %v", err)
	}
}

// Clocks that jump, the server's too, end nobody's lease.
func TestS29_AClockThatJumpsEndsNoLease(t *testing.T) {
	t.Parallel()
	path := inPostgres(t)
	clock := &clock{start}
	first := open(t, path, journal.Options{Now: clock.Now, Wall: clock.Now, Command: "first"})
	next := open(t, path, journal.Options{Now: time.Now})
	_, err := first.Lock(t.Context())
	must(t, err)
	clock.at = clock.at.AddDate(1, 0, 0)
	executeIn(t, path, `UPDATE writer SET until = '1999-01-01T00:00:00.000000000Z'`) // by a clock that went forward
	_, err = next.Lock(t.Context())
	says(t, err, "first")
	_, done, err := first.Fenced(t.Context())
	must(t, err)
	done()
	_, err = first.Begin(t.Context(), &plan.Plan{})
	must(t, err)
}
