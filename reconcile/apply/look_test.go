package apply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

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
		"any older state of several writes is the last":      {[]plan.Write{written(time.Minute, "none", "manager"), written(30*time.Second, "manager", "observer")}, "none", "observer", apply.Done},
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
