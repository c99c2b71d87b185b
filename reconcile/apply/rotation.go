package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Rotations is what turns are written on, in the steps of a revision.
type Rotations interface {
	// Schedule reads one schedule, rendered over a window.
	Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error)
	// WriteStep carries out one step of a revision of a schedule that was read as
	// was. A step that is written already is not written again.
	WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error
	// PreviewSchedule has PagerDuty render a layer-based schedule without keeping
	// it, overrides aside.
	PreviewSchedule(ctx context.Context, s inventory.Schedule, w inventory.Window) ([]inventory.Shift, error)
	// AddOverride and AddCustomShift put back what others made where a turn goes on,
	// and fill what is left of one under way.
	AddOverride(ctx context.Context, was inventory.Schedule, o inventory.Override) (inventory.Override, error)
	AddCustomShift(ctx context.Context, was inventory.Schedule, s inventory.CustomShift) (inventory.CustomShift, error)
}

// watched is how far ahead of an edit turns are compared.
const watched = 8 * 7 * 24 * time.Hour

func windowFrom(now time.Time) inventory.Window {
	since := now.UTC().Truncate(time.Minute)
	return inventory.Window{Since: since, Until: since.Add(watched)}
}

// rotations are made schedule by schedule, all changes of one schedule together.
type rotations struct {
	account Rotations
	look    *look
}

func (rotations) unit(changes []plan.Change, i int) []int {
	var all []int
	for k, other := range changes {
		if other.Resource == changes[i].Resource && other.Kind == plan.Rotation {
			all = append(all, k)
		}
	}
	return all
}

func (rotations) lane(c plan.Change) string { return laneOf(c.Resource) }

func (k rotations) held(ctx context.Context, c plan.Change) (string, plan.OverrideShift, error) {
	now := k.look.now().UTC()
	s, err := k.account.Schedule(ctx, c.Resource.ID, inventory.Window{Since: now, Until: now.Add(time.Hour)})
	if err != nil {
		return "", plan.OverrideShift{}, fmt.Errorf("look at schedule %s: %w", c.Resource.ID, err)
	}
	return oncall.RoleOn(s, c.Layer, c.User), plan.OverrideShift{}, nil
}

func (k rotations) carryOut(ctx context.Context, x *run, unit []plan.Change) ([]Outcome, error) {
	schedule := unit[0].Resource
	i := slices.IndexFunc(x.plan.Edits, func(e plan.Edit) bool { return e.Schedule == schedule })
	if i < 0 {
		return outcomesOf(unit, Failed, fmt.Sprintf("turns on %s can't be changed: the plan has no edit of it", schedule), x.options.Now()), nil
	}
	return k.edit(ctx, x, x.plan.Edits[i], unit)
}

// edit makes all changes of one schedule's turns: looks whether the schedule is
// as the plan saw it (S8), asks PagerDuty's own preview, records the intent,
// writes step by step, reads the schedule back and compares its turns with those
// foreseen.
func (k rotations) edit(ctx context.Context, x *run, e plan.Edit, changes []plan.Change) ([]Outcome, error) {
	work := e.Work
	all := func(status Status, format string, args ...any) []Outcome {
		return outcomesOf(changes, status, fmt.Sprintf(format, args...), x.options.Now())
	}
	window := windowFrom(x.options.Now())
	fresh, err := k.account.Schedule(ctx, work.Was.ID, window)
	if stop := x.mustStop(ctx); stop != "" {
		return all(Skipped, "not started: %s", stop), nil
	}
	switch {
	case err != nil:
		return failedAll(all, fmt.Errorf("look at schedule %s: %w", work.Was.Name, err)), nil
	case len(oncall.Remaining(fresh, work.Revised.Steps)) == 0:
		return all(Already, "already so"), nil
	case !oncall.SameDefinition(fresh, work.Was):
		return all(Conflict, "the layers or rotations of schedule %s changed since the plan: nothing was written, plan again", work.Was.Name), nil
	case voidsNew(fresh, work, x.plan.Changes, x.options.Now()):
		return all(Conflict, "an override was made on schedule %s since the plan, which this edit would void: nothing was written, plan again", work.Was.Name), nil
	}
	if why, err := k.preview(ctx, work.Revised.Schedule, window); why != "" {
		outcomes := all(Failed, "%s", why)
		for i := range outcomes {
			outcomes[i].err, outcomes[i].Waits = err, err == nil || final(err)
		}
		return outcomes, nil
	}
	return k.writeEdit(ctx, x, work, changes, all)
}

// voidsNew says that an edit would void an override that the plan did not know
// (S24). It knows also those that it makes itself.
func voidsNew(fresh inventory.Schedule, work plan.Work, changes []plan.Change, now time.Time) bool {
	after := work.Revised.Schedule
	after.Overrides, after.CustomShifts = fresh.Overrides, fresh.CustomShifts
	lost, err := oncall.LostCovers(fresh, after, now)
	return err == nil && slices.ContainsFunc(lost, func(o inventory.Override) bool {
		return !slices.ContainsFunc(work.Was.Overrides, func(known inventory.Override) bool { return known.ID == o.ID }) &&
			!slices.ContainsFunc(changes, func(c plan.Change) bool { return makes(c, fresh.ID, o) })
	})
}

