package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Recorder records a round's intents and their results, for apply.Run and
// apply.Recover.
func (j *Journal) Recorder(round int64) apply.Recorder { return recorder{j, round} }

// recorder is a journal as one round of apply sees it.
type recorder struct {
	journal *Journal
	round   int64
}

// Begin implements apply.Recorder. It needs the writer's lock, and renews its lease.
func (r recorder) Begin(ctx context.Context, in apply.Intent) (intent int64, err error) {
	j := r.journal
	err = j.writeLocked(ctx, "record an intent", func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `INSERT INTO intents (round, kind, at, payload) VALUES (?, ?, ?, ?) RETURNING intent`,
			r.round, in.Kind, j.now(), textOrNull(in.Payload))
		if err := row.Scan(&intent); err != nil {
			return err
		}
		e := intentEntry{Intent: intent, Round: r.round, Kind: string(in.Kind), Changes: []json.RawMessage{}, Payload: j.payloadDigest(in.Payload)}
		for _, c := range in.Changes {
			text, err := putChange(ctx, tx, intent, c)
			if err != nil {
				return err
			}
			e.Changes = append(e.Changes, text)
		}
		return j.enter(ctx, tx, chain.Intent, e)
	})
	return intent, err
}

// payloadDigest is the digest of a payload; empty if there is none.
func (j *Journal) payloadDigest(payload json.RawMessage) string {
	if len(payload) == 0 {
		return ""
	}
	return chain.Digest([]byte(j.redacted(string(payload))))
}

func putChange(ctx context.Context, tx *sql.Tx, intent int64, c plan.Change) (json.RawMessage, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	layer := c.Layer
	if c.Kind == plan.Override {
		layer = c.Override.Key() // a person may have several on a schedule
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO changes (intent, key, person, resource, layer, before, after, effect, cause, status, wrote, open, found, why, whole)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, 1, '', '', ?)`,
		intent, c.ID, c.User, c.Resource.String(), layer, c.Before, c.After, c.Effect, c.Cause, string(text))
	return text, err
}

// textOrNull is JSON as it is kept; null if there is none.
func textOrNull(text json.RawMessage) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}

// Step implements apply.Recorder. It needs the writer's lock, and renews its lease.
func (r recorder) Step(ctx context.Context, in apply.Intent) error {
	j := r.journal
	return j.writeLocked(ctx, "record a step", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE intents SET payload = ?, touched = ? WHERE intent = ?`, textOrNull(in.Payload), j.now(), in.ID)
		if err != nil {
			return err
		}
		return j.enter(ctx, tx, chain.Step, stepEntry{in.ID, j.payloadDigest(in.Payload)})
	})
}

// Finish implements apply.Recorder. What follows from a result is recorded with it: an
// alarm stands until a status is none; an acknowledged write is overlaid on reads, a
// raise keeps the role from before it, a lowering to that role or below it ends the
// raise, and older changes of the pair that are still open don't matter any more.
//
// It needs no lock, for what happened must be recorded whoever writes now. An outcome
// may be repeated while it is uncertain; a certain one stands.
func (r recorder) Finish(ctx context.Context, intent int64, res apply.Result) error {
	j := r.journal
	return j.write(ctx, "record a result", func(tx *sql.Tx) error {
		if res.Status != "" {
			if err := j.status(ctx, tx, intent, res); err != nil {
				return err
			}
		}
		for _, o := range res.Outcomes {
			if err := j.outcome(ctx, tx, intent, o); err != nil {
				return err
			}
		}
		return j.enter(ctx, tx, chain.Result, resultEntryOf(intent, res))
	})
}

func resultEntryOf(intent int64, res apply.Result) resultEntry {
	e := resultEntry{Intent: intent, Status: string(res.Status), Why: res.Why, Outcomes: []outcomeEntry{}}
	for _, o := range res.Outcomes {
		e.Outcomes = append(e.Outcomes, outcomeEntry{
			Change: o.Change.ID, Status: string(o.Status), Wrote: o.Wrote, Uncertain: o.Uncertain, Found: o.Found, Why: o.Why, At: stamp(o.At),
		})
	}
	return e
}

