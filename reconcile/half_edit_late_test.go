package reconcile_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// refuse orders refusals.
func (w *world) refuse(faults ...string) {
	w.t.Helper()
	for _, text := range faults {
		f, err := pagerdutysim.ParseFault(text)
		if err != nil {
			w.t.Fatal(err)
		}
		w.sim.Inject(f)
	}
}

func TestS32_WithoutRoomForANetARefusedHalfIsTakenBackOrIsAnAlarm(t *testing.T) {
	const noRoom, refused = "400:POST /v3/schedules/FOLLOW/rotations:*", "400:POST /v3/schedules/FOLLOW/rotations/*:*"
	t.Run("taken back", func(t *testing.T) {
		w := newRota(t, "", "ann bob cat dan")
		before := w.onCall("FOLLOW", 6)
		w.refuse(noRoom, refused)
		done := w.on(w.client)
		if o := done.Report.Outcomes[0]; o.Status != apply.Failed || o.Alarm != "" || !strings.Contains(o.Why, "turns are what they were") {
			t.Errorf("%s, alarm %q: %s", o.Status, o.Alarm, o.Why)
		}
		if got := w.onCall("FOLLOW", 6); got != before {
			t.Errorf("on call: %s, want %s", got, before)
		}
		w.sim.ClearFaults()
		w.clock = w.clock.Add(3 * time.Minute)
		w.mustApply()
		if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
			t.Errorf("on call at last: %s", got)
		}
	})
	t.Run("written all the same", func(t *testing.T) {
		w := newRota(t, "", "ann bob cat dan")
		w.refuse(noRoom)
		w.mustApply()
		if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
			t.Errorf("on call: %s", got)
		}
	})
	t.Run("the way back is refused too", func(t *testing.T) {
		w := newRota(t, "", "ann bob cat dan")
		before := w.onCall("FOLLOW", 6)
		d := onRota(w, w.client)
		w.refuse(noRoom, refused, "400:PUT /v3/schedules/FOLLOW/rotations/*:*@1")
		_, _ = d.Round(context.Background(), "test")
		d.told("level=ERROR msg=\"a schedule needs attention\"", 1)
		d.stands("nobody takes over at 2026-03-09T09:00:00Z")
		w.clock = w.clock.Add(3 * time.Minute)
		_, _ = d.Round(context.Background(), "test")
		d.stands("2026-03-09T09:00:00Z")
		w.sim.ClearFaults()
		w.grantTurns("", "ann bob cat")
		d.pass(3 * time.Minute)
		d.told("the alarm about a schedule has ended", 1)
		if got := w.onCall("FOLLOW", 6); got != before {
			t.Errorf("on call: %s, want %s", got, before)
		}
	})
	t.Run("until the handoff has passed", func(t *testing.T) {
		w := newRota(t, "", "bob cat dan")
		w.refuse(noRoom, refused, "400:PUT /v3/schedules/FOLLOW/rotations/*:*@1")
		w.on(w.client)
		w.clock = handoff.AddDate(0, 0, 7).Add(2 * time.Minute)
		w.on(w.client)
		w.sim.ClearFaults()
		w.refuse("400:POST /v3/schedules/FOLLOW/rotations/*:1") // somebody of those before is refused
		w.clock = w.clock.Add(3 * time.Minute)
		done := w.on(w.client)
		w.covered(8)
		if len(done.Alarms) > 0 {
			t.Errorf("alarms %+v", done.Alarms)
		}
	})
}

// The handoff passes while the steps are sent.
func TestS32_AHandoffAmidAnEditLeavesNoGap(t *testing.T) {
	for at := 1; at <= 4; at++ {
		w := newRota(t, "", "ann bob cat dan")
		w.clock = handoff.AddDate(0, 0, 7).Add(-10 * time.Second)
		w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){at: func() { w.clock = w.clock.Add(25 * time.Second) }}})
		w.covered(8)
		for range 3 {
			w.clock = w.clock.Add(3 * time.Minute)
			w.on(w.client)
			w.covered(8)
		}
		s := w.follow()
		for _, when := range []time.Time{w.clock, w.clock.AddDate(0, 0, 8), w.clock.AddDate(0, 0, 30)} {
			if who := oncall.At(s.Shifts, when); len(who) != 1 {
				t.Errorf("before step %d: %d people are on call at %s", at, len(who), when)
			}
		}
		if p := w.plan(); len(p.Changes) > 0 {
			t.Errorf("before step %d: still due %+v", at, p.Changes)
		}
	}
}

func TestS32_ANetThatAPersonDeletedLeavesNoGap(t *testing.T) {
	for at := 1; at <= 4; at++ {
		for _, refused := range []bool{false, true} {
			w := newRota(t, "", "ann bob cat dan")
			w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){at: func() {
				for _, r := range w.follow().Rotations {
					if r.ID != "RFOLLOW" {
						w.step(oncall.DeleteRotation, r.ID, r.Events[0])
					}
				}
				if refused {
					w.refuse("400:POST /v3/schedules/FOLLOW/rotations/RFOLLOW/*:*")
				}
			}}})
			w.covered(8)
			w.clock = w.clock.Add(3 * time.Minute)
			if done := w.on(w.client); len(done.Alarms) > 0 {
				t.Errorf("before step %d: alarms %+v", at, done.Alarms)
			}
			w.covered(8)
		}
	}
}

