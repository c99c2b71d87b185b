package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// chainRows is what the chain says of the rows of the other tables.
type chainRows struct {
	changes map[changeKey]*chainChange
	words   map[int64]chainWord
	names   map[string]chainName
	rounds  map[int64]chainRound
	// first is when the first entry was made.
	first time.Time
	// start is what the chain began with; since, where its beginning was forgotten, is
	// from when on it knows all: of what is older no row needs an entry.
	start chain.Start
	since string
}

type changeKey struct {
	intent int64
	key    string
}

// chainChange is a change as the chain has it, by the digest of what was to be done.
type chainChange struct {
	entry  int64
	round  int64
	digest string
	// last is the entry of the outcome that stands.
	last    int64
	outcome outcomeEntry
	open    bool
	seen    bool
}

type chainWord struct {
	entry int64
	actor string
	decisionEntry
}

type chainName struct {
	entry int64
	id    string
}

type chainRound struct {
	entry                 int64
	at                    time.Time
	actor, command, state string
	roundEntry
}

func newChainRows() *chainRows {
	return &chainRows{changes: map[changeKey]*chainChange{}, words: map[int64]chainWord{}, names: map[string]chainName{}, rounds: map[int64]chainRound{}}
}

// add learns what an entry says.
func (r *chainRows) add(e chain.Entry) error {
	if r.first.IsZero() {
		r.first = e.At
	}
	var err error
	switch e.Kind {
	case chain.Round:
		c := chainRound{entry: e.Entry, at: e.At, actor: e.Actor, command: e.Command}
		err = json.Unmarshal(e.Content, &c.roundEntry)
		r.rounds[c.Round] = c
	case chain.RoundEnded:
		var end roundEndEntry
		err = json.Unmarshal(e.Content, &end)
		c := r.rounds[end.Round]
		c.state = end.State
		r.rounds[end.Round] = c
	case chain.Intent:
		err = r.addIntent(e)
	case chain.Result:
		err = r.addResult(e)
	case chain.Decision:
		w := chainWord{entry: e.Entry, actor: e.Actor}
		err = json.Unmarshal(e.Content, &w.decisionEntry)
		r.words[w.Decision] = w
		if w.Kind == wordConfirm {
			r.names[w.Subject] = chainName{e.Entry, w.Detail}
		}
	case chain.Name:
		var n nameEntry
		err = json.Unmarshal(e.Content, &n)
		if _, known := r.names[n.Ref]; !known {
			r.names[n.Ref] = chainName{e.Entry, n.ID}
		}
	}
	if err != nil {
		return rowFault(e.Entry, "its content is not one of a %s: %v", e.Kind, err)
	}
	return nil
}

func (r *chainRows) addIntent(e chain.Entry) error {
	var in intentEntry
	if err := json.Unmarshal(e.Content, &in); err != nil {
		return err
	}
	for _, text := range in.Changes {
		var c plan.Change
		if err := json.Unmarshal(text, &c); err != nil {
			return err
		}
		r.changes[changeKey{in.Intent, c.ID}] = &chainChange{entry: e.Entry, round: in.Round, digest: chain.Digest(text), open: true}
	}
	return nil
}

// addResult learns outcomes: the first that is certain stands.
func (r *chainRows) addResult(e chain.Entry) error {
	var res resultEntry
	if err := json.Unmarshal(e.Content, &res); err != nil {
		return err
	}
	for _, o := range res.Outcomes {
		if c := r.changes[changeKey{res.Intent, o.Change}]; c != nil && c.open {
			c.last, c.outcome, c.open = e.Entry, o, o.Uncertain
		}
	}
	return nil
}

// changeRow is a row of changes.
type changeRow struct {
	change, intent               int64
	key, person, resource, layer string
	before, after, effect, cause string
	settled, status, found, why  string
	wrote, open                  bool
	whole, intended              string
}

func (r *chainRows) compareChanges(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, `
		SELECT change, changes.intent, key, person, resource, layer, before, after, effect, cause, coalesce(changes.settled, ''),
			changes.status, wrote, open, found, changes.why, whole, at
		FROM changes JOIN intents ON intents.intent = changes.intent ORDER BY change`,
		func(scan func(...any) error) error {
			var row changeRow
			err := scan(&row.change, &row.intent, &row.key, &row.person, &row.resource, &row.layer, &row.before, &row.after, &row.effect, &row.cause,
				&row.settled, &row.status, &row.wrote, &row.open, &row.found, &row.why, &row.whole, &row.intended)
			if err != nil {
				return err
			}
			return r.compareChange(row)
		})
}

