package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

type roles = map[desired.Pair]string

func TestRunMakesTheAccountWhatThePlanSays(t *testing.T) {
	a := newAccount(newClock(), roles{
		onAccount("ann"): "user", onTeam("bob", "T1"): "manager", onTeam("cid", "T2"): "observer",
	})
	p := planOf(
		change(onAccount("ann"), "user", "admin"),
		change(onTeam("ann", "T1"), "none", "responder"),
		change(onTeam("bob", "T1"), "manager", "none"),
		change(onTeam("cid", "T2"), "observer", "manager"),
	)
	var l ledger
	report := run(t, p, a, &l, apply.Options{})

	want := roles{onAccount("ann"): "admin", onTeam("ann", "T1"): "responder", onTeam("cid", "T2"): "manager"}
	if d := cmp.Diff(want, a.truth()); d != "" {
		t.Errorf("account (-want +got):\n%s", d)
	}
	if d := cmp.Diff(apply.Counts{Done: 4}, report.Counts); d != "" || report.Failed() {
		t.Errorf("failed %v, counts (-want +got):\n%s", report.Failed(), d)
	}
	if len(l.intents) != 4 || len(l.results) != 4 {
		t.Errorf("recorded %d intents and %d results, want 4 of each", len(l.intents), len(l.results))
	}
	for i, o := range report.Outcomes {
		if d := cmp.Diff(p.Changes[i], o.Change); d != "" {
			t.Errorf("outcome %d is of another change than the plan's (-want +got):\n%s", i, d)
		}
	}
}

func TestEachIntentStandsBeforeItsWriteAndEachResultAfter(t *testing.T) {
	a := newAccount(newClock(), nil)
	var l ledger
	note := func(call string) error {
		if strings.HasPrefix(call, "put") {
			l.entries = append(l.entries, call)
		}
		return nil
	}
	a.before = note
	run(t, planOf(change(onTeam("ann", "T1"), "none", "manager")), a, &l, apply.Options{})
	want := []string{"intent ann team:#T1 none→manager", "put T1 ann manager", "result ann team:#T1 none→manager done"}
	if d := cmp.Diff(want, l.entries); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

func TestS8_WhatMovedSinceThePlanIsDetectedNotOverwritten(t *testing.T) {
	for name, c := range map[string]struct {
		holds  string
		status apply.Status
		calls  []string
	}{
		"what the plan saw is written over":            {"observer", apply.Done, []string{"members T1", "put T1 ann responder"}},
		"what the plan wants is left as it is":         {"responder", apply.Already, []string{"members T1"}},
		"a higher role given meanwhile is not demoted": {"manager", apply.Conflict, []string{"members T1"}},
		"a membership ended meanwhile is not restored": {"none", apply.Conflict, []string{"members T1"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), roles{onTeam("ann", "T1"): c.holds})
			var l ledger
			report := run(t, planOf(change(onTeam("ann", "T1"), "observer", "responder")), a, &l, apply.Options{})
			o := report.Outcomes[0]
			if o.Status != c.status || o.Found != c.holds {
				t.Errorf("status %s, found %s; want %s, %s", o.Status, o.Found, c.status, c.holds)
			}
			if d := cmp.Diff(c.calls, a.calls); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
			if wrote := c.status == apply.Done; (len(l.intents) == 1) != wrote {
				t.Errorf("%d intents recorded though a write was sent: %v", len(l.intents), wrote)
			}
		})
	}
}

