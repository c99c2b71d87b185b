package reconcile_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// meddled is an account on which somebody else does a thing just before the nth
// step of an edit, or just before the schedule is read again after the last.
type meddled struct {
	apply.Account
	before map[int]func()
	last   int
	steps  int
}

func (m *meddled) WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	m.meddle()
	m.steps++
	return m.Account.WriteStep(ctx, was, step)
}

func (m *meddled) Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	if m.steps > 0 && m.steps >= m.last {
		m.meddle()
	}
	return m.Account.Schedule(ctx, id, w)
}

func (m *meddled) meddle() {
	if f := m.before[m.steps]; f != nil {
		delete(m.before, m.steps)
		f()
	}
}

// on applies a round on an account as given.
func (w *world) on(a apply.Account) *reconcile.Applied {
	w.t.Helper()
	done, err := w.round().Apply(context.Background(), reconcile.Execution{
		Record: w.journal, Account: a, Approve: all, Options: apply.Options{Now: w.now},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// follow is the schedule Follow as it is.
func (w *world) follow() inventory.Schedule {
	w.t.Helper()
	s, err := w.client.Schedule(context.Background(), "FOLLOW", inventory.Window{Since: w.clock, Until: w.clock.AddDate(0, 0, 56)})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// step is a write of somebody else's.
func (w *world) step(does oncall.StepKind, rotation string, e inventory.Event) {
	w.t.Helper()
	if err := w.client.WriteStep(context.Background(), w.follow(), oncall.Step{Does: does, Rotation: rotation, Event: &e}); err != nil {
		w.t.Fatal(err)
	}
}

// successor is the event of Follow's rotation that has not begun.
func (w *world) successor() inventory.Event {
	w.t.Helper()
	for _, r := range w.follow().Rotations {
		for _, e := range r.Events {
			if r.ID == "RFOLLOW" && e.EffectiveSince.After(w.clock) {
				return e
			}
		}
	}
	w.t.Fatal("there is no successor")
	return inventory.Event{}
}

// covered says that somebody is on call on Follow at every hour of some weeks.
func (w *world) covered(weeks int) {
	w.t.Helper()
	until := w.clock.AddDate(0, 0, 7*weeks)
	s, err := w.client.Schedule(context.Background(), "FOLLOW", inventory.Window{Since: w.clock, Until: until})
	if err != nil {
		w.t.Fatal(err)
	}
	for at := w.clock; at.Before(until); at = at.Add(time.Hour) {
		if len(oncall.At(s.Shifts, at)) == 0 {
			w.t.Errorf("nobody is on call on Follow from %s on", at)
			return
		}
	}
}

func TestS32_ARefusedHalfOfAnEditLeavesEverybodysTurnsAsTheyWere(t *testing.T) {
	for name, fault := range map[string]pagerdutysim.Fault{
		"any event is refused":             {Kind: pagerdutysim.FaultStatus, Status: 400, Method: "POST", Path: "/v3/schedules/FOLLOW/rotations/*", Times: -1},
		"the successor is refused":         {Kind: pagerdutysim.FaultStatus, Status: 400, Method: "POST", Path: "/v3/schedules/FOLLOW/rotations/RFOLLOW/events", Times: -1},
		"the successor is refused once":    {Kind: pagerdutysim.FaultStatus, Status: 400, Method: "POST", Path: "/v3/schedules/FOLLOW/rotations/RFOLLOW/events"},
		"the successor may not be written": {Kind: pagerdutysim.FaultStatus, Status: 403, Method: "POST", Path: "/v3/schedules/FOLLOW/rotations/RFOLLOW/events", Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			before := w.onCall("FOLLOW", 6)
			w.sim.Inject(fault)
			done, err := w.apply(all)
			if err != nil {
				t.Fatal(err)
			}
			o := done.Report.Outcomes[0]
			if o.Status != apply.Failed || o.Alarm != "" || !strings.Contains(o.Why, "turns are what they were") {
				t.Errorf("%s, alarm %q: %s", o.Status, o.Alarm, o.Why)
			}
			if after := w.onCall("FOLLOW", 6); after != before {
				t.Errorf("on call: %s, want %s as before", after, before)
			}
			w.covered(8)
			w.sim.ClearFaults()
			w.clock = w.clock.Add(3 * time.Minute)
			w.mustApply() // what is due lands once PagerDuty takes it
			if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
				t.Errorf("on call at last: %s", got)
			}
		})
	}
}

// half writes the first step of an edit without a net, as the program did before
// there was one, and dies.
func (w *world) half() apply.Edit {
	w.t.Helper()
	ctx := context.Background()
	var e plan.Edit
	unlock, err := w.journal.Lock(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = unlock() }()
	p := w.plan()
	for _, e = range p.Edits {
		break
	}
	round, err := w.journal.Begin(ctx, p)
	if err != nil {
		w.t.Fatal(err)
	}
	in := apply.Edit{Was: e.Work.Was, Steps: e.Work.Revised.Steps, After: e.Work.Revised.Schedule}
	text, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err = w.journal.Recorder(round).Begin(ctx, apply.Intent{Kind: plan.Rotation, Payload: text}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.WriteStep(ctx, in.Was, in.Steps[0]); err != nil {
		w.t.Fatal(err)
	}
	return in
}

func TestS32_AHalfWithoutANetIsTakenBackAtOnceOrGoesOn(t *testing.T) {
	for name, later := range map[string]time.Duration{
		"at once": 10 * time.Second, "a day before the handoff": 6 * 24 * time.Hour, "an hour after it": 7*24*time.Hour - 30*time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			w.half()
			w.clock = w.clock.Add(later)
			done := w.mustApply()
			if len(done.Completed) != 1 {
				t.Errorf("said %q", done.Completed)
			}
			w.covered(8)
			w.clock = w.clock.Add(3 * time.Minute)
			w.mustApply()
			w.covered(8)
			if people := oncall.People(w.follow(), w.clock); !slices.Contains(people, "dan") || !slices.Contains(people, "bob") {
				t.Errorf("turns are taken by %v", people)
			}
			if p := w.plan(); len(p.Changes) > 0 {
				t.Errorf("still due: %+v", p.Changes)
			}
		})
	}
}

func TestS32_WhatIsNotWantedAnyMoreIsTakenBack(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	before := w.onCall("FOLLOW", 6)
	w.half()
	w.grantTurns("", "ann bob cat") // policies changed while nothing ran
	w.clock = w.clock.Add(3 * time.Minute)
	w.mustApply()
	if got := w.onCall("FOLLOW", 6); got != before {
		t.Errorf("on call: %s, want %s", got, before)
	}
}

// repaired is a schedule that a person fixed by hand, after an edit of ours broke
// off: another rotation takes over at the handoff.
func (w *world) repaired() {
	w.t.Helper()
	one, eve, cat := 1, "eve", "cat"
	e := inventory.Event{
		Name: "Repair", Start: handoff.AddDate(0, 0, 7), End: handoff.AddDate(0, 0, 14), TimeZone: "Etc/UTC",
		Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: handoff.AddDate(0, 0, 7),
		Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&eve, &cat}, ShiftsPerMember: &one},
	}
	w.step(oncall.AddRotation, "", e)
}

