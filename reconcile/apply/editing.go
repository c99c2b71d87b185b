package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// editing writes edits of schedules, and brings to an end those that broke off.
type editing struct {
	account  Rotations
	recorder Recorder
	now      func() time.Time
	// timeout bounds each step, which follows a renewal of the lease (S29).
	timeout time.Duration
	// told are sentences about the edit in hand for a person, whatever comes of it.
	told []string
}

// ending is what came of an edit.
type ending struct {
	status IntentStatus
	// why is a sentence for a person; empty for what was simply done.
	why string
	// alarm says that why is for a person to look at at once.
	alarm bool
	// stands says that what was written is still there, whatever the status.
	stands bool
	// lost says that its schedule is gone, or can't be read.
	lost bool
	// err is what broke it off.
	err error
	// unrecorded is why the record could not be kept.
	unrecorded error
}

// unkept is the error of a step that was not sent, for it could not be recorded
// that it was about to be: the lock may be another's by now.
type unkept struct{ error }

func (unkept) Refused() bool   { return true }
func (u unkept) Unwrap() error { return u.error }

// write sends a step, once the lease is renewed: it ends before the lease does
// (S29), and what does not get the lease is not begun.
func (e *editing) write(ctx context.Context, in editIntent, was inventory.Schedule, step oncall.Step) error {
	return e.within(ctx, in, func(ctx context.Context) error { return e.account.WriteStep(ctx, was, step) })
}

func (e *editing) within(ctx context.Context, in editIntent, send func(context.Context) error) error {
	sending, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	whole, err := in.intent()
	if err == nil {
		err = e.recorder.Step(sending, whole)
	}
	if err != nil {
		return unkept{fmt.Errorf("record a step of the edit of schedule %s: %w", in.Was.Name, err)}
	}
	return send(sending)
}

// carryOut writes the steps of an edit and looks at what came of them. The first
// is sent within what first allows.
func (e *editing) carryOut(ctx context.Context, in editIntent, first func(context.Context) (context.Context, context.CancelFunc)) ending {
	for i := 0; i < len(in.Steps); i++ {
		sending, cancel := ctx, context.CancelFunc(func() {})
		if i == 0 {
			sending, cancel = first(ctx) // once begun, it is finished
		}
		err := e.forth(sending, in, i)
		if err != nil && sending.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(sending), err)
		}
		cancel()
		if roomless(err) && in.Steps[i].Does == oncall.AddRotation {
			in.Steps = oncall.WithoutNet(in.Steps, i)
			i--
			continue
		}
		if err != nil {
			end, on := e.broken(ctx, in, i, err)
			if !on {
				return end
			}
		}
	}
	return e.readBack(ctx, in)
}

// forth writes a step of an edit's own.
func (e *editing) forth(ctx context.Context, in editIntent, i int) error {
	step := in.Steps[i]
	if step.Does == oncall.DeleteRotation {
		return e.drop(ctx, in, in.Was, step)
	}
	return e.write(ctx, in, in.Was, step)
}