// makes says that a change makes an override.
func makes(c plan.Change, schedule string, o inventory.Override) bool {
	return c.Kind == plan.Override && c.Resource.ID == schedule && c.After != inventory.None &&
		o.User != nil && c.User == *o.User && c.Override.End.Equal(o.End)
}

// preview asks PagerDuty to render the schedule as it would be, and says where
// that differs from what was foreseen, or with an error that there is no preview.
// Shift-based schedules know none.
func (k rotations) preview(ctx context.Context, after inventory.Schedule, w inventory.Window) (string, error) {
	if after.Kind != inventory.ScheduleOfLayers {
		return "", nil
	}
	after.Overrides = nil
	// What has ended is not rendered, and may name people who were deleted since.
	after.Layers = slices.DeleteFunc(slices.Clone(after.Layers), func(l inventory.Layer) bool { return l.End != nil && !l.End.After(w.Since) })
	var err error
	after.Shifts, err = k.account.PreviewSchedule(ctx, after, w)
	if err != nil {
		return fmt.Sprintf("PagerDuty gave no preview of schedule %s, so nothing was written: %v", after.Name, err), err
	}
	if diffs, err := oncall.Compare(after, w); err != nil || len(diffs) > 0 {
		return fmt.Sprintf("PagerDuty's preview of schedule %s shows other turns than foreseen, so nothing was written: %s", after.Name, differing(diffs, err)), nil
	}
	return "", nil
}

func differing(diffs []oncall.Difference, err error) string {
	if err != nil {
		return err.Error()
	}
	return diffs[0].String()
}

// writeEdit records and writes an edit. It is finished even if ctx ends
// meanwhile, for half of it may leave a schedule without a successor.
func (k rotations) writeEdit(ctx context.Context, x *run, work plan.Work, changes []plan.Change, all func(Status, string, ...any) []Outcome) ([]Outcome, error) {
	whole := context.WithoutCancel(ctx)
	intending, cancel := context.WithTimeout(whole, x.options.WriteTimeout)
	defer cancel()
	now := x.options.Now()
	in := editIntent{
		Intent{Kind: plan.Rotation, Changes: changes, At: now},
		Edit{Was: work.Was, Steps: oncall.Guarded(work.Was, work.Revised.Steps, now), After: work.Revised.Schedule},
	}
	intended, err := in.intent()
	if err == nil {
		in.ID, err = x.recorder.Begin(intending, intended)
	}
	if err != nil {
		return all(Skipped, unintended), fmt.Errorf("record the intent to edit schedule %s: %w", work.Was.Name, err)
	}

	e := editing{account: k.account, recorder: x.recorder, now: x.options.Now, timeout: x.options.WriteTimeout}
	end := e.tell(e.carryOut(whole, in, x.sending))
	outcomes := end.outcomes(all)
	recording, cancel := context.WithTimeout(whole, recordTimeout)
	defer cancel()
	if err := x.recorder.Finish(recording, in.ID, Result{Status: end.status, Why: end.why, Outcomes: outcomes}); err != nil {
		return outcomes, fmt.Errorf("record the result of the edit of schedule %s: %w", work.Was.Name, err)
	}
	return outcomes, end.unrecorded
}

// outcomes are those of the changes that an edit makes.
func (end ending) outcomes(all func(Status, string, ...any) []Outcome) []Outcome {
	status := Failed
	switch {
	case end.status == IntentWritten || end.status == IntentUnseen || end.stands:
		status = Done
	case end.status == IntentConflict:
		status = Conflict
	}
	outcomes := all(status, "%s", end.why)
	for i := range outcomes {
		o := &outcomes[i]
		o.err = end.err
		o.Wrote = status == Done
		o.Uncertain = status == Failed && end.status.Open()
		o.Waits = status == Failed && (!end.status.Open() || leftover(end.err)) && (final(end.err) || end.err == nil && end.alarm)
		if end.alarm {
			o.Alarm = end.why
		}
	}
	return outcomes
}

func outcomesOf(changes []plan.Change, status Status, why string, at time.Time) []Outcome {
	outcomes := make([]Outcome, len(changes))
	for i, c := range changes {
		outcomes[i] = Outcome{Change: c, Status: status, Why: why, At: at, Found: c.Before}
		if status == Already {
			outcomes[i].Found = c.After
		}
	}
	return outcomes
}

func failedAll(all func(Status, string, ...any) []Outcome, err error) []Outcome {
	outcomes := all(Failed, "")
	for i := range outcomes {
		outcomes[i] = failed(outcomes[i], err)
	}
	return outcomes
}

// leftover says that a rotation is left in which there is nothing.
func leftover(err error) bool {
	var l interface{ Leftover() bool }
	return errors.As(err, &l) && l.Leftover()
}

// roomless says that PagerDuty makes no further rotation.
func roomless(err error) bool {
	var r interface{ Roomless() bool }
	return errors.As(err, &r) && r.Roomless()
}
