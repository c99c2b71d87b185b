package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Begin records a plan that is about to be carried out and returns its round's
// number. It needs the writer's lock.
func (j *Journal) Begin(ctx context.Context, p *plan.Plan) (round int64, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("record the plan: %w", err)
	}
	err = j.writeLocked(ctx, "record the plan", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `INSERT INTO rounds (began, plan) VALUES (?, ?)`, j.now(), string(text))
		if err != nil {
			return err
		}
		round, err = r.LastInsertId()
		return err
	})
	return round, err
}

// Recorder records a round's intents and their results, for apply.Run.
func (j *Journal) Recorder(round int64) apply.Recorder { return recorder{j, round} }

// recorder is a journal as one round of apply sees it.
type recorder struct {
	*Journal
	round int64
}

func (r recorder) Intent(ctx context.Context, c plan.Change) (int64, error) {
	return r.Journal.Intent(ctx, r.round, c)
}

// Intent records that a change is about to be written, and returns the intent's
// number. It needs the writer's lock, and renews its lease.
func (j *Journal) Intent(ctx context.Context, round int64, c plan.Change) (intent int64, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return 0, fmt.Errorf("record an intent: %w", err)
	}
	layer := c.Layer
	if c.Kind == plan.Override {
		layer = c.Override.Key() // a person may have several on a schedule
	}
	err = j.writeLocked(ctx, "record an intent", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `
			INSERT INTO intents (round, at, change, user, resource, layer, before, after, effect, cause)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			round, j.now(), string(text), c.User, c.Resource.String(), layer, c.Before, c.After, c.Effect, c.Cause)
		if err != nil {
			return err
		}
		intent, err = r.LastInsertId()
		return err
	})
	return intent, err
}

// Result records what became of an intent, and with it what follows: an
// acknowledged write is overlaid on reads, a raise keeps the role from before
// it, a lowering to that role or below it ends the raise, and older intents of
// the pair that are still open don't matter any more.
//
// It needs no lock, for what happened must be recorded whoever writes now. It
// may be repeated while the result is uncertain; a certain one stands.
func (j *Journal) Result(ctx context.Context, intent int64, o apply.Outcome) error {
	return j.write(ctx, "record a result", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `
			INSERT INTO results (intent, at, status, wrote, open, found, why) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (intent) DO UPDATE SET
				at = excluded.at, status = excluded.status, wrote = excluded.wrote,
				open = excluded.open, found = excluded.found, why = excluded.why
			WHERE open = 1`,
			intent, stamp(o.At), o.Status, o.Wrote, o.Uncertain, o.Found, o.Why)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 || !o.Wrote {
			return err
		}
		if o.Change.Kind == plan.Override {
			if err := j.override(ctx, tx, o); err != nil {
				return err
			}
		}
		return j.wrote(ctx, tx, intent)
	})
}

// wrote draws the consequences of an acknowledged write.
func (j *Journal) wrote(ctx context.Context, tx *sql.Tx, intent int64) error {
	var user, resource, layer, before, after, effect string
	err := tx.QueryRowContext(ctx, `SELECT user, resource, layer, before, after, effect FROM intents WHERE intent = ?`, intent).
		Scan(&user, &resource, &layer, &before, &after, &effect)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO results (intent, at, status, wrote, open, found, why)
		SELECT intent, ?, 'superseded', 0, 0, '', 'a later write of the same access was acknowledged'
		FROM intents LEFT JOIN results USING (intent)
		WHERE user = ? AND resource = ? AND layer = ? AND intent < ? AND coalesce(results.open, 1) = 1
		ON CONFLICT (intent) DO UPDATE SET status = excluded.status, open = 0, why = excluded.why`,
		j.now(), user, resource, layer, intent)
	if err != nil {
		return err
	}
	if plan.Effect(effect) == plan.Raise {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO raised (user, resource, layer, before, intent) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			user, resource, layer, before, intent)
		return err
	}
	pair, err := parsePair(user, resource, layer)
	if err != nil {
		return err
	}
	return endRaise(ctx, tx, pair, after)
}

// endRaise forgets the raise of a pair that holds no more than before it.
func endRaise(ctx context.Context, tx *sql.Tx, p desired.Pair, holds string) error {
	var before string
	err := tx.QueryRowContext(ctx, `SELECT before FROM raised WHERE user = ? AND resource = ? AND layer = ?`,
		p.User, p.Resource.String(), p.Layer).Scan(&before)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil || inventory.CompareRoles(p.Resource.Kind, holds, before) > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM raised WHERE user = ? AND resource = ? AND layer = ?`,
		p.User, p.Resource.String(), p.Layer)
	return err
}

// Pending returns the intents whose result is not known, oldest first: those
// of a process that was killed, and writes that were sent and not answered.
// apply.Recover settles them.
func (j *Journal) Pending(ctx context.Context) ([]apply.Intent, error) {
	open := []apply.Intent{}
	err := j.rows(ctx, "read open intents", `
		SELECT intent, round, intents.at, change FROM intents LEFT JOIN results USING (intent)
		WHERE coalesce(results.open, 1) = 1 ORDER BY intent`,
		func(scan func(...any) error) error {
			var in apply.Intent
			var at, text string
			if err := scan(&in.ID, &in.Round, &at, &text); err != nil {
				return err
			}
			var err error
			if in.At, err = parseStamp(at); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &in.Change); err != nil {
				return fmt.Errorf("intent %d: %w", in.ID, err)
			}
			open = append(open, in)
			return nil
		})
	return open, err
}

// Finish records how a round ended: state is what the next one compares with,
// report whatever the caller wants kept as JSON. It needs the writer's lock.
//
// Of earlier rounds only those that wrote something are kept, their plans in
// brief and for as long as Options.Keep. A raise of an earlier round that somebody else has undone since ends,
// and so does a release of a change whose pair holds something else by now.
func (j *Journal) Finish(ctx context.Context, round int64, state plan.Round, report any) error {
	stateText, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("record the end of a round: %w", err)
	}
	reportText, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("record the end of a round: %w", err)
	}
	err = j.writeLocked(ctx, "record the end of a round", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE rounds SET finished = max(began, ?), state = ?, report = ? WHERE round = ? AND finished IS NULL`,
			j.now(), string(stateText), string(reportText), round)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("round %d has not begun or has ended already", round))
		}
		if err := j.shorten(ctx, tx, round); err != nil {
			return err
		}
		if err := endUndone(ctx, tx, round, state); err != nil {
			return err
		}
		if err := j.endReleases(ctx, tx, state); err != nil {
			return err
		}
		return j.forget(ctx, tx)
	})
	if err == nil {
		j.restored.Store(nil)
		j.noteSeen(ctx)
	}
	return err
}

// endUndone ends the raises of earlier rounds of which nothing is left.
func endUndone(ctx context.Context, tx *sql.Tx, round int64, state plan.Round) error {
	raises, err := readRaised(ctx, tx, `
		SELECT raised.user, raised.resource, raised.layer, raised.before
		FROM raised JOIN intents USING (intent) WHERE round < ?`, round)
	if err != nil {
		return err
	}
	for _, p := range state.Pairs {
		if _, ok := raises[p.Pair]; !ok {
			continue
		}
		if err := endRaise(ctx, tx, p.Pair, p.Actual); err != nil {
			return err
		}
	}
	return nil
}
