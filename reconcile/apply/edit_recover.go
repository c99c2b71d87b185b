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
// before a person is asked to look.
const alarmAfter = 10 * time.Minute

// settle looks at an edit of turns that an earlier run left open, and brings it to an
// end: one that is there whole is compared with what was foreseen; one that is half
// there is taken back, as far as it is exactly as it was left and has not taken effect
// (S32, S33). What is still wanted is for the plan that follows to say. Then it looks
// at what became of the changes.
func (k rotations) settle(ctx context.Context, x *recovery, in Intent) (Result, error) {
	end, unended := k.bringToAnEnd(context.WithoutCancel(ctx), x, in)
	res, err := x.look(ctx, in, k.held)
	res.Status, res.Why = end.status, end.why
	return res, errors.Join(unended, err)
}

// bringToAnEnd is what came of an edit; without a status there is nothing new to say.
func (k rotations) bringToAnEnd(ctx context.Context, x *recovery, in Intent) (ending, error) {
	if len(in.Payload) == 0 || !in.Status.Open() {
		return ending{}, nil // an earlier version was killed before it recorded the edit, or after its end
	}
	edit, err := editOf(in)
	if err != nil {
		return ending{}, err
	}
	e := editing{account: k.account, recorder: x.recorder, now: x.options.Now, timeout: x.options.WriteTimeout}
	end, err := e.recover(ctx, edit)
	if err != nil {
		return ending{}, fmt.Errorf("an edit of schedule %s that an earlier run left open: %w", edit.Was.Name, err)
	}
	if end.status == in.Status && end.status.Open() {
		return ending{}, nil
	}
	return end, nil
}

// recover brings an edit to an end, and clears up after it. Without a status it stays
// as it is recorded.
func (e *editing) recover(ctx context.Context, in editIntent) (ending, error) {
	end, err := e.ended(ctx, in)
	end = e.tell(end)
	if err != nil || end.status == "" || end.status.Open() || end.lost {
		return end, err
	}
	left, err := e.sweep(ctx, in, end.status != IntentConflict)
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
func (e *editing) sweep(ctx context.Context, in editIntent, ours bool) (left string, err error) {
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
func (e *editing) ended(ctx context.Context, in editIntent) (ending, error) {
	now := e.now()
	is, err := e.look(ctx, in)
	if gone(err) && now.Sub(in.lastTouched()) >= inventory.StaleFor {
		return ending{status: IntentLeft, lost: true, why: fmt.Sprintf("schedule %s, whose edit was interrupted, is gone: %v", in.Was.Name, err)}, nil
	}
	if err != nil {
		unseen := now.Sub(in.lastTouched())
		if unseen >= alarmAfter && unseen <= forgetAfter && final(err) {
			return ending{status: IntentAlarm, alarm: true, why: fmt.Sprintf(
				"could not determine whether schedule %s is half edited: PagerDuty does not show it: %v. See to it that the token can read it, or check it in PagerDuty; before the edit it was: %s",
				in.Was.Name, err, described(in.Was))}, nil
		}
		if unseen > forgetAfter && final(err) {
			return ending{status: IntentLeft, lost: true, why: fmt.Sprintf("the outcome of the edit of schedule %s could not be determined within a day, and Dutyward no longer looks at it; check it in PagerDuty: %v. Before the edit it was: %s", in.Was.Name, err, described(in.Was))}, nil
		}
		return ending{}, err
	}
	k, fresh := oncall.Reached(is, in.States(), now), now.Sub(in.lastTouched()) < inventory.StaleFor
	back := k < 0 && oncall.Reached(is, oncall.WaysBack(in.Was, in.Steps, in.lastTouched()), now) >= 0
	switch {
	case k == len(in.Steps):
		end := e.verify(ctx, in, is)
		if end.status == IntentWritten && in.Status != IntentUnseen {
			end.why = fmt.Sprintf("the edit of schedule %s was found whole after an interruption", in.Was.Name)
		}
		return end, nil
	case (k >= 0 || back) && fresh && (k == 0 || in.Status == IntentUnseen || in.guarded()):
		return ending{}, nil // it may still show; meanwhile nobody is without cover
	case k == 0:
		return ending{status: IntentFailed, why: fmt.Sprintf("nothing of the edit of schedule %s is there: it was interrupted before it took effect, or somebody took it back", in.Was.Name)}, nil
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
	return ending{status: IntentAlarm, alarm: true, why: fmt.Sprintf(
		"nobody is on call on schedule %s from %s on, after an edit that was interrupted: %v. The next round tries again; to restore it before that, %s",
		in.Was.Name, stamp(at), err, wayBack(in.Was))}, nil
}

// guarded says that the edit has a net.
func (in editIntent) guarded() bool {
	for _, step := range in.Steps {
		if step.Does == oncall.AddRotation {
			return true
		}
	}
	return false
}
