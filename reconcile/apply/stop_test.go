package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/apply"
)

func TestS18_AnExpiredPlanDoesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		expires time.Time
		done    bool
	}{
		"before its end it is carried out": {start.Add(time.Second), true},
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
	// Looks may have been fetched ahead.
	writes := slices.DeleteFunc(slices.Clone(a.calls), func(call string) bool { return strings.HasPrefix(call, "members") })
	if d := cmp.Diff([]string{"put T1 ann observer"}, writes); d != "" {
		t.Errorf("writes (-want +got):\n%s", d)
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
		"an intent that is not recorded is not sent":         {&ledger{intentErr: full}, 0, apply.Skipped},
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
