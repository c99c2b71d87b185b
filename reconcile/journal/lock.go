package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/dutyward/dutyward/inventory/regular"
)

// Lease is how long the writer's lock outlives its holder's last sign where
// nothing else tells that the holder is gone. Each intent renews it, so a
// write that follows an intent must end within it (S29).
const Lease = 2 * time.Minute

// ErrNotLocked is wrapped by the errors of Begin, Intent and Finish where this
// journal does not hold the writer's lock.
var ErrNotLocked = errors.New("the writer's lock is not held")

// LockedError says who holds the writer's lock.
type LockedError struct {
	Path string
	// Holder is zero in the instant between taking the lock and signing it.
	Holder Holder
}

// Holder is a holder of the writer's lock.
type Holder struct {
	Host    string
	PID     int
	Command string
	Since   time.Time
	// Until is when the lease ends unless it is renewed.
	Until time.Time
}

func (e *LockedError) Error() string {
	if e.Holder == (Holder{}) {
		return fmt.Sprintf("the journal %s is in use by another process that applies: wait for it to finish", e.Path)
	}
	return fmt.Sprintf("the journal %s is in use by %s: wait for it to finish, or stop it", e.Path, e.Holder)
}

// String names the holder for a person.
func (h Holder) String() string {
	return fmt.Sprintf("%q (process %d on %s, since %s)", h.Command, h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// heldLock is the lock while this journal holds it.
type heldLock struct {
	token string
	file  fileLock
	// lease is kept in PostgreSQL; nil of a file.
	lease *lease
}

// Lock takes the writer's lock, without waiting, or returns a *LockedError.
//
// In PostgreSQL the lock is a lease (see SharedLease).
//
// Of a file the lock is two things. On one machine it is a lock of the operating system
// on the file beside the journal, which ends with the process however that
// ends. Between machines it is a lease, which is signed in the journal: another
// machine's is taken over when it has ended.
func (j *Journal) Lock(ctx context.Context) (unlock func() error, err error) {
	if j == nil || j.readOnly {
		return nil, ErrReadOnly
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.held != nil {
		return nil, errors.New("this process holds the writer's lock already")
	}
	if j.options.Postgres != nil {
		l, err := j.take(ctx, writerLease)
		if err != nil {
			return nil, err
		}
		held := &heldLock{token: l.token, lease: l}
		j.held = held
		return func() error { return j.unlock(held) }, nil
	}
	file, err := lockFile(j.path + ".lock")
	if errors.Is(err, errHeld) {
		return nil, &LockedError{Path: j.engine.Name(), Holder: j.fileHolder(ctx)}
	}
	if err != nil {
		return nil, fmt.Errorf("take the writer's lock: %w", err)
	}
	_ = file.write(j.self()) // a disk that is full is reported by who signs
	held := &heldLock{token: rand.Text(), file: file}
	if err := j.sign(ctx, held.token); err != nil {
		return nil, errors.Join(err, file.release())
	}
	j.held = held
	return func() error { return j.unlock(held) }, nil
}

// self is this process as the holder, for the lock's file.
func (j *Journal) self() []byte {
	now := j.options.Wall().UTC()
	text, _ := json.Marshal(Holder{Host: j.options.Host, PID: os.Getpid(), Command: j.options.Command, Since: now, Until: now.Add(Lease)}) // which always can be
	return append(text, '\n')
}

// fileHolder is who holds the file: who wrote itself there, for what is signed in
// the journal may be an earlier one's that was killed. Where the file says nothing
// that can be read, it is who signed; zero if that can't be read either.
func (j *Journal) fileHolder(ctx context.Context) Holder {
	text, err := regular.ReadFile(j.path+".lock", 64<<10)
	var h Holder
	if err == nil && json.Unmarshal(text, &h) == nil && h.PID > 0 && h.Command != "" {
		return h
	}
	h, _ = j.holder(ctx) // that it is locked is reported in any case
	return h
}

// Writer is who holds the writer's lock by what is signed in the journal; zero
// if nobody does. A holder that was killed stands there until somebody takes
// over.
func (j *Journal) Writer(ctx context.Context) (Holder, error) {
	if j == nil || j.db == nil {
		return Holder{}, nil
	}
	return j.holder(ctx)
}

// sign writes this process down as the holder, unless another machine's lease
// still runs.
func (j *Journal) sign(ctx context.Context, token string) error {
	var locked *LockedError
	err := j.write(ctx, "take the writer's lock", func(tx *sql.Tx) error {
		holder, err := readHolder(ctx, tx)
		if err != nil {
			return err
		}
		now, err := j.engine.Now(ctx, tx)
		if err != nil {
			return err
		}
		if holder != (Holder{}) && elsewhere(holder, j.options.Host) && now.Before(holder.Until) {
			locked = &LockedError{Path: j.engine.Name(), Holder: holder}
			return locked
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO writer (one, token, host, pid, command, since, until)
			VALUES (1, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET token = excluded.token, host = excluded.host, pid = excluded.pid,
				command = excluded.command, since = excluded.since, until = excluded.until`,
			token, j.options.Host, os.Getpid(), j.options.Command, stamp(now), stamp(now.Add(Lease)))
		return err
	})
	if locked != nil {
		return locked
	}
	return err
}

// writeLocked is write for the holder of the lock: it renews the lease, and
// errs if the lock is not held or was taken over.
func (j *Journal) writeLocked(ctx context.Context, what string, f func(*sql.Tx) error) error {
	if j == nil || j.readOnly {
		return ErrReadOnly
	}
	// The mutex is never asked for inside a transaction: who holds it may be
	// waiting for the one connection.
	j.mu.Lock()
	held := j.held
	j.mu.Unlock()
	return j.write(ctx, what, func(tx *sql.Tx) error {
		if held == nil {
			return ErrNotLocked
		}
		if err := j.renew(ctx, tx, held); err != nil {
			return err
		}
		return f(tx)
	})
}

func (j *Journal) renew(ctx context.Context, tx *sql.Tx, held *heldLock) error {
	if held.lease != nil {
		if err := held.lease.whole(); err != nil {
			return fmt.Errorf("%w any more: %w", ErrNotLocked, err)
		}
		return held.lease.renew(ctx, tx)
	}
	now, err := j.engine.Now(ctx, tx)
	if err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, `UPDATE writer SET until = ? WHERE token = ?`, stamp(now.Add(Lease)), held.token)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	holder, err := readHolder(ctx, tx)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w any more: its lease ended and it was taken over by %s", ErrNotLocked, holder)
}

// unlock gives the lock back. It does nothing the second time, or after Close.
func (j *Journal) unlock(held *heldLock) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.held != held {
		return nil
	}
	j.held = nil
	return errors.Join(j.resign(held), held.file.release())
}

// resign takes back what this process signed.
func (j *Journal) resign(held *heldLock) error {
	if held.lease != nil {
		return held.lease.giveBack()
	}
	// The caller's context may have ended by now, and a lock must not stay.
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return j.write(ctx, "give the writer's lock back", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM writer WHERE token = ?`, held.token)
		return err
	})
}

func (j *Journal) holder(ctx context.Context) (Holder, error) {
	h, err := readHolder(ctx, j.db)
	if err != nil {
		return Holder{}, j.failed("read who holds the writer's lock", err)
	}
	return h, nil
}

// rowQuerier is a database or a transaction.
type rowQuerier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// readHolder returns the zero Holder if nobody signed.
func readHolder(ctx context.Context, q rowQuerier) (Holder, error) {
	return readLease(ctx, q, writerLease)
}

// readLease is readHolder of a lease's table.
func readLease(ctx context.Context, q rowQuerier, table string) (Holder, error) {
	var h Holder
	var since, until string
	err := q.QueryRowContext(ctx, `SELECT host, pid, command, since, until FROM `+table+` WHERE token <> ''`).
		Scan(&h.Host, &h.PID, &h.Command, &since, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return Holder{}, nil
	}
	if err != nil {
		return Holder{}, err
	}
	if h.Since, err = parseStamp(since); err != nil {
		return Holder{}, err
	}
	h.Until, err = parseStamp(until)
	return h, err
}
