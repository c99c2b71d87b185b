package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Recorded is a round as it was recorded.
type Recorded struct {
	Round int64     `json:"round"`
	Began time.Time `json:"began"`
	// Finished is null if the round was interrupted.
	Finished *time.Time `json:"finished"`
	// Actor is who let it be made, and Command what ran; empty where that was not recorded,
	// the actor also where no person did.
	Actor   string `json:"actor"`
	Command string `json:"command"`
	// Reason is what the actor said; may be empty.
	Reason string `json:"reason"`
	// Plan is what was to be carried out; in brief (plan.Plan.Brief) once a later
	// round has ended.
	Plan *plan.Plan `json:"plan"`
	// Made are the acknowledged writes, in their order.
	Made []apply.Outcome `json:"made"`
	// Released are who let through what of that had been held, by the change's key.
	Released map[string]plan.Release `json:"released"`
}

// LastRound returns the last round; nil if there was none yet.
func (j *Journal) LastRound(ctx context.Context) (*Recorded, error) {
	return j.recorded(ctx, `SELECT round, began, finished, actor, command, reason, plan FROM rounds ORDER BY round DESC LIMIT 1`)
}

// Round returns a round by its number; nil if it is not kept: of those before
// the last one only the rounds that wrote something are, for as long as
// Options.Keep.
func (j *Journal) Round(ctx context.Context, round int64) (*Recorded, error) {
	return j.recorded(ctx, `SELECT round, began, finished, actor, command, reason, plan FROM rounds WHERE round = ?`, round)
}

func (j *Journal) recorded(ctx context.Context, query string, args ...any) (*Recorded, error) {
	if j == nil || j.db == nil {
		return nil, nil
	}
	var r Recorded
	var began, text string
	var finished sql.NullString
	err := j.db.QueryRowContext(ctx, query, args...).Scan(&r.Round, &began, &finished, &r.Actor, &r.Command, &r.Reason, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = r.fill(began, finished, text)
	}
	if err == nil {
		r.Made, err = j.made(ctx, r.Round)
	}
	if err == nil {
		r.Released, err = j.releasedIn(ctx, r.Round)
	}
	if err != nil {
		return nil, j.failed("read a round", err)
	}
	return &r, nil
}

func (r *Recorded) fill(began string, finished sql.NullString, text string) (err error) {
	if r.Began, err = parseStamp(began); err != nil {
		return err
	}
	if finished.Valid {
		at, err := parseStamp(finished.String)
		if err != nil {
			return err
		}
		r.Finished = &at
	}
	return json.Unmarshal([]byte(text), &r.Plan)
}

// otherClock is how far the clocks may be apart by which a release and a write are
// dated: PagerDuty's has whole seconds.
const otherClock = 30 * time.Second

// letThrough says whether a release that began and ended then was in force for a change
// made at a moment. Ended is empty while it stands.
func letThrough(began, ended string, made time.Time) bool {
	return began <= stamp(made.Add(otherClock)) && began > stamp(made.Add(-counted)) &&
		(ended == "" || ended >= stamp(made.Add(-otherClock)))
}

// releasedIn are the releases that the writes of a round were made under.
func (j *Journal) releasedIn(ctx context.Context, round int64) (map[string]plan.Release, error) {
	released := map[string]plan.Release{}
	err := each(ctx, j.db, `
		SELECT key, words.reason, words.actor, words.at, coalesce(ended, ''), settled FROM changes JOIN words ON kind = 'release' AND subject = key
		WHERE intent IN (SELECT intent FROM intents WHERE round = ?) AND +wrote = 1 ORDER BY word`,
		func(scan func(...any) error) error {
			var r plan.Release
			var key, at, ended, settled string
			err := scan(&key, &r.Reason, &r.Actor, &at, &ended, &settled)
			if err != nil {
				return err
			}
			made, err := parseStamp(settled)
			if err != nil || !letThrough(at, ended, made) {
				return err
			}
			r.At, err = parseStamp(at)
			released[key] = r
			return err
		}, round)
	return released, err
}

// made are the acknowledged writes of a round, in their order. The plus keeps SQLite
// from looking through all writes there ever were.
func (j *Journal) made(ctx context.Context, round int64) ([]apply.Outcome, error) {
	made := []apply.Outcome{}
	err := each(ctx, j.db, `
		SELECT whole, status, found, why, settled FROM changes
		WHERE intent IN (SELECT intent FROM intents WHERE round = ?) AND +wrote = 1 ORDER BY change`,
		func(scan func(...any) error) error {
			var text, at string
			o := apply.Outcome{Wrote: true}
			if err := scan(&text, &o.Status, &o.Found, &o.Why, &at); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &o.Change); err != nil {
				return fmt.Errorf("a change of round %d: %w", round, err)
			}
			var err error
			o.At, err = parseStamp(at)
			made = append(made, o)
			return err
		}, round)
	return made, err
}

// Past is a round in a list of rounds.
type Past struct {
	Round int64     `json:"round"`
	Began time.Time `json:"began"`
	// Finished is null if the round was interrupted.
	Finished *time.Time `json:"finished"`
	// Actor is who let it be made, and Command what ran, as Recorded has them.
	Actor   string `json:"actor"`
	Command string `json:"command"`
	// Reason is what the actor said; may be empty.
	Reason string `json:"reason"`
	// Added, Changed and Removed count its acknowledged writes by what they did, Raised
	// and Lowered by their effect.
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
	Raised  int `json:"raised"`
	Lowered int `json:"lowered"`
	// Alarms are those about its edits of schedules, ended ones too.
	Alarms []apply.EditAlarmed `json:"alarms"`
}

// Past lists the rounds that wrote something, or of whose edits there was an alarm,
// the latest first, up to a number.
func (j *Journal) Past(ctx context.Context, most int) ([]Past, error) {
	list := []Past{}
	if j == nil || j.db == nil {
		return list, nil
	}
	alarms, err := j.Alarms(ctx, true)
	if err != nil {
		return nil, err
	}
	err = each(ctx, j.db, `
		SELECT rounds.round, began, finished, actor, command, rounds.reason,
			count(*) FILTER (WHERE wrote = 1 AND before = 'none'),
			count(*) FILTER (WHERE wrote = 1 AND before <> 'none' AND after <> 'none'),
			count(*) FILTER (WHERE wrote = 1 AND after = 'none'),
			count(*) FILTER (WHERE wrote = 1 AND effect = 'raise'), count(*) FILTER (WHERE wrote = 1 AND effect = 'lower')
		FROM rounds JOIN intents ON intents.round = rounds.round LEFT JOIN changes USING (intent)
		WHERE wrote = 1 OR alarmed IS NOT NULL
		GROUP BY rounds.round ORDER BY rounds.round DESC LIMIT ?`,
		func(scan func(...any) error) error {
			var p Past
			var began string
			var finished sql.NullString
			if err := scan(&p.Round, &began, &finished, &p.Actor, &p.Command, &p.Reason, &p.Added, &p.Changed, &p.Removed, &p.Raised, &p.Lowered); err != nil {
				return err
			}
			var r Recorded
			err := r.fill(began, finished, "null")
			p.Began, p.Finished, p.Alarms = r.Began, r.Finished, []apply.EditAlarmed{}
			for _, a := range alarms {
				if a.Round == p.Round {
					p.Alarms = append(p.Alarms, a)
				}
			}
			list = append(list, p)
			return err
		}, most)
	if err != nil {
		return nil, j.failed("list the rounds", err)
	}
	return list, nil
}