func TestS32_WhatAPersonRepairedMeanwhileStays(t *testing.T) {
	for name, later := range map[string]time.Duration{"minutes later": 4 * time.Minute, "after the handoff": 8 * 24 * time.Hour, "weeks later": 22 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, "", "ann bob cat dan")
			w.half()
			w.repaired()
			w.grantTurns("", "") // nothing is wanted of the schedule but that it is left alone
			want := w.onCall("FOLLOW", 8)
			was := w.clock
			w.clock = w.clock.Add(later)
			writes := w.writes()
			done := w.mustApply()
			if n := w.writes() - writes; n > 0 {
				t.Errorf("%d writes", n)
			}
			if len(done.Completed) != 1 || !strings.Contains(done.Completed[0], "somebody else changed schedule Follow") || !strings.Contains(done.Completed[0], "event Repair") {
				t.Errorf("said %q", done.Completed)
			}
			w.clock = was
			if got := w.onCall("FOLLOW", 8); got != want {
				t.Errorf("on call: %s, want %s", got, want)
			}
		})
	}
}

// A backup of the state that was made amid an edit, and put back weeks later.
func TestS32_ARestoredJournalUndoesNothing(t *testing.T) {
	for _, steps := range []int{1, 2, 3, 4} {
		w := newRota(t, "", "ann bob cat dan")
		_, err := w.round().Apply(context.Background(), reconcile.Execution{
			Record: mute{w.journal}, Account: &killed{w.client, steps}, Approve: all, Options: apply.Options{Now: w.now},
		})
		if err == nil {
			t.Fatal("the kill was not noticed")
		}
		backup := filepath.Join(t.TempDir(), "backup.db")
		if err := w.journal.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(w.path)
		if err == nil {
			err = os.WriteFile(backup, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.reopen(w.path)
		for range 2 {
			w.clock = w.clock.Add(3 * time.Minute)
			w.mustApply()
		}
		part := ""
		for _, r := range w.follow().Rotations {
			part = r.Events[len(r.Events)-1].ID
		}
		w.clock = w.clock.AddDate(0, 0, 15)
		w.edit("FOLLOW", oncall.Revision{Part: part, Join: []string{"eve"}}) // a colleague's, since
		w.grantTurns("", "")
		want, was := w.onCall("FOLLOW", 9), w.clock
		w.clock = w.clock.AddDate(0, 0, 8)
		_ = w.journal.Close()
		w.reopen(backup)
		w.mustApply()
		w.clock = was
		if got := w.onCall("FOLLOW", 9); got != want {
			t.Errorf("killed after %d steps: on call %s, want %s", steps, got, want)
		}
	}
}

// Between any two steps of ours a person does something to the schedule.
func TestS33_WhatAPersonDoesBetweenTwoStepsOfAnEditStays(t *testing.T) {
	swap := func(w *world) { // the ill one for another
		e := w.successor()
		eve := "eve"
		for i, m := range e.Assignment.Members {
			if *m == "bob" {
				e.Assignment.Members[i] = &eve
			}
		}
		w.step(oncall.ReplaceEvent, "RFOLLOW", e)
	}
	for at := 3; at <= 4; at++ {
		w := newRota(t, "", "ann bob cat dan")
		done := w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){at: func() { swap(w) }}})
		if o := done.Report.Outcomes[0]; o.Alarm != "" || !strings.Contains(o.Why, "left as it is") {
			t.Errorf("before step %d: %s, alarm %q: %s", at, o.Status, o.Alarm, o.Why)
		}
		if got := w.onCall("FOLLOW", 6); strings.Contains(got, "bob") || !strings.Contains(got, "eve") {
			t.Errorf("before step %d: on call %s, want eve and no bob", at, got)
		}
		w.covered(8)
		if n := len(w.follow().Rotations); n != 1 {
			t.Errorf("before step %d: %d rotations are left", at, n)
		}
	}
	for at := 1; at <= 4; at++ { // a rotation of theirs, which is none of ours
		w := newRota(t, "", "ann bob cat dan")
		w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){at: w.repaired}})
		w.covered(8)
		s := w.follow()
		if !slices.ContainsFunc(s.Rotations, func(r inventory.Rotation) bool { return r.Events[0].Name == "Repair" }) || len(s.Rotations) != 2 {
			t.Errorf("before step %d: rotations %+v", at, s.Rotations)
		}
	}
	for at := 1; at <= 3; at++ { // the joiner is deleted
		w := newRota(t, "", "ann bob cat dan")
		before := w.onCall("FOLLOW", 6)
		done := w.on(&meddled{Account: w.client, last: 4, before: map[int]func(){at: func() {
			w.sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 400, Method: "POST", Path: "/v3/schedules/FOLLOW/*", Times: -1})
		}}})
		w.covered(8)
		if got := w.onCall("FOLLOW", 6); at < 3 && (got != before || done.Report.Outcomes[0].Status != apply.Failed) {
			t.Errorf("before step %d: %s; on call %s, want %s as before", at, done.Report.Outcomes[0].Status, got, before)
		}
	}
}

