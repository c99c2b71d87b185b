package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A lease in PostgreSQL is a row that names its holder and is renewed while it is held.
// Two clocks decide, and neither is compared with another machine's: whoever holds it
// trusts it for SharedLease less a margin from when its last renewal was sent, by the
// time that passes on its own machine; whoever wants it takes it once it saw no renewal
// for SharedLease, by the same kind of time. So a clock that jumps ends no lease early,
// be it the server's.
const (
	// SharedLease is how long a lease lasts without a renewal.
	SharedLease = 12 * time.Second
	// margin is how long before its end its holder stops.
	margin = 3 * time.Second
	// renewal is how often it is renewed, which has to fail thrice for it to be lost.
	renewal = 2 * time.Second
	// poll is how often whoever waits for it looks.
	poll = time.Second
)

// The tables of leases.
const (
	writerLease = "writer"
	leaderLease = "leader"
)

// ErrLeaseLost is the cause with which the context of a lease ends.
var ErrLeaseLost = errors.New("the lease could not be renewed in time: another instance may hold it by now")

// lease is a lease while it is held.
type lease struct {
	journal *Journal
	table   string
	token   string
	// ctx ends when the lease can't be trusted any more.
	ctx    context.Context
	lose   context.CancelCauseFunc
	keeper sync.WaitGroup

	mu      sync.Mutex
	trusted time.Time
}

// sighting is a state of a lease's row, and since when it is seen unchanged.
type sighting struct {
	token, until string
	since        time.Time
}

// free says whether a lease is free, as far as was seen: nobody holds it, or its holder
// has not renewed it for as long as it lasts.
func (j *Journal) free(table, token, until string) bool {
	if token == "" {
		return true
	}
	j.sightings.Lock()
	defer j.sightings.Unlock()
	seen := j.sightings.of[table]
	if seen.token != token || seen.until != until {
		if j.sightings.of == nil {
			j.sightings.of = map[string]sighting{}
		}
		j.sightings.of[table] = sighting{token, until, time.Now()}
		return false
	}
	return time.Since(seen.since) >= SharedLease
}

// take takes a lease if it is free, or returns a *LockedError.
func (j *Journal) take(ctx context.Context, table string) (*lease, error) {
	l := &lease{journal: j, table: table, token: rand.Text()}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, SharedLease)
	defer cancel()
	var locked *LockedError
	err := j.write(ctx, "take the lease", func(tx *sql.Tx) error {
		var token, until string
		err := tx.QueryRowContext(ctx, `SELECT token, until FROM `+table).Scan(&token, &until)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if !j.free(table, token, until) {
			holder, err := readLease(ctx, tx, table)
			if err == nil {
				locked = &LockedError{Path: j.engine.Name(), Holder: holder}
				err = locked
			}
			return err
		}
		now, err := j.engine.Now(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO `+table+` (one, token, host, pid, command, since, until, fence) VALUES (1, ?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT (one) DO UPDATE SET token = excluded.token, host = excluded.host, pid = excluded.pid,
				command = excluded.command, since = excluded.since, until = excluded.until, fence = `+table+`.fence + 1`,
			l.token, j.options.Host, os.Getpid(), j.options.Command, stamp(now), stamp(now.Add(SharedLease)))
		return err
	})
	if locked != nil {
		return nil, locked
	}
	if err != nil {
		return nil, err
	}
	l.trust(began)
	l.ctx, l.lose = context.WithCancelCause(context.Background())
	l.keeper.Go(l.keep)
	return l, nil
}

// trust notes that a renewal which was sent at a moment succeeded.
func (l *lease) trust(sent time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := sent.Add(SharedLease - margin); until.After(l.trusted) {
		l.trusted = until
	}
}

// left is how long the lease can still be trusted. A machine that slept counts the time
// by its wall clock alone.
func (l *lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return min(l.trusted.Sub(now), l.trusted.Round(0).Sub(now.Round(0)))
}

// whole says whether the lease is held, and ends it where it can't be trusted any more.
func (l *lease) whole() error {
	if l.left() <= 0 {
		l.lose(ErrLeaseLost)
	}
	return context.Cause(l.ctx)
}

// keep renews the lease until it is lost or given back.
func (l *lease) keep() {
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-time.After(min(renewal, max(l.left(), 0))):
		}
		if l.whole() != nil {
			return
		}
		l.renewNow()
	}
}

// renewNow renews the lease in a transaction of its own. An error is no loss yet: the
// next try may succeed.
func (l *lease) renewNow() {
	sent := time.Now()
	ctx, cancel := context.WithTimeout(l.ctx, max(l.left(), time.Millisecond))
	defer cancel()
	err := l.journal.write(ctx, "renew the lease", func(tx *sql.Tx) error { return l.renew(ctx, tx) })
	switch {
	case err == nil:
		l.trust(sent)
	case errors.Is(err, ErrNotLocked):
		l.lose(err)
	}
}

// renew renews the lease in a transaction, which is its fence: it fails for whoever was
// followed by another holder.
func (l *lease) renew(ctx context.Context, tx *sql.Tx) error {
	now, err := l.journal.engine.Now(ctx, tx)
	if err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, `UPDATE `+l.table+` SET until = ? WHERE token = ?`, stamp(now.Add(SharedLease)), l.token)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	holder, err := readLease(ctx, tx, l.table)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w any more: its lease ended and it was taken over by %s", ErrNotLocked, holder)
}

// giveBack ends the lease, so that whoever waits need not wait for its end. The row stays:
// the fence never falls.
func (l *lease) giveBack() error {
	l.lose(context.Canceled)
	l.keeper.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), SharedLease)
	defer cancel()
	return l.journal.write(ctx, "give the lease back", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE `+l.table+` SET token = '' WHERE token = ?`, l.token)
		return err
	})
}

