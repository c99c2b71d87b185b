package journal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var (
	team = desired.Pair{User: "U1", Resource: inventory.ByID(inventory.KindTeam, "T1")}
	base = desired.Pair{User: "U1", Resource: inventory.AccountRef}
	turn = desired.Pair{User: "U1", Resource: inventory.ByID(inventory.KindSchedule, "S1"), Layer: "L1"}
)

func change(p desired.Pair, before, after string, cause plan.Cause) plan.Change {
	effect := plan.Lower
	if inventory.CompareRoles(p.Resource.Kind, after, before) > 0 {
		effect = plan.Raise
	}
	return plan.Change{
		ID: p.User + p.Resource.String() + p.Layer + before + after, Kind: plan.KindOf(p), Effect: effect, Cause: cause,
		User: p.User, Resource: p.Resource, Layer: p.Layer, Before: before, After: after,
	}
}

// writer is a journal in a round, with its lock held.
type writer struct {
	*journal.Journal
	t     *testing.T
	clock *clock
	path  string
	round int64
	// changes are those of the intents, by number.
	changes map[int64]plan.Change
}

func newWriter(t *testing.T, at place) *writer {
	t.Helper()
	w := &writer{t: t, clock: &clock{start}, path: at(t)}
	w.open()
	return w
}

func (w *writer) open() {
	w.t.Helper()
	w.Journal = open(w.t, w.path, journal.Options{Now: w.clock.Now})
	_, err := w.Lock(w.t.Context())
	must(w.t, err)
	w.begin()
}

func (w *writer) begin() {
	w.t.Helper()
	var err error
	w.round, err = w.Begin(w.t.Context(), &plan.Plan{Version: plan.Version})
	must(w.t, err)
}

func (w *writer) intent(c plan.Change) int64 {
	w.t.Helper()
	id, err := w.Recorder(w.round).Begin(w.t.Context(), apply.Intent{Kind: c.Kind, Changes: []plan.Change{c}})
	must(w.t, err)
	if w.changes == nil {
		w.changes = map[int64]plan.Change{}
	}
	w.changes[id] = c
	return id
}

func (w *writer) result(id int64, o apply.Outcome) {
	w.t.Helper()
	o.At, o.Change = w.clock.at, w.changes[id]
	must(w.t, w.Recorder(w.round).Finish(w.t.Context(), id, apply.Result{Outcomes: []apply.Outcome{o}}))
}

// done records an acknowledged write.
func (w *writer) done(c plan.Change) {
	w.t.Helper()
	w.result(w.intent(c), apply.Outcome{Change: c, Status: apply.Done, Wrote: true})
}

func (w *writer) pending() []int64 {
	w.t.Helper()
	open, err := w.Pending(w.t.Context())
	must(w.t, err)
	ids := []int64{}
	for _, in := range open {
		ids = append(ids, in.ID)
	}
	return ids
}

func TestS14_TheLastFinishedRoundIsRememberedWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		first := plan.Round{At: start, Revision: "rev0", Grants: 1}
		must(t, w.Finish(t.Context(), w.round, first, nil))

		w.begin()
		unfinished := w.round
		w.begin()
		want := plan.Round{
			At: start, Revision: "rev1", Grants: 3,
			Pairs: []plan.RoundPair{
				{Pair: base, Desired: "user", Actual: "limited_user"},
				{Pair: team, Desired: "manager", Actual: "manager", Schedules: []string{"S1", "S2"}, Window: desired.Window{
					From: start.Add(-time.Hour), FromKind: desired.BoundDate, Until: start.Add(time.Hour), UntilKind: desired.BoundShift,
				}},
				{Pair: turn, Desired: "none", Actual: "rotation"},
			},
			Named: []plan.NamedTarget{
				{Target: desired.Target{Resource: inventory.AccountRef}, Name: "account"},
				{Target: turn.Target(), Name: "schedule:Primary: odd name"},
			},
		}
		must(t, w.Finish(t.Context(), w.round, want, map[string]int{"done": 3}))
		must(t, w.Close())

		w.open()
		if d := cmp.Diff(&want, memory(t, w.Journal, start).Last, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("last round (-want +got):\n%s", d)
		}
		says(t, w.Finish(t.Context(), unfinished, first, nil), "has not begun or has ended already")
	})
}

