package reconcile_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// handoff is when turns change on the schedules of newRota.
var handoff = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newRota is an account with a layer-based schedule Weekly and a shift-based one
// Follow, on both of which ann, bob and cat take weekly turns, an hour after ann
// took over; and policies that give turns to those named, as "ann bob dan".
func newRota(t *testing.T, weekly, follow string) *world {
	t.Helper()
	seed := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: handoff.Add(time.Hour), Complete: true},
		Users:   map[string]inventory.User{}, Schedules: map[string]inventory.Schedule{},
	}
	for _, id := range []string{"ann", "bob", "cat", "dan", "eve"} {
		seed.Users[id] = inventory.User{ID: id, Name: id, Email: id + "@acme.test", BaseRole: "user"}
	}
	seed.Schedules["WEEKLY"] = inventory.Schedule{
		ID: "WEEKLY", Name: "Weekly", Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC",
		Layers: []inventory.Layer{{ID: "LDAY", Name: "Day", Start: handoff.AddDate(0, 0, -28), VirtualStart: handoff, TurnSeconds: 7 * 86400, Users: []string{"ann", "bob", "cat"}}},
	}
	ann, bob, cat, one := "ann", "bob", "cat", 1
	seed.Schedules["FOLLOW"] = inventory.Schedule{
		ID: "FOLLOW", Name: "Follow", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		Rotations: []inventory.Rotation{{ID: "RFOLLOW", Events: []inventory.Event{{
			ID: "EWEEK", Name: "Week", Start: handoff, End: handoff.AddDate(0, 0, 7), TimeZone: "Etc/UTC",
			Recurrence: []string{"RRULE:FREQ=WEEKLY"}, EffectiveSince: handoff.AddDate(0, 0, -7),
			Assignment: inventory.Assignment{Type: "rotating_member_assignment_strategy", Members: []*string{&ann, &bob, &cat}, ShiftsPerMember: &one},
		}}}},
	}
	seed.Normalize()
	w := &world{t: t, clock: seed.Account.TakenAt}
	now := func() time.Time { return w.clock }
	var err error
	if w.sim, err = pagerdutysim.New(pagerdutysim.Options{Seed: seed, Clock: now, RateLimit: -1}); err != nil {
		t.Fatal(err)
	}
	if w.client, err = pagerduty.New(pagerduty.Options{
		Account: "acme", Region: "us", From: "ann@acme.test", Transport: w.sim.Transport(), Now: now,
		Token: func(context.Context) (string, error) { return "t", nil },
		Wait:  func(context.Context, time.Duration) error { return nil },
	}); err != nil {
		t.Fatal(err)
	}
	w.reopen(filepath.Join(t.TempDir(), "dutyward.db"))
	w.grantTurns(weekly, follow)
	return w
}