func TestS32_TurnsThatBeganInANetStayThereIfTheirRotationDoesNotTakeThem(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	_, err := w.round().Apply(context.Background(), reconcile.Execution{
		Record: mute{w.journal}, Account: &killed{w.client, 2}, Approve: all, Options: apply.Options{Now: w.now},
	})
	if err == nil {
		t.Fatal("the kill was not noticed")
	}
	w.clock = handoff.AddDate(0, 0, 8)
	w.refuse("400:POST /v3/schedules/FOLLOW/rotations/RFOLLOW/*:*")
	for range 2 {
		done := w.on(w.client)
		if len(done.Alarms) > 0 || done.Report.Failed() {
			t.Errorf("alarms %+v, outcomes %+v", done.Alarms, done.Report.Outcomes)
		}
		w.covered(8)
		w.clock = w.clock.Add(3 * time.Minute)
	}
	if people := oncall.People(w.follow(), w.clock); !slices.Contains(people, "dan") || len(people) != 4 {
		t.Errorf("turns are taken by %v", people)
	}
	if p := w.plan(); len(p.Changes) > 0 {
		t.Errorf("still due: %+v", p.Changes)
	}
}

// The program's clock goes on from the second in which PagerDuty answered first, and so
// may be ahead of it: neither a gap nor an alarm comes of that.
func TestS32_ATurnThatBeganInANetGoesOnWithoutAGapThoughTheClocksDifferByASecond(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	_, err := w.round().Apply(context.Background(), reconcile.Execution{
		Record: mute{w.journal}, Account: &killed{w.client, 2}, Approve: all, Options: apply.Options{Now: w.now},
	})
	if err == nil {
		t.Fatal("the kill was not noticed")
	}
	w.clock = handoff.AddDate(0, 0, 7).Add(5 * time.Minute)
	done, err := w.round().Apply(context.Background(), reconcile.Execution{
		Record: w.journal, Account: w.client, Approve: all,
		Options: apply.Options{Now: func() time.Time { return w.clock.Add(time.Second) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(done.Alarms) > 0 {
		t.Errorf("alarms %+v", done.Alarms)
	}
	w.covered(8)
}

func TestS32_AnOpenEditIsNotTakenForAMistakeInThePolicies(t *testing.T) {
	for steps := range 5 {
		w := newRota(t, "", "ann bob cat dan")
		_, err := w.round().Apply(context.Background(), reconcile.Execution{
			Record: mute{w.journal}, Account: &killed{w.client, steps}, Approve: all, Options: apply.Options{Now: w.now},
		})
		if err == nil {
			t.Fatal("the kill was not noticed")
		}
		p := w.plan()
		if len(p.Errors) > 0 || len(p.Changes) > 0 || len(p.Unknown) == 0 {
			t.Errorf("killed after %d steps: errors %v, changes %v, unknown %v", steps, p.Errors, p.Changes, p.Unknown)
		}
	}
}

// newTwins is newRota with two rotations on Follow, by day and by night.
func newTwins(t *testing.T) *world {
	w := newRota(t, "", "")
	bob, cat, dan, one := "bob", "cat", "dan", 1
	e := inventory.Event{
		Name: "Second", Start: handoff, End: handoff.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
		Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: w.clock,
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&bob, &cat, &dan}, ShiftsPerMember: &one},
	}
	w.step(oncall.AddRotation, "", e)
	w.clock = w.clock.Add(time.Hour)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "turns.rego"), []byte(`package access.turns

grant contains {"principal": $"user:{who}@acme.test", "resource": "schedule:Follow", "layer": layer, "role": "rotation"} if {
	some layer, people in {"Week": ["ann", "bob", "cat", "eve"], "Second": ["bob", "cat", "dan", "ann"]}
	some who in people
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.policy = w.load(dir)
	return w
}

func TestS32_TwoEventsOfOneScheduleAreEditedTogetherOrNotAtAll(t *testing.T) {
	for at := range 9 {
		w := newTwins(t)
		before := w.follow()
		_, err := w.round().Apply(context.Background(), reconcile.Execution{
			Record: mute{w.journal}, Account: &killed{w.client, at}, Approve: all, Options: apply.Options{Now: w.now},
		})
		if err == nil {
			t.Fatal("the kill was not noticed")
		}
		w.covered(8)
		w.clock = w.clock.Add(3 * time.Minute)
		w.grantTurns("", "")
		w.mustApply()
		after := w.follow()
		if at < 6 && !oncall.SameDefinition(before, after) {
			t.Errorf("killed after %d steps: %+v", at, after.Rotations)
		}
		if n := len(after.Rotations); n != 2 {
			t.Errorf("killed after %d steps: %d rotations", at, n)
		}
	}
	for n := range 2 { // the first successor is refused, or the second
		w := newTwins(t)
		before := w.follow()
		done := w.on(&meddled{Account: w.client, last: 9, before: map[int]func(){2 + 2*n: func() {
			w.refuse("400:POST /v3/schedules/FOLLOW/rotations/*")
		}}})
		if !oncall.SameDefinition(before, w.follow()) {
			t.Errorf("refused %d: %+v", n, w.follow().Rotations)
		}
		for _, o := range done.Report.Outcomes {
			if o.Status != apply.Failed || o.Alarm != "" {
				t.Errorf("refused %d: %s: %s", n, o.Status, o.Why)
			}
		}
	}
}