func TestS9_AcknowledgedWritesOverlayReadsForTwoMinutesAlsoInAnotherProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		w.done(change(team, "none", "responder", plan.CausePolicy))
		w.clock.at = start.Add(30 * time.Second)
		w.done(change(team, "responder", "manager", plan.CausePolicy))
		w.done(change(turn, "none", "rotation", plan.CausePolicy))
		w.result(w.intent(change(base, "user", "admin", plan.CausePolicy)), apply.Outcome{Status: apply.Failed})
		w.intent(change(base, "user", "admin", plan.CausePolicy))
		must(t, w.Close())
		w.open()

		first := plan.Write{Pair: team, Before: "none", Role: "responder", At: start}
		second := plan.Write{Pair: team, Before: "responder", Role: "manager", At: start.Add(30 * time.Second)}
		third := plan.Write{Pair: turn, Before: "none", Role: "rotation", At: start.Add(30 * time.Second)}
		for name, c := range map[string]struct {
			after time.Duration
			want  []plan.Write
		}{
			"all of the last two minutes, in order": {2*time.Minute - 1, []plan.Write{first, second, third}},
			"none as old as two minutes":            {2 * time.Minute, []plan.Write{second, third}},
			"in the end none":                       {3 * time.Minute, []plan.Write{}},
		} {
			t.Run(name, func(t *testing.T) {
				if d := cmp.Diff(c.want, memory(t, w.Journal, start.Add(c.after)).Overlay); d != "" {
					t.Errorf("overlay (-want +got):\n%s", d)
				}
			})
		}
	})
}

func TestS4_TheRoleFromBeforeARaiseIsKeptAsLongAsTheRaiseStands(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		raise := func(before, after string) plan.Change { return change(team, before, after, plan.CauseHandoff) }
		for name, c := range map[string]struct {
			changes []plan.Change
			want    string // empty if nothing is raised
		}{
			"a grant":                               {[]plan.Change{raise("none", "observer")}, "none"},
			"a raise":                               {[]plan.Change{raise("observer", "manager")}, "observer"},
			"a second raise keeps the first":        {[]plan.Change{raise("none", "observer"), raise("observer", "manager")}, "none"},
			"lowered back":                          {[]plan.Change{raise("observer", "manager"), raise("manager", "observer")}, ""},
			"lowered below":                         {[]plan.Change{raise("observer", "manager"), raise("manager", "none")}, ""},
			"lowered halfway":                       {[]plan.Change{raise("observer", "manager"), raise("manager", "responder")}, "observer"},
			"raised, lowered back and raised again": {[]plan.Change{raise("observer", "manager"), raise("manager", "observer"), raise("observer", "responder")}, "observer"},
			"a lowering alone":                      {[]plan.Change{raise("manager", "observer")}, ""},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWriter(t, at)
				w.done(change(base, "limited_user", "user", plan.CauseHandoff))
				for _, x := range c.changes {
					w.done(x)
				}
				w.result(w.intent(change(turn, "none", "rotation", plan.CausePolicy)), apply.Outcome{Status: apply.Failed})
				want := map[desired.Pair]string{base: "limited_user"}
				if c.want != "" {
					want[team] = c.want
				}
				if d := cmp.Diff(want, memory(t, w.Journal, start).Raised); d != "" {
					t.Errorf("raised (-want +got):\n%s", d)
				}
			})
		}
	})
}