func TestS8_AConflictStopsWhatDependsOnItAndNothingElse(t *testing.T) {
	a := newAccount(newClock(), roles{onAccount("ann"): "admin", onAccount("bob"): "observer"})
	conflict := change(onAccount("ann"), "observer", "user")
	next := change(onTeam("ann", "T1"), "none", "manager", conflict.ID)
	last := change(onTeam("bob", "T1"), "none", "observer", next.ID)
	other := change(onAccount("bob"), "observer", "user")
	report := run(t, planOf(conflict, next, last, other), a, &ledger{}, apply.Options{})

	want := map[string]apply.Status{
		conflict.ID: apply.Conflict, next.ID: apply.Skipped, last.ID: apply.Skipped, other.ID: apply.Done,
	}
	if d := cmp.Diff(want, statuses(report)); d != "" {
		t.Errorf("statuses (-want +got):\n%s", d)
	}
	for i, part := range []string{
		"changed since the plan: it saw observer, PagerDuty now holds admin",
		"requires " + conflict.ID + ", which did not succeed: changed since the plan",
	} {
		if !strings.Contains(report.Outcomes[i].Why, part) {
			t.Errorf("why of %s: %q does not contain %q", report.Outcomes[i].Change.ID, report.Outcomes[i].Why, part)
		}
	}
	if d := cmp.Diff(apply.Counts{Done: 1, Conflict: 1, Skipped: 2}, report.Counts); d != "" || !report.Failed() {
		t.Errorf("failed %v, counts (-want +got):\n%s", report.Failed(), d)
	}
}

func TestS8_MembersAreReadOnceATeamAndAgainAfterTenSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		perWrite    time.Duration
		concurrency int
		reads       int
	}{
		"one read serves a batch":                        {0, 4, 1},
		"a read of exactly ten seconds ago still serves": {5 * time.Second, 1, 2}, // at 0 and 15
		"an older one is read again":                     {11 * time.Second, 1, 6},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			a := newAccount(clock, nil)
			a.after = func(call string) error {
				if strings.HasPrefix(call, "put") {
					clock.advance(c.perWrite)
				}
				return nil
			}
			var changes []plan.Change
			for _, user := range []string{"ann", "bob", "cid", "dan", "eve", "fay"} {
				changes = append(changes, change(onTeam(user, "T1"), "none", "observer"))
			}
			report := run(t, planOf(changes...), a, &ledger{}, apply.Options{Concurrency: c.concurrency})
			if report.Counts.Done != len(changes) || a.count("members") != c.reads {
				t.Errorf("%d done with %d reads, want %d with %d", report.Counts.Done, a.count("members"), len(changes), c.reads)
			}
		})
	}
}

func TestS8_AUserIsReadJustBeforeAndSentBackAsRead(t *testing.T) {
	a := newAccount(newClock(), roles{onAccount("ann"): "observer"})
	run(t, planOf(change(onAccount("ann"), "observer", "user")), a, &ledger{}, apply.Options{})
	want := []inventory.User{{ID: "ann", Name: "Name of ann", Email: "ann@acme.com", BaseRole: "observer"}}
	if d := cmp.Diff(want, a.sent); d != "" {
		t.Errorf("sent along (-want +got):\n%s", d)
	}
}

func TestBaseRolesAreChangedOneAtATimeWhileTeamsGoOn(t *testing.T) {
	a := newAccount(newClock(), roles{onAccount("ann"): "user", onAccount("bob"): "user", onAccount("cid"): "user"})
	teams := make(chan struct{}, 9)
	a.before = func(call string) error {
		switch {
		case strings.HasPrefix(call, "put"):
			teams <- struct{}{}
		case call == "set ann observer":
			// All of the teams' changes come by while this one is in hand.
			for range 3 {
				<-teams
			}
		}
		return nil
	}
	report := run(t, planOf(
		change(onAccount("ann"), "user", "observer"),
		change(onAccount("bob"), "user", "observer"),
		change(onAccount("cid"), "user", "observer"),
		change(onTeam("ann", "T1"), "none", "observer"),
		change(onTeam("ann", "T2"), "none", "observer"),
		change(onTeam("ann", "T3"), "none", "observer"),
	), a, &ledger{}, apply.Options{Concurrency: 2})
	if report.Counts.Done != 6 || a.most != 1 {
		t.Errorf("%d done, at most %d base roles at once; want 6, 1", report.Counts.Done, a.most)
	}
}

