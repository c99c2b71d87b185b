package journal_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var other = desired.Pair{User: "U2", Resource: turn.Resource, Layer: turn.Layer}

// edit begins an edit of turns that makes some changes.
func (w *writer) edit(changes ...plan.Change) int64 {
	w.t.Helper()
	text, err := json.Marshal(apply.Edit{Was: inventory.Schedule{ID: "S1", Name: "Night"}})
	must(w.t, err)
	id, err := w.Recorder(w.round).Begin(w.t.Context(), apply.Intent{Kind: plan.Rotation, Changes: changes, Payload: text})
	must(w.t, err)
	return id
}

func (w *writer) finish(id int64, r apply.Result) {
	w.t.Helper()
	must(w.t, w.Recorder(w.round).Finish(w.t.Context(), id, r))
}

func outcomeOf(c plan.Change, o apply.Outcome) apply.Outcome {
	o.Change, o.At = c, start
	return o
}

func TestAUnitOfSeveralStepsIsOpenUntilItsStepsAndItsChangesAreSettled(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		join, leave := change(turn, "none", "rotation", plan.CausePolicy), change(other, "rotation", "none", plan.CausePolicy)
		unsure := apply.Outcome{Status: apply.Failed, Uncertain: true}
		done := apply.Outcome{Status: apply.Done, Wrote: true}
		for name, c := range map[string]struct {
			results []apply.Result
			// open are the changes that are open, null if nothing is.
			open []string
			is   apply.IntentStatus
		}{
			"nothing is known":                  {nil, []string{join.ID, leave.ID}, ""},
			"it is written":                     {[]apply.Result{{Status: apply.IntentWritten, Outcomes: []apply.Outcome{outcomeOf(join, done), outcomeOf(leave, done)}}}, nil, ""},
			"it does not show yet":              {[]apply.Result{{Status: apply.IntentUnseen, Outcomes: []apply.Outcome{outcomeOf(join, done), outcomeOf(leave, done)}}}, []string{}, apply.IntentUnseen},
			"it is written in part":             {[]apply.Result{{Status: apply.IntentPartial, Outcomes: []apply.Outcome{outcomeOf(join, unsure), outcomeOf(leave, unsure)}}}, []string{join.ID, leave.ID}, apply.IntentPartial},
			"a person must look":                {[]apply.Result{{Status: apply.IntentAlarm, Why: "half edited", Outcomes: []apply.Outcome{outcomeOf(join, unsure)}}}, []string{join.ID, leave.ID}, apply.IntentAlarm},
			"a person must look at what stands": {[]apply.Result{{Status: apply.IntentAlarm, Outcomes: []apply.Outcome{outcomeOf(join, done), outcomeOf(leave, done)}}}, []string{}, apply.IntentAlarm},
			"a later write settled its changes": {[]apply.Result{{Status: apply.IntentPartial, Outcomes: []apply.Outcome{outcomeOf(join, done), outcomeOf(leave, done)}}}, []string{}, apply.IntentPartial},
			"one change is known":               {[]apply.Result{{Status: apply.IntentUndone, Outcomes: []apply.Outcome{outcomeOf(leave, apply.Outcome{Status: apply.Failed})}}}, []string{join.ID}, apply.IntentUndone},
			"what is certain stands":            {[]apply.Result{{Status: apply.IntentUnseen, Outcomes: []apply.Outcome{outcomeOf(join, done), outcomeOf(leave, done)}}, {Status: apply.IntentWritten, Outcomes: []apply.Outcome{outcomeOf(join, unsure)}}}, nil, ""},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWriter(t, at)
				id := w.edit(join, leave)
				for _, r := range c.results {
					w.finish(id, r)
				}
				open, err := w.Pending(t.Context())
				must(t, err)
				if c.open == nil {
					if len(open) > 0 {
						t.Fatalf("open: %+v", open)
					}
					return
				}
				if len(open) != 1 || open[0].ID != id || open[0].Status != c.is || len(open[0].Payload) == 0 {
					t.Fatalf("open: %+v", open)
				}
				if d := cmp.Diff(c.open, changesOf(t, w)); d != "" {
					t.Errorf("open changes (-want +got):\n%s", d)
				}
				alarms, err := w.Alarms(t.Context(), false)
				must(t, err)
				if stands := len(alarms) == 1; stands != (c.is == apply.IntentAlarm) {
					t.Errorf("alarms: %+v", alarms)
				}
			})
		}
	})
}

func TestAStepIsRecordedWithThePayloadAsItIsThen(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		id := w.edit()
		var text []byte
		for _, name := range []string{"Day", "Evening"} {
			w.clock.at = w.clock.at.Add(time.Minute)
			var err error
			text, err = json.Marshal(apply.Edit{Was: inventory.Schedule{ID: "S1", Name: name}})
			must(t, err)
			must(t, w.Recorder(w.round).Step(t.Context(), apply.Intent{ID: id, Payload: text}))
		}
		open, err := w.Pending(t.Context())
		must(t, err)
		if len(open) != 1 || !open[0].At.Equal(start) || !open[0].Touched.Equal(w.clock.at) || string(open[0].Payload) != string(text) {
			t.Errorf("open: %+v", open)
		}
	})
}

func TestS4_OfAnEditThatIsForgottenTheRaiseStands(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := keeping(t, at, kept)
		raise, lower := change(turn, "none", "rotation", plan.CausePolicy), change(other, "rotation", "none", plan.CausePolicy)
		done := apply.Outcome{Status: apply.Done, Wrote: true}
		edit := w.edit(raise, lower)
		w.finish(edit, apply.Result{Status: apply.IntentAlarm, Why: "half edited", Outcomes: []apply.Outcome{outcomeOf(raise, done), outcomeOf(lower, done)}})
		w.finish(edit, apply.Result{Status: apply.IntentWritten})
		w.next(kept)
		w.next(time.Hour)
		w.next(time.Hour)
		if d := cmp.Diff(map[desired.Pair]string{turn: "none"}, memory(t, w.Journal, w.clock.at).Raised); d != "" {
			t.Errorf("raises (-want +got):\n%s", d)
		}
		first, err := w.Round(t.Context(), 1)
		must(t, err)
		if len(first.Made) != 1 || first.Made[0].Change.ID != raise.ID {
			t.Errorf("of the round is left %+v, should be the raise that stands", first.Made)
		}
		if alarms, err := w.Alarms(t.Context(), true); err != nil || len(alarms) > 0 {
			t.Errorf("alarms that are forgotten: %+v, %v", alarms, err)
		}
		if open := w.pending(); len(open) > 0 {
			t.Errorf("open: %v", open)
		}
	})
}
