package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/chain"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// recorded is a journal with two rounds: of the first a change was made, of the second one
// is open, one uncertain and one superseded.
func recorded(t *testing.T, at place) *writer {
	t.Helper()
	w := newWriter(t, at)
	must(t, w.Pin(t.Context(), map[string]string{"team:Payments": "T1", "team:Ops": "T2"}))
	must(t, w.Release(t.Context(), "account/U1/user>admin", "the auditor asked"))
	must(t, w.Confirm(t.Context(), "team:Ops", "T3", "renamed"))
	w.done(change(base, "user", "admin", plan.CausePolicy))
	w.finished()
	w.intent(change(base, "admin", "user", plan.CausePolicy))
	w.done(change(base, "admin", "user", plan.CausePolicy))
	w.intent(change(team, "none", "manager", plan.CausePolicy))
	id := w.intent(change(turn, "none", "rotation", plan.CauseHandoff))
	w.result(id, apply.Outcome{Change: change(turn, "none", "rotation", plan.CauseHandoff), Status: apply.Failed, Uncertain: true})
	return w
}

// run runs a statement on the journal of a path, past the program.
func run(t *testing.T, path, statement string) {
	t.Helper()
	if in(path, journal.Options{}).Postgres != nil {
		executeIn(t, path, statement)
		return
	}
	execute(t, path, statement)
}

func TestAJournalThatNobodyTouchedIsVerified(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := recorded(t, at)
		v, err := w.Verify(t.Context())
		must(t, err)
		if v.First != 1 || v.Count != v.Last || v.Count < 10 || len(v.Head) != 64 || v.Note != "" {
			t.Errorf("verified %+v", v)
		}
		must(t, w.Close())
		w.open()
		w.finished()
		_, err = w.Verify(t.Context())
		must(t, err)
	})
}

func TestWhatWasAlteredInAJournalIsFound(t *testing.T) {
	for name, c := range map[string]struct{ statement, says string }{
		"an entry's content":        {`UPDATE entries SET content = replace(content, 'auditor', 'boss') WHERE kind = 'decision'`, "entry 5: it was altered"},
		"an entry's actor":          {`UPDATE entries SET actor = 'eve' WHERE entry = 3`, "entry 3: it was altered"},
		"an entry's time":           {`UPDATE entries SET at = '2026-03-01T00:00:00.000000000Z' WHERE entry = 3`, "entry 3: it was altered"},
		"an entry removed":          {`DELETE FROM entries WHERE entry = 5`, "entry 5: it is missing"},
		"entries removed":           {`DELETE FROM entries WHERE entry IN (5, 6)`, "entry 5: entries 5 to 6 are missing"},
		"the first entries removed": {`DELETE FROM entries WHERE entry < 5`, "entry 4: it is missing"},
		"entries reordered":         {`UPDATE entries SET entry = CASE entry WHEN 99 THEN 99 ELSE -entry END WHERE entry IN (4, 5); UPDATE entries SET entry = CASE entry WHEN -4 THEN 5 ELSE 4 END WHERE entry < 0`, "entry 4: it was altered"},
		"all entries removed":       {`DELETE FROM entries`, "there are no entries"},
		"the last entries removed":  {`DELETE FROM entries WHERE entry > 6`, "has no entry: its row was added"},
		"what was to be done":       {`UPDATE changes SET whole = replace(whole, 'admin', 'owner') WHERE change = 1`, "was altered: it is not what was about to be done"},
		"a column of it":            {`UPDATE changes SET person = 'U9' WHERE change = 1`, "was altered: its columns"},
		"what became of it":         {`UPDATE changes SET wrote = 0, status = 'failed' WHERE change = 1`, "was altered: what became of it"},
		"an open one closed":        {`UPDATE changes SET open = 0 WHERE change = 4`, "was altered: what became of it"},
		"a change removed":          {`DELETE FROM changes WHERE change = 4`, "was removed"},
		"a change added": {`INSERT INTO changes (intent, key, person, resource, layer, before, after, effect, cause, status, wrote, open, found, why, whole)
			SELECT intent, 'another', person, resource, layer, before, after, effect, cause, status, wrote, open, found, why, whole FROM changes WHERE change = 2`, "has no entry: its row was added"},
		"a reason":            {`UPDATE words SET reason = 'because' WHERE kind = 'release'`, "was altered"},
		"who decided":         {`UPDATE words SET actor = 'eve' WHERE kind = 'release'`, "was altered"},
		"a decision added":    {`INSERT INTO words (kind, subject, detail, reason, at, actor) VALUES ('release', 'a', '', 'b', '2026-03-02T09:00:00.000000000Z', 'c')`, "has no entry: its row was added"},
		"what a name means":   {`UPDATE bindings SET id = 'T9' WHERE ref = 'team:Payments'`, "the name team:Payments was altered"},
		"who made a round":    {`UPDATE rounds SET actor = 'eve' WHERE round = 1`, "the row of round 1 was altered"},
		"the plan of a round": {`UPDATE rounds SET plan = replace(plan, '"version"', '"versions"') WHERE round = 2`, "the row of round 2 was altered: its plan"},
		"what a round left":   {`UPDATE rounds SET state = '{}' WHERE round = 1`, "the row of round 1 was altered: what it left"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, at place) {
				w := recorded(t, at)
				run(t, w.path, c.statement)
				_, err := w.Verify(t.Context())
				var fault *chain.FaultError
				if !errors.As(err, &fault) {
					t.Fatalf("error %v", err)
				}
				says(t, err, c.says)
			})
		})
	}
}

