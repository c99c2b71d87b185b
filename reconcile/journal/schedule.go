package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// remembered is how long an override that has ended is remembered.
const remembered = 7 * 24 * time.Hour

func (r recorder) EditIntent(ctx context.Context, e apply.EditIntent) (int64, error) {
	return r.Journal.EditIntent(ctx, r.round, e)
}

// EditIntent records that a schedule's turns are about to be edited, and returns
// the edit's number. It needs the writer's lock, and renews its lease.
func (j *Journal) EditIntent(ctx context.Context, round int64, e apply.EditIntent) (edit int64, err error) {
	text, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("record an edit: %w", err)
	}
	err = j.writeLocked(ctx, "record an edit", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO edits (round, at, schedule, work) VALUES (?, ?, ?, ?)`,
			round, j.now(), e.Was.ID, string(text))
		if err != nil {
			return err
		}
		edit, err = r.LastInsertId()
		return err
	})
	return edit, err
}

// EditResult records what became of an edit. One that is partial stays open.
func (j *Journal) EditResult(ctx context.Context, edit int64, status apply.EditStatus, why string) error {
	return j.write(ctx, "record the result of an edit", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE edits SET status = ?, settled = ?, why = ? WHERE edit = ?`, status, j.now(), why, edit)
		return err
	})
}

// PendingEdits are the edits of which it is not known that all was written,
// oldest first. apply.RecoverEdits completes them.
func (j *Journal) PendingEdits(ctx context.Context) ([]apply.EditIntent, error) {
	open := []apply.EditIntent{}
	err := j.rows(ctx, "read open edits", `SELECT edit, at, work FROM edits WHERE status IS NULL OR status = 'partial' ORDER BY edit`,
		func(scan func(...any) error) error {
			var in apply.EditIntent
			var id int64
			var at, text string
			err := scan(&id, &at, &text)
			if err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &in); err != nil {
				return fmt.Errorf("edit %d: %w", id, err)
			}
			in.ID = id
			in.At, err = parseStamp(at)
			open = append(open, in)
			return err
		})
	return open, err
}

// Adopt remembers overrides as the program's own.
func (j *Journal) Adopt(ctx context.Context, standins []plan.OurStandin) error {
	if len(standins) == 0 {
		return nil
	}
	return j.writeLocked(ctx, "record overrides", func(tx *sql.Tx) error {
		for _, s := range standins {
			if err := putStandin(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// standin remembers an override that was made or taken back.
func (j *Journal) standin(ctx context.Context, tx *sql.Tx, o apply.Outcome) error {
	c := o.Change
	if _, err := tx.ExecContext(ctx, `DELETE FROM standins WHERE ends < ?`, stamp(o.At.Add(-remembered))); err != nil {
		return err
	}
	return putStandin(ctx, tx, plan.OurStandin{
		Schedule: c.Resource.ID, Standin: *c.Override, At: o.At, Gone: c.After == inventory.None,
	})
}

func putStandin(ctx context.Context, tx *sql.Tx, s plan.OurStandin) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO standins (schedule, kind, id, user, begins, ends, replaces, rotation, at, gone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (schedule, kind, id) DO UPDATE SET at = excluded.at, gone = excluded.gone`,
		s.Schedule, s.Kind, s.ID, s.User, stamp(s.Start), stamp(s.End), s.Replaces, s.Rotation, stamp(s.At), s.Gone)
	return err
}

// readStandins reads the overrides that the program made and that have not
// ended.
func readStandins(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `
		SELECT schedule, kind, id, user, begins, ends, replaces, rotation, at, gone FROM standins
		WHERE ends > ? ORDER BY schedule, begins, id`,
		func(scan func(...any) error) error {
			var s plan.OurStandin
			var begins, ends, at string
			err := scan(&s.Schedule, &s.Kind, &s.ID, &s.User, &begins, &ends, &s.Replaces, &s.Rotation, &at, &s.Gone)
			for _, t := range []struct {
				text string
				into *time.Time
			}{{begins, &s.Start}, {ends, &s.End}, {at, &s.At}} {
				if err == nil {
					*t.into, err = parseStamp(t.text)
				}
			}
			m.Standins = append(m.Standins, s)
			return err
		}, stamp(now))
}

// readEdited reads the schedules that were edited in the last two minutes.
func readEdited(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `SELECT work, settled FROM edits WHERE status = 'written' AND settled > ? ORDER BY settled`,
		func(scan func(...any) error) error {
			var text, at string
			if err := scan(&text, &at); err != nil {
				return err
			}
			var in apply.EditIntent
			if err := json.Unmarshal([]byte(text), &in); err != nil {
				return fmt.Errorf("an edit: %w", err)
			}
			settled, err := parseStamp(at)
			m.Edited = append(m.Edited, plan.Edited{Schedule: in.Was.ID, Was: in.Was, At: settled})
			return err
		}, stamp(now.Add(-overlaid)))
}