func TestS33_OldReadsBetweenTheStepsOfAnEditRaiseNoAlarm(t *testing.T) {
	for _, write := range []string{"POST /v3/schedules/FOLLOW/rotations", "PUT", "POST /v3/schedules/FOLLOW/rotations/RFOLLOW/events", "DELETE"} {
		for _, what := range []string{"stale=1", "stale=3", "stale=90s", "stale=115s"} {
			w := newRota(t, "", "ann bob cat dan")
			f, err := pagerdutysim.ParseFault(what + ":" + write)
			if err != nil {
				t.Fatal(err)
			}
			w.sim.Inject(f)
			done := w.mustApply()
			if o := done.Report.Outcomes[0]; o.Alarm != "" {
				t.Errorf("%s on %s: %s", what, write, o.Alarm)
			}
			for range 3 {
				w.clock = w.clock.Add(time.Minute)
				if done := w.on(w.client); len(done.Alarms) > 0 {
					t.Errorf("%s on %s: %+v", what, write, done.Alarms)
				}
			}
			if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" || len(w.follow().Rotations) != 1 {
				t.Errorf("%s on %s: on call %s, %d rotations", what, write, got, len(w.follow().Rotations))
			}
			if open, err := openEdits(w.journal); err != nil || len(open) > 0 {
				t.Errorf("%s on %s: %d edits are open, %v", what, write, len(open), err)
			}
		}
	}
}

