package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/outbox"
)

// tell puts what happened into the outbox, in the transaction of what it tells of.
func (j *Journal) tell(ctx context.Context, tx *sql.Tx, happened ...events.Event) error {
	if j.options.Outbox == nil {
		return nil
	}
	for _, e := range happened {
		entry, ok := j.options.Outbox(e)
		if !ok {
			continue
		}
		if err := j.put(ctx, tx, entry); err != nil {
			return err
		}
	}
	return nil
}

// put puts an entry into the outbox, to be sent at once.
func (j *Journal) put(ctx context.Context, tx *sql.Tx, e outbox.Entry) error {
	var seq int64
	err := tx.QueryRowContext(ctx, `INSERT INTO outbox (id, at, code, subject, body) VALUES (?, ?, ?, ?, ?) RETURNING seq`,
		e.ID, stamp(e.At), string(e.Code), e.Subject, string(e.Body)).Scan(&seq)
	if err != nil {
		return err
	}
	now := stamp(j.options.Wall())
	for _, to := range e.Receivers {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO deliveries (seq, receiver, subject, state, attempts, since, due, why) VALUES (?, ?, ?, 'pending', 0, ?, ?, '')`,
			seq, to, e.Subject, now, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// Put puts an entry into the outbox that tells of nothing that is recorded.
func (j *Journal) Put(ctx context.Context, e outbox.Entry) error {
	return j.write(ctx, "put an event into the outbox", func(tx *sql.Tx) error { return j.put(ctx, tx, e) })
}

// tellMade tells of a change that was made, with the names of its round's plan.
func (j *Journal) tellMade(ctx context.Context, tx *sql.Tx, intent int64, o apply.Outcome) error {
	if j.options.Outbox == nil {
		return nil
	}
	var round int64
	if err := tx.QueryRowContext(ctx, `SELECT round FROM intents WHERE intent = ?`, intent).Scan(&round); err != nil {
		return err
	}
	names, err := j.namesOf(ctx, tx, round)
	if err != nil {
		return err
	}
	return j.tell(ctx, tx, events.Made(names, o))
}

// roundNames are the names in a round's plan.
type roundNames struct {
	round int64
	names map[string]string
}

// namesOf are the names in a round's plan; those of the last one that was asked for are
// kept.
func (j *Journal) namesOf(ctx context.Context, tx *sql.Tx, round int64) (map[string]string, error) {
	if last := j.names.Load(); last != nil && last.round == round {
		return last.names, nil
	}
	var text string
	err := tx.QueryRowContext(ctx, `SELECT plan FROM rounds WHERE round = ?`, round).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p struct {
		Names map[string]string `json:"names"`
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("the plan of round %d: %w", round, err)
	}
	j.names.Store(&roundNames{round, p.Names})
	return p.Names, nil
}

// sending are the columns of a delivery with its event.
const sending = `o.seq, o.id, o.at, o.code, o.subject, o.body, d.receiver, d.state, d.attempts, d.since, d.due, coalesce(d.settled, ''), d.why`

// Due returns deliveries to a receiver that are due, oldest first: of each subject only
// the first that is pending, for the others wait for it.
func (j *Journal) Due(ctx context.Context, receiver string, at time.Time, most int) ([]outbox.Sending, error) {
	var due []outbox.Sending
	err := j.rows(ctx, "read the outbox", `
		SELECT `+sending+` FROM deliveries d JOIN outbox o ON o.seq = d.seq
		WHERE d.receiver = ? AND d.state = 'pending' AND d.due <= ? AND NOT EXISTS (
			SELECT 1 FROM deliveries e WHERE e.receiver = d.receiver AND e.subject = d.subject AND e.state = 'pending' AND e.seq < d.seq)
		ORDER BY d.seq LIMIT ?`,
		func(scan func(...any) error) error {
			s, err := readSending(scan)
			due = append(due, s)
			return err
		}, receiver, stamp(at), most)
	return due, err
}

func readSending(scan func(...any) error) (s outbox.Sending, err error) {
	var at, codeText, body, state, since, due, settled string
	if err := scan(&s.Seq, &s.ID, &at, &codeText, &s.Subject, &body, &s.Receiver, &state, &s.Attempts, &since, &due, &settled, &s.Why); err != nil {
		return s, err
	}
	s.Code, s.Body, s.State = code.Code(codeText), json.RawMessage(body), outbox.State(state)
	if s.At, err = parseStamp(at); err != nil {
		return s, err
	}
	if s.Since, err = parseStamp(since); err != nil {
		return s, err
	}
	if s.State == outbox.Pending {
		t, err := parseStamp(due)
		if err != nil {
			return s, err
		}
		s.Due = &t
	}
	if settled != "" {
		t, err := parseStamp(settled)
		if err != nil {
			return s, err
		}
		s.Settled = &t
	}
	return s, nil
}

// Sent records what came of sending an event.
func (j *Journal) Sent(ctx context.Context, seq int64, d outbox.Delivery) error {
	return j.write(ctx, "record a delivery", func(tx *sql.Tx) error {
		var settled, due any = nil, ""
		if d.Settled != nil {
			settled = stamp(*d.Settled)
		}
		if d.Due != nil {
			due = stamp(*d.Due)
		}
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = ?, attempts = ?, due = ?, settled = ?, why = ? WHERE receiver = ? AND seq = ?`,
			string(d.State), d.Attempts, due, settled, d.Why, d.Receiver, seq)
		return err
	})
}

