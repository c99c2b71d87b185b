package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
)

// Verified is what was found in a chain that is whole.
type Verified struct {
	// First and Last are the numbers of its entries, Count how many there are.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	Count int64 `json:"count"`
	// At is when the last one was made, and Head its hash: whoever keeps it elsewhere
	// finds out later whether the chain still has it.
	At   time.Time `json:"at"`
	Head string    `json:"head"`
	// Note says what the chain does not cover; may be empty.
	Note string `json:"note"`
}

func verified(c *chain.Checker) *Verified {
	return &Verified{First: c.First, Last: c.Last.Entry, Count: c.Count, At: c.Last.At, Head: c.Last.Hash, Note: c.Start.Note}
}

// Entries calls f for each entry of the chain, in its order.
func (j *Journal) Entries(ctx context.Context, f func(chain.Entry) error) error {
	if j == nil || j.db == nil {
		return nil
	}
	tx, err := j.engine.Read(ctx, j.db)
	if err != nil {
		return j.failed("read the entries", err)
	}
	defer tx.Rollback() // nothing was written
	return j.entriesIn(ctx, tx, f)
}

// entriesIn is Entries as of a transaction's moment. An error of f's is returned as it is.
func (j *Journal) entriesIn(ctx context.Context, tx *sql.Tx, f func(chain.Entry) error) error {
	var own error
	err := each(ctx, tx, `SELECT entry, at, kind, actor, command, content, previous, hash FROM entries ORDER BY entry`, func(scan func(...any) error) error {
		var e chain.Entry
		var at, content string
		if err := scan(&e.Entry, &at, &e.Kind, &e.Actor, &e.Command, &content, &e.Previous, &e.Hash); err != nil {
			return err
		}
		e.Content = json.RawMessage(content)
		var err error
		if e.At, err = parseStamp(at); err != nil {
			own = &chain.FaultError{Entry: e.Entry, Text: "it was altered: its time can't be read"}
			return own
		}
		own = f(e)
		return own
	})
	if own != nil {
		return own
	}
	if err != nil {
		return j.failed("read the entries", err)
	}
	return nil
}

// Verify checks the chain, and that what the journal's tables hold is what the chain
// says: a *chain.FaultError names the first entry where that is not so. A journal that
// is not there is nil.
func (j *Journal) Verify(ctx context.Context) (*Verified, error) {
	if j == nil || j.db == nil {
		return nil, nil
	}
	tx, err := j.engine.Read(ctx, j.db)
	if err != nil {
		return nil, j.failed("verify it", err)
	}
	defer tx.Rollback() // nothing was written
	c, rows := &chain.Checker{}, newChainRows()
	err = j.entriesIn(ctx, tx, func(e chain.Entry) error {
		if err := c.Add(e); err != nil {
			return err
		}
		return rows.add(e)
	})
	if err == nil {
		err = c.End()
	}
	if err != nil {
		return nil, err
	}
	if err := j.compareRows(ctx, tx, c, rows); err != nil {
		return nil, err
	}
	return verified(c), nil
}

// VerifyEntries checks a chain that was exported: next returns its entries, and at its end none.
func VerifyEntries(next func() (e chain.Entry, ok bool, err error)) (*Verified, error) {
	c := &chain.Checker{}
	for {
		e, ok, err := next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := c.Add(e); err != nil {
			return nil, err
		}
	}
	if err := c.End(); err != nil {
		return nil, err
	}
	return verified(c), nil
}

// compareRows compares the tables with what the chain says of them.
func (j *Journal) compareRows(ctx context.Context, tx *sql.Tx, c *chain.Checker, rows *chainRows) error {
	var until string
	err := tx.QueryRowContext(ctx, `SELECT value FROM about WHERE name = ?`, forgotten).Scan(&until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return j.failed("verify it", err)
	}
	rows.start = c.Start
	if c.First > 1 {
		rows.since = stamp(rows.first)
	}
	for _, compare := range []func(context.Context, *sql.Tx) error{rows.compareChanges, rows.compareWords, rows.compareNames, rows.compareRounds} {
		if err := compare(ctx, tx); err != nil {
			var fault *chain.FaultError
			if errors.As(err, &fault) {
				return fault
			}
			return j.failed("verify it", err)
		}
	}
	return rows.missing(until)
}

// rowFault is a row that is not what an entry says of it; entry 0 is none.
func rowFault(entry int64, format string, args ...any) error {
	return &chain.FaultError{Entry: entry, Text: fmt.Sprintf(format, args...)}
}
