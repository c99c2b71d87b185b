package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/journal/engine"
)

// ErrNotAFile is the error of what is done with files alone.
var ErrNotAFile = errors.New("the state is in PostgreSQL: back it up and put it back with pg_dump and pg_restore, as any database of yours; after putting it back, run `dutyward journal restore` without a file")

// Backup writes a copy of the journal as it is at one moment to a file that is not there
// yet, while others may write to it.
func (j *Journal) Backup(ctx context.Context, file string) error {
	if j == nil || j.db == nil {
		return errors.New("there is no state to back up yet: the first apply makes it")
	}
	if j.options.Postgres != nil {
		return ErrNotAFile
	}
	// SQLite writes into an empty file, which has the right mode before anything is in it.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, engine.Mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: name a file that is not", file)
	}
	if err != nil {
		return fmt.Errorf("back up the journal: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := j.db.ExecContext(ctx, `VACUUM INTO ?`, file); err != nil {
		return errors.Join(j.failed("back it up to "+file, err), os.Remove(file))
	}
	return synced(file)
}

// synced makes sure that a file is on the disk.
func synced(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// restoredNote is the note of a journal that was put back, until a round has ended.
const restoredNote = "restored"

// Restored notes that the journal was put back and may not know what happened since: what
// it has open is closed, and nothing is lowered because of what it alone remembers (S4).
// It needs that nobody else writes.
func (j *Journal) Restored(ctx context.Context) error {
	unlock, err := j.Lock(ctx)
	if err != nil {
		return err
	}
	last, err := j.itself(ctx)
	if err == nil {
		why := fmt.Sprintf("the state was restored %s, and its last round ended %s", day(j.options.Now()), day(last.At))
		if last.Round == 0 {
			why = fmt.Sprintf("the state was restored %s, and no round had ended in it", day(j.options.Now()))
		}
		err = j.writeLocked(ctx, "note that it was restored", func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, restoredNote, why)
			if err != nil {
				return err
			}
			return j.enter(ctx, tx, chain.Restored, map[string]string{"why": why})
		})
		j.restored.Store(&why)
	}
	if err == nil {
		err = j.forgetOpen(ctx)
	}
	return errors.Join(err, unlock())
}

// readRestored reads the note.
func (j *Journal) readRestored(ctx context.Context) error {
	if j.db == nil || j.restored.Load() != nil {
		return nil
	}
	var why string
	err := j.db.QueryRowContext(ctx, `SELECT value FROM about WHERE name = ?`, restoredNote).Scan(&why)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return j.failed("read whether it was restored", err)
	}
	j.restored.Store(&why)
	j.notices = append(j.notices, why+": what became of its raises since then is unknown, and needs a decision")
	return nil
}

// Restore puts a backup in the place of the journal at path. What is there is kept
// beside it, under the name that is returned; empty if there was nothing.
func Restore(ctx context.Context, path, backup string, o Options) (kept string, err error) {
	if o.Postgres != nil {
		return "", ErrNotAFile
	}
	if err := checkBackup(ctx, backup, o); err != nil {
		return "", err
	}
	lock, err := lockFile(path + ".lock")
	if errors.Is(err, errHeld) {
		return "", fmt.Errorf("the journal %s is in use by a process that applies: stop it", path)
	}
	if err != nil {
		return "", fmt.Errorf("take the writer's lock: %w", err)
	}
	kept, err = exchange(path, backup)
	if err := errors.Join(err, lock.release()); err != nil {
		return kept, fmt.Errorf("restore the journal: %w", err)
	}
	j, err := Open(ctx, path, o)
	if err != nil {
		return kept, err
	}
	return kept, errors.Join(j.Restored(ctx), j.Close())
}

// checkBackup finds whether a file is a journal of the account, and whole.
func checkBackup(ctx context.Context, backup string, o Options) error {
	if info, err := os.Stat(backup); err != nil {
		return fmt.Errorf("read the backup: %w", err)
	} else if info.Size() == 0 {
		return fmt.Errorf("the backup %s is empty", backup)
	}
	j, err := OpenReadOnly(ctx, backup, o)
	if err != nil {
		return err
	}
	if j.db == nil {
		return errors.Join(fmt.Errorf("the backup %s holds no journal", backup), j.Close())
	}
	_, err = j.Verify(ctx)
	return errors.Join(err, j.Close())
}

// exchange moves a journal's files aside and puts a copy of a backup in their place.
func exchange(path, backup string) (kept string, err error) {
	fresh := path + ".restoring"
	if err := copyFile(backup, fresh); err != nil {
		return "", errors.Join(err, os.Remove(fresh))
	}
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-restore-" + time.Now().UTC().Format("20060102T150405Z")
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return kept, err
			}
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return kept, err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // where directories can be
		_ = dir.Close()
	}
	return kept, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, engine.Mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
