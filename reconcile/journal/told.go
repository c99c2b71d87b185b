package journal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dutyward/dutyward/reconcile/events"
)

// Told is what SaveTold kept; nil if there was nothing yet.
func (j *Journal) Told(ctx context.Context) ([]byte, error) {
	if j == nil || j.db == nil {
		return nil, nil
	}
	var text []byte
	err := j.db.QueryRowContext(ctx, `SELECT text FROM told`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, j.failed("read what was reported", err)
	}
	return text, nil
}

// SaveTold keeps what was announced and still holds, in a form of the caller's,
// for the process that comes after this one (S28), and puts what happened into the
// outbox with it.
func (j *Journal) SaveTold(ctx context.Context, text []byte, happened []events.Event) error {
	return j.write(ctx, "save what was reported", func(tx *sql.Tx) error {
		if err := j.tell(ctx, tx, happened...); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO told (one, text) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET text = excluded.text`, text)
		return err
	})
}