// Lead waits until this instance is the one that makes the rounds, and returns a context
// that ends when it is not any more, and what gives the lead back. Of a file, whose
// rounds the writer's lock keeps apart, every instance leads. Waiting is told once, with
// who leads.
func (j *Journal) Lead(ctx context.Context, waiting func(leader Holder)) (leading context.Context, resign func() error, err error) {
	if j == nil || j.readOnly {
		return nil, nil, ErrReadOnly
	}
	if j.options.Postgres == nil {
		return ctx, func() error { return nil }, nil
	}
	for told := ""; ; {
		l, err := j.take(ctx, leaderLease)
		if err == nil {
			leading, cancel := context.WithCancelCause(ctx)
			stop := context.AfterFunc(l.ctx, func() { cancel(context.Cause(l.ctx)) })
			return leading, func() error { stop(); cancel(nil); return l.giveBack() }, nil
		}
		var locked *LockedError
		if errors.As(err, &locked) {
			if name := locked.Holder.String(); name != told {
				told = name
				waiting(locked.Holder)
			}
			j.watchWriter(ctx)
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(poll):
		}
	}
}

// watchWriter looks at the writer's lease while this instance waits to lead: a leader
// that was killed amid a round held both, and both are found to have ended at once.
func (j *Journal) watchWriter(ctx context.Context) {
	var token, until string
	if j.db.QueryRowContext(ctx, `SELECT token, until FROM writer`).Scan(&token, &until) == nil {
		j.free(writerLease, token, until)
	}
}

// Fenced is a context for a write to PagerDuty: it ends with the writer's lock. An error
// says that the lock is not held, and that nothing may be sent. A lock on a file ends with
// the process.
func (j *Journal) Fenced(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if j == nil || j.options.Postgres == nil {
		return ctx, func() {}, nil
	}
	j.mu.Lock()
	held := j.held
	j.mu.Unlock()
	if held == nil {
		return nil, nil, ErrNotLocked
	}
	if err := held.lease.whole(); err != nil {
		return nil, nil, fmt.Errorf("%w any more: %w", ErrNotLocked, err)
	}
	fenced, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(held.lease.ctx, func() { cancel(context.Cause(held.lease.ctx)) })
	return fenced, func() { stop(); cancel(nil) }, nil
}
