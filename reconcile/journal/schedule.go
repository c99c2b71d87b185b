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

func (r recorder) EditStep(ctx context.Context, e apply.EditIntent) error {
	return r.Journal.EditStep(ctx, e)
}

// EditStep records that a step of an edit is about to be sent. It needs the
// writer's lock, and renews its lease.
func (j *Journal) EditStep(ctx context.Context, e apply.EditIntent) error {
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("record a step of an edit: %w", err)
	}
	return j.writeLocked(ctx, "record a step of an edit", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE edits SET work = ?, touched = ? WHERE edit = ?`, string(text), j.now(), e.ID)
		return err
	})
}

// EditResult records what became of an edit. One that is open is looked at by the
// next run. An alarm stands until a result is none.
func (j *Journal) EditResult(ctx context.Context, edit int64, status apply.EditStatus, why string) error {
	return j.write(ctx, "record the result of an edit", func(tx *sql.Tx) error {
		now := j.now()
		if _, err := tx.ExecContext(ctx, `UPDATE edits SET status = ?, settled = ?, why = ? WHERE edit = ?`, status, now, why, edit); err != nil {
			return err
		}
		if status == apply.EditAlarm {
			_, err := tx.ExecContext(ctx, `UPDATE edits SET alarm = ?, alarmed = coalesce(alarmed, ?), ended = NULL WHERE edit = ?`, why, now, edit)
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE edits SET ended = ? WHERE edit = ? AND alarmed IS NOT NULL AND ended IS NULL`, now, edit)
		return err
	})
}

// openEdit selects the edits that apply.EditStatus.Open is true of.
const openEdit = `coalesce(status, '') IN ('', 'unseen', 'partial', 'alarm')`

// PendingEdits are the edits that the next run is to look at, oldest first.
// apply.RecoverEdits does.
func (j *Journal) PendingEdits(ctx context.Context) ([]apply.EditIntent, error) {
	open := []apply.EditIntent{}
	err := j.rows(ctx, "read open edits", `SELECT edit, at, coalesce(touched, at), coalesce(status, ''), work FROM edits WHERE `+openEdit+` ORDER BY edit`,
		func(scan func(...any) error) error {
			var id int64
			var at, touched, status, text string
			err := scan(&id, &at, &touched, &status, &text)
			if err != nil {
				return err
			}
			var in apply.EditIntent
			if err := json.Unmarshal([]byte(text), &in); err != nil {
				return fmt.Errorf("edit %d: %w", id, err)
			}
			in.ID, in.Status = id, apply.EditStatus(status)
			if in.At, err = parseStamp(at); err != nil {
				return err
			}
			in.Touched, err = parseStamp(touched)
			open = append(open, in)
			return err
		})
	return open, err
}

// Alarms are the alarms about edits of schedules that stand; with ended, those too
// that are over, as long as their rounds are kept. Oldest first.
func (j *Journal) Alarms(ctx context.Context, ended bool) ([]apply.EditAlarmed, error) {
	alarms := []apply.EditAlarmed{}
	err := j.rows(ctx, "read alarms", `SELECT edit, round, schedule, work ->> '$.was.name', alarm, alarmed, ended FROM edits WHERE alarmed IS NOT NULL ORDER BY edit`,
		func(scan func(...any) error) error {
			var a apply.EditAlarmed
			var since string
			var over sql.NullString
			err := scan(&a.Edit, &a.Round, &a.Schedule, &a.Name, &a.Why, &since, &over)
			if err == nil {
				a.Since, err = parseStamp(since)
			}
			if err == nil && over.Valid {
				var at time.Time
				at, err = parseStamp(over.String)
				a.Ended = &at
			}
			if a.Ended == nil || ended {
				alarms = append(alarms, a)
			}
			return err
		})
	return alarms, err
}

// Adopt remembers overrides as the program's own.
func (j *Journal) Adopt(ctx context.Context, overrides []plan.OurOverride) error {
	if len(overrides) == 0 {
		return nil
	}
	return j.writeLocked(ctx, "record overrides", func(tx *sql.Tx) error {
		for _, s := range overrides {
			if err := putOverride(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// override remembers an override that was made or taken back.
func (j *Journal) override(ctx context.Context, tx *sql.Tx, o apply.Outcome) error {
	c := o.Change
	if _, err := tx.ExecContext(ctx, `DELETE FROM standins WHERE ends < ?`, stamp(o.At.Add(-remembered))); err != nil {
		return err
	}
	return putOverride(ctx, tx, plan.OurOverride{
		Schedule: c.Resource.ID, OverrideShift: *c.Override, At: o.At, Gone: c.After == inventory.None,
	})
}

func putOverride(ctx context.Context, tx *sql.Tx, s plan.OurOverride) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO standins (schedule, kind, id, user, begins, ends, replaces, rotation, at, gone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (schedule, kind, id) DO UPDATE SET at = excluded.at, gone = excluded.gone`,
		s.Schedule, s.Kind, s.ID, s.User, stamp(s.Start), stamp(s.End), s.Replaces, s.Rotation, stamp(s.At), s.Gone)
	return err
}

// readOverrides reads the overrides that the program made and that have not
// ended.
func readOverrides(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `
		SELECT schedule, kind, id, user, begins, ends, replaces, rotation, at, gone FROM standins
		WHERE ends > ? ORDER BY schedule, begins, id`,
		func(scan func(...any) error) error {
			var s plan.OurOverride
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
			m.Overrides = append(m.Overrides, s)
			return err
		}, stamp(now))
}

// readEdited reads the schedules that were edited in the last two minutes, which
// PagerDuty may still show as they were on the way, and those whose edit is open.
func readEdited(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `SELECT work, coalesce(status, ''), coalesce(settled, touched, at), coalesce(why, '') FROM edits
		WHERE `+openEdit+` OR settled > ? ORDER BY edit`,
		func(scan func(...any) error) error {
			var text, status, at, why string
			if err := scan(&text, &status, &at, &why); err != nil {
				return err
			}
			var in apply.EditIntent
			if err := json.Unmarshal([]byte(text), &in); err != nil {
				return fmt.Errorf("an edit: %w", err)
			}
			settled, err := parseStamp(at)
			if apply.EditStatus(status).Open() {
				m.Edited = append(m.Edited, plan.Edited{Schedule: in.Was.ID, At: settled, Open: opened(apply.EditStatus(status), why)})
				return err
			}
			states := in.States()
			old := states[:len(states)-1]
			if apply.EditStatus(status) != apply.EditWritten {
				old = states[1:]
			}
			for _, s := range old {
				m.Edited = append(m.Edited, plan.Edited{Schedule: in.Was.ID, Was: s, At: settled})
			}
			return err
		}, stamp(now.Add(-overlaid)))
}

// opened says why nothing is done about a schedule whose edit is open.
func opened(status apply.EditStatus, why string) string {
	switch {
	case status == apply.EditAlarm:
		return why
	case status == apply.EditUnseen:
		return "its turns were edited, and PagerDuty does not show all of it yet"
	case why != "":
		return why
	}
	return "an edit of its turns was interrupted; what became of it is checked after two minutes, once PagerDuty shows all that was written"
}