func TestS9_AnAcknowledgedWriteWinsOverAnOldReadForTwoMinutes(t *testing.T) {
	pair := onTeam("ann", "T1")
	written := func(ago time.Duration, before, role string) plan.Write {
		return plan.Write{Pair: pair, Before: before, Role: role, At: start.Add(-ago)}
	}
	for name, c := range map[string]struct {
		overlay []plan.Write
		read    string
		found   string
		status  apply.Status
	}{
		"an old answer is seen as what was written":          {[]plan.Write{written(time.Minute, "none", "observer")}, "none", "observer", apply.Done},
		"a new answer is what it is":                         {[]plan.Write{written(time.Minute, "none", "observer")}, "observer", "observer", apply.Done},
		"any older state of several writes is the last":      {[]plan.Write{written(30*time.Second, "manager", "observer"), written(time.Minute, "none", "manager")}, "none", "observer", apply.Done},
		"after two minutes PagerDuty is believed":            {[]plan.Write{written(2*time.Minute, "none", "observer")}, "none", "none", apply.Conflict},
		"another answer than old or new is somebody's write": {[]plan.Write{written(time.Minute, "none", "observer")}, "manager", "manager", apply.Conflict},
		"another pair's write says nothing":                  {[]plan.Write{{Pair: onTeam("bob", "T1"), Before: "none", Role: "observer", At: start}}, "none", "none", apply.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), roles{pair: c.read})
			report := run(t, planOf(change(pair, "observer", "responder")), a, &ledger{}, apply.Options{Overlay: c.overlay})
			if o := report.Outcomes[0]; o.Found != c.found || o.Status != c.status {
				t.Errorf("found %s: %s; want %s: %s", o.Found, o.Status, c.found, c.status)
			}
		})
	}
}

func TestS9_ARunKnowsItsOwnWrites(t *testing.T) {
	for name, pair := range map[string]desired.Pair{"team": onTeam("ann", "T1"), "account": onAccount("ann")} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), roles{pair: "observer"})
			a.lag = time.Hour
			higher := map[string]string{"team": "manager", "account": "user"}[name]
			first := change(pair, "observer", higher)
			report := run(t, planOf(first, change(pair, higher, "observer", first.ID)), a, &ledger{}, apply.Options{})
			if report.Counts.Done != 2 {
				t.Errorf("outcomes: %v", statuses(report))
			}
		})
	}
}

func TestS18_AnExpiredPlanDoesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		expires time.Time
		done    bool
	}{
		"before its end it is carried out": {start.Add(time.Nanosecond), true},
		"at its end it is not":             {start, false},
		"after its end it is not":          {start.Add(-time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), nil)
			p := planOf(change(onTeam("ann", "T1"), "none", "observer"))
			p.Expires = &c.expires
			report, err := apply.Run(t.Context(), p, a, &ledger{}, apply.Options{Now: a.clock.Now})
			if c.done {
				if err != nil || report.Counts.Done != 1 {
					t.Fatalf("report %v, error %v", report, err)
				}
				return
			}
			if !errors.Is(err, apply.ErrExpired) || report != nil || len(a.calls) > 0 {
				t.Errorf("error %v, report %v, calls %v", err, report, a.calls)
			}
		})
	}
}

func TestS18_APlanThatEndsMidwayStartsNothingMore(t *testing.T) {
	clock := newClock()
	a := newAccount(clock, nil)
	a.after = func(call string) error {
		if strings.HasPrefix(call, "put") {
			clock.advance(time.Minute)
		}
		return nil
	}
	p := planOf(change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "none", "observer"))
	ends := start.Add(time.Minute)
	p.Expires = &ends
	report := run(t, p, a, &ledger{}, apply.Options{Concurrency: 1})
	want := map[string]apply.Status{p.Changes[0].ID: apply.Done, p.Changes[1].ID: apply.Skipped}
	if d := cmp.Diff(want, statuses(report)); d != "" || !strings.Contains(report.Stopped, "2026-03-02T09:01:00Z") {
		t.Errorf("stopped %q, statuses (-want +got):\n%s", report.Stopped, d)
	}
}

