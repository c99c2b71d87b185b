package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const (
	// fought is how long a write counts for what others reverse (S27).
	fought = time.Hour
	// counted is how long a lowering counts (S26), and a release holds.
	counted = 24 * time.Hour
)

// Memory returns what a plan at now needs to know, as of one moment of the
// journal. Without a journal it is that of a first start.
func (j *Journal) Memory(ctx context.Context, now time.Time) (plan.Memory, error) {
	m := plan.Memory{
		Pinned:    map[string]string{},
		Raised:    map[desired.Pair]string{},
		Ends:      map[desired.Pair]plan.Ending{},
		Overlay:   []plan.Write{},
		Made:      []plan.Write{},
		Recent:    []plan.Recent{},
		Released:  map[string]plan.Release{},
		Overrides: []plan.OurOverride{},
		Edited:    []plan.Edited{},
	}
	if j == nil || j.db == nil {
		return m, nil
	}
	if why := j.restored.Load(); why != nil {
		m.Restored = *why
	}
	tx, err := j.engine.Read(ctx, j.db)
	if err != nil {
		return plan.Memory{}, j.failed("read the memory", err)
	}
	defer tx.Rollback() // nothing was written
	for _, read := range []func(context.Context, *sql.Tx, time.Time, *plan.Memory) error{
		readPinned, readLast, readRaises, readEnds, readMade, readRecent, readReleased,
		readOverrides, readEdited,
	} {
		if err := read(ctx, tx, now, &m); err != nil {
			return plan.Memory{}, j.failed("read the memory", err)
		}
	}
	return m, nil
}

func readPinned(ctx context.Context, tx *sql.Tx, _ time.Time, m *plan.Memory) error {
	return each(ctx, tx, `SELECT ref, id FROM bindings`, func(scan func(...any) error) error {
		var ref, id string
		err := scan(&ref, &id)
		m.Pinned[ref] = id
		return err
	})
}

func readLast(ctx context.Context, tx *sql.Tx, _ time.Time, m *plan.Memory) error {
	var state string
	err := tx.QueryRowContext(ctx, `SELECT state FROM rounds WHERE state IS NOT NULL ORDER BY round DESC LIMIT 1`).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var last plan.Round
	if err := json.Unmarshal([]byte(state), &last); err != nil {
		return fmt.Errorf("the last round: %w", err)
	}
	m.Last = &last
	return nil
}

func readRaises(ctx context.Context, tx *sql.Tx, _ time.Time, m *plan.Memory) (err error) {
	m.Raised, err = readRaised(ctx, tx, `SELECT person, resource, layer, before FROM raised`)
	return err
}

// lastRaise selects the last raise of a pair that was written.
func lastRaise(pair string) string {
	return `(SELECT c.change FROM changes c
		WHERE c.person = ` + pair + `.person AND c.resource = ` + pair + `.resource AND c.layer = ` + pair + `.layer
			AND c.wrote = 1 AND c.effect = 'raise' ORDER BY c.change DESC LIMIT 1)`
}

// readEnds reads of the raises that stand what the last write of each said of
// its end.
func readEnds(ctx context.Context, tx *sql.Tx, _ time.Time, m *plan.Memory) error {
	return each(ctx, tx, `SELECT whole FROM raised JOIN changes ON changes.change = `+lastRaise("raised"),
		func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			var c plan.Change
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				return err
			}
			if end, foreseen := plan.EndingOf(c); foreseen {
				m.Ends[c.Pair()] = end
			}
			return nil
		})
}

// readRaised reads the pairs and roles that a query selects.
func readRaised(ctx context.Context, tx *sql.Tx, query string, args ...any) (map[desired.Pair]string, error) {
	raised := map[desired.Pair]string{}
	err := each(ctx, tx, query, func(scan func(...any) error) error {
		var user, resource, layer, before string
		if err := scan(&user, &resource, &layer, &before); err != nil {
			return err
		}
		pair, err := parsePair(user, resource, layer)
		raised[pair] = before
		return err
	}, args...)
	return raised, err
}

// readMade reads the writes of the last hour, several of one pair too, and which
// of them overlay reads: in the order in which they were intended, for a clock
// may be set back between two of them.
func readMade(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `
		SELECT person, resource, layer, before, after, settled, EXISTS (
			SELECT 1 FROM words WHERE kind = 'release' AND subject = key AND words.at >= settled)
		FROM changes WHERE wrote = 1 AND settled > ? ORDER BY change`,
		func(scan func(...any) error) error {
			var w plan.Write
			var user, resource, layer, at string
			var released bool
			err := scan(&user, &resource, &layer, &w.Before, &w.Role, &at, &released)
			if err != nil {
				return err
			}
			if w.Pair, err = parsePair(user, resource, layer); err != nil {
				return err
			}
			w.At, err = parseStamp(at)
			if !released {
				m.Made = append(m.Made, w)
			}
			if w.At.After(now.Add(-inventory.StaleFor)) {
				m.Overlay = append(m.Overlay, w)
			}
			return err
		}, stamp(now.Add(-fought)))
}

// readRecent reads what bounds count. What a person released is no part of what goes on
// without one.
func readRecent(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `
		SELECT resource, before, after, effect, cause, settled, coalesce(words.at, ''), coalesce(ended, '')
		FROM changes LEFT JOIN words ON word = (SELECT max(word) FROM words WHERE kind = 'release' AND subject = key)
		WHERE wrote = 1 AND settled > ? ORDER BY settled, change`,
		func(scan func(...any) error) error {
			var c plan.Change
			var resource, at, released, ended string
			err := scan(&resource, &c.Before, &c.After, &c.Effect, &c.Cause, &at, &released, &ended)
			if err != nil {
				return err
			}
			if c.Resource, err = inventory.ParseRef(resource); err != nil {
				return err
			}
			settled, err := parseStamp(at)
			if err != nil {
				return err
			}
			if !slices.Contains(plan.CountedCauses(), c.Cause) || letThrough(released, ended, settled) {
				return nil
			}
			m.Recent = append(m.Recent, plan.RecentOf(c, settled))
			return nil
		}, stamp(now.Add(-plan.LongestWindow)))
}

func readReleased(ctx context.Context, tx *sql.Tx, now time.Time, m *plan.Memory) error {
	return each(ctx, tx, `SELECT subject, reason, actor, at FROM words WHERE kind = 'release' AND ended IS NULL AND at > ? ORDER BY at, word`,
		func(scan func(...any) error) error {
			var key, at string
			var r plan.Release
			if err := scan(&key, &r.Reason, &r.Actor, &at); err != nil {
				return err
			}
			var err error
			r.At, err = parseStamp(at)
			m.Released[key] = r
			return err
		}, stamp(now.Add(-counted)))
}

// parsePair is the pair that was recorded.
func parsePair(user, resource, layer string) (desired.Pair, error) {
	ref, err := inventory.ParseRef(resource)
	return desired.Pair{User: user, Resource: ref, Layer: layer}, err
}

// rows calls f for each row of a query.
func (j *Journal) rows(ctx context.Context, what, query string, f func(scan func(...any) error) error, args ...any) error {
	if j == nil || j.db == nil {
		return nil
	}
	if err := each(ctx, j.db, query, f, args...); err != nil {
		return j.failed(what, err)
	}
	return nil
}

func each(ctx context.Context, q interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string, f func(scan func(...any) error) error, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
