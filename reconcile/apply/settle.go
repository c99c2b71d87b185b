package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// goneOn is how long after a handoff an event that ended by our doing is still
// made to go on: later, others have seen to it, or nobody needs it.
const goneOn = 24 * time.Hour

// settle brings an edit to an end that is half there, in the kth of its states, or
// in none, as somebody else changed the schedule.
//
// It is not completed, for that would be a decision of its own (S32): what was
// written is taken back as long as it has not taken effect, and the next plan
// says what is still wanted. An error means that the next round tries again.
func (e *editing) settle(ctx context.Context, in editIntent, is inventory.Schedule, k int, cause error) (ending, error) {
	switch {
	case k < 0:
		return e.changed(ctx, in, is, cause)
	case oncall.Tidying(in.Steps[k:]):
		for i := k; i < len(in.Steps); i++ {
			if err := e.forth(ctx, in, i); err != nil {
				return ending{}, err
			}
		}
		end := e.readBack(ctx, in)
		if end.status == IntentWritten {
			end.why = fmt.Sprintf("the edit of schedule %s was interrupted with all of its turns in place, and stays", in.Was.Name)
		}
		return end, nil
	}
	return e.unwind(ctx, in, is, cause)
}

// unwind takes an edit back, or lets go on what has taken effect.
func (e *editing) unwind(ctx context.Context, in editIntent, is inventory.Schedule, cause error) (ending, error) {
	if err := e.back(ctx, in, is); err != nil {
		return ending{}, fmt.Errorf("take back what was written of the edit of schedule %s: %w", in.Was.Name, err)
	}
	because := ""
	if cause != nil {
		because = ": " + cause.Error()
	}
	fallen := oncall.Fallen(in.Was, is, in.Steps, e.now())
	for _, p := range fallen {
		if end := e.goOn(ctx, in, is, p); end != nil {
			return *end, nil
		}
	}
	name := in.Was.Name
	netted := oncall.Netted(in.Was, is, in.Steps, e.now())
	var on []string
	for _, id := range slices.Sorted(maps.Keys(netted)) {
		err := e.home(ctx, in, netted[id])
		if err != nil && !refused(err) {
			return ending{}, err
		}
		if err != nil {
			on = append(on, fmt.Sprintf("event %s goes on in rotation #%s, since its own rotation does not accept it (%v)", netted[id].New.Name, id, err))
		}
	}
	switch {
	case len(on) > 0:
		return ending{status: IntentLeft, err: cause, stands: true, why: fmt.Sprintf(
			"the edit of schedule %s was interrupted, and its handoff has passed: %s%s", name, strings.Join(on, "; "), because)}, nil
	case len(netted) > 0 && len(fallen) == 0:
		end := e.readBack(ctx, in)
		if end.status == IntentWritten {
			end.why = fmt.Sprintf("the edit of schedule %s was interrupted, and its handoff has passed: the new turns have begun, and stay%s", name, because)
		}
		return end, nil
	case len(fallen) > 0:
		return ending{status: IntentUndone, err: cause, why: fmt.Sprintf(
			"the edit of schedule %s was not completed, and its handoff has passed: the earlier turns continue from now on, and what the policies want is planned again%s", name, because)}, nil
	}
	if begun := oncall.Begun(in.Was, is, in.Steps, e.now()); len(begun) > 0 {
		return ending{status: IntentUndone, err: cause, why: fmt.Sprintf(
			"the edit of schedule %s was not completed, and its handoff has passed: the new turns of %s have begun, and stay; the rest was taken back%s", name, eventNames(begun), because)}, nil
	}
	return ending{status: IntentUndone, err: cause, why: fmt.Sprintf(
		"the edit of schedule %s was not completed; what was written of it was taken back, and its turns are what they were%s", name, because)}, nil
}

// eventNames are the names of the events that go on.
func eventNames(pairs []oncall.Pair) string {
	var names []string
	for _, p := range pairs {
		names = append(names, "event "+p.New.Name)
	}
	return strings.Join(names, ", ")
}

// home makes the successor of an event whose turns have begun in a net, and takes
// the net away: who is on call stays so, and others' overrides on the rotation hold
// again.
func (e *editing) home(ctx context.Context, in editIntent, p oncall.Pair) error {
	successor := oncall.Step{Does: oncall.CreateEvent, Layers: []inventory.Layer{}, Rotation: p.Rotation, Event: &p.New}
	if err := e.write(ctx, in, in.Was, successor); err != nil {
		return err
	}
	return e.drop(ctx, in, in.Was, oncall.Step{Does: oncall.DeleteRotation, Layers: []inventory.Layer{}, Event: &p.New})
}

// goOn lets an event go on that ended by our doing and has no successor: as it
// was, or else with those alone who were to stay on it. Nil says that it does.
func (e *editing) goOn(ctx context.Context, in editIntent, is inventory.Schedule, p oncall.Pair) *ending {
	now := e.now()
	if len(oncall.At(is.Shifts, now)) > 0 {
		return &ending{status: IntentConflict, why: fmt.Sprintf(
			"event %s of schedule %s was ended at %s by an edit that was interrupted; somebody else is on call there now, so it is left as it is: %s", p.Old.Name, in.Was.Name, stamp(p.At()), described(is))}
	}
	err := errors.New("the handoff was more than a day ago")
	if now.Sub(p.At()) < goneOn {
		for _, event := range continuations(in, p) {
			if err = e.continued(ctx, in, is, p, event); err == nil {
				return nil
			}
		}
	}
	return &ending{status: IntentAlarm, alarm: true, why: fmt.Sprintf(
		"nobody has been on call on schedule %s since %s: an edit ended event %s and could not create its successor, and the earlier turns can't continue (%v). To restore them, %s",
		in.Was.Name, stamp(p.At()), p.Old.Name, err, wayBack(in.Was))}
}