func TestTheChainIsVerifiedAfterItsBeginningWasForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := keeping(t, at, 10*24*time.Hour)
		w.done(change(base, "user", "admin", plan.CausePolicy))
		for range 8 {
			w.done(change(team, "none", "manager", plan.CausePolicy))
			w.next(4 * 24 * time.Hour)
		}
		v, err := w.Verify(t.Context())
		must(t, err)
		if v.First == 1 {
			t.Errorf("nothing was forgotten: %+v", v)
		}
		run(t, w.path, `DELETE FROM entries WHERE entry = (SELECT min(entry) FROM entries)`)
		_, err = w.Verify(t.Context())
		says(t, err, "it is missing")
	})
}

func TestAnExportedChainIsVerifiedWithoutTheJournal(t *testing.T) {
	w := recorded(t, file)
	var lines []string
	must(t, w.Entries(t.Context(), func(e chain.Entry) error {
		text, err := json.Marshal(e)
		lines = append(lines, string(text))
		return err
	}))
	check := func(lines []string) (*journal.Verified, error) {
		n := -1
		return journal.VerifyEntries(func() (e chain.Entry, ok bool, err error) {
			if n++; n == len(lines) {
				return e, false, nil
			}
			return e, true, json.Unmarshal([]byte(lines[n]), &e)
		})
	}
	v, err := check(lines)
	must(t, err)
	if whole, err := w.Verify(t.Context()); err != nil || whole.Head != v.Head {
		t.Errorf("exported %+v, kept %+v, error %v", v, whole, err)
	}
	lines[4], lines[5] = lines[5], lines[4]
	_, err = check(lines)
	says(t, err, "entry 5: it is missing")
	lines[4], lines[5] = lines[5], lines[4]
	lines[4] = strings.Replace(lines[4], "auditor", "boss", 1)
	_, err = check(lines)
	says(t, err, "entry 5: it was altered")
	_, err = check(nil)
	says(t, err, "there are no entries")
}

func TestTheChainOfAnOlderJournalSaysWhatItDoesNotKnow(t *testing.T) {
	path := file(t)
	before := 0
	for _, name := range texts(t, "sqlite") {
		if strings.HasSuffix(name, "_chain.sql") {
			break
		}
		execute(t, path, text(t, name))
		before++
	}
	execute(t, path, fmt.Sprintf(`PRAGMA application_id = 0x44747957; PRAGMA user_version = %d;`, before)+`
		INSERT INTO rounds (began, plan) VALUES ('2026-03-02T09:00:00.000000000Z', '{}');
		INSERT INTO words (kind, subject, detail, reason, at) VALUES ('release', 'a', '', 'b', '2026-03-02T09:00:00.000000000Z')`)
	v, err := open(t, path, journal.Options{}).Verify(t.Context())
	must(t, err)
	if !strings.Contains(v.Note, "up to round 1") {
		t.Errorf("verified %+v", v)
	}
}