func TestAFailedChangeStopsWhatRequiresItAndNothingElse(t *testing.T) {
	a := newAccount(newClock(), nil)
	denied := errors.New("403: access denied")
	a.before = func(call string) error {
		if call == "put T1 ann observer" {
			return denied
		}
		return nil
	}
	fails := change(onTeam("ann", "T1"), "none", "observer")
	waits := change(onTeam("bob", "T1"), "none", "observer", fails.ID)
	free := change(onTeam("cid", "T1"), "none", "observer")
	report := run(t, planOf(fails, waits, free), a, &ledger{}, apply.Options{})
	want := map[string]apply.Status{fails.ID: apply.Failed, waits.ID: apply.Skipped, free.ID: apply.Done}
	if d := cmp.Diff(want, statuses(report)); d != "" {
		t.Errorf("statuses (-want +got):\n%s", d)
	}
	if !errors.Is(report.Outcomes[0].Err(), denied) {
		t.Errorf("error of the failed change is %v", report.Outcomes[0].Err())
	}
}

type refusal struct{ refused bool }

func (refusal) Error() string   { return "answered" }
func (r refusal) Refused() bool { return r.refused }

func TestAWriteThatWasNotAnsweredIsUncertain(t *testing.T) {
	for name, c := range map[string]struct {
		err       error
		uncertain bool
	}{
		"a cut connection":       {errors.New("connection reset"), true},
		"an error of the server": {refusal{false}, true},
		"a refusal":              {refusal{true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), nil)
			a.before = func(call string) error {
				if strings.HasPrefix(call, "put") {
					return c.err
				}
				return nil
			}
			var l ledger
			run(t, planOf(change(onTeam("ann", "T1"), "none", "observer")), a, &l, apply.Options{})
			if got := l.results[1]; got.Uncertain != c.uncertain || got.Status != apply.Failed || got.Wrote {
				t.Errorf("recorded %+v, want uncertain %v", got, c.uncertain)
			}
		})
	}
}

func TestAnInterruptedRunFinishesWhatIsInHandAndStartsNothing(t *testing.T) {
	a := newAccount(newClock(), nil)
	ctx, interrupt := context.WithCancel(t.Context())
	a.before = func(call string) error {
		if strings.HasPrefix(call, "put") {
			interrupt()
		}
		return nil
	}
	var l ledger
	p := planOf(change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T2"), "none", "observer"))
	report, err := apply.Run(ctx, p, a, &l, apply.Options{Now: a.clock.Now, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]apply.Status{p.Changes[0].ID: apply.Done, p.Changes[1].ID: apply.Skipped}
	if d := cmp.Diff(want, statuses(report)); d != "" || report.Stopped != "the run was interrupted" {
		t.Errorf("stopped %q, statuses (-want +got):\n%s", report.Stopped, d)
	}
	if d := cmp.Diff([]string{"members T1", "put T1 ann observer"}, a.calls); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	if len(l.results) != 1 {
		t.Errorf("%d results recorded, want that of the change in hand", len(l.results))
	}
}

func TestALookCutShortByAnInterruptionIsNotAFailure(t *testing.T) {
	a := newAccount(newClock(), nil)
	ctx, interrupt := context.WithCancel(t.Context())
	a.before = func(string) error { interrupt(); return ctx.Err() }
	report, err := apply.Run(ctx, planOf(change(onTeam("ann", "T1"), "none", "observer")), a, &ledger{}, apply.Options{Now: a.clock.Now})
	if err != nil || report.Outcomes[0].Status != apply.Skipped || report.Stopped == "" {
		t.Errorf("error %v, outcome %+v, stopped %q", err, report.Outcomes[0], report.Stopped)
	}
}

func TestAPauseStopsEvenWhatHasLooked(t *testing.T) {
	a := newAccount(newClock(), nil)
	paused := false
	a.after = func(string) error { paused = true; return nil }
	report := run(t, planOf(change(onTeam("ann", "T1"), "none", "observer")), a, &ledger{}, apply.Options{Stop: func() bool { return paused }})
	if d := cmp.Diff([]string{"members T1"}, a.calls); d != "" || report.Stopped != "writing has been paused" {
		t.Errorf("stopped %q, calls (-want +got):\n%s", report.Stopped, d)
	}
}

func TestNothingIsWrittenOnceTheRecordCannotBeKept(t *testing.T) {
	full := errors.New("disk is full")
	for name, c := range map[string]struct {
		ledger *ledger
		puts   int
		status apply.Status
	}{
		"an intent that is not recorded is not sent":         {&ledger{intentErr: full}, 0, apply.Failed},
		"after a result that is not recorded nothing starts": {&ledger{resultErr: full}, 1, apply.Done},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), nil)
			p := planOf(change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "none", "observer"))
			report, err := apply.Run(t.Context(), p, a, c.ledger, apply.Options{Now: a.clock.Now, Concurrency: 1})
			if !errors.Is(err, full) {
				t.Fatalf("error %v", err)
			}
			want := map[string]apply.Status{p.Changes[0].ID: c.status, p.Changes[1].ID: apply.Skipped}
			if d := cmp.Diff(want, statuses(report)); d != "" || a.count("put") != c.puts {
				t.Errorf("%d writes, want %d; statuses (-want +got):\n%s", a.count("put"), c.puts, d)
			}
		})
	}
}

