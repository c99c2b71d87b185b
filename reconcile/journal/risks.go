package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// noteRisks keeps which findings a round made, and which there are no more.
func (j *Journal) noteRisks(ctx context.Context, tx *sql.Tx, seen *plan.RisksSeen) error {
	if seen == nil {
		return nil
	}
	now := j.now()
	for _, r := range seen.List {
		mends, err := json.Marshal(plan.OrEmpty(r.Mends))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO risks (id, rule, subject, resource, severity, message, packed, mends, first_seen, opened, last_seen, reopened, gone, gone_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, '')
			ON CONFLICT (id) DO UPDATE SET
				severity = excluded.severity, message = excluded.message, mends = excluded.mends, last_seen = excluded.last_seen,
				opened = CASE WHEN risks.gone IS NULL THEN risks.opened ELSE excluded.opened END,
				reopened = risks.reopened + CASE WHEN risks.gone IS NULL THEN 0 ELSE 1 END, gone = NULL, gone_by = ''`,
			r.ID, r.Rule, r.Subject, r.Resource, r.Severity, j.redacted(r.Message), bit(r.Packed), string(mends), now, now, now)
		if err != nil {
			return err
		}
	}
	if !seen.Whole {
		return nil
	}
	return j.endRisks(ctx, tx, now, seen.Packs)
}

// endRisks, to the minute, for clocks of two processes differ, ends those that were open and that this round, which is of now, did not find,
// and forgets those that have been gone for long.
func (j *Journal) endRisks(ctx context.Context, tx *sql.Tx, now string, packs bool) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, opened, mends FROM risks WHERE gone IS NULL AND last_seen <> ? AND packed <= ?`, now, bit(packs))
	if err != nil {
		return err
	}
	type end struct {
		opened string
		mends  []string
	}
	ended := map[string]end{}
	for rows.Next() {
		var id, text string
		var e end
		if err := rows.Scan(&id, &e.opened, &text); err != nil {
			return errors.Join(err, rows.Close())
		}
		if err := json.Unmarshal([]byte(text), &e.mends); err != nil {
			return errors.Join(err, rows.Close())
		}
		ended[id] = e
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, e := range ended {
		by := ""
		for _, key := range e.mends {
			var made bool
			err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM changes WHERE key = ? AND wrote = 1 AND open = 0 AND settled >= ?)`, key, e.opened[:len("2006-01-02T15:04")]).Scan(&made)
			if err != nil {
				return err
			}
			if made {
				by = key
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE risks SET gone = ?, gone_by = ? WHERE id = ?`, now, by, id); err != nil {
			return err
		}
	}
	if j.options.Keep <= 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM risks WHERE gone < ?`, stamp(j.options.Now().Add(-j.options.Keep)))
	return err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Risks are the findings that rounds have made, open or gone, by id.
func (j *Journal) Risks(ctx context.Context) (map[string]plan.RiskKnown, error) {
	known := map[string]plan.RiskKnown{}
	if j == nil || j.db == nil {
		return known, nil
	}
	rows, err := j.db.QueryContext(ctx, `SELECT id, rule, subject, resource, severity, message, first_seen, opened, last_seen, reopened, gone, gone_by FROM risks`)
	if err != nil {
		return nil, j.failed("read the risks", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r plan.RiskKnown
		var first, opened, last string
		var gone sql.NullString
		err := rows.Scan(&r.ID, &r.Rule, &r.Subject, &r.Resource, &r.Severity, &r.Message, &first, &opened, &last, &r.Reopened, &gone, &r.GoneBy)
		if err == nil {
			err = errors.Join(at(&r.First, first), at(&r.Opened, opened), at(&r.Last, last))
		}
		if err == nil && gone.Valid {
			r.Gone = new(time.Time)
			err = at(r.Gone, gone.String)
		}
		if err != nil {
			return nil, j.failed("read the risks", err)
		}
		known[r.ID] = r
	}
	if err := rows.Err(); err != nil {
		return nil, j.failed("read the risks", err)
	}
	return known, nil
}

func at(t *time.Time, text string) (err error) {
	*t, err = parseStamp(text)
	return err
}
