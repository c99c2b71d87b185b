package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// atOnce is how many old rounds one round forgets at most: a limit that was
// lowered takes effect over some rounds, each as short as any.
const atOnce = 50

// unused is of a round that wrote nothing.
const unused = ` AND NOT EXISTS (SELECT 1 FROM intents WHERE intents.round = rounds.round)`

// shorten makes of the round that was the last one what is kept of a round: if
// it wrote nothing, nothing; else its plan's changes, without the state and the
// report. Rounds that were interrupted since are looked at with it.
func (j *Journal) shorten(ctx context.Context, tx *sql.Tx, round int64) error {
	var last int64
	var text string
	err := tx.QueryRowContext(ctx, `SELECT round, plan FROM rounds WHERE state IS NOT NULL AND round < ? ORDER BY round DESC LIMIT 1`, round).
		Scan(&last, &text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM rounds WHERE round >= ? AND round < ?`+unused, last, round)
	if err != nil || last == 0 {
		return err
	}
	var p *plan.Plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return fmt.Errorf("the plan of round %d: %w", last, err)
	}
	brief, err := json.Marshal(p.Brief())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE rounds SET plan = ?, state = NULL, report = NULL WHERE round = ?`, string(brief), last)
	return err
}

// forgotten is the note of the time up to which rounds were forgotten.
const forgotten = "forgotten"

// forget deletes what is older than the journal keeps: rounds and what they
// wrote, and people's words. What still decides stays: a write that is under
// way, and of a raise that stands the first and the last.
func (j *Journal) forget(ctx context.Context, tx *sql.Tx) error {
	if err := j.forgetEvents(ctx, tx); err != nil {
		return err
	}
	if j.options.Keep <= 0 {
		return nil
	}
	until, from := stamp(j.options.Now().Add(-j.options.Keep)), ""
	if err := j.forgetEntries(ctx, tx, until); err != nil {
		return err
	}
	err := tx.QueryRowContext(ctx, `SELECT value FROM about WHERE name = ?`, forgotten).Scan(&from)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var old []int64
	err = each(ctx, tx, `SELECT round, began FROM rounds WHERE began > ? AND began < ? AND state IS NULL ORDER BY began LIMIT ?`,
		func(scan func(...any) error) error {
			var round int64
			err := scan(&round, &from)
			old = append(old, round)
			return err
		}, from, until, atOnce)
	if err != nil || len(old) == 0 {
		return err
	}
	for _, round := range old {
		if err := forgetRound(ctx, tx, round); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM words WHERE at < ?`, until); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO about (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, forgotten, from)
	return err
}

// forgetRound forgets what a round did and decides nothing any more. Of a unit of which
// a raise stands, that raise is kept and nothing else.
func forgetRound(ctx context.Context, tx *sql.Tx, round int64) error {
	for _, text := range []string{
		`DELETE FROM changes WHERE open = 0 AND intent IN (SELECT intent FROM intents WHERE round = ?) AND NOT EXISTS (
			SELECT 1 FROM raised r WHERE r.person = changes.person AND r.resource = changes.resource AND r.layer = changes.layer
				AND changes.change IN (r.change, ` + lastRaise("r") + `))`,
		`DELETE FROM intents WHERE round = ? AND NOT (` + openSteps + `) AND NOT EXISTS (
			SELECT 1 FROM changes WHERE changes.intent = intents.intent)`,
		`UPDATE intents SET payload = NULL, alarm = NULL, alarmed = NULL, ended = NULL WHERE round = ? AND NOT (` + openSteps + `)`,
		`DELETE FROM rounds WHERE round = ?` + unused,
	} {
		if _, err := tx.ExecContext(ctx, text, round); err != nil {
			return err
		}
	}
	return nil
}
