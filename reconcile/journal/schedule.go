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

// Alarms are the alarms about edits of schedules that stand; with ended, those too
// that are over, as long as their rounds are kept. Oldest first.
func (j *Journal) Alarms(ctx context.Context, ended bool) ([]apply.EditAlarmed, error) {
	alarms := []apply.EditAlarmed{}
	err := j.rows(ctx, "read alarms", `SELECT intent, round, coalesce(payload, ''), alarm, alarmed, ended FROM intents WHERE alarmed IS NOT NULL ORDER BY intent`,
		func(scan func(...any) error) error {
			var a apply.EditAlarmed
			var payload, since string
			var over sql.NullString
			err := scan(&a.Edit, &a.Round, &payload, &a.Why, &since, &over)
			if err == nil && payload != "" {
				a.Schedule, a.Name, err = edited(payload)
			}
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

// edited is the id and the name of the schedule that a payload is about.
func edited(payload string) (id, name string, err error) {
	var e struct {
		Was struct{ ID, Name string } `json:"was"`
	}
	err = json.Unmarshal([]byte(payload), &e)
	return e.Was.ID, e.Was.Name, err
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
		INSERT INTO standins (schedule, kind, id, person, begins, ends, replaces, rotation, at, gone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (schedule, kind, id) DO UPDATE SET at = excluded.at, gone = excluded.gone`,
		s.Schedule, s.Kind, s.ID, s.User, stamp(s.Start), stamp(s.End), s.Replaces, s.Rotation, stamp(s.At), s.Gone)
	return err
}

// readOverrides reads the overrides that the program made and that have not
// ended.
func readOverrides(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `
		SELECT schedule, kind, id, person, begins, ends, replaces, rotation, at, gone FROM standins
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
	return each(ctx, tx, `SELECT payload, coalesce(status, ''), coalesce(settled, touched, at), coalesce(why, '') FROM intents
		WHERE kind = 'rotation' AND intent IN (
			SELECT intent FROM intents WHERE payload IS NOT NULL AND (`+openStatus+` OR settled > ?))
		ORDER BY intent`,
		func(scan func(...any) error) error {
			var text, status, at, why string
			if err := scan(&text, &status, &at, &why); err != nil {
				return err
			}
			var e apply.Edit
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				return fmt.Errorf("an edit: %w", err)
			}
			settled, err := parseStamp(at)
			if apply.IntentStatus(status).Open() {
				m.Edited = append(m.Edited, plan.Edited{Schedule: e.Was.ID, At: settled, Open: opened(apply.IntentStatus(status), why)})
				return err
			}
			states := e.States()
			old := states[:len(states)-1]
			if apply.IntentStatus(status) != apply.IntentWritten {
				old = states[1:]
			}
			for _, s := range old {
				m.Edited = append(m.Edited, plan.Edited{Schedule: e.Was.ID, Was: s, At: settled})
			}
			return err
		}, stamp(now.Add(-inventory.StaleFor)))
}

// opened says why nothing is done about a schedule whose edit is open.
func opened(status apply.IntentStatus, why string) string {
	switch {
	case status == apply.IntentAlarm:
		return why
	case status == apply.IntentUnseen:
		return "its turns were edited, and PagerDuty does not show all of it yet"
	case why != "":
		return why
	}
	return "an edit of its turns was interrupted; what became of it is checked after two minutes, once PagerDuty shows all that was written"
}
