package journal

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The kinds of words that people say.
const (
	wordConfirm = "confirm"
	wordRelease = "release"
)

// Pin remembers what names resolved to: reference key (inventory.Ref.Key) to
// PagerDuty id. A name that is known already keeps its id (S11).
func (j *Journal) Pin(ctx context.Context, ids map[string]string) error {
	fresh := maps.Clone(ids)
	err := j.rows(ctx, "read what names mean", `SELECT ref FROM bindings`, func(scan func(...any) error) error {
		var ref string
		err := scan(&ref)
		delete(fresh, ref)
		return err
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	return j.write(ctx, "remember what names mean", func(tx *sql.Tx) error {
		for _, ref := range slices.Sorted(maps.Keys(fresh)) {
			r, err := tx.ExecContext(ctx, `INSERT INTO bindings (ref, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, ref, ids[ref], j.now())
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			if n == 0 {
				continue // somebody else did meanwhile
			}
			if err := j.enter(ctx, tx, chain.Name, nameEntry{ref, ids[ref]}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Confirm records that a person says what a name means from now on (S11).
func (j *Journal) Confirm(ctx context.Context, refKey, id, reason string) error {
	if refKey == "" || id == "" {
		return errors.New("confirm: a reference and the PagerDuty id that it shall mean are needed")
	}
	return j.write(ctx, "confirm what a name means", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO bindings (ref, id, at) VALUES (?, ?, ?)
			ON CONFLICT (ref) DO UPDATE SET id = excluded.id, at = excluded.at`, refKey, id, j.now())
		if err != nil {
			return err
		}
		return j.say(ctx, tx, wordConfirm, refKey, id, reason)
	})
}

// Release records that a person lets a held change through, by its key. It
// ends after 24 hours, or with the round that finds the pair to hold something
// else. The reason is required.
func (j *Journal) Release(ctx context.Context, key, reason string) error {
	if key == "" || strings.TrimSpace(reason) == "" {
		return errors.New("release: the change's key and a reason are needed")
	}
	return j.write(ctx, "release a held change", func(tx *sql.Tx) error {
		return j.say(ctx, tx, wordRelease, key, "", reason)
	})
}

// endReleases ends the releases of changes whose pair does not hold any more
// what it held when they were released: what comes later is another decision.
func (j *Journal) endReleases(ctx context.Context, tx *sql.Tx, state plan.Round) error {
	holds := map[string]string{}
	for _, p := range state.Pairs {
		holds[plan.Subject(p.Pair)] = p.Actual
	}
	var over []string
	err := each(ctx, tx, `SELECT DISTINCT subject FROM words WHERE kind = 'release' AND ended IS NULL`, func(scan func(...any) error) error {
		var key string
		err := scan(&key)
		subject, before := plan.CutKey(key)
		if now, known := holds[subject]; known && now != before {
			over = append(over, key)
		}
		return err
	})
	for _, key := range over {
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE words SET ended = ? WHERE kind = 'release' AND subject = ? AND ended IS NULL`, j.now(), key)
		}
	}
	return err
}

func (j *Journal) say(ctx context.Context, tx *sql.Tx, kind, subject, detail, reason string) error {
	e := decisionEntry{Kind: kind, Subject: subject, Detail: detail, Reason: reason}
	err := tx.QueryRowContext(ctx, `INSERT INTO words (kind, subject, detail, reason, at, actor) VALUES (?, ?, ?, ?, ?, ?) RETURNING word`,
		kind, subject, detail, reason, j.now(), j.options.Actor).Scan(&e.Decision)
	if err != nil {
		return err
	}
	return j.enter(ctx, tx, chain.Decision, e)
}

// SavePolicies keeps the last good policies, in a form of the caller's (S5).
func (j *Journal) SavePolicies(ctx context.Context, revision string, source []byte) error {
	if revision == "" {
		return errors.New("save policies: a revision is needed")
	}
	if source == nil {
		source = []byte{}
	}
	return j.write(ctx, "keep the last good policies", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO policies (one, revision, source, at) VALUES (1, ?, ?, ?)
			ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, source = excluded.source, at = excluded.at
			WHERE policies.revision <> excluded.revision OR policies.source <> excluded.source`, revision, source, j.now())
		return err
	})
}

// GoodPolicies returns the last good policies; an empty revision if there were
// none yet.
func (j *Journal) GoodPolicies(ctx context.Context) (revision string, source []byte, err error) {
	if j == nil || j.db == nil {
		return "", nil, nil
	}
	err = j.db.QueryRowContext(ctx, `SELECT revision, source FROM policies`).Scan(&revision, &source)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, j.failed("read the last good policies", err)
	}
	return revision, source, nil
}
