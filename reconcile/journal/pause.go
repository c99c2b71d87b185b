package journal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
)

// paused is the note of a pause.
const paused = "paused"

// Pause is the pause that all instances share, in a form of the caller's; empty if there
// is none.
func (j *Journal) Pause(ctx context.Context) (text string, err error) {
	if j == nil || j.db == nil {
		return "", nil
	}
	err = j.db.QueryRowContext(ctx, `SELECT value FROM about WHERE name = ?`, paused).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", j.failed("read whether changes are paused", err)
	}
	return text, nil
}

// SetPause notes a pause; an empty text ends it.
func (j *Journal) SetPause(ctx context.Context, text string) error {
	return j.write(ctx, "note a pause", func(tx *sql.Tx) error {
		kind, statement, args := chain.Resumed, `DELETE FROM about WHERE name = ?`, []any{paused}
		if text != "" {
			kind, statement, args = chain.Paused, `INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, []any{paused, text}
		}
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
		return j.enter(ctx, tx, kind, map[string]string{"pause": text})
	})
}