func TestS17_ARaiseThatOthersUndidEndsWithTheNextRound(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		for name, c := range map[string]struct {
			actual     string
			sameRound  bool
			standsWith bool
		}{
			"undone by somebody":         {"observer", false, false},
			"removed by somebody":        {"none", false, false},
			"lowered halfway":            {"responder", false, true},
			"still there":                {"manager", false, true},
			"not seen yet by this round": {"observer", true, true},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWriter(t, at)
				w.done(change(team, "observer", "manager", plan.CausePolicy))
				if !c.sameRound {
					w.begin()
				}
				must(t, w.Finish(t.Context(), w.round, plan.Round{At: start, Pairs: []plan.RoundPair{{Pair: team, Actual: c.actual}}}, nil))
				if _, stands := memory(t, w.Journal, start).Raised[team]; stands != c.standsWith {
					t.Errorf("the raise stands: %v", stands)
				}
			})
		}
	})
}

func TestS26_AppliedChangesCountForAsLongAsABoundMayLookBack(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		w.done(change(team, "manager", "none", plan.CausePolicy))
		w.clock.at = start.Add(time.Hour)
		w.done(change(team, "none", "manager", plan.CausePolicy))
		w.done(change(base, "admin", "user", plan.CauseDrift))
		w.done(change(base, "user", "admin", plan.CauseHandoff)) // foreseen
		let := change(team, "manager", "observer", plan.CausePolicy)
		must(t, w.Release(t.Context(), let.ID, "meant"))
		w.done(let)
		w.result(w.intent(change(turn, "rotation", "none", plan.CauseFacts)), apply.Outcome{Status: apply.Failed})

		want := []plan.Recent{
			{Effect: plan.Lower, Resource: team.Resource, Role: "manager", Cause: plan.CausePolicy, At: start},
			{Effect: plan.Raise, Resource: team.Resource, Role: "manager", Cause: plan.CausePolicy, At: start.Add(time.Hour)},
			{Effect: plan.Lower, Resource: base.Resource, Role: "admin", Cause: plan.CauseDrift, At: start.Add(time.Hour)},
		}
		for name, c := range map[string]struct {
			after time.Duration
			want  []plan.Recent
		}{
			"within the week": {plan.LongestWindow - 1, want},
			"a week later":    {plan.LongestWindow, want[1:]},
		} {
			t.Run(name, func(t *testing.T) {
				if d := cmp.Diff(c.want, memory(t, w.Journal, start.Add(c.after)).Recent); d != "" {
					t.Errorf("recent (-want +got):\n%s", d)
				}
			})
		}
	})
}

func TestAnIntentIsOpenUntilItsResultIsCertain(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		c := change(team, "observer", "manager", plan.CausePolicy)
		c.By = []desired.By{{Chain: []string{"group:a", "oncall:b"}}}
		killed := w.intent(c)
		uncertain := w.intent(change(base, "user", "admin", plan.CausePolicy))
		w.result(uncertain, apply.Outcome{Status: apply.Failed, Uncertain: true, Why: "connection reset"})
		w.done(change(turn, "none", "rotation", plan.CausePolicy))
		must(t, w.Close())
		w.open()

		open, err := w.Pending(t.Context())
		must(t, err)
		if d := cmp.Diff([]int64{killed, uncertain}, w.pending()); d != "" {
			t.Fatalf("open (-want +got):\n%s", d)
		}
		want := apply.Intent{ID: killed, Round: 1, Kind: plan.TeamRole, Changes: []plan.Change{c}, At: start, Touched: start}
		if d := cmp.Diff(want, open[0], cmpopts.EquateEmpty()); d != "" {
			t.Errorf("intent (-want +got):\n%s", d)
		}

		w.result(uncertain, apply.Outcome{Status: apply.Done, Wrote: true})
		w.result(uncertain, apply.Outcome{Status: apply.Failed}) // too late
		if d := cmp.Diff([]int64{killed}, w.pending()); d != "" {
			t.Errorf("open (-want +got):\n%s", d)
		}
		if m := memory(t, w.Journal, start); m.Raised[base] != "user" || len(m.Overlay) != 2 {
			t.Errorf("the write that turned out done is not remembered: %+v", m)
		}
	})
}