func TestAnUnsoundPlanIsRefusedWhole(t *testing.T) {
	x, y := change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "none", "observer")
	circle := x
	circle.Requires, y.Requires = []string{y.ID}, []string{x.ID}
	for name, c := range map[string]struct {
		changes []plan.Change
		says    string
	}{
		"two changes of one id":           {[]plan.Change{x, x}, "have the same id"},
		"changes that require each other": {[]plan.Change{circle, y}, "requires, directly or through others, itself"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), nil)
			_, err := apply.Run(t.Context(), planOf(c.changes...), a, &ledger{}, apply.Options{Now: a.clock.Now})
			if err == nil || !strings.Contains(err.Error(), c.says) || len(a.calls) > 0 {
				t.Errorf("error %v, calls %v", err, a.calls)
			}
		})
	}
}

func TestWhatCannotBeDoneIsNotTried(t *testing.T) {
	for name, c := range map[string]struct {
		change plan.Change
		status apply.Status
		says   string
	}{
		"a requirement that is not in the plan": {change(onTeam("ann", "T1"), "none", "observer", "held elsewhere"), apply.Skipped, "requires held elsewhere"},
		"removing a person from the account":    {change(onAccount("ann"), "user", "none"), apply.Failed, "removing people from the account is not supported"},
		"access to a schedule":                  {change(desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindSchedule, "S1"), Layer: "L1"}, "none", "rotation"), apply.Failed, "schedule:#S1 can't be changed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(newClock(), roles{onAccount("ann"): "user"})
			var l ledger
			o := run(t, planOf(c.change), a, &l, apply.Options{}).Outcomes[0]
			if o.Status != c.status || !strings.Contains(o.Why, c.says) || len(l.intents) > 0 {
				t.Errorf("status %s, why %q, %d intents", o.Status, o.Why, len(l.intents))
			}
		})
	}
}

func TestProgressTellsEachStartAndEndAndCounts(t *testing.T) {
	a := newAccount(newClock(), nil)
	first := change(onTeam("ann", "T1"), "none", "observer")
	second := change(onTeam("bob", "T1"), "manager", "observer", first.ID)
	third := change(onTeam("cid", "T1"), "none", "observer", second.ID)
	type step struct {
		User    string
		Status  apply.Status
		Settled int
	}
	var got []step
	run(t, planOf(first, second, third), a, &ledger{}, apply.Options{Progress: func(s apply.Step) {
		x := step{User: s.Change.User, Settled: s.Settled}
		if s.Outcome != nil {
			x.Status = s.Outcome.Status
		}
		got = append(got, x)
	}})
	want := []step{{"ann", "", 0}, {"ann", apply.Done, 1}, {"bob", "", 1}, {"bob", apply.Conflict, 2}, {"cid", apply.Skipped, 3}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func TestAReportSurvivesJSON(t *testing.T) {
	a := newAccount(newClock(), roles{onTeam("bob", "T1"): "observer"})
	report := run(t, planOf(change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "manager", "none")), a, &ledger{}, apply.Options{})
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var back apply.Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(statuses(report), statuses(&back)); d != "" || back.Counts != report.Counts || !back.Failed() {
		t.Errorf("counts %+v, statuses (-want +got):\n%s", back.Counts, d)
	}
}
