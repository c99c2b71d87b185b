package oncall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// asRead is a schedule as PagerDuty would read it back: what was foreseen without
// an id has one.
func asRead(s inventory.Schedule) inventory.Schedule {
	s = own(s)
	for i := range s.Layers {
		if s.Layers[i].ID == "" {
			s.Layers[i].ID = fmt.Sprintf("MADE%d", i)
		}
	}
	for i := range s.Rotations {
		r := &s.Rotations[i]
		if r.ID == "" {
			r.ID = fmt.Sprintf("NET%d", i)
		}
		for j := range r.Events {
			if r.Events[j].ID == "" {
				r.Events[j].ID = fmt.Sprintf("%s-MADE%d", r.ID, j)
			}
		}
	}
	return s
}

// kinds are what steps do, in words.
func kinds(steps []oncall.Step) string {
	var out []string
	for _, s := range steps {
		line := string(s.Does)
		if s.Rotation != "" {
			line += " " + s.Rotation
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

// twoRotations is a schedule of two events in rotations of their own, each with two
// people, on the way to have dora as well.
func twoRotations(t *testing.T, now time.Time) (inventory.Schedule, []oncall.Step) {
	t.Helper()
	second := anEvent(berlin)
	second.ID, second.Name, second.Assignment.Members = "E2", "Second", slots("cy", "eve")
	s := shiftBased(berlin, anEvent(berlin), second)
	revised, err := oncall.Revise(s, []oncall.Revision{{Part: "E", Join: []string{"dora"}}, {Part: "E2", Join: []string{"dora"}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return s, oncall.Guarded(s, revised.Steps, now)
}

func TestS23_AnEventThatEndsHasANetUnderItUntilItsSuccessorIsMade(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	was, steps := twoRotations(t, now)
	want := "add_rotation, add_rotation, end_event R1, create_event R1, end_event R2, create_event R2, delete_rotation, delete_rotation"
	if got := kinds(steps); got != want {
		t.Fatalf("the steps are %s, want %s", got, want)
	}
	if got := kinds(oncall.Bare(steps)); got != "end_event R1, create_event R1, end_event R2, create_event R2" {
		t.Errorf("without nets they are %s", got)
	}
	if got := kinds(oncall.WithoutNet(steps, 0)); got != "add_rotation, end_event R1, create_event R1, end_event R2, create_event R2, delete_rotation" {
		t.Errorf("without one net they are %s", got)
	}
	if second := oncall.WithoutNet(steps, 0)[0].Event; second.Name != "Second" {
		t.Errorf("without the first net there is one for %s", second.Name)
	}
	pairs := oncall.Pairs(steps)
	if len(pairs) != 2 || pairs[1].Old.ID != "E2" || pairs[1].New.ID != "" || pairs[1].Rotation != "R2" || !pairs[1].At().Equal(local(berlin, "2026-06-15 09:00")) {
		t.Errorf("the pairs are %+v", pairs)
	}
	if oncall.Pairs(nil) != nil || oncall.Pairs(steps[2:3]) != nil || oncall.Pairs(append(steps[2:3:3], steps[5])) != nil || oncall.Pairs(steps[3:5]) != nil {
		t.Error("an event that ends in one rotation goes on in another, or nowhere")
	}
	for n, tidying := range map[int]bool{8: true, 7: true, 6: true, 5: false, 0: false} {
		if oncall.Tidying(steps[n:]) != tidying {
			t.Errorf("%s takes no more than nets away: %t", kinds(steps[n:]), !tidying)
		}
	}

	// PagerDuty takes ten rotations, of which those that have ended are none.
	for more, want := range map[int]int{6: 2, 7: 1, 8: 0, 9: 0} {
		full := own(was)
		for i := range more {
			e := anEvent(berlin)
			e.ID = fmt.Sprint("more", i)
			full.Rotations = append(full.Rotations, inventory.Rotation{ID: e.ID, Events: []inventory.Event{e}})
		}
		ended := anEvent(berlin)
		ended.ID, ended.EffectiveUntil = "ended", ptr(now)
		full.Rotations = append(full.Rotations, inventory.Rotation{ID: "ended", Events: []inventory.Event{ended}}, inventory.Rotation{ID: "bare"})
		if got := len(oncall.Guarded(full, oncall.Bare(steps), now)) - 4; got != 2*want {
			t.Errorf("with %d more rotations there are %d steps for nets, want %d", more, got, 2*want)
		}
		if living := oncall.Living(full, now); len(living) != 2+more {
			t.Errorf("%d rotations live, want %d", len(living), 2+more)
		}
	}
}

func TestHowFarAWayWasWalkedIsToldFromTheScheduleAsRead(t *testing.T) {
	for _, c := range edits {
		now := local(c.schedule.TimeZone, c.now)
		revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
		if err != nil {
			t.Fatal(err)
		}
		steps := oncall.Guarded(c.schedule, revised.Steps, now)
		states := oncall.States(c.schedule, steps)
		if len(states) != len(steps)+1 {
			t.Fatalf("%s: %d states of %d steps", c.name, len(states), len(steps))
		}
		for k, s := range states {
			if got := oncall.Reached(asRead(s), states, now); got != k {
				t.Errorf("%s: after %d of %s it has reached %d", c.name, k, kinds(steps), got)
			}
		}
		if last := states[len(states)-1]; !oncall.Matches(asRead(last), revised.Schedule, now) {
			t.Errorf("%s: the way ends elsewhere", c.name)
		}
		elsewhere := asRead(c.schedule)
		elsewhere.TimeZone = "Asia/Kolkata"
		if got := oncall.Reached(elsewhere, states, now); got != -1 {
			t.Errorf("%s: what somebody else changed has reached %d", c.name, got)
		}
		if rest := oncall.Remaining(asRead(states[len(states)-1]), revised.Steps); len(rest) > 0 {
			t.Errorf("%s: once all is written %s is still to be", c.name, kinds(rest))
		}
		if rest := oncall.Remaining(c.schedule, revised.Steps); len(rest) != len(revised.Steps) {
			t.Errorf("%s: before anything is written only %s is to be", c.name, kinds(rest))
		}
	}
}

// written is a schedule once steps are written on it. It fails if anybody's time is
// without cover on the way.
func written(t *testing.T, name string, was, is inventory.Schedule, steps []oncall.Step, now time.Time) inventory.Schedule {
	t.Helper()
	w := inventory.Window{Since: now, Until: now.Add(4 * week)}
	for k, s := range oncall.States(is, steps) {
		is = asRead(s)
		rendered, err := oncall.Rerender(is, w)
		if err != nil {
			t.Fatal(err)
		}
		if at, found, err := oncall.Uncovered(was, rendered, w); err != nil || found {
			t.Errorf("%s: after %d of %s nobody is on call at %s: %v", name, k, kinds(steps), at, err)
		}
	}
	return is
}

func TestS23_FromWhereverItBreaksOffAnEditCanBeTakenBack(t *testing.T) {
	for _, c := range edits {
		now := local(c.schedule.TimeZone, c.now)
		revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
		if err != nil {
			t.Fatal(err)
		}
		steps := oncall.Guarded(c.schedule, revised.Steps, now)
		for k, s := range oncall.States(c.schedule, steps) {
			is := asRead(s)
			back := oncall.TakeBack(c.schedule, is, steps, now)
			covered := c.schedule
			if c.leaveEmpty {
				covered = inventory.Schedule{Kind: c.schedule.Kind, TimeZone: c.schedule.TimeZone} // a gap is what was asked for
			}
			ends := written(t, c.name, covered, is, back, now)
			if c.schedule.Kind == inventory.ScheduleOfShifts && !oncall.Matches(ends, c.schedule, now) {
				t.Errorf("%s: from after %d of %s it goes back by %s, elsewhere", c.name, k, kinds(steps), kinds(back))
			}
			if k == 0 && len(back) > 0 {
				t.Errorf("%s: nothing was written, and it is taken back by %s", c.name, kinds(back))
			}
		}
		for _, s := range oncall.WaysBack(c.schedule, steps, now) {
			if oncall.SameDefinition(s, c.schedule) {
				t.Errorf("%s: how it was is on the way back", c.name)
			}
		}
	}
}

func TestTheWaysBackAreWhatLiesBetween(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	was, steps := twoRotations(t, now)
	steps = oncall.Guarded(was, oncall.Bare(steps)[:2], now) // one of them
	if got := kinds(steps); got != "add_rotation, end_event R1, create_event R1, delete_rotation" {
		t.Fatal(got)
	}
	states := oncall.States(was, steps)
	for k, want := range map[int]string{
		0: "", 1: "delete_rotation NET2", 2: "end_event R1, delete_rotation NET2",
		3: "delete_event R1, end_event R1, delete_rotation NET2",
		4: "add_rotation, delete_event R1, end_event R1, delete_rotation",
	} {
		back := oncall.TakeBack(was, asRead(states[k]), steps, now)
		if got := kinds(back); got != want {
			t.Errorf("after %d steps it goes back by %s, want %s", k, got, want)
		}
		for _, s := range back {
			if s.Does == oncall.EndEvent && !s.Again {
				t.Error("an event's end is not taken away where it may not show yet")
			}
		}
	}
	// From one step there is nothing between, from two one, from three two, from four three.
	if got := len(oncall.WaysBack(was, steps, now)); got != 6 {
		t.Errorf("%d definitions lie between, want 6", got)
	}
}

func TestS23_WhatHasTakenEffectStaysAndKeepsItsNet(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	was, steps := twoRotations(t, now)
	steps = oncall.Guarded(was, oncall.Bare(steps)[:2], now)
	states := oncall.States(was, steps)
	past := local(berlin, "2026-06-15 09:00") // the handoff
	for k, c := range map[int]struct {
		back                  string
		netted, fallen, begun int
	}{
		0: {"", 0, 0, 0}, 1: {"delete_rotation NET2", 0, 0, 0}, // the event goes on, and its net is one too many
		2: {"", 1, 0, 0},                                       // it ended, and goes on in the net
		3: {"delete_rotation NET2", 0, 0, 1}, 4: {"", 0, 0, 1}, // as its successor, with and without one
	} {
		is := asRead(states[k])
		if got := kinds(oncall.TakeBack(was, is, steps, past)); got != c.back {
			t.Errorf("after %d steps, too late: back by %s, want %s", k, got, c.back)
		}
		if got := len(oncall.Netted(was, is, steps, past)); got != c.netted {
			t.Errorf("after %d steps, too late: %d go on in a net, want %d", k, got, c.netted)
		}
		if got := len(oncall.Fallen(was, is, steps, past)); got != c.fallen {
			t.Errorf("after %d steps, too late: %d have fallen, want %d", k, got, c.fallen)
		}
		if got := len(oncall.Begun(was, is, steps, past)); got != c.begun {
			t.Errorf("after %d steps, too late: %d have begun, want %d", k, got, c.begun)
		}
		early := past.Add(-time.Second)
		if n := len(oncall.Netted(was, is, steps, early)) + len(oncall.Fallen(was, is, steps, early)) + len(oncall.Begun(was, is, steps, early)); n != 0 {
			t.Errorf("after %d steps, in time: %d have ended", k, n)
		}
	}
	// Without a net, or with that taken away, nothing goes on.
	dropped := asRead(oncall.States(was, oncall.Bare(steps)[:1])[1])
	gone := own(dropped)
	gone.Rotations[0].Events = nil
	for name, is := range map[string]inventory.Schedule{"ended": dropped, "listed no longer": gone} {
		fallen := oncall.Fallen(was, is, steps, past)
		if len(fallen) != 1 || fallen[0].Old.ID != "E" || len(oncall.Netted(was, is, steps, past)) != 0 {
			t.Errorf("%s: fallen are %+v", name, fallen)
		}
		if back := oncall.TakeBack(was, is, steps, past); len(back) != 0 {
			t.Errorf("%s: it goes back by %s, which is too late", name, kinds(back))
		}
	}
	unlisted := asRead(states[3])
	unlisted.Rotations[0].Events = unlisted.Rotations[0].Events[1:]
	if n := len(oncall.Fallen(was, unlisted, steps, past)) + len(oncall.Netted(was, unlisted, steps, past)); n != 0 {
		t.Errorf("where only the successor is listed, %d have fallen or go on in a net", n)
	}
	if n := len(oncall.Begun(was, unlisted, steps, past)); n != 1 {
		t.Errorf("where only the successor is listed, %d have begun", n)
	}
	netted := oncall.Netted(was, asRead(states[2]), steps, past)
	if p, ok := netted["NET2"]; !ok || p.Old.ID != "E" {
		t.Errorf("in nets go on %+v", netted)
	}
}

func TestANetIsARotationOfItsOwnThatWasNotThere(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	was, steps := twoRotations(t, now)
	states := oncall.States(was, steps)
	e := *steps[0].Event
	is := asRead(states[2])
	if net, ok := oncall.NetOf(is, was, e); !ok || net.ID != "NET2" {
		t.Errorf("the net of the first is %q", net.ID)
	}
	if net, ok := oncall.NetOf(is, was, *steps[1].Event); !ok || net.ID != "NET3" {
		t.Errorf("the net of the second is %q", net.ID)
	}
	if _, ok := oncall.NetOf(is, is, e); ok {
		t.Error("what was there before is no net")
	}
	crowded, bare := own(is), own(is)
	crowded.Rotations[2].Events = append(crowded.Rotations[2].Events, anEvent(berlin))
	if _, ok := oncall.NetOf(crowded, was, e); ok {
		t.Error("a rotation of two events is no net")
	}
	bare.Rotations[2].Events = nil
	if empty := oncall.Empty(bare, was); len(empty) != 1 || empty[0].ID != "NET2" {
		t.Errorf("empty are %+v", empty)
	}
	if empty := oncall.Empty(bare, bare); len(empty) != 0 {
		t.Errorf("what was empty before is left: %+v", empty)
	}

	alone := inventory.Schedule{Kind: inventory.ScheduleOfShifts, Rotations: is.Rotations[2:3]}
	if got := oncall.States(alone, []oncall.Step{{Does: oncall.DeleteRotation, Rotation: "NET2", Event: &is.Rotations[2].Events[0]}}); len(got[1].Rotations) != 0 {
		t.Errorf("once it is taken away there are %+v", got[1].Rotations)
	}

	// Steps concern their own rotations and their nets.
	third := anEvent(berlin)
	third.ID = "E3"
	is.Rotations = append(is.Rotations, inventory.Rotation{ID: "R9", Events: []inventory.Event{third}})
	var ids []string
	for _, r := range oncall.Concerned(is, was, steps[:1]).Rotations {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"NET2"}, ids); diff != "" {
		t.Errorf("a net concerns (-want +got):\n%s", diff)
	}
	if got := len(oncall.Concerned(is, was, steps).Rotations); got != 4 {
		t.Errorf("all steps concern %d rotations, want 4", got)
	}
	layers := both()[0]
	if got := oncall.Concerned(layers, layers, nil); len(got.Layers) != 2 {
		t.Errorf("layers are written together, and %d of two are concerned", len(got.Layers))
	}
	w := inventory.Window{Since: now, Until: now.Add(week)}
	without, err := oncall.Without(was, "R1", w)
	if err != nil || len(without.Rotations) != 1 || without.Rotations[0].ID != "R2" || len(was.Rotations) != 2 {
		t.Errorf("without one rotation there are %+v (%v)", without.Rotations, err)
	}
	equal(t, []string{"06-10 12:00+02:00 to 06-15 09:00+02:00 eve", "06-15 09:00+02:00 to 06-17 12:00+02:00 cy"}, lines(without.Shifts, berlin, false))
}
