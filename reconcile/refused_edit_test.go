package reconcile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// refusals of an edit of Follow or Weekly that leave nothing of it behind.
var refusals = map[string]struct {
	weekly, follow string
	fault          string
	on             string
}{
	"the net":           {"", "ann bob cat dan", "400:POST /v3/schedules/FOLLOW/rotations/*:*", "FOLLOW"},
	"the successor":     {"", "ann bob cat dan", "400:POST /v3/schedules/FOLLOW/rotations/RFOLLOW/events:*", "FOLLOW"},
	"by a lack of role": {"", "ann bob cat dan", "403:POST /v3/schedules/FOLLOW/rotations/RFOLLOW/events:*", "FOLLOW"},
	"the layers":        {"ann dan cat", "", "400:PUT /schedules/WEEKLY:*", "WEEKLY"},
	"the preview":       {"ann dan cat", "", "400:POST /schedules/preview:*", "WEEKLY"},
}

// ready makes a round that must succeed, and demands that health checks say so.
func (w *watch) ready(after time.Duration) {
	w.t.Helper()
	w.pass(after)
	if s := w.Status(); !s.Ready() || len(s.Alarms) > 0 {
		w.t.Errorf("at %s: ready %t, error %q, alarms %+v", w.clock, s.Ready(), s.Error, s.Alarms)
	}
}

// tried says how many requests that edit schedules some rounds make.
func (w *watch) tried(rounds int, apart time.Duration) int {
	w.t.Helper()
	before := w.sim.Requests()["POST /schedules/preview"] + w.writes()
	for range rounds {
		w.ready(apart)
	}
	return w.sim.Requests()["POST /schedules/preview"] + w.writes() - before
}

func TestS32_AnEditThatPagerDutyRefusesIsTriedEverMoreRarelyAndIsNoAlarm(t *testing.T) {
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			w := newRota(t, c.weekly, c.follow)
			before := w.onCall(c.on, 6)
			w.refuse(c.fault)
			d := onRota(w, w.client)
			first := d.tried(1, 5*time.Minute)
			if first == 0 {
				t.Fatal("it was not tried")
			}
			d.told("msg=\"not changed\"", 1+strings.Count(c.weekly, "dan"))
			if n := d.tried(12, 5*time.Minute); n == 0 || n > 5*first {
				t.Errorf("%d writes in an hour, of %d for each try", n, first)
			}
			d = onRota(w, w.client) // a restart
			if n := d.tried(46, 30*time.Minute); n == 0 || n > 8*first {
				t.Errorf("%d writes in a day, of %d for each try", n, first)
			}
			d.told("level=ERROR", 0)
			d.told("msg=\"not changed\"", 1+strings.Count(c.weekly, "dan"))
			if got := w.onCall(c.on, 6); !strings.HasSuffix(before, strings.TrimSpace(got)) {
				t.Errorf("on call: %s, want %s", got, before)
			}
			p := w.plan()
			if len(p.Changes) > 0 || len(p.Held) == 0 {
				t.Fatalf("changes %+v, held %+v", p.Changes, p.Held)
			}
			h := p.Held[0]
			if h.Rule != "S32" || h.Acts == nil || !h.Acts.After(w.clock) || !h.Releasable || !strings.Contains(h.Why, ": 40") || !strings.Contains(h.Why, "times, last at") {
				t.Errorf("held %+v", h)
			}
			w.sim.ClearFaults()
			w.clock = *h.Acts
			d.ready(time.Minute)
			if p := w.plan(); len(p.Changes)+len(p.Held) > 0 || !strings.Contains(w.onCall(c.on, 6), "dan") {
				t.Errorf("still due %+v, held %+v", p.Changes, p.Held)
			}
		})
	}
}

// pending is a daemon whose edit of Follow was refused until it waits for hours.
func pending(t *testing.T) *watch {
	t.Helper()
	w := newRota(t, "", "ann bob cat dan")
	w.refuse(refusals["the successor"].fault)
	d := onRota(w, w.client)
	d.tried(24, 5*time.Minute)
	if n := d.tried(1, 5*time.Minute); n > 0 {
		t.Fatalf("%d writes", n)
	}
	w.sim.ClearFaults()
	return d
}