// status records how far a unit of several steps came, and the alarm about it.
func (j *Journal) status(ctx context.Context, tx *sql.Tx, intent int64, res apply.Result) error {
	now := j.now()
	if _, err := tx.ExecContext(ctx, `UPDATE intents SET status = ?, settled = ?, why = ? WHERE intent = ?`, res.Status, now, res.Why, intent); err != nil {
		return err
	}
	if res.Status == apply.IntentAlarm {
		_, err := tx.ExecContext(ctx, `UPDATE intents SET alarm = ?, alarmed = coalesce(alarmed, ?), ended = NULL WHERE intent = ?`, res.Why, now, intent)
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE intents SET ended = ? WHERE intent = ? AND alarmed IS NOT NULL AND ended IS NULL`, now, intent)
	return err
}

// outcome records what became of a change of an intent.
func (j *Journal) outcome(ctx context.Context, tx *sql.Tx, intent int64, o apply.Outcome) error {
	var change int64
	err := tx.QueryRowContext(ctx, `
		UPDATE changes SET settled = ?, status = ?, wrote = ?, open = ?, found = ?, why = ?
		WHERE intent = ? AND key = ? AND open = 1 RETURNING change`,
		stamp(o.At), o.Status, o.Wrote, o.Uncertain, o.Found, o.Why, intent, o.Change.ID).Scan(&change)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it was certain before
	}
	if err != nil || !o.Wrote {
		return err
	}
	if o.Change.Kind == plan.Override {
		if err := j.override(ctx, tx, o); err != nil {
			return err
		}
	}
	if err := j.tellMade(ctx, tx, intent, o); err != nil {
		return err
	}
	return j.wrote(ctx, tx, change)
}

// wrote draws the consequences of an acknowledged write.
func (j *Journal) wrote(ctx context.Context, tx *sql.Tx, change int64) error {
	var user, resource, layer, before, after, effect string
	err := tx.QueryRowContext(ctx, `SELECT person, resource, layer, before, after, effect FROM changes WHERE change = ?`, change).
		Scan(&user, &resource, &layer, &before, &after, &effect)
	if err != nil {
		return err
	}
	err = supersede(ctx, tx, j.now(), "a later write of the same access was acknowledged",
		`person = ? AND resource = ? AND layer = ? AND change < ?`, user, resource, layer, change)
	if err != nil {
		return err
	}
	if plan.Effect(effect) == plan.Raise {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO raised (person, resource, layer, before, change) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			user, resource, layer, before, change)
		return err
	}
	pair, err := parsePair(user, resource, layer)
	if err != nil {
		return err
	}
	return endRaise(ctx, tx, pair, after)
}

// supersede closes open changes that don't matter any more, and says why.
func supersede(ctx context.Context, tx *sql.Tx, now, why, which string, args ...any) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE changes SET status = 'superseded', open = 0, why = ?, settled = coalesce(settled, ?)
		WHERE open = 1 AND `+which, append([]any{why, now}, args...)...)
	return err
}

const (
	// openStatus is what apply.IntentStatus.Open says, of an intent with a payload.
	openStatus = `(status IS NULL OR status IN ('unseen', 'partial', 'alarm'))`
	// openSteps selects the units of several steps that stand half done, or may.
	openSteps = `payload IS NOT NULL AND ` + openStatus
)

// Pending returns the intents of which it is not known whole what became, oldest
// first: those of a process that was killed, writes that were sent and not answered,
// and units of several steps that stand half done. apply.Recover settles them.
func (j *Journal) Pending(ctx context.Context) ([]apply.Intent, error) {
	open := []apply.Intent{}
	err := j.rows(ctx, "read open intents", `
		SELECT i.intent, round, kind, at, coalesce(touched, at), coalesce(i.status, ''), coalesce(payload, ''), coalesce(whole, '')
		FROM intents i LEFT JOIN changes c ON c.intent = i.intent AND c.open = 1
		WHERE i.intent IN (SELECT intent FROM changes WHERE open = 1 UNION ALL SELECT intent FROM intents WHERE `+openSteps+`)
		ORDER BY i.intent, change`,
		func(scan func(...any) error) error {
			in, c, err := readOpen(scan)
			if err != nil {
				return err
			}
			if n := len(open); n == 0 || open[n-1].ID != in.ID {
				open = append(open, in)
			}
			if c != nil {
				last := &open[len(open)-1]
				last.Changes = append(last.Changes, *c)
			}
			return nil
		})
	return open, err
}

// readOpen reads an intent, with one of its changes that are open if there is one.
func readOpen(scan func(...any) error) (in apply.Intent, c *plan.Change, err error) {
	var at, touched, payload, whole string
	err = scan(&in.ID, &in.Round, &in.Kind, &at, &touched, &in.Status, &payload, &whole)
	if err != nil {
		return in, nil, err
	}
	if payload != "" {
		in.Payload = json.RawMessage(payload)
	}
	if in.At, err = parseStamp(at); err != nil {
		return in, nil, err
	}
	if in.Touched, err = parseStamp(touched); err != nil || whole == "" {
		return in, nil, err
	}
	if err := json.Unmarshal([]byte(whole), &c); err != nil {
		return in, nil, fmt.Errorf("intent %d: %w", in.ID, err)
	}
	return in, c, nil
}