func (r *chainRows) compareChange(row changeRow) error {
	c := r.changes[changeKey{row.intent, row.key}]
	if c == nil {
		if row.change <= r.start.Change || row.intended < r.since {
			return nil // from before the chain
		}
		return rowFault(0, "the change %d (%s) has no entry: its row was added", row.change, row.key)
	}
	c.seen = true
	var was plan.Change
	if err := json.Unmarshal([]byte(row.whole), &was); err != nil || chain.Digest([]byte(row.whole)) != c.digest {
		return rowFault(c.entry, "the row of the change %d (%s) was altered: it is not what was about to be done", row.change, row.key)
	}
	layer := was.Layer
	if was.Kind == plan.Override {
		layer = was.Override.Key()
	}
	said := []string{was.ID, was.User, was.Resource.String(), layer, was.Before, was.After, string(was.Effect), string(was.Cause)}
	if !slices.Equal(said, []string{row.key, row.person, row.resource, row.layer, row.before, row.after, row.effect, row.cause}) {
		return rowFault(c.entry, "the row of the change %d (%s) was altered: its columns are not those of the change", row.change, row.key)
	}
	return c.compareOutcome(row)
}

// compareOutcome compares what became of a change. That a later write made one that was
// open irrelevant has no entry of its own.
func (c *chainChange) compareOutcome(row changeRow) error {
	o := c.outcome
	switch {
	case row.status == "superseded" && c.open && !row.open && row.wrote == o.Wrote:
		return nil
	case row.status == o.Status && row.wrote == o.Wrote && row.open == c.open && row.found == o.Found && row.why == o.Why && row.settled == o.At:
		return nil
	}
	entry := c.last
	if entry == 0 {
		entry = c.entry
	}
	return rowFault(entry, "the row of the change %d (%s) was altered: what became of it is not what was recorded", row.change, row.key)
}

func (r *chainRows) compareWords(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, `SELECT word, kind, subject, detail, reason, actor, at FROM words ORDER BY word`, func(scan func(...any) error) error {
		var row decisionEntry
		var actor, at string
		if err := scan(&row.Decision, &row.Kind, &row.Subject, &row.Detail, &row.Reason, &actor, &at); err != nil {
			return err
		}
		w, known := r.words[row.Decision]
		switch {
		case known && w.decisionEntry == row && w.actor == actor:
			return nil
		case known:
			return rowFault(w.entry, "the row of the decision %d (%s %s) was altered", row.Decision, row.Kind, row.Subject)
		case row.Decision <= r.start.Word || at < r.since:
			return nil
		}
		return rowFault(0, "the decision %d (%s %s) has no entry: its row was added", row.Decision, row.Kind, row.Subject)
	})
}

func (r *chainRows) compareNames(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, `SELECT ref, id FROM bindings ORDER BY ref`, func(scan func(...any) error) error {
		var ref, id string
		if err := scan(&ref, &id); err != nil {
			return err
		}
		if n, known := r.names[ref]; known && n.id != id {
			return rowFault(n.entry, "the name %s was altered: it means %s, and %s was recorded", ref, id, n.id)
		}
		return nil
	})
}

// compareRounds compares who let rounds be made, and of the last one its plan, of which
// the others keep extracts.
func (r *chainRows) compareRounds(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, `SELECT round, actor, command, reason, began, plan, coalesce(state, ''), finished IS NULL OR state IS NOT NULL FROM rounds ORDER BY round`, func(scan func(...any) error) error {
		var row chainRound
		var began, text, state string
		var whole bool
		if err := scan(&row.Round, &row.actor, &row.command, &row.Reason, &began, &text, &state, &whole); err != nil {
			return err
		}
		c, known := r.rounds[row.Round]
		switch {
		case !known && (row.Round <= r.start.Round || began < r.since):
			return nil
		case !known:
			return rowFault(0, "the round %d has no entry: its row was added", row.Round)
		case c.actor != row.actor || c.command != row.command || c.Reason != row.Reason:
			return rowFault(c.entry, "the row of round %d was altered: who let it be made is not who was recorded", row.Round)
		case whole && chain.Digest([]byte(text)) != c.Plan:
			return rowFault(c.entry, "the row of round %d was altered: its plan is not the one that was recorded", row.Round)
		case state != "" && chain.Digest([]byte(state)) != c.state:
			return rowFault(c.entry, "the row of round %d was altered: what it left is not what was recorded", row.Round)
		}
		return nil
	})
}

// missing finds changes that the chain knows and whose rows are gone, though they are
// newer than what was forgotten.
func (r *chainRows) missing(forgotten string) error {
	var until time.Time
	if forgotten != "" {
		var err error
		if until, err = parseStamp(forgotten); err != nil {
			return errors.Join(errors.New("the note of what was forgotten was altered"), err)
		}
	}
	keys := slices.SortedFunc(maps.Keys(r.changes), func(a, b changeKey) int { return int(r.changes[a].entry - r.changes[b].entry) })
	for _, k := range keys {
		c := r.changes[k]
		round, known := r.rounds[c.round]
		if !c.seen && known && round.at.After(until.Add(time.Minute)) {
			return rowFault(c.entry, "the row of the change %s was removed", k.key)
		}
	}
	return nil
}