func TestS32_AChangedEditIsTriedAtOnceAndSoIsOneThatAPersonAsksFor(t *testing.T) {
	for name, act := range map[string]func(*watch) *reconcile.Applied{
		"other policies": func(d *watch) *reconcile.Applied { d.grantTurns("", "ann bob cat dan eve"); return nil },
		"the schedule changed": func(d *watch) *reconcile.Applied {
			e := d.follow().Rotations[0].Events[0]
			e.Name = "Weeks"
			until := handoff.AddDate(1, 0, 0)
			e.EffectiveUntil = &until
			d.step(oncall.EndEvent, "RFOLLOW", e)
			return nil
		},
		"a release": func(d *watch) *reconcile.Applied {
			if err := d.journal.Release(context.Background(), d.world.plan().Held[0].ID, "the license is there now"); err != nil {
				d.t.Fatal(err)
			}
			return nil
		},
		"a person's apply": func(d *watch) *reconcile.Applied {
			r := d.round()
			r.Stillness = &reconcile.Stillness{Decided: true, Record: d.journal}
			done, err := r.Apply(context.Background(), reconcile.Execution{
				Record: d.journal, Account: d.client, Approve: all, Options: apply.Options{Now: d.now},
			})
			if err != nil {
				d.t.Fatal(err)
			}
			return done
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := pending(t)
			if n := d.tried(1, 5*time.Minute); n > 0 {
				t.Errorf("%d writes though nothing changed", n)
			}
			if done := act(d); done == nil {
				d.ready(time.Minute)
			}
			if people := oncall.People(d.follow(), d.clock); fmt.Sprint(people) != "[ann bob cat dan]" && fmt.Sprint(people) != "[ann bob cat dan eve]" {
				t.Errorf("turns are taken by %v", people)
			}
		})
	}
}

// A release lets an edit be tried once, not with each round of its 24 hours.
func TestS32_AReleaseOfARefusedEditIsForOneTry(t *testing.T) {
	d := pending(t)
	d.refuse(refusals["the successor"].fault)
	if err := d.journal.Release(context.Background(), d.world.plan().Held[0].ID, "try"); err != nil {
		t.Fatal(err)
	}
	once := d.tried(1, 5*time.Minute)
	if n := d.tried(12, 5*time.Minute); once == 0 || n > 0 {
		t.Errorf("%d writes, and %d in the hour after", once, n)
	}
}

// What PagerDuty renders differently from what was foreseen is taken back, and not written and
// taken back in every round.
func TestS32_AnEditThatIsRenderedOtherwiseWaitsToo(t *testing.T) {
	w := newRota(t, "", "ann bob cat dan")
	before := w.onCall("FOLLOW", 6)
	d := onRota(w, w.client)
	for i := range 24 {
		// Only the reading back after the last step is otherwise.
		w.sim.ClearFaults()
		w.sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultRendering, Method: "GET", Path: "/v3/schedules/{id}", After: 3, Times: 1})
		d.pass(5 * time.Minute)
		if s := d.Status(); !s.Ready() {
			t.Errorf("round %d: %+v", i, s)
		}
	}
	d.told("level=ERROR", len(d.lines("msg=\"a schedule needs attention\"")))
	if n := len(d.lines("level=ERROR")); n < 1 || n > 8 {
		t.Errorf("told %d times", n)
	}
	w.sim.ClearFaults()
	if got := w.onCall("FOLLOW", 6); got != before {
		t.Errorf("on call: %s, want %s", got, before)
	}
	if p := w.plan(); len(p.Held) == 0 || p.Held[0].Rule != "S32" {
		t.Errorf("held %+v", p.Held)
	}
}

// Another schedule's edit, and what has nothing to do with it, go on meanwhile; and
// what has no answer fails the round as before, and is tried again with the next.
func TestS32_OnlyWhatWasRefusedWaits(t *testing.T) {
	w := newRota(t, "ann dan cat", "ann bob cat dan")
	w.refuse(refusals["the successor"].fault)
	d := onRota(w, w.client)
	d.ready(time.Minute)
	if got := w.onCall("WEEKLY", 6); got != "ann dan cat ann dan cat" {
		t.Errorf("Weekly: %s", got)
	}

	w = newRota(t, "", "ann bob cat dan")
	w.refuse("503:POST /v3/schedules/FOLLOW/rotations/RFOLLOW/events:*")
	d = onRota(w, w.client)
	if _, err := d.Round(context.Background(), "test"); err == nil {
		t.Error("an outage is no error")
	}
	w.sim.ClearFaults()
	d.pass(3 * time.Minute)
	if got := w.onCall("FOLLOW", 6); got != "ann bob cat ann dan bob" {
		t.Errorf("Follow: %s", got)
	}
	if state, err := w.journal.Memory(context.Background(), w.clock); err != nil || len(state.Last.Refused) > 0 {
		t.Errorf("refused %+v, %v", state.Last.Refused, err)
	}
}
