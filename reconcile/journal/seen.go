package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal/engine"
)

// Beside the journal stands a small file that says which round ended last. A copy
// of the journal that is put back in its place knows of an earlier one: then it
// can't know what became of what it speaks of.

// seen is what that file says.
type seen struct {
	Round int64     `json:"round"`
	At    time.Time `json:"at"`
}

func (j *Journal) seenPath() string { return j.path + ".seen" }

// itself is what the journal itself knows of the last round that ended.
func (j *Journal) itself(ctx context.Context) (seen, error) {
	var s seen
	var at string
	err := j.db.QueryRowContext(ctx, `SELECT round, finished FROM rounds WHERE state IS NOT NULL ORDER BY round DESC LIMIT 1`).Scan(&s.Round, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err == nil {
		s.At, err = parseStamp(at)
	}
	if err != nil {
		return s, j.failed("read the last round", err)
	}
	return s, nil
}

// compareSeen finds out whether the journal is older than what ran here last. A
// file that is missing or can't be read says nothing.
func (j *Journal) compareSeen(ctx context.Context) error {
	if j.db == nil {
		return nil
	}
	if j.options.Postgres != nil {
		return nil // the file is of one of many instances
	}
	text, err := os.ReadFile(j.seenPath())
	var before seen
	if err != nil || json.Unmarshal(text, &before) != nil {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			j.notices = append(j.notices, fmt.Sprintf("could not determine whether the journal is the latest: %v", err))
		}
		return nil
	}
	now, err := j.itself(ctx)
	switch {
	case err != nil:
		return err
	case now.Round == 0 && before.Round > 0:
		j.notices = append(j.notices, fmt.Sprintf("the journal %s is new, though a round ended here %s: what earlier rounds raised is not known to be this program's any more, and stays", j.engine.Name(), day(before.At)))
	case now.Round > 0 && now.At.Before(before.At):
		why := fmt.Sprintf("the state is a copy from %s, and a round ended here %s", day(now.At), day(before.At))
		j.restored.Store(&why)
		j.notices = append(j.notices, why+": what became of its raises since then is unknown, and needs a decision")
	}
	return nil
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// forgetOpen closes the writes that a copy from earlier has open, for what is there
// now says nothing of them, and ends its releases, which may have been used.
func (j *Journal) forgetOpen(ctx context.Context) error {
	why := j.restored.Load()
	if why == nil {
		return nil
	}
	return j.write(ctx, "close what a copy has open", func(tx *sql.Tx) error {
		if err := supersede(ctx, tx, j.now(), *why, `true`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE words SET ended = ? WHERE kind = 'release' AND ended IS NULL`, j.now())
		return err
	})
}

// noteSeen notes which round ended last. A file that can't be written makes a later
// copy look as if it were not one, and nothing worse.
func (j *Journal) noteSeen(ctx context.Context) {
	if j.options.Postgres != nil {
		return
	}
	now, err := j.itself(ctx)
	if err != nil {
		return
	}
	text, err := json.Marshal(now)
	if err != nil {
		return
	}
	fresh := j.seenPath() + ".new"
	if os.WriteFile(fresh, text, engine.Mode) == nil {
		_ = os.Rename(fresh, j.seenPath())
	}
}
