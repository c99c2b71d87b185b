package reconcile_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/events/eventlog"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// onRota is a daemon on the schedules of newRota.
func onRota(w *world, a apply.Account) *watch {
	d := &watch{world: w, log: &bytes.Buffer{}}
	d.Daemon = &daemon.Daemon{
		Load:   func(context.Context) (reconcile.Policies, error) { return w.policy, nil },
		Reader: w, Record: w.journal, Account: a, Settings: plan.Settings{Default: plan.Sync},
		Now: w.now, Paused: func() *reconcile.Pause { return nil },
		Sink: eventlog.Log{Logger: slog.New(slog.NewTextHandler(d.log, nil))},
	}
	return d
}

// stands demands that an alarm stands wherever it is to be seen.
func (w *watch) stands(text string) {
	w.t.Helper()
	s := w.Status()
	if len(s.Alarms) != 1 || s.Ready() || !strings.Contains(s.Alarms[0].Why, text) {
		w.t.Errorf("status: ready %t, alarms %+v", s.Ready(), s.Alarms)
	}
	alarms, err := w.journal.Alarms(context.Background(), false)
	if err != nil || len(alarms) != 1 || alarms[0].Name != "Follow" {
		w.t.Errorf("the journal has alarms %+v, %v", alarms, err)
	}
	past, err := w.journal.Past(context.Background(), 10)
	if err != nil || len(past) == 0 || len(past[len(past)-1].Alarms) != 1 {
		w.t.Errorf("history: %+v, %v", past, err)
	}
	last, err := w.journal.LastRound(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	var text2 strings.Builder
	if err := report.HoldsText(&text2, decide.NewHolds(last.Plan, last.Round, last.Began, nil, alarms), report.Style{}); err != nil || !strings.Contains(text2.String(), "ALARM since") {
		w.t.Errorf("holds: %s, %v", text2.String(), err)
	}
}

func TestS32_AnAlarmIsLoudEverywhereUntilItIsRightAgainAlsoAcrossARestart(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	d := onRota(w, w.client)
	// PagerDuty renders the edited schedule otherwise, and refuses to take it back.
	w.sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultRendering, Method: "GET", Path: "/v3/schedules/{id}", After: 2, Times: -1})
	w.sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 400, Method: "DELETE", Path: "/v3/schedules/FOLLOW/rotations/RFOLLOW/*", Times: -1})
	_, _ = d.Round(context.Background(), "test")
	d.told("level=ERROR msg=\"a schedule needs attention\"", 1)
	d.stands("could not be taken back")
	for range 3 {
		w.clock = w.clock.Add(5 * time.Minute)
		_, _ = d.Round(context.Background(), "test")
		d.told("level=ERROR msg=\"a schedule needs attention\"", 1)
		d.stands("could not be taken back")
	}
	d = onRota(w, w.client) // another process
	w.clock = w.clock.Add(5 * time.Minute)
	_, _ = d.Round(context.Background(), "test")
	d.told("level=ERROR msg=\"a schedule needs attention\"", 0)
	d.stands("could not be taken back")

	w.sim.ClearFaults()
	for range 2 {
		d.pass(5 * time.Minute)
	}
	d.told("the alarm about a schedule has ended", 1)
	if s := d.Status(); !s.Ready() || len(s.Alarms) > 0 {
		t.Errorf("status: ready %t, alarms %+v", s.Ready(), s.Alarms)
	}
	past, err := w.journal.Alarms(context.Background(), true)
	if err != nil || len(past) != 1 || past[0].Ended == nil {
		t.Errorf("alarms that ended: %+v, %v", past, err)
	}
}

func TestS32_AGapThatIsNotOursToMendIsAnAlarmUntilAPersonMendsIt(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	d := onRota(w, &meddled{Account: w.client, last: 4, before: map[int]func(){4: func() {
		w.step(oncall.DeleteEvent, "RFOLLOW", w.successor())
		old := w.follow().Rotations[0].Events[0]
		until := old.EffectiveUntil.AddDate(0, 0, -2)
		old.EffectiveUntil = &until
		w.step(oncall.EndEvent, "RFOLLOW", old)
	}}})
	_, _ = d.Round(context.Background(), "test")
	d.told("level=ERROR", 0) // PagerDuty may not show all yet
	for range 3 {
		w.clock = w.clock.Add(3 * time.Minute)
		_, _ = d.Round(context.Background(), "test")
		d.told("level=ERROR msg=\"a schedule needs attention\"", 1)
		d.stands("nobody is on call on schedule Follow from 2026-03-07T09:00:00Z on")
	}
	old := w.follow().Rotations[0].Events[0]
	old.EffectiveUntil = nil
	w.step(oncall.EndEvent, "RFOLLOW", old)
	d.pass(3 * time.Minute)
	d.told("the alarm about a schedule has ended", 1)
	d.pass(3 * time.Minute)
	if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
		t.Errorf("on call at last: %s", got)
	}
}

func TestS33_ASuccessorThatAPersonDeletedLeavesNoGap(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){4: func() {
		w.step(oncall.DeleteEvent, "RFOLLOW", w.successor())
	}}})
	w.covered(8)
	w.clock = w.clock.Add(3 * time.Minute)
	w.on(w.client)
	w.covered(8)
}
