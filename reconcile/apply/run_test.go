package apply_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

func TestS16_LoweringsWaitForTheRaisesOnTheirResourceHoweverTheseEnd(t *testing.T) {
	a := newAccount(newClock(), roles{onTeam("bob", "T1"): "manager", onTeam("cid", "T2"): "observer"})
	a.before = func(call string) error {
		if call == "put T1 ann manager" {
			return refusal{refused: true}
		}
		return nil
	}
	var l ledger
	report := run(t, planOf(
		change(onTeam("ann", "T1"), "none", "manager"),
		change(onTeam("dee", "T1"), "none", "manager"),
		change(onTeam("bob", "T1"), "manager", "none"),
		change(onTeam("cid", "T2"), "observer", "none"),
	), a, &l, apply.Options{Concurrency: 4})
	if d := cmp.Diff(apply.Counts{Done: 3, Failed: 1}, report.Counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	lowered := slices.Index(a.calls, "remove T1 bob")
	for _, raise := range []string{"put T1 ann manager", "put T1 dee manager"} {
		if i := slices.Index(a.calls, raise); i < 0 || i > lowered {
			t.Errorf("%s comes after the lowering on its team: %q", raise, a.calls)
		}
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

func TestAnUnsoundPlanIsRefusedWhole(t *testing.T) {
	x, y := change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "none", "observer")
	circle, strange := x, y
	strange.Kind = "slack_group"
	circle.Requires, y.Requires = []string{y.ID}, []string{x.ID}
	free, itself := change(onTeam("cid", "T1"), "none", "observer"), change(onTeam("dan", "T1"), "none", "observer")
	itself.Requires = []string{itself.ID}
	for name, c := range map[string]struct {
		changes []plan.Change
		says    string
	}{
		"two changes of one id":           {[]plan.Change{x, x}, "changes 1 and 2 have the same id"},
		"a kind that nobody knows":        {[]plan.Change{strange}, `is of kind "slack_group", which this version does not carry out`},
		"changes that require each other": {[]plan.Change{circle, y}, "requires, directly or through others, itself"},
		"one that is free beside them":    {[]plan.Change{free, circle, y}, fmt.Sprintf("change %q requires", circle.ID)},
		"one that requires itself":        {[]plan.Change{free, itself}, fmt.Sprintf("change %q requires", itself.ID)},
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

// begun are the changes in the order in which they are begun or settled, "+ann" and "-ann".
func begun(t *testing.T, a *account, concurrency int, changes ...plan.Change) string {
	t.Helper()
	var steps []string
	run(t, planOf(changes...), a, &ledger{}, apply.Options{Concurrency: concurrency, Progress: func(s apply.Step) {
		sign := "+"
		if s.Outcome != nil {
			sign = "-"
		}
		steps = append(steps, sign+s.Change.User)
	}})
	return strings.Join(steps, " ")
}

func TestS16_ALoweringIsNotBegunBeforeTheRaisesThatStandBeforeItAreSettled(t *testing.T) {
	first := change(onTeam("ann", "T2"), "none", "observer")
	raise, lower := change(onTeam("bob", "T1"), "none", "observer", first.ID), change(onTeam("cid", "T1"), "manager", "none")
	account := func() *account { return newAccount(newClock(), roles{onTeam("cid", "T1"): "manager"}) }
	if got, want := begun(t, account(), 3, first, raise, lower), "+ann -ann +bob -bob +cid -cid"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	// One that stands before them waits for none of them.
	if got := begun(t, account(), 3, lower, first, raise); !strings.HasPrefix(got, "+cid +ann") {
		t.Errorf("order %s", got)
	}
	// A plan whose order goes against its requirements is carried out by these alone.
	if got := begun(t, account(), 3, raise, lower, first); !strings.HasPrefix(got, "+cid +ann") {
		t.Errorf("order %s, against its requirements", got)
	}
}

func TestBaseRolesHaveALaneAndTeamsHaveNone(t *testing.T) {
	a := newAccount(newClock(), roles{onAccount("ann"): "user", onAccount("bob"): "user"})
	got := begun(t, a, 4, change(onAccount("ann"), "user", "observer"), change(onAccount("bob"), "user", "observer"),
		change(onTeam("cid", "T1"), "none", "observer"), change(onTeam("dan", "T1"), "none", "observer"))
	if !strings.HasPrefix(got, "+ann +cid +dan ") {
		t.Errorf("order %s, want Ann's first with all of the teams' beside it", got)
	}
}

func TestAReportSaysWhetherAllCameAboutAndWhetherThePlansEndIsToBlame(t *testing.T) {
	ann, bob, cid := change(onTeam("ann", "T1"), "none", "observer"), change(onTeam("bob", "T1"), "none", "observer"), change(onTeam("cid", "T1"), "manager", "observer")
	ends := func(c *clock) func(string) error {
		return func(call string) error {
			if call == "put T1 ann observer" {
				c.advance(2 * time.Minute)
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		changes []plan.Change
		before  func(*clock) func(string) error
		intent  bool // the plan ends as its intent is recorded
		counts  apply.Counts
		expired bool
	}{
		"all came about":                   {[]plan.Change{ann}, nil, false, apply.Counts{Done: 1}, false},
		"one was so already":               {[]plan.Change{change(onTeam("dan", "T1"), "observer", "responder"), bob}, nil, false, apply.Counts{Already: 1, Done: 1}, false},
		"the plan ended amid the run":      {[]plan.Change{ann, bob}, ends, false, apply.Counts{Done: 1, Skipped: 1}, true},
		"and something else was in a way":  {[]plan.Change{cid, ann, bob}, ends, false, apply.Counts{Conflict: 1, Done: 1, Skipped: 1}, false},
		"and something else failed":        {[]plan.Change{change(onTeam("eve", "T1"), "none", "observer"), ann, bob}, ends, false, apply.Counts{Failed: 1, Done: 1, Skipped: 1}, false},
		"it ended before a write was sent": {[]plan.Change{ann}, nil, true, apply.Counts{Failed: 1}, true},
		"and another was not started":      {[]plan.Change{ann, bob}, nil, true, apply.Counts{Failed: 1, Skipped: 1}, true},
		"something failed":                 {[]plan.Change{change(onTeam("eve", "T1"), "none", "observer")}, nil, false, apply.Counts{Failed: 1}, false},
		"something was in the way":         {[]plan.Change{cid}, nil, false, apply.Counts{Conflict: 1}, false},
	} {
		a := newAccount(newClock(), roles{onTeam("cid", "T1"): "responder", onTeam("dan", "T1"): "responder"})
		hook := func(string) error { return nil }
		if c.before != nil {
			hook = c.before(a.clock)
		}
		a.before = func(call string) error {
			if call == "put T1 eve observer" {
				return refusal{true}
			}
			return hook(call)
		}
		p := planOf(c.changes...)
		p.Expires = new(start.Add(time.Minute))
		l := &ledger{}
		if c.intent {
			l.begin = func() { a.clock.advance(2 * time.Minute) }
		}
		report := run(t, p, a, l, apply.Options{Concurrency: 1})
		if report.Counts != c.counts || report.Expired() != c.expired || report.Failed() != (c.counts.Failed+c.counts.Skipped+c.counts.Conflict > 0) {
			t.Errorf("%s: counts %+v, expired %t, failed %t; want %+v, expired %t", name, report.Counts, report.Expired(), report.Failed(), c.counts, c.expired)
		}
		for _, o := range report.Outcomes {
			if o.Err() != nil && o.Cause() != o.Err().Error() || o.Err() == nil && o.Cause() != o.Why {
				t.Errorf("%s: the cause is %q of %v", name, o.Cause(), o)
			}
		}
	}
}
