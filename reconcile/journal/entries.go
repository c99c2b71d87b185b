package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
)

// chained is the version of the schema with which the chain began.
const chained = 13

// The contents of the entries.
type (
	roundEntry struct {
		Round    int64  `json:"round"`
		Reason   string `json:"reason"`
		Revision string `json:"revision"`
		Changes  int    `json:"changes"`
		// Plan is the digest of the plan.
		Plan string `json:"plan"`
	}
	roundEndEntry struct {
		Round int64 `json:"round"`
		// State and Report are digests.
		State  string `json:"state"`
		Report string `json:"report"`
	}
	intentEntry struct {
		Intent  int64             `json:"intent"`
		Round   int64             `json:"round"`
		Kind    string            `json:"kind"`
		Changes []json.RawMessage `json:"changes"`
		// Payload is a digest; empty if there is none.
		Payload string `json:"payload"`
	}
	stepEntry struct {
		Intent  int64  `json:"intent"`
		Payload string `json:"payload"`
	}
	resultEntry struct {
		Intent   int64          `json:"intent"`
		Status   string         `json:"status"`
		Why      string         `json:"why"`
		Outcomes []outcomeEntry `json:"outcomes"`
	}
	outcomeEntry struct {
		Change    string `json:"change"`
		Status    string `json:"status"`
		Wrote     bool   `json:"wrote"`
		Uncertain bool   `json:"uncertain"`
		Found     string `json:"found"`
		Why       string `json:"why"`
		At        string `json:"at"`
	}
	decisionEntry struct {
		Decision int64  `json:"decision"`
		Kind     string `json:"kind"`
		Subject  string `json:"subject"`
		Detail   string `json:"detail"`
		Reason   string `json:"reason"`
	}
	nameEntry struct {
		Ref string `json:"ref"`
		ID  string `json:"id"`
	}
)

// enter adds an entry to the chain, in the transaction of what it records.
func (j *Journal) enter(ctx context.Context, tx *sql.Tx, kind string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	last, previous, err := chainEnd(ctx, tx)
	if err != nil {
		return err
	}
	at, err := parseStamp(j.now())
	if err != nil {
		return err
	}
	// What is hashed is what is kept: the database redacts what it is given.
	e := chain.Entry{Entry: last + 1, At: at, Kind: kind, Actor: j.redacted(j.options.Actor), Command: j.redacted(j.options.Command), Content: json.RawMessage(j.redacted(string(text)))}
	if e, err = e.Sealed(previous); err != nil {
		return fmt.Errorf("the entry %s: %w", kind, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO entries (entry, at, kind, actor, command, content, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Entry, stamp(e.At), e.Kind, e.Actor, e.Command, string(e.Content), e.Previous, e.Hash)
	return err
}

func (j *Journal) redacted(text string) string {
	if j.options.Redact == nil {
		return text
	}
	return j.options.Redact(text)
}

// chainEnd is the last entry's number and hash; zero without one.
func chainEnd(ctx context.Context, tx *sql.Tx) (entry int64, hash string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT entry, hash FROM entries ORDER BY entry DESC LIMIT 1`).Scan(&entry, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return entry, hash, err
}

// beginChain makes the first entry, which says what was there before.
func (j *Journal) beginChain(ctx context.Context, tx *sql.Tx) error {
	var s chain.Start
	for query, into := range map[string]*int64{
		`SELECT coalesce(max(round), 0) FROM rounds`:   &s.Round,
		`SELECT coalesce(max(intent), 0) FROM intents`: &s.Intent,
		`SELECT coalesce(max(change), 0) FROM changes`: &s.Change,
		`SELECT coalesce(max(word), 0) FROM words`:     &s.Word,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(into); err != nil {
			return err
		}
	}
	if s.Round > 0 || s.Word > 0 {
		s.Note = fmt.Sprintf("an earlier version recorded up to round %d without a chain: that can't be verified", s.Round)
	}
	return j.enter(ctx, tx, chain.Began, s)
}

// atOnceEntries is how many entries one round forgets at most.
const atOnceEntries = 2000

// forgetEntries forgets the entries from before a time, and says so in the chain.
func (j *Journal) forgetEntries(ctx context.Context, tx *sql.Tx, until string) error {
	var first, through int64
	err := tx.QueryRowContext(ctx, `SELECT coalesce(min(entry), 0), coalesce(max(CASE WHEN at < ? THEN entry END), 0) FROM entries`, until).Scan(&first, &through)
	if err != nil || through == 0 {
		return err
	}
	through = min(through, first+atOnceEntries-1)
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT max(entry) FROM entries`).Scan(&last); err != nil || through >= last {
		return err
	}
	f := chain.Forgotten{Through: through}
	if err := tx.QueryRowContext(ctx, `SELECT hash FROM entries WHERE entry = ?`, through).Scan(&f.Hash); err != nil {
		return err
	}
	if f.Start, err = chainStart(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM entries WHERE entry <= ?`, through); err != nil {
		return err
	}
	return j.enter(ctx, tx, chain.Forgot, f)
}

// chainStart is what the chain began with: in its first entry, or as long as that is
// forgotten in the last that says so.
func chainStart(ctx context.Context, tx *sql.Tx) (s chain.Start, err error) {
	var kind, content string
	err = tx.QueryRowContext(ctx, `SELECT kind, content FROM entries WHERE kind IN (?, ?) ORDER BY entry DESC LIMIT 1`, chain.Began, chain.Forgot).Scan(&kind, &content)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil || kind == chain.Began {
		return s, errors.Join(err, json.Unmarshal([]byte(content), &s))
	}
	var f chain.Forgotten
	err = json.Unmarshal([]byte(content), &f)
	return f.Start, err
}
