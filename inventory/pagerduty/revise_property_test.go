package pagerduty_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// Rendering, revising and PagerDuty's side of it (here the simulator) must tell
// the same story, edit after edit.
func TestS23_EditsOfRotationsReadBackAsForeseen(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := at
		seed := rota()
		sim, err := pagerdutysim.New(pagerdutysim.Options{
			Seed: seed, Clock: func() time.Time { return now }, Token: canary, RateLimit: -1,
			StartsUnderWay: rapid.Bool().Draw(r, "starts under way"),
		})
		if err != nil {
			r.Fatal(err)
		}
		c := client(t, sim.Transport())
		id := rapid.SampledFrom([]string{"PLAYERS", "PSHIFTS"}).Draw(r, "schedule")
		for range rapid.IntRange(1, 4).Draw(r, "edits") {
			now = now.Add(time.Duration(rapid.IntRange(0, 12*24).Draw(r, "hours")) * time.Hour)
			window := inventory.Window{Since: now, Until: now.AddDate(0, 0, 56)}
			was, err := c.Schedule(t.Context(), id, window)
			if err != nil {
				r.Fatal(err)
			}
			var revisions []oncall.Revision
			for _, line := range oncall.Lines(was, now) {
				revisions = append(revisions, drawRevision(r, line))
			}
			revised, err := oncall.Revise(was, revisions, now)
			var refused *oncall.RefusedError
			if errors.As(err, &refused) {
				continue
			}
			if err != nil {
				r.Fatal(err)
			}
			foreseen, err := oncall.Rerender(revised.Schedule, window)
			if err != nil {
				r.Fatal(err)
			}
			if was.Kind == inventory.ScheduleOfLayers {
				preview, err := c.PreviewSchedule(t.Context(), revised.Schedule, window)
				if err != nil || !cmp.Equal(onCall(foreseen.Shifts), onCall(preview)) {
					r.Fatalf("the preview differs (%v): %s", err, cmp.Diff(onCall(foreseen.Shifts), onCall(preview)))
				}
			}
			for _, step := range revised.Steps {
				if err := c.WriteStep(t.Context(), was, step); err != nil {
					r.Fatal(err)
				}
			}
			is, err := c.Schedule(t.Context(), id, window)
			if err != nil {
				r.Fatal(err)
			}
			if rest := oncall.Remaining(is, revised.Steps); len(rest) > 0 {
				r.Fatalf("%+v was not carried out", rest)
			}
			if diff := cmp.Diff(onCall(foreseen.Shifts), onCall(is.Shifts)); diff != "" {
				r.Fatalf("turns differ (-foreseen +read):\n%s", diff)
			}
			if diffs, err := oncall.Compare(is, window); err != nil || len(diffs) > 0 {
				r.Fatalf("our rendering differs from PagerDuty's: %v %v", diffs, err)
			}
		}
	})
}

// drawRevision has up to two people join a line and up to two leave it.
func drawRevision(t *rapid.T, line oncall.Line) oncall.Revision {
	v := oncall.Revision{Part: line.ID}
	for i := range 8 {
		user := fmt.Sprintf("PU%05d", i)
		on := slices.Contains(line.Members, user)
		switch rapid.IntRange(0, 5).Draw(t, user) {
		case 1:
			if !on && len(v.Join) < 2 {
				v.Join = append(v.Join, user)
			}
		case 2:
			if on && len(v.Leave) < 2 {
				v.Leave = append(v.Leave, user)
			}
		}
	}
	return v
}

// The program may be killed between the two halves of an edit: what is left is
// told by what the schedule is, and done later.
func TestS23_AHalfDoneEditIsCompletedFromWhatTheScheduleIs(t *testing.T) {
	sim := simulate(t, rota())
	c := client(t, sim.Transport())
	was := readOne(t, c, "PSHIFTS")
	revised := revise(t, was, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}})
	if err := c.WriteStep(t.Context(), was, revised.Steps[0]); err != nil {
		t.Fatal(err)
	}
	half := readOne(t, c, "PSHIFTS")
	rest := oncall.Remaining(half, revised.Steps)
	if len(rest) != 1 || rest[0].Does != oncall.CreateEvent {
		t.Fatalf("left to do: %+v", rest)
	}
	if err := c.WriteStep(t.Context(), was, rest[0]); err != nil {
		t.Fatal(err)
	}
	if rest := oncall.Remaining(readOne(t, c, "PSHIFTS"), revised.Steps); len(rest) > 0 {
		t.Errorf("still left: %+v", rest)
	}
}

func TestS23_AHalfDoneEditCompletedLateLeavesNoGapFromThen(t *testing.T) {
	now := at
	sim := simulate(t, rota(), func(o *pagerdutysim.Options) { o.Clock = func() time.Time { return now } })
	c := client(t, sim.Transport())
	was := readOne(t, c, "PSHIFTS")
	revised := revise(t, was, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}, Leave: []string{"PU00002"}})
	if err := c.WriteStep(t.Context(), was, revised.Steps[0]); err != nil {
		t.Fatal(err)
	}
	now = revised.Changes[0].Effective.Add(25 * time.Hour)
	step := revised.Steps[1]
	missed, err := oncall.MissedByLate(step, now)
	if err != nil || len(missed) != 1 {
		t.Fatalf("missed %+v, %v", missed, err)
	}
	if err := c.WriteStep(t.Context(), was, step); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddCustomShift(t.Context(), was, missed[0]); err != nil {
		t.Fatal(err)
	}
	if rest := oncall.Remaining(readOne(t, c, "PSHIFTS"), revised.Steps); len(rest) > 0 {
		t.Errorf("still left: %+v", rest)
	}
	ahead := inventory.Window{Since: now, Until: now.AddDate(0, 0, 56)}
	is, err := c.Schedule(t.Context(), "PSHIFTS", ahead)
	if err != nil {
		t.Fatal(err)
	}
	want, err := oncall.Rerender(revised.Schedule, ahead)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(onCall(want.Shifts), onCall(is.Shifts)); diff != "" {
		t.Errorf("turns from now on (-foreseen +read):\n%s", diff)
	}
	if in, err := oncall.MissedByLate(step, at); err != nil || len(in) > 0 {
		t.Errorf("a step in time misses %+v, %v", in, err)
	}
}
