package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// coverOnNet is an override of a person's on the rotation that the program made for
// an edit: eve in place of somebody.
func (w *world) coverOnNet(whom string, from, to time.Time) {
	w.t.Helper()
	s, eve := w.follow(), "eve"
	for _, r := range s.Rotations {
		if r.ID == "RFOLLOW" {
			continue
		}
		o := inventory.Override{User: &eve, Replaces: &whom, Rotation: &r.ID, Start: from, End: to}
		if _, err := w.client.AddOverride(context.Background(), s, o); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatal("there is no rotation of ours")
}

// killedAmid lets a process die after some steps of an edit.
func (w *world) killedAmid(steps int) {
	w.t.Helper()
	_, err := w.round().Apply(context.Background(), reconcile.Execution{
		Record: mute{w.journal}, Account: &killed{w.client, steps}, Approve: all, Options: apply.Options{Now: w.now},
	})
	if err == nil {
		w.t.Fatal("the kill was not noticed")
	}
}

// stands says who is on call on Follow at a time, and that no rotation of ours is left.
func (w *world) stands(when time.Time, who string) {
	w.t.Helper()
	s := w.follow()
	var on []string
	for _, shift := range oncall.At(s.Shifts, when) {
		on = append(on, shift.User)
	}
	if got := strings.Join(on, " "); got != who {
		w.t.Errorf("%s is on call at %s, want %s", got, when, who)
	}
	if n := len(oncall.Living(s, w.clock)); n != 1 {
		w.t.Errorf("%d rotations go on", n)
	}
}

func TestS24_AnOverrideMadeAmidAnEditOutlastsIt(t *testing.T) {
	next := handoff.AddDate(0, 0, 8) // in bob's next turn
	for _, at := range []int{2, 3} {
		w := newRota(t, "", "ann bob cat dan")
		w.on(&meddled{Account: w.client, last: at, before: map[int]func(){at: func() { w.coverOnNet("bob", next, next.AddDate(0, 0, 1)) }}})
		w.stands(next.Add(time.Hour), "eve")
		w.stands(next.AddDate(0, 0, 2), "bob")
		w.clock = w.clock.Add(3 * time.Minute)
		w.on(w.client)
		w.stands(next.Add(time.Hour), "eve")
		if n := len(w.follow().Overrides); n != 1 {
			t.Errorf("before step %d: %d overrides", at, n)
		}
	}
}

func TestS24_AnOverrideMadeAfterAnEditBrokeOffOutlastsItsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		now, from, to time.Time
		whom          string
	}{
		"before the handoff":                  {handoff.AddDate(0, 0, 1), handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 9), "bob"},
		"after it, for a later turn":          {handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 15), handoff.AddDate(0, 0, 16), "cat"},
		"after it, for the turn under way":    {handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 9), "bob"},
		"after it, for a part of the turn":    {handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 9), handoff.AddDate(0, 0, 10), "bob"},
		"after it, from before it was ended":  {handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 7), handoff.AddDate(0, 0, 10), "bob"},
		"after it, beyond the turn's own end": {handoff.AddDate(0, 0, 8), handoff.AddDate(0, 0, 9), handoff.AddDate(0, 0, 36), "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			w.killedAmid(2)
			w.clock = c.now
			w.coverOnNet(c.whom, c.from, c.to)
			w.clock = w.clock.Add(10 * time.Minute)
			for range 2 {
				if done := w.on(w.client); len(done.Alarms) > 0 {
					t.Errorf("alarms %+v", done.Alarms)
				}
				w.covered(8)
				w.stands(c.to.Add(-time.Hour), "eve")
				if c.from.Before(w.clock) {
					w.stands(w.clock.Add(time.Minute), "eve")
				}
				w.clock = w.clock.Add(3 * time.Minute)
			}
		})
	}
}

// Killed between making the override again and deleting the rotation, or refused: it is
// neither made twice nor lost without a word.
func TestS24_AnOverrideMadeAmidAnEditIsMadeAnewOnceOrIsTold(t *testing.T) {
	next := handoff.AddDate(0, 0, 8)
	for name, c := range map[string]struct{ fault, who, said string }{
		"the deletion fails once":          {"400:DELETE /v3/schedules/FOLLOW/rotations/*:1", "eve", ""},
		"the override fails once":          {"500:POST /v3/schedules/FOLLOW/overrides:1", "eve", ""},
		"the override fails in two rounds": {"500:POST /v3/schedules/FOLLOW/overrides:2", "eve", ""},
		"the override is refused":          {"400:POST /v3/schedules/FOLLOW/overrides:*", "bob", "add it again in PagerDuty"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			w.killedAmid(2)
			w.coverOnNet("bob", next, next.AddDate(0, 0, 1))
			w.refuse(c.fault)
			var said []string
			for range 3 {
				w.clock = w.clock.Add(3 * time.Minute)
				said = append(said, w.on(w.client).Completed...)
				w.covered(8)
			}
			w.stands(next.Add(time.Hour), c.who)
			if n := len(w.follow().Overrides); c.who == "eve" && n != 1 {
				t.Errorf("%d overrides", n)
			}
			if all := strings.Join(said, "\n"); c.said == "" && strings.Contains(all, "add it again") || !strings.Contains(all, c.said) {
				t.Errorf("said %q", all)
			}
		})
	}
}
