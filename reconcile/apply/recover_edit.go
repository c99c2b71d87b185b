package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// alarmAfter is how long PagerDuty may refuse to show a schedule whose edit is open
// before a person is told to look.
const alarmAfter = 10 * time.Minute

// RecoverEdits looks at the edits of schedules that an earlier run left open, and
// brings them to an end: those that are there whole are compared with what was
// foreseen; those that are half there are taken back, as far as they are exactly as
// they were left and have not taken effect (S32, S33). What is still wanted is for
// the plan that follows to say. It returns sentences about what it did.
func RecoverEdits(ctx context.Context, open []EditIntent, a Account, r Recorder, o Options) ([]string, error) {
	o = o.withDefaults()
	e := editing{account: a, recorder: r, now: o.Now, timeout: o.WriteTimeout}
	whole := context.WithoutCancel(ctx)
	var said []string
	var errs []error
	for _, in := range open {
		if ctx.Err() != nil {
			break
		}
		end, err := e.recover(whole, in)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("an edit of schedule %s that an earlier run left open: %w", in.Was.Name, err))
		case end.status != "" && (end.status != in.Status || !end.status.Open()):
			recording, cancel := context.WithTimeout(whole, recordTimeout)
			err := r.EditResult(recording, in.ID, end.status, end.why)
			cancel()
			if err != nil {
				return said, fmt.Errorf("record what became of the edit of schedule %s: %w", in.Was.Name, err)
			}
			if end.why != "" {
				said = append(said, end.why)
			}
		}
	}
	return said, errors.Join(errs...)
}

// recover brings an edit to an end, and clears up after it. Without a status it stays
// as it is recorded.
func (e *editing) recover(ctx context.Context, in EditIntent) (ending, error) {
	end, err := e.ended(ctx, in)
	end = e.tell(end)
	if err != nil || end.status == "" || end.status.Open() || end.lost {
		return end, err
	}
	left, err := e.sweep(ctx, in, end.status != EditConflict)
	if err != nil {
		return ending{}, err
	}
	if left != "" {
		end.why = strings.TrimPrefix(end.why+"; "+left, "; ")
	}
	return end, nil
}

// sweep deletes what is left of nets whose events were never made: a rotation in
// which there is nothing. It says of which PagerDuty does not let it, and, where
// somebody else may have made it a moment ago, that it is there.
func (e *editing) sweep(ctx context.Context, in EditIntent, ours bool) (left string, err error) {
	if len(oncall.Pairs(in.Steps)) == 0 {
		return "", nil // no net belongs to it
	}
	is, err := e.look(ctx, in)
	if err != nil {
		return "", err
	}
	var said []string
	for _, r := range oncall.Empty(is, in.Was) {
		if !ours {
			said = append(said, fmt.Sprintf("rotation #%s has nothing in it, and may be left of our edit: delete it in PagerDuty unless somebody is about to fill it", r.ID))
			continue
		}
		err := e.write(ctx, in, is, oncall.Step{Does: oncall.DeleteRotation, Layers: []inventory.Layer{}, Rotation: r.ID})
		switch {
		case final(err):
			said = append(said, fmt.Sprintf("rotation #%s, which it left empty, could not be deleted: %v; delete it in PagerDuty", r.ID, err))
		case err != nil:
			return "", fmt.Errorf("delete rotation #%s of schedule %s, which is empty: %w", r.ID, in.Was.Name, err)
		}
	}
	return strings.Join(said, "; "), nil
}

// ended is what has become of an edit that was left open.
func (e *editing) ended(ctx context.Context, in EditIntent) (ending, error) {
	now := e.now()
	is, err := e.look(ctx, in)
	if gone(err) && now.Sub(in.lastTouched()) >= staleFor {
		return ending{status: EditLeft, lost: true, why: fmt.Sprintf("schedule %s, whose edit was interrupted, is gone: %v", in.Was.Name, err)}, nil
	}
	if err != nil {
		unseen := now.Sub(in.lastTouched())
		if unseen >= alarmAfter && unseen <= forgetAfter && final(err) {
			return ending{status: EditAlarm, alarm: true, why: fmt.Sprintf(
				"it can't be told whether schedule %s is half edited: PagerDuty does not show it: %v. See to it that the token can read it, or check it in PagerDuty; before the edit it was: %s",
				in.Was.Name, err, described(in.Was))}, nil
		}
		if unseen > forgetAfter && final(err) {
			return ending{status: EditLeft, lost: true, why: fmt.Sprintf("in a day it could not be told what became of the edit of schedule %s, and it is not looked at any more; check it in PagerDuty: %v. Before the edit it was: %s", in.Was.Name, err, described(in.Was))}, nil
		}
		return ending{}, err
	}
	k, fresh := oncall.Reached(is, in.States(), now), now.Sub(in.lastTouched()) < staleFor
	back := k < 0 && oncall.Reached(is, oncall.WaysBack(in.Was, in.Steps, in.lastTouched()), now) >= 0
	switch {
	case k == len(in.Steps):
		end := e.verify(ctx, in, is)
		if end.status == EditWritten && in.Status != EditUnseen {
			end.why = fmt.Sprintf("the edit of schedule %s was found whole after an interruption", in.Was.Name)
		}
		return end, nil
	case (k >= 0 || back) && fresh && (k == 0 || in.Status == EditUnseen || in.guarded()):
		return ending{}, nil // it may still show; meanwhile nobody is without cover
	case k == 0:
		return ending{status: EditFailed, why: fmt.Sprintf("nothing of the edit of schedule %s is there: it was interrupted before it took effect, or somebody took it back", in.Was.Name)}, nil
	}
	end, err := ending{}, error(nil)
	if back {
		end, err = e.unwind(ctx, in, is, nil)
	} else {
		end, err = e.settle(ctx, in, is, k, nil)
	}
	if err == nil || fresh {
		return end, err
	}
	at, gap, unrendered := oncall.Uncovered(in.Was, is, windowFrom(now))
	if unrendered != nil || !gap {
		return end, err
	}
	return ending{status: EditAlarm, alarm: true, why: fmt.Sprintf(
		"nobody is on call on schedule %s from %s on, after an edit that was interrupted: %v. The next round tries again; to restore it before that, %s",
		in.Was.Name, stamp(at), err, wayBack(in.Was))}, nil
}

// guarded says that the edit has a net.
func (in EditIntent) guarded() bool {
	for _, step := range in.Steps {
		if step.Does == oncall.AddRotation {
			return true
		}
	}
	return false
}