func TestALaterWriteOfAPairSettlesOlderOpenIntents(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		w.intent(change(team, "observer", "manager", plan.CausePolicy))
		unsure := w.intent(change(team, "observer", "manager", plan.CausePolicy))
		w.result(unsure, apply.Outcome{Status: apply.Failed, Uncertain: true})
		other := w.intent(change(base, "user", "admin", plan.CausePolicy))
		w.done(change(team, "observer", "manager", plan.CausePolicy))
		younger := w.intent(change(team, "manager", "observer", plan.CausePolicy))
		if d := cmp.Diff([]int64{other, younger}, w.pending()); d != "" {
			t.Errorf("open (-want +got):\n%s", d)
		}
		if m := memory(t, w.Journal, start); len(m.Overlay) != 1 {
			t.Errorf("overlay %v", m.Overlay)
		}
	})
}

func TestS29_RecordingARoundNeedsTheLock(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		j := open(t, at(t), journal.Options{})
		_, err := j.Begin(t.Context(), &plan.Plan{})
		if !errors.Is(err, journal.ErrNotLocked) {
			t.Errorf("beginning: %v", err)
		}
		if _, err := j.Recorder(1).Begin(t.Context(), apply.Intent{}); !errors.Is(err, journal.ErrNotLocked) {
			t.Errorf("an intent: %v", err)
		}
		if err := j.Finish(t.Context(), 1, plan.Round{}, nil); !errors.Is(err, journal.ErrNotLocked) {
			t.Errorf("finishing: %v", err)
		}
	})
}

func TestS4_TheEndOfARaiseIsKeptAsItsLastWriteSaidIt(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		until := start.Add(time.Hour)
		ending := func(c plan.Change, t time.Time) plan.Change { c.Until = &t; return c }
		shift := ending(change(team, "none", "observer", plan.CauseHandoff), until)
		for name, c := range map[string]struct {
			changes []plan.Change
			want    map[desired.Pair]plan.Ending
		}{
			"a raise for a shift": {[]plan.Change{shift}, map[desired.Pair]plan.Ending{team: {Role: "observer", Until: until, Cause: plan.CauseHandoff}}},
			"a raise until a date": {[]plan.Change{ending(change(team, "none", "manager", plan.CausePolicy), until)},
				map[desired.Pair]plan.Ending{team: {Role: "manager", Until: until, Cause: plan.CauseExpiry}}},
			"one for good after one for a shift": {[]plan.Change{shift, change(team, "observer", "manager", plan.CausePolicy)}, map[desired.Pair]plan.Ending{}},
			"one that was lowered back":          {[]plan.Change{shift, change(team, "observer", "none", plan.CauseHandoff)}, map[desired.Pair]plan.Ending{}},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWriter(t, at)
				for _, x := range c.changes {
					w.done(x)
				}
				if d := cmp.Diff(c.want, memory(t, w.Journal, start).Ends); d != "" {
					t.Errorf("ends (-want +got):\n%s", d)
				}
			})
		}
	})
}

func TestS14_WhatWasRecordedInFormerWordsIsReadInTodays(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		until := start.Add(time.Hour)
		w := newWriter(t, at)
		raise := change(team, "none", "observer", "handover")
		raise.Until = &until
		w.done(raise)
		w.done(change(base, "admin", "user", "handover"))
		must(t, w.Finish(t.Context(), w.round, plan.Round{Pairs: []plan.RoundPair{{Pair: base, Desired: "user", Actual: "admin", Pending: "handover"}}}, nil))
		m := memory(t, w.Journal, start)
		if got := m.Ends[team].Cause; got != plan.CauseHandoff {
			t.Errorf("the raise ends for the cause %q, want %q", got, plan.CauseHandoff)
		}
		if len(m.Recent) > 0 {
			t.Errorf("%+v counts, want nothing for %q", m.Recent, plan.CauseHandoff)
		}
		if got := m.Last.Pairs[0].Pending; got != plan.CauseHandoff {
			t.Errorf("the last round left %q pending, want %q", got, plan.CauseHandoff)
		}
	})
}