// Another machine takes over amid an edit whose lease ended, as after a laptop
// slept: nothing more is written, and nobody is without cover.
func TestS29_WhoLostTheLeaseAmidAnEditWritesNothingMore(t *testing.T) {
	for at := range 4 {
		w := newRota(t, "", "ann bob cat dan")
		var writes int
		_, err := w.round().Apply(context.Background(), reconcile.Execution{
			Record: w.journal, Approve: all, Options: apply.Options{Now: w.now},
			Account: &meddled{Account: w.client, last: 9, before: map[int]func(){at: func() {
				db, err := sql.Open("sqlite", w.path)
				if err == nil {
					_, err = db.Exec(`UPDATE writer SET token = 'another', host = 'elsewhere'`)
				}
				if err != nil {
					t.Fatal(err)
				}
				_ = db.Close()
				writes = w.writes()
			}}},
		})
		if !errors.Is(err, journal.ErrNotLocked) {
			t.Errorf("taken over before step %d: error %v", at, err)
		}
		// The step that was being sent is finished: two requests make a net.
		if n := w.writes() - writes; n > 2 || at > 0 && n > 1 {
			t.Errorf("taken over before step %d: %d writes", at, n)
		}
		w.covered(8)
	}
}

// deadlines notes by when each step of an edit must have ended.
type deadlines struct {
	apply.Account
	mu    sync.Mutex
	until []time.Time
}

func (d *deadlines) WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	until, _ := ctx.Deadline()
	d.mu.Lock()
	d.until = append(d.until, until)
	d.mu.Unlock()
	return d.Account.WriteStep(ctx, was, step)
}

func TestS29_EachStepOfAnEditEndsBeforeTheLeaseDoes(t *testing.T) {
	w := newRota(t, "ann dan cat", "ann bob cat dan")
	w.half() // which is taken back first
	w.clock = w.clock.Add(3 * time.Minute)
	d := &deadlines{Account: w.client}
	before := time.Now()
	w.on(d)
	if len(d.until) != 6 {
		t.Errorf("%d steps were sent", len(d.until))
	}
	for i, until := range d.until {
		if left := until.Sub(before); left < time.Minute || left >= journal.Lease+time.Since(before) {
			t.Errorf("step %d may take %s; the lease runs for %s", i, left, journal.Lease)
		}
	}
}
