package pagerduty_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/inventory/pagerduty"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

func TestAnEditWithANetIsWrittenWhateverHappensToTheAnswer(t *testing.T) {
	for _, fault := range survived {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			t.Run(string(fault.Kind)+" on "+method, func(t *testing.T) {
				sim := simulate(t, rota())
				c := client(t, sim.Transport(), withoutWaiting)
				was := readOne(t, c, "PSHIFTS")
				revised := revise(t, was, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}, Leave: []string{"PU00000"}})
				steps := oncall.Guarded(was, revised.Steps, at)
				if len(steps) != 4 {
					t.Fatalf("steps %+v", steps)
				}
				for _, step := range steps {
					fault.Method = method
					sim.Inject(fault)
					if err := c.WriteStep(t.Context(), was, step); err != nil {
						t.Fatal(err)
					}
					sim.ClearFaults()
				}
				is := readOne(t, c, "PSHIFTS")
				if rest := oncall.Remaining(is, revised.Steps); len(rest) > 0 || len(is.Rotations) != 1 {
					t.Errorf("still to be written: %+v\nis %+v", rest, is)
				}
			})
		}
	}
}

func TestARefusedNetLeavesNoRotation(t *testing.T) {
	for name, path := range map[string]string{"the rotation": "/v3/schedules/PSHIFTS/rotations", "the event": "/v3/schedules/PSHIFTS/rotations/*"} {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t, rota())
			c := client(t, sim.Transport())
			was := readOne(t, c, "PSHIFTS")
			steps := oncall.Guarded(was, revise(t, was, oncall.Revision{Part: "QEVENT", Join: []string{"PU00005"}}).Steps, at)
			sim.Inject(pagerdutysim.Fault{Kind: pagerdutysim.FaultStatus, Status: 400, Method: "POST", Path: path})
			err := c.WriteStep(t.Context(), was, steps[0])
			var refused *pagerduty.Error
			if !errors.As(err, &refused) || !refused.Refused() {
				t.Errorf("error %v", err)
			}
			if is := readOne(t, c, "PSHIFTS"); !oncall.SameDefinition(was, is) {
				t.Errorf("is %+v", is)
			}
		})
	}
}

// Wherever the steps of an edit break off, everybody's turns are covered, and there
// is a way back on which they stay so.
func TestS32_NoPrefixOfAnEditsStepsLeavesAGapAndEachHasAWayBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sim := simulate(t, rota())
		c := client(t, sim.Transport())
		was := readOne(t, c, "PSHIFTS")
		revised, err := oncall.Revise(was, []oncall.Revision{drawRevision(r, oncall.Lines(was, at)[0])}, at)
		if err != nil || len(revised.Steps) == 0 {
			return
		}
		steps := oncall.Guarded(was, revised.Steps, at)
		states := oncall.States(was, steps)
		covered := func(what string) inventory.Schedule {
			is := readOne(t, c, "PSHIFTS")
			if when, gap, err := oncall.Uncovered(was, is, rota().Account.Window); err != nil || gap {
				r.Fatalf("%s: nobody is on call at %s (%v)", what, when, err)
			}
			return is
		}
		broken := rapid.IntRange(0, len(steps)).Draw(r, "broken off after")
		for i, step := range steps[:broken] {
			if err := c.WriteStep(t.Context(), was, step); err != nil {
				r.Fatal(err)
			}
			if k := oncall.Reached(covered("forth"), states, at); k != i+1 {
				r.Fatalf("after %d steps it is in state %d", i+1, k)
			}
		}
		is := covered("broken off")
		for _, step := range oncall.TakeBack(was, is, steps, at) {
			if err := c.WriteStep(t.Context(), is, step); err != nil {
				r.Fatal(err)
			}
			covered("back")
		}
		if d := cmp.Diff(was.Rotations, readOne(t, c, "PSHIFTS").Rotations); d != "" {
			r.Fatalf("after the way back (-before +after):\n%s", d)
		}
	})
}