// Waiting counts the deliveries that are pending and those that were given up, by
// receiver.
func (j *Journal) Waiting(ctx context.Context) (pending, dead map[string]int, err error) {
	pending, dead = map[string]int{}, map[string]int{}
	err = j.rows(ctx, "read the outbox", `SELECT receiver, state, count(*) FROM deliveries WHERE state <> 'delivered' GROUP BY receiver, state`,
		func(scan func(...any) error) error {
			var receiver, state string
			var n int
			if err := scan(&receiver, &state, &n); err != nil {
				return err
			}
			if outbox.State(state) == outbox.Dead {
				dead[receiver] = n
				return nil
			}
			pending[receiver] = n
			return nil
		})
	return pending, dead, err
}

// Stored returns the latest events of the outbox, the oldest of them first, each with its deliveries;
// with states only those of which a delivery is in one of these.
func (j *Journal) Stored(ctx context.Context, most int, states ...outbox.State) ([]outbox.Stored, error) {
	which, args := "", []any{}
	if len(states) > 0 {
		which = ` WHERE EXISTS (SELECT 1 FROM deliveries f WHERE f.seq = x.seq AND f.state IN (?` + strings.Repeat(", ?", len(states)-1) + `))`
		for _, s := range states {
			args = append(args, string(s))
		}
	}
	all := []outbox.Stored{}
	err := j.rows(ctx, "read the outbox", `
		SELECT o.seq, o.id, o.at, o.code, o.subject, o.body, coalesce(d.receiver, ''), coalesce(d.state, ''), coalesce(d.attempts, 0), coalesce(d.since, o.at), coalesce(d.due, ''), coalesce(d.settled, ''), coalesce(d.why, '')
		FROM (SELECT x.seq, x.id, x.at, x.code, x.subject, x.body FROM outbox x`+which+` ORDER BY x.seq DESC LIMIT ?) o LEFT JOIN deliveries d ON d.seq = o.seq
		ORDER BY o.seq, d.receiver`,
		func(scan func(...any) error) error {
			s, err := readSending(scan)
			if err != nil {
				return err
			}
			if n := len(all); n == 0 || all[n-1].Seq != s.Seq {
				all = append(all, outbox.Stored{Seq: s.Seq, Entry: s.Entry, Deliveries: []outbox.Delivery{}})
			}
			if last := &all[len(all)-1]; s.Receiver != "" {
				last.Deliveries = append(last.Deliveries, s.Delivery)
			}
			return nil
		}, append(args, most)...)
	return all, err
}

// ErrNoEvent says that the outbox has no such event.
var ErrNoEvent = errors.New("the outbox has no such event")

// Redeliver has an event sent to a receiver again, also one that did not get it, and says
// how it stood.
func (j *Journal) Redeliver(ctx context.Context, id, receiver string) error {
	return j.write(ctx, "have an event sent again", func(tx *sql.Tx) error {
		var seq int64
		var subject string
		err := tx.QueryRowContext(ctx, `SELECT seq, subject FROM outbox WHERE id = ?`, id).Scan(&seq, &subject)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoEvent
		}
		if err != nil {
			return err
		}
		now := stamp(j.options.Wall())
		_, err = tx.ExecContext(ctx, `
			INSERT INTO deliveries (seq, receiver, subject, state, attempts, since, due, why) VALUES (?, ?, ?, 'pending', 0, ?, ?, '')
			ON CONFLICT (receiver, seq) DO UPDATE SET state = 'pending', attempts = 0, since = excluded.since, due = excluded.due, settled = NULL, why = ''`,
			seq, receiver, subject, now, now)
		return err
	})
}

// keepEvents is how long events are kept that nobody waits for.
const keepEvents = 30 * 24 * time.Hour

// forgetEvents forgets old events that are delivered or were given up, some at a time.
func (j *Journal) forgetEvents(ctx context.Context, tx *sql.Tx) error {
	old := `seq IN (SELECT seq FROM outbox WHERE at < ? AND NOT EXISTS (
		SELECT 1 FROM deliveries p WHERE p.seq = outbox.seq AND p.state = 'pending') ORDER BY seq LIMIT 1000)`
	before := stamp(j.options.Now().Add(-keepEvents))
	if _, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE `+old, before); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE at < ? AND NOT EXISTS (SELECT 1 FROM deliveries p WHERE p.seq = outbox.seq)
		AND seq <= (SELECT coalesce(max(seq), 0) FROM (SELECT seq FROM outbox WHERE at < ? ORDER BY seq LIMIT 1000) f)`, before, before)
	return err
}
