package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Schedules is what the turns and overrides of schedules are written on, in the
// steps of a revision.
type Schedules interface {
	// Schedule reads one schedule, rendered over a window.
	Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error)
	// WriteStep carries out one step of a revision of a schedule that was read as
	// was. A step that is written already is not written again.
	WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error
	// PreviewSchedule has PagerDuty render a layer-based schedule without keeping
	// it, overrides aside.
	PreviewSchedule(ctx context.Context, s inventory.Schedule, w inventory.Window) ([]inventory.Shift, error)
	AddOverride(ctx context.Context, was inventory.Schedule, o inventory.Override) (inventory.Override, error)
	RemoveOverride(ctx context.Context, was inventory.Schedule, id string) error
	AddCustomShift(ctx context.Context, was inventory.Schedule, s inventory.CustomShift) (inventory.CustomShift, error)
	RemoveCustomShift(ctx context.Context, was inventory.Schedule, id string) error
}

// EditIntent is an edit of a schedule's turns that is about to be written in
// several steps, or was and has not been seen whole.
type EditIntent struct {
	ID int64 `json:"-"`
	// At is when it was recorded.
	At  time.Time          `json:"-"`
	Was inventory.Schedule `json:"was"`
	// Steps are the writes, in order.
	Steps []oncall.Step `json:"steps"`
	// After has the definition afterwards, for comparing turns.
	After inventory.Schedule `json:"after"`
	// Changes are the keys of the changes that it makes.
	Changes []string `json:"changes"`
}

// EditStatus says what became of an edit.
type EditStatus string

// The statuses of edits.
const (
	EditWritten EditStatus = "written" // all steps were acknowledged
	EditPartial EditStatus = "partial" // some were, and the rest is still to be written
	EditFailed  EditStatus = "failed"  // nothing was written
	EditUndone  EditStatus = "undone"  // its turns were not those foreseen, and it was taken back
	EditLeft    EditStatus = "left"    // it can't be told what became of it, and nothing more is done
)

// watched is how far ahead of an edit turns are compared.
const watched = 8 * 7 * 24 * time.Hour

// edit makes all changes of one schedule's turns: looks whether the schedule is
// as the plan saw it (S8), asks PagerDuty's own preview, records the intent,
// writes step by step, reads the schedule back and compares its turns with those
// foreseen.
func (x *run) edit(ctx context.Context, e plan.Edit, changes []plan.Change) ([]Outcome, error) {
	work := e.Work()
	all := func(status Status, format string, args ...any) []Outcome {
		return outcomesOf(changes, status, fmt.Sprintf(format, args...), x.options.Now())
	}
	window := inventory.Window{Since: x.options.Now().UTC().Truncate(time.Minute)}
	window.Until = window.Since.Add(watched)

	fresh, err := x.account.Schedule(ctx, work.Was.ID, window)
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
	}
	if why := x.preview(ctx, work.Revised.Schedule, window); why != "" {
		return all(Failed, "%s", why), nil
	}
	return x.writeEdit(ctx, work, changes, window, all)
}

// preview asks PagerDuty to render the schedule as it would be, and says where
// that differs from what was foreseen. Shift-based schedules know no preview.
func (x *run) preview(ctx context.Context, after inventory.Schedule, w inventory.Window) string {
	if after.Kind != inventory.ScheduleOfLayers {
		return ""
	}
	after.Overrides = nil
	var err error
	after.Shifts, err = x.account.PreviewSchedule(ctx, after, w)
	if err != nil {
		return fmt.Sprintf("PagerDuty's preview of schedule %s could not be had, so that nothing was written: %v", after.Name, err)
	}
	if diffs, err := oncall.Compare(after, w); err != nil || len(diffs) > 0 {
		return fmt.Sprintf("PagerDuty's preview of schedule %s shows other turns than foreseen, so that nothing was written: %s", after.Name, differing(diffs, err))
	}
	return ""
}

func differing(diffs []oncall.Difference, err error) string {
	if err != nil {
		return err.Error()
	}
	return diffs[0].String()
}

