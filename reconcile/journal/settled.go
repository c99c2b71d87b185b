package journal

import (
	"context"
	"database/sql"
	"errors"
)

// Settled returns the policies and settings that held still last, as SaveSettled
// kept them; an empty revision if there were none yet.
func (j *Journal) Settled(ctx context.Context) (revision string, source, settings []byte, err error) {
	if j == nil || j.db == nil {
		return "", nil, nil, nil
	}
	err = j.db.QueryRowContext(ctx, `SELECT revision, source, settings FROM settled`).Scan(&revision, &source, &settings)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, nil, nil
	}
	if err != nil {
		return "", nil, nil, j.failed("read the policies that held still", err)
	}
	return revision, source, settings, nil
}

// SaveSettled keeps policies and settings that held still (S37), in a form of the
// caller's.
func (j *Journal) SaveSettled(ctx context.Context, revision string, source, settings []byte) error {
	if revision == "" {
		return errors.New("save settled policies: a revision is needed")
	}
	if source == nil {
		source = []byte{}
	}
	return j.write(ctx, "keep the policies that held still", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO settled (one, revision, source, settings, at) VALUES (1, ?, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, source = excluded.source,
				settings = excluded.settings, at = excluded.at
			WHERE settled.revision <> excluded.revision OR settled.source <> excluded.source OR settled.settings <> excluded.settings`,
			revision, source, settings, j.now())
		return err
	})
}