func (e *editing) addShifts(ctx context.Context, in editIntent, is inventory.Schedule, shifts []inventory.CustomShift) (made []inventory.CustomShift, err error) {
	for _, shift := range shifts {
		err := e.within(ctx, in, func(ctx context.Context) error {
			is, err := e.account.AddCustomShift(ctx, is, shift)
			made = append(made, is)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// look reads the schedule of an edit.
func (e *editing) look(ctx context.Context, in editIntent) (inventory.Schedule, error) {
	is, err := e.account.Schedule(ctx, in.Was.ID, windowFrom(e.now()))
	if err != nil {
		err = fmt.Errorf("look at schedule %s: %w", in.Was.Name, err)
	}
	return is, err
}

// broken says what came of an edit whose step i was not acknowledged, or that it
// goes on, since the step was carried out all the same.
func (e *editing) broken(ctx context.Context, in editIntent, i int, cause error) (end ending, on bool) {
	refusal := refused(cause)
	open := ending{status: IntentPartial, err: cause, why: fmt.Sprintf(
		"the edit of schedule %s was interrupted, and the next round checks what became of it: %v", in.Was.Name, cause)}
	var lost unkept
	if errors.As(cause, &lost) && !errors.Is(cause, ErrExpired) {
		open.unrecorded = cause
		if i > 0 {
			return e.guarded(in, i, open), false // nothing more may be written
		}
	}
	// A net is dropped with writes of its own before the step.
	if i == 0 && (refusal || unwritten(cause) && in.Steps[0].Does != oncall.DeleteRotation) {
		status := IntentFailed
		if leftover(cause) {
			status = IntentPartial // the next round clears up
		}
		return ending{status: status, err: cause, why: fmt.Sprintf(
			"the new turns of schedule %s could not be written; nothing was changed, and its turns are what they were: %v", in.Was.Name, cause), unrecorded: open.unrecorded}, false
	}
	is, err := e.look(ctx, in)
	if err != nil {
		return e.guarded(in, i, open), false
	}
	k := oncall.Reached(is, in.States(), e.now())
	switch {
	case k > i && !refusal:
		return ending{}, true
	case !refusal && k >= 0:
		return e.guarded(in, i, open), false // it may still show, or land
	case k >= 0 && k != i:
		return e.unseenHalf(ctx, in, i, open), false
	}
	end, err = e.settle(ctx, in, is, k, cause)
	if err != nil {
		return e.guarded(in, i, open), false
	}
	if leftover(cause) && end.status == IntentUndone {
		end.status = IntentPartial // the next round clears up
	}
	return end, false
}

// guarded is what is said of an edit that stays open: an alarm if somebody's turns
// end without a successor and without a net.
func (e *editing) guarded(in editIntent, written int, open ending) ending {
	left := in.States()[written]
	for _, p := range oncall.Pairs(in.Steps) {
		if half(left, p) && len(left.Rotations) == len(in.Was.Rotations) {
			open.alarm, open.status = true, IntentAlarm
			open.why = fmt.Sprintf("schedule %s is half edited, and nobody takes over at %s unless the next round can repair it: %v. If it can't, %s",
				in.Was.Name, stamp(p.At()), open.err, wayBack(in.Was))
		}
	}
	return open
}

// half says that an event ends, and that its successor is not made.
func half(s inventory.Schedule, p oncall.Pair) bool {
	for _, r := range s.Rotations {
		if r.ID != p.Rotation {
			continue
		}
		ends, goesOn := false, false
		for _, e := range r.Events {
			ends = ends || oncall.SameEvent(e, p.Old) && e.ID == p.Old.ID
			goesOn = goesOn || e.ID == "" && oncall.SameEvent(e, p.New)
		}
		return ends && !goesOn
	}
	return false
}

// unseenHalf is for an edit that was refused a step while PagerDuty does not show
// yet what it acknowledged before. Where there is no net, the events that were
// ended get their end back at once, and all else waits for what is there to show.
func (e *editing) unseenHalf(ctx context.Context, in editIntent, i int, open ending) ending {
	left := in.States()[i]
	if len(left.Rotations) > len(in.Was.Rotations) {
		return open
	}
	for _, step := range oncall.TakeBack(in.Was, left, in.Steps, e.now()) {
		if step.Does != oncall.EndEvent {
			continue
		}
		if err := e.write(ctx, in, in.Was, step); err != nil {
			return e.guarded(in, i, open)
		}
	}
	return open
}

// readBack reads an edited schedule back.
func (e *editing) readBack(ctx context.Context, in editIntent) ending {
	unseen := ending{status: IntentUnseen, why: "written; PagerDuty does not show it yet, and the next round compares the turns"}
	is, err := e.look(ctx, in)
	if err != nil {
		unseen.why = fmt.Sprintf("written, and not read back: %v; the next round compares the turns", err)
		return unseen
	}
	k := oncall.Reached(is, in.States(), e.now())
	switch {
	case k == len(in.Steps):
		return e.verify(ctx, in, is)
	case k >= 0:
		return unseen
	}
	end, err := e.changed(ctx, in, is, nil)
	if err != nil {
		unseen.why = fmt.Sprintf("written, and changed by somebody else since: %v; the next round checks it", err)
		return unseen
	}
	end.stands = true
	return end
}

// verify compares the turns of an edit that is there whole with those foreseen.
// Where they are others, it says so and takes the edit back, before anything of
// it takes effect.
func (e *editing) verify(ctx context.Context, in editIntent, is inventory.Schedule) ending {
	w := windowFrom(e.now())
	want := in.After
	want.Overrides, want.CustomShifts, want.Shifts = is.Overrides, is.CustomShifts, is.Shifts
	diffs, err := oncall.Compare(want, w)
	if err == nil && len(diffs) == 0 {
		return ending{status: IntentWritten}
	}
	alarm := fmt.Sprintf("schedule %s was edited and had other turns than foreseen: %s", in.Was.Name, differing(diffs, err))
	err = e.back(ctx, in, is)
	for _, p := range oncall.Pairs(in.Steps) {
		if err == nil && !p.At().After(e.now()) {
			err = fmt.Errorf("its handoff at %s has passed", stamp(p.At()))
		}
	}
	if err != nil {
		return ending{status: IntentAlarm, alarm: true, stands: true, why: fmt.Sprintf("%s. It could not be taken back (%v). To restore it, %s", alarm, err, wayBack(in.Was))}
	}
	return ending{status: IntentUndone, alarm: true, why: alarm + ". It was taken back: its turns are what they were"}
}

// back takes an edit back, from a state that it left the schedule in. Only what is
// exactly as the edit left it is touched (S33).
func (e *editing) back(ctx context.Context, in editIntent, is inventory.Schedule) error {
	for _, step := range oncall.TakeBack(in.Was, is, in.Steps, e.now()) {
		if step.Does == oncall.DeleteRotation {
			if err := e.drop(ctx, in, is, step); err != nil {
				return err
			}
			continue
		}
		err := e.write(ctx, in, is, step)
		if step.Does == oncall.AddRotation && roomless(err) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