// writeEdit records and writes an edit. It is finished even if ctx ends
// meanwhile, for half of it may leave a schedule without a successor.
func (x *run) writeEdit(ctx context.Context, work plan.Work, changes []plan.Change, w inventory.Window, all func(Status, string, ...any) []Outcome) ([]Outcome, error) {
	whole := context.WithoutCancel(ctx)
	writing, cancel := context.WithTimeout(whole, x.options.WriteTimeout)
	defer cancel()
	in := EditIntent{Was: work.Was, Steps: work.Revised.Steps, After: work.Revised.Schedule}
	var intents []int64
	for _, c := range changes {
		in.Changes = append(in.Changes, c.ID)
		id, err := x.recorder.Intent(writing, c)
		if err != nil {
			return all(Skipped, unintended), fmt.Errorf("record the intent of %s: %w", c.ID, err)
		}
		intents = append(intents, id)
	}
	edit, err := x.recorder.EditIntent(writing, in)
	if err != nil {
		return all(Skipped, unintended), fmt.Errorf("record the edit of schedule %s: %w", work.Was.Name, err)
	}
	in.ID = edit

	outcomes, status := x.steps(writing, in, w, all)
	recording, cancel := context.WithTimeout(whole, recordTimeout)
	defer cancel()
	if err := x.recorder.EditResult(recording, edit, status, outcomes[0].Why); err != nil {
		return outcomes, fmt.Errorf("record the result of the edit of schedule %s: %w", work.Was.Name, err)
	}
	for i, o := range outcomes {
		if err := x.recorder.Result(recording, intents[i], o); err != nil {
			return outcomes, fmt.Errorf("record the result of %s (%s): %w", o.Change.ID, o.Status, err)
		}
	}
	return outcomes, nil
}

// steps writes the steps of an edit and looks at what came of them.
func (x *run) steps(ctx context.Context, in EditIntent, w inventory.Window, all func(Status, string, ...any) []Outcome) ([]Outcome, EditStatus) {
	for i, step := range in.Steps {
		sending, cancel := ctx, context.CancelFunc(func() {})
		if i == 0 {
			sending, cancel = x.sending(ctx) // once begun, it is finished
		}
		err := x.account.WriteStep(sending, in.Was, step)
		cancel()
		if err == nil {
			continue
		}
		outcomes := failedAll(all, err)
		status := EditFailed
		if i > 0 {
			status = EditPartial
		} else if !refused(err) {
			status = EditPartial // it may have been written: the next round looks
		}
		for k := range outcomes {
			outcomes[k].Uncertain = status == EditPartial
			if i > 0 {
				outcomes[k].Alarm = fmt.Sprintf("schedule %s is half edited: %s. The next round completes it; until then nobody takes over from %s",
					in.Was.Name, err, endsAt(in.Steps[i-1]))
				outcomes[k].Why = outcomes[k].Alarm
			}
		}
		return outcomes, status
	}
	outcomes, status := all(Done, ""), EditWritten
	alarm, note, undone := verify(ctx, x.account, in, w)
	for k := range outcomes {
		outcomes[k].Wrote, outcomes[k].Alarm, outcomes[k].Why = true, alarm, note
		if alarm != "" {
			outcomes[k].Why = alarm
		}
		if undone {
			outcomes[k].Status, status = Failed, EditUndone
		}
	}
	return outcomes, status
}

func endsAt(s oncall.Step) string {
	if s.Event == nil || s.Event.EffectiveUntil == nil {
		return "then"
	}
	return stamp(*s.Event.EffectiveUntil)
}

// verify reads an edited schedule back. Where its turns are not those foreseen,
// it says so and takes the edit back, before anything of it takes effect; a note
// says that PagerDuty does not show the edit yet.
func verify(ctx context.Context, a Account, in EditIntent, w inventory.Window) (alarm, note string, undone bool) {
	is, err := a.Schedule(ctx, in.Was.ID, w)
	switch {
	case err != nil:
		return "", fmt.Sprintf("written, and not read back: %v; the next round compares the turns", err), false
	case oncall.SameDefinition(is, in.Was):
		return "", "written; PagerDuty does not show it yet, and the next round compares the turns", false
	}
	want := in.After
	want.Overrides, want.CustomShifts, want.Shifts = is.Overrides, is.CustomShifts, is.Shifts
	diffs, err := oncall.Compare(want, w)
	if err == nil && len(diffs) == 0 {
		return "", "", false
	}
	alarm = fmt.Sprintf("schedule %s was edited and had other turns than foreseen: %s", in.Was.Name, differing(diffs, err))
	if err := undo(ctx, a, in.Was, is); err != nil {
		return fmt.Sprintf("%s. It could not be taken back (%v): %s", alarm, err, wayBack(in.Was)), "", false
	}
	return alarm + ". It was taken back: its turns are what they were", "", true
}

