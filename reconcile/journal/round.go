package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/journal/chain"
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
		err := tx.QueryRowContext(ctx, `INSERT INTO rounds (began, plan, actor, command, reason) VALUES (?, ?, ?, ?, ?) RETURNING round`,
			j.now(), string(text), j.options.Actor, j.options.Command, j.options.Reason).Scan(&round)
		if err != nil {
			return err
		}
		return j.enter(ctx, tx, chain.Round, roundEntry{
			Round: round, Reason: j.options.Reason, Revision: p.Revision, Changes: len(p.Changes), Plan: chain.Digest([]byte(j.redacted(string(text)))),
		})
	})
	return round, err
}

// endRaise forgets the raise of a pair that holds no more than before it.
func endRaise(ctx context.Context, tx *sql.Tx, p desired.Pair, holds string) error {
	var before string
	err := tx.QueryRowContext(ctx, `SELECT before FROM raised WHERE person = ? AND resource = ? AND layer = ?`,
		p.User, p.Resource.String(), p.Layer).Scan(&before)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil || inventory.CompareRoles(p.Resource.Kind, holds, before) > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM raised WHERE person = ? AND resource = ? AND layer = ?`,
		p.User, p.Resource.String(), p.Layer)
	return err
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
		r, err := tx.ExecContext(ctx, `UPDATE rounds SET finished = CASE WHEN began > ? THEN began ELSE ? END, state = ?, report = ? WHERE round = ? AND finished IS NULL`,
			j.now(), j.now(), string(stateText), string(reportText), round)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("round %d has not begun or has ended already", round))
		}
		err = j.enter(ctx, tx, chain.RoundEnded, roundEndEntry{
			Round: round, State: chain.Digest([]byte(j.redacted(string(stateText)))), Report: chain.Digest([]byte(j.redacted(string(reportText)))),
		})
		if err != nil {
			return err
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
		if err := j.noteRisks(ctx, tx, state.Risks); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM about WHERE name = ?`, restoredNote); err != nil {
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
		SELECT raised.person, raised.resource, raised.layer, raised.before
		FROM raised JOIN changes USING (change) JOIN intents USING (intent) WHERE round < ?`, round)
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