func (e *editing) continued(ctx context.Context, in editIntent, is inventory.Schedule, p oncall.Pair, event inventory.Event) error {
	step, shifts, err := oncall.Continue(p.Rotation, event, e.now())
	if err != nil {
		return err
	}
	if err := e.write(ctx, in, is, step); err != nil {
		return err
	}
	_, err = e.addShifts(ctx, in, is, shifts)
	return err
}

// continuations are the events that may go on in place of one: as it was, and with
// those alone who were to stay on it, for one of the others may be gone.
func continuations(in editIntent, p oncall.Pair) []inventory.Event {
	var as inventory.Event
	for _, r := range in.Was.Rotations {
		for _, e := range r.Events {
			if e.ID == p.Old.ID {
				as = e
			}
		}
	}
	staying := as
	staying.Assignment.Members = slices.DeleteFunc(slices.Clone(as.Assignment.Members), func(m *string) bool {
		return !slices.ContainsFunc(p.New.Assignment.Members, func(n *string) bool { return n == nil && m == nil || n != nil && m != nil && *n == *m })
	})
	if len(staying.Assignment.Members) == 0 || len(staying.Assignment.Members) == len(as.Assignment.Members) {
		return []inventory.Event{as}
	}
	return []inventory.Event{as, staying}
}

// changed closes an edit whose schedule somebody else has changed since. What they
// made of it stays. Of the edit only a net goes that nobody needs; and where turns
// are left without anybody by an event that is exactly as the edit ended it, that
// end is taken back.
func (e *editing) changed(ctx context.Context, in editIntent, is inventory.Schedule, cause error) (ending, error) {
	w := windowFrom(e.now())
	for _, p := range oncall.Pairs(in.Steps) {
		net, there := oncall.NetOf(is, in.Was, p.New)
		if !there {
			continue
		}
		without, err := oncall.Without(is, net.ID, w)
		if err != nil {
			return ending{}, err
		}
		if _, gap, err := oncall.Uncovered(in.Was, without, w); err != nil || gap {
			continue // it covers somebody's turns
		}
		if err := e.drop(ctx, in, is, oncall.Step{Does: oncall.DeleteRotation, Rotation: net.ID, Event: &p.New}); err != nil {
			return ending{}, err
		}
		is = without // for it may have covered what another net does
	}
	at, gap, err := oncall.Uncovered(in.Was, is, w)
	if err != nil {
		return ending{}, fmt.Errorf("schedule %s can't be rendered: %w", in.Was.Name, err)
	}
	now := described(is)
	if !gap {
		return ending{status: IntentConflict, err: cause, why: fmt.Sprintf(
			"somebody else changed schedule %s while it was being edited; it is left as it is: %s", in.Was.Name, now)}, nil
	}
	if e.half(in, is) {
		return e.unwind(ctx, in, is, cause)
	}
	if e.now().Sub(in.lastTouched()) < inventory.StaleFor {
		return ending{}, fmt.Errorf("schedule %s reads as if nobody took over at %s; PagerDuty may not show all yet", in.Was.Name, stamp(at))
	}
	return ending{status: IntentAlarm, alarm: true, err: cause, why: fmt.Sprintf(
		"nobody is on call on schedule %s from %s on: somebody else changed it while it was being edited, and it is left as it is: %s. Before the edit it was: %s",
		in.Was.Name, stamp(at), now, described(in.Was))}, nil
}

// half says that the rotations of an edit are as it left them halfway, with a net or
// without, whatever became of others.
func (e *editing) half(in editIntent, is inventory.Schedule) bool {
	ours := oncall.Concerned(is, in.Was, in.Steps)
	for _, steps := range [][]oncall.Step{in.Steps, oncall.Bare(in.Steps)} {
		halfway := oncall.WaysBack(in.Was, steps, in.lastTouched())
		if states := oncall.States(in.Was, steps); len(states) > 2 {
			halfway = append(halfway, states[1:len(states)-1]...)
		}
		for i, s := range halfway {
			halfway[i] = oncall.Concerned(s, in.Was, in.Steps)
		}
		if oncall.Reached(ours, halfway, e.now()) >= 0 {
			return true
		}
	}
	return false
}

// wayBack says how a schedule was, for a person who puts it back.
func wayBack(was inventory.Schedule) string { return "set this in PagerDuty: " + described(was) }

// described says who takes turns on a schedule.
func described(s inventory.Schedule) string {
	var parts []string
	for _, l := range s.Layers {
		parts = append(parts, fmt.Sprintf("layer %s: %s, counted from %s%s", l.Name, strings.Join(l.Users, ", "), stamp(l.VirtualStart), until(l.End)))
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			var members []string
			for _, m := range e.Assignment.Members {
				if m == nil {
					members = append(members, "nobody")
				} else {
					members = append(members, *m)
				}
			}
			parts = append(parts, fmt.Sprintf("event %s (#%s): %s%s", e.Name, e.ID, strings.Join(members, ", "), until(e.EffectiveUntil)))
		}
	}
	return strings.Join(parts, "; ")
}

func until(t *time.Time) string {
	if t == nil {
		return ", without an end"
	}
	return ", until " + stamp(*t)
}