// undo takes an edit back.
func undo(ctx context.Context, a Account, was, is inventory.Schedule) error {
	for _, step := range oncall.Undo(was, is) {
		if err := a.WriteStep(ctx, is, step); err != nil {
			return err
		}
	}
	return nil
}

// wayBack says how a schedule was, for a person who puts it back.
func wayBack(was inventory.Schedule) string {
	var parts []string
	for _, l := range was.Layers {
		parts = append(parts, fmt.Sprintf("layer %s: %s, counted from %s%s", l.Name, strings.Join(l.Users, ", "), stamp(l.VirtualStart), until(l.End)))
	}
	for _, r := range was.Rotations {
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
	return "put back in PagerDuty " + strings.Join(parts, "; ")
}

func until(t *time.Time) string {
	if t == nil {
		return ", without an end"
	}
	return ", until " + stamp(*t)
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

// RecoverEdits completes the edits of schedules that an earlier run left half
// written, from the recorded intent: a schedule whose event ends without a
// successor would have nobody on call from then on. It returns sentences about
// what it did.
func RecoverEdits(ctx context.Context, open []EditIntent, a Account, r Recorder, o Options) ([]string, error) {
	o = o.withDefaults()
	var said []string
	var errs []error
	for _, in := range open {
		status, why, err := completeEdit(ctx, in, a, o)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("complete the edit of schedule %s: %w", in.Was.Name, err))
		case status != "":
			if err := r.EditResult(ctx, in.ID, status, why); err != nil {
				return said, fmt.Errorf("record what became of the edit of schedule %s: %w", in.Was.Name, err)
			}
			said = append(said, why)
		}
	}
	return said, errors.Join(errs...)
}

// completeEdit writes what is missing of an edit, if anything was written.
// Without a status it stays open.
func completeEdit(ctx context.Context, in EditIntent, a Account, o Options) (EditStatus, string, error) {
	now := o.Now()
	w := inventory.Window{Since: now.UTC().Truncate(time.Minute)}
	w.Until = w.Since.Add(watched)
	is, err := a.Schedule(ctx, in.Was.ID, w)
	if err != nil {
		if now.Sub(in.At) > forgetAfter && final(err) {
			return EditLeft, fmt.Sprintf("nobody could tell in a day what became of the edit of schedule %s: %v", in.Was.Name, err), nil
		}
		return "", "", err
	}
	rest := oncall.Remaining(is, in.Steps)
	switch {
	case len(rest) == 0:
		return EditWritten, fmt.Sprintf("the edit of schedule %s was found whole after an interruption", in.Was.Name), nil
	case len(rest) == len(in.Steps) && oncall.SameDefinition(is, in.Was) && now.Sub(in.At) < staleFor:
		return "", "", nil // it may still show
	case len(rest) == len(in.Steps):
		return EditFailed, fmt.Sprintf("the edit of schedule %s was interrupted before it took effect", in.Was.Name), nil
	}
	for _, step := range rest {
		if err := a.WriteStep(ctx, is, step); err != nil {
			return "", "", err
		}
		// An event that is made after its time leaves the occurrence under way to
		// nobody.
		gaps, err := oncall.MissedByLate(step, now)
		if err != nil {
			return "", "", err
		}
		for _, gap := range gaps {
			if _, err := a.AddCustomShift(ctx, is, gap); err != nil {
				return "", "", err
			}
		}
	}
	why := fmt.Sprintf("the edit of schedule %s, half written by an earlier run, was completed", in.Was.Name)
	if alarm, _, _ := verify(ctx, a, in, w); alarm != "" {
		why = alarm
	}
	return EditWritten, why, nil
}

// mates are the changes that are made in one piece of work with a change, itself
// included, by position; alone if it is no change of turns.
func (x *run) mates(i int) []int {
	c := x.graph.changes[i]
	if c.Resource.Kind != inventory.KindSchedule || c.Layer == "" {
		return []int{i}
	}
	var all []int
	for k, other := range x.graph.changes {
		if other.Resource == c.Resource && other.Layer != "" {
			all = append(all, k)
		}
	}
	return all
}

// editOf is the plan's edit of a schedule.
func (x *run) editOf(r inventory.Ref) (plan.Edit, bool) {
	i := slices.IndexFunc(x.plan.Edits, func(e plan.Edit) bool { return e.Schedule == r })
	if i < 0 {
		return plan.Edit{}, false
	}
	return x.plan.Edits[i], true
}
