package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/dutyward/dutyward/inventory/oncall"
)

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

// recover brings an edit to an end. Without a status it stays as it is recorded.
func (e *editing) recover(ctx context.Context, in EditIntent) (ending, error) {
	now := e.now()
	is, err := e.look(ctx, in)
	if gone(err) && now.Sub(in.lastTouched()) >= staleFor {
		return ending{status: EditLeft, why: fmt.Sprintf("schedule %s, whose edit was interrupted, is gone: %v", in.Was.Name, err)}, nil
	}
	if err != nil {
		if now.Sub(in.At) > forgetAfter && final(err) {
			return ending{status: EditLeft, why: fmt.Sprintf("nobody could tell in a day what became of the edit of schedule %s: %v", in.Was.Name, err)}, nil
		}
		return ending{}, err
	}
	k, fresh := oncall.Reached(is, in.States(), now), now.Sub(in.lastTouched()) < staleFor
	switch {
	case k == len(in.Steps):
		end := e.verify(ctx, in, is)
		if end.status == EditWritten && in.Status != EditUnseen {
			end.why = fmt.Sprintf("the edit of schedule %s was found whole after an interruption", in.Was.Name)
		}
		return end, nil
	case k >= 0 && fresh && (k == 0 || in.Status == EditUnseen || in.guarded()):
		return ending{}, nil // it may still show; meanwhile nobody is without cover
	case k == 0:
		return ending{status: EditFailed, why: fmt.Sprintf("the edit of schedule %s is not there: it was interrupted before it took effect, or somebody took it back", in.Was.Name)}, nil
	}
	end, err := e.settle(ctx, in, is, k, nil)
	if err == nil || fresh {
		return end, err
	}
	at, gap, unrendered := oncall.Uncovered(in.Was, is, windowFrom(now))
	if unrendered != nil || !gap {
		return end, err
	}
	return ending{status: EditAlarm, alarm: true, why: fmt.Sprintf(
		"nobody is on call on schedule %s from %s on, after an edit that broke off: %v. The next round tries again; until then %s",
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