func (w *world) grantTurns(weekly, follow string) {
	w.t.Helper()
	dir := w.t.TempDir()
	text := "package access.turns\n"
	for schedule, people := range map[string]string{"Weekly": weekly, "Follow": follow} {
		if people != "" {
			text += "\ngrant contains {\"principal\": $\"user:{who}@acme.test\", \"resource\": \"schedule:" + schedule + "\", \"role\": \"rotation\"} if {\n\tsome who in [\"" +
				strings.Join(strings.Fields(people), "\", \"") + "\"]\n}\n"
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "turns.rego"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.policy = w.load(dir)
}

// onCall are who is on call on a schedule in the weeks from handoff on, as
// PagerDuty renders it.
func (w *world) onCall(id string, weeks int) string {
	w.t.Helper()
	s, err := w.client.Schedule(context.Background(), id, inventory.Window{Since: w.clock, Until: handoff.AddDate(0, 0, 7*weeks)})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for i := range weeks {
		who := ""
		for _, shift := range oncall.At(s.Shifts, handoff.AddDate(0, 0, 7*i).Add(5*time.Hour)) {
			who += shift.User
		}
		out = append(out, who)
	}
	return strings.Join(out, " ")
}

// writes are the requests that changed something.
func (w *world) writes() int {
	n := 0
	for endpoint, count := range w.sim.Requests() {
		if !strings.HasPrefix(endpoint, "GET ") && endpoint != "POST /schedules/preview" {
			n += count
		}
	}
	return n
}

func TestS23_TurnsOfBothKindsAreCarriedOutAndASecondRoundChangesNothing(t *testing.T) {
	w := newRota(t, "ann dan cat", "ann bob cat dan")
	w.mustApply()
	if got := w.onCall("WEEKLY", 6); got != "ann dan cat ann dan cat" {
		t.Errorf("Weekly: %s", got)
	}
	if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
		t.Errorf("Follow: %s", got)
	}
	for _, later := range []time.Duration{0, time.Hour, 8 * 24 * time.Hour} {
		w.clock = w.clock.Add(later)
		if p := w.plan(); len(p.Changes)+len(p.Held)+len(p.Blocked) != 0 {
			t.Errorf("%s later: %+v", later, p.Changes)
		}
	}
}

func TestS8_AColleaguesEditBetweenPlanAndApplyIsNotOverwritten(t *testing.T) {
	for _, schedule := range []string{"WEEKLY", "FOLLOW"} {
		t.Run(schedule, func(t *testing.T) {
			w := newRota(t, "ann bob cat dan", "ann bob cat dan")
			done, err := w.apply(func(r *reconcile.Result) (*plan.Plan, error) {
				w.edit(schedule, oncall.Revision{Part: map[string]string{"WEEKLY": "LDAY", "FOLLOW": "EWEEK"}[schedule], Join: []string{"eve"}})
				return r.Plan, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range done.Report.Outcomes {
				want := apply.Done
				if o.Change.Resource.ID == schedule {
					want = apply.Conflict
				}
				if o.Status != want {
					t.Errorf("%s is %s: %s", o.Change.ID, o.Status, o.Why)
				}
			}
			if got := w.onCall(schedule, 6); strings.Contains(got, "dan") || !strings.Contains(got, "eve") {
				t.Errorf("on call: %s, want the colleague's", got)
			}
		})
	}
}

func TestS24_AnOverrideMadeBetweenPlanAndApplyIsNotVoided(t *testing.T) {
	for member, want := range map[string]apply.Status{"bob": apply.Conflict, "cat": apply.Done} {
		w := newRota(t, "ann bob cat", "ann dan cat") // dan takes over the turns of bob
		done, err := w.apply(func(r *reconcile.Result) (*plan.Plan, error) {
			begin := handoff.AddDate(0, 0, map[string]int{"bob": 7, "cat": 14}[member])
			eve, rotation := "eve", "RFOLLOW"
			_, err := w.client.AddOverride(context.Background(), inventory.Schedule{ID: "FOLLOW", Kind: inventory.ScheduleOfShifts},
				inventory.Override{User: &eve, Replaces: &member, Rotation: &rotation, Start: begin.Add(time.Hour), End: begin.Add(5 * time.Hour)})
			return r.Plan, err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range done.Report.Outcomes {
			if o.Status != want {
				t.Errorf("eve for %s: %s is %s, want %s: %s", member, o.Change.ID, o.Status, want, o.Why)
			}
		}
	}
}

// edit is a colleague's edit of a schedule.
func (w *world) edit(id string, v oncall.Revision) {
	w.t.Helper()
	ctx := context.Background()
	s, err := w.client.Schedule(ctx, id, inventory.Window{Since: w.clock, Until: w.clock.AddDate(0, 0, 56)})
	if err != nil {
		w.t.Fatal(err)
	}
	revised, err := oncall.Revise(s, []oncall.Revision{v}, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, step := range revised.Steps {
		if err := w.client.WriteStep(ctx, s, step); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestS23_TurnsThatAreNotThoseForeseenAreAnAlarmAndTakenBack(t *testing.T) {
	for schedule, reads := range map[string]int{"WEEKLY": 2, "FOLLOW": 2} {
		t.Run(schedule, func(t *testing.T) {
			weekly, follow := "", "ann bob cat dan"
			if schedule == "WEEKLY" {
				weekly, follow = follow, weekly
			}
			w := newRota(t, weekly, follow)
			path := "/schedules/{id}"
			if schedule == "FOLLOW" {
				path = "/v3/schedules/{id}"
			}
			before := w.onCall(schedule, 6)
			// The reads before the write pass unharmed.
			done, err := w.apply(func(r *reconcile.Result) (*plan.Plan, error) {
				w.sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultRendering, Method: "GET", Path: path, After: reads, Times: 1})
				return r.Plan, nil
			})
			w.sim.ClearFaults()
			if err != nil {
				t.Fatal(err)
			}
			o := done.Report.Outcomes[0]
			if o.Status != apply.Failed || !strings.Contains(o.Alarm, "had other turns than foreseen") || !strings.Contains(o.Alarm, "taken back") {
				t.Errorf("%s: %s, alarm %q", o.Status, o.Why, o.Alarm)
			}
			if after := w.onCall(schedule, 6); after != before {
				t.Errorf("on call: %s, want %s as before", after, before)
			}
		})
	}
}

// killed is an account of a process that dies before its nth step.
type killed struct {
	apply.Account
	left int
}

func (k *killed) WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	if k.left--; k.left < 0 {
		return errDead
	}
	return k.Account.WriteStep(ctx, was, step)
}

// mute loses what is recorded of an edit after its intent, as a process does
// that is killed.
type mute struct{ reconcile.Record }

func (m mute) Recorder(round int64) apply.Recorder { return muteRecorder{m.Record.Recorder(round)} }

type muteRecorder struct{ apply.Recorder }

func (muteRecorder) Finish(context.Context, int64, apply.Result) error { return errDead }

// openEdits are the edits of turns that stand half done, or may.
func openEdits(j *journal.Journal) ([]apply.Edit, error) {
	open, err := j.Pending(context.Background())
	edits := []apply.Edit{}
	for _, in := range open {
		var e apply.Edit
		if in.Kind != plan.Rotation || len(in.Payload) == 0 || !in.Status.Open() {
			continue
		}
		if err := json.Unmarshal(in.Payload, &e); err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, err
}

// Wherever the process dies, everybody's turns are covered until the next one
// comes, and it decides again.
func TestS32_KilledBetweenTheStepsOfAnEditNobodyIsWithoutCoverAndTheNextRunDecidesAnew(t *testing.T) {
	for _, late := range []time.Duration{time.Minute, 3 * time.Minute, 7*24*time.Hour + 2*time.Hour, 21 * 24 * time.Hour} {
		for steps := range 5 {
			w := newRota(t, "", "ann bob cat dan")
			_, err := w.round().Apply(context.Background(), reconcile.Execution{
				Record: mute{w.journal}, Account: &killed{w.client, steps}, Approve: all,
				Options: apply.Options{Now: func() time.Time { return w.clock }},
			})
			if err == nil {
				t.Fatal("the kill was not noticed")
			}
			w.covered(8)
			w.clock = w.clock.Add(late)
			w.covered(8)
			done := w.mustApply()
			if ended := len(done.Completed) == 1; late > 2*time.Minute && !ended {
				t.Errorf("killed after %d steps, %s late: said %q", steps, late, done.Completed)
			}
			w.clock = w.clock.Add(3 * time.Minute)
			w.mustApply()
			w.clock = w.clock.Add(3 * time.Minute)
			w.mustApply()
			w.covered(8)
			if late < time.Hour {
				if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
					t.Errorf("killed after %d steps, %s late: on call %q", steps, late, got)
				}
			}
			s, err := w.client.Schedule(context.Background(), "FOLLOW", inventory.Window{Since: w.clock, Until: w.clock.AddDate(0, 0, 56)})
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []time.Time{w.clock, w.clock.AddDate(0, 0, 30)} {
				if who := oncall.At(s.Shifts, at); len(who) != 1 {
					t.Errorf("killed after %d steps, %s late: %d people are on call at %s", steps, late, len(who), at)
				}
			}
			if n := len(s.Rotations) - endedRotations(s, w.clock); n != 1 {
				t.Errorf("killed after %d steps, %s late: %d rotations", steps, late, n)
			}
			if !slices.Contains(oncall.People(s, w.clock), "dan") {
				t.Errorf("killed after %d steps, %s late: dan takes no turns", steps, late)
			}
			if p := w.plan(); len(p.Changes) != 0 {
				t.Errorf("killed after %d steps, %s late: still due %+v", steps, late, p.Changes)
			}
			if open, err := openEdits(w.journal); err != nil || len(open) > 0 {
				t.Errorf("killed after %d steps, %s late: %d edits are open, %v", steps, late, len(open), err)
			}
		}
	}
}

// endedRotations counts the rotations that are history.
func endedRotations(s inventory.Schedule, now time.Time) (n int) {
	for _, r := range s.Rotations {
		if !slices.ContainsFunc(r.Events, func(e inventory.Event) bool { return e.EffectiveUntil == nil || e.EffectiveUntil.After(now) }) {
			n++
		}
	}
	return n
}

func TestAnUnrelatedPolicyChangeWritesToNoSchedule(t *testing.T) {
	w := newRota(t, "ann bob cat", "ann bob cat")
	w.mustApply()
	before := w.writes()
	w.grantTurns("cat bob ann", "bob ann cat") // another order is no other membership
	w.mustApply()
	if n := w.writes() - before; n != 0 {
		t.Errorf("%d writes", n)
	}
}
