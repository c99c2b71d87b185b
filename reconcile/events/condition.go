package events

import (
	"errors"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/apply"
)

// Pause is a person's order that nothing is written.
type Pause struct {
	Since  time.Time
	Reason string
}

// Pausing is whether writing is paused; nil if it is not.
func (t *Told) Pausing(at time.Time, p *Pause) []Event {
	was := t.Paused
	t.Paused = p != nil
	switch {
	case p != nil && !was:
		return []Event{event(Paused, at, Event{Since: p.Since, Reason: p.Reason})}
	case p == nil && was:
		return []Event{event(Resumed, at, Event{})}
	}
	return nil
}

// Policies is whether the policies as they stand are in force, with nil, or why not.
// Without earlier ones that are good the round fails, and its error tells it.
func (t *Told) Policies(at time.Time, err error, earlier bool) []Event {
	why := ""
	if err != nil {
		why = err.Error()
	}
	var problems policies.Problems
	if errors.As(err, &problems) && len(problems.Errors()) > 0 {
		why = problems.Errors().Error() // and no warnings
	}
	happened := condition(&t.Broken, at, why, PoliciesBroken, PoliciesFixed)
	if why != "" && !earlier {
		return nil
	}
	return happened
}

// Configures is whether the configuration as it stands is in force, with nil, or why not.
func (t *Told) Configures(at time.Time, err error) []Event {
	why := ""
	if err != nil {
		why = err.Error()
	}
	return condition(&t.Configuration, at, why, ConfigurationBroken, ConfigurationFixed)
}

// Panic is internal error that ended a round, once each time it is another.
func (t *Told) Panic(at time.Time, err error, stack []byte) []Event {
	if t.panicked == err.Error() {
		return nil
	}
	t.panicked = err.Error()
	return []Event{event(Panicked, at, Event{Reason: err.Error(), Details: []Detail{{"stack", string(stack)}}})}
}

// Standing are the alarms about edits of schedules that stand, also those that another
// process raised.
func (t *Told) Standing(at time.Time, alarms []apply.EditAlarmed) []Event {
	var all []Event
	for _, a := range alarms {
		if !slices.ContainsFunc(t.Alarms, func(b apply.EditAlarmed) bool { return a.Edit == b.Edit && a.Why == b.Why }) {
			all = append(all, t.alarm(at, a.Why, Event{Schedule: scheduleOf(a), Since: a.Since})...)
		}
	}
	for _, a := range t.Alarms {
		if !slices.ContainsFunc(alarms, func(b apply.EditAlarmed) bool { return a.Edit == b.Edit }) {
			all = append(all, event(AlarmEnded, at, Event{Schedule: scheduleOf(a), Since: a.Since, Reason: a.Why}))
			delete(t.alarmed, a.Why)
		}
	}
	t.Alarms = alarms
	return all
}

func scheduleOf(a apply.EditAlarmed) Named {
	return Named{Ref: inventory.ByID(inventory.KindSchedule, a.Schedule), Name: a.Name}
}

// alarm is an alarm, once a process.
func (t *Told) alarm(at time.Time, why string, about Event) []Event {
	if t.alarmed[why] {
		return nil
	}
	if t.alarmed == nil {
		t.alarmed = map[string]bool{}
	}
	t.alarmed[why] = true
	about.Reason = why
	return []Event{event(AlarmBegan, at, about)}
}

// Completed is what became of edits and writes that an earlier run left open, and what
// can't be brought to an end yet when that begins.
func (t *Told) Completed(at time.Time, sentences []string) []Event {
	var all []Event
	now := map[string]bool{}
	for _, said := range sentences {
		if !t.open[said] && !t.alarmed[said] {
			all = append(all, event(LeftOpen, at, Event{Reason: said}))
		}
		now[said] = true
	}
	t.open = now
	return all
}

// Failing is what a loop reported of rounds that failed.
type Failing struct {
	// Failures counts the rounds in a row that failed.
	Failures int

	said string
	// before counts those before the round that succeeded.
	before int
}

// Count notes how a round ended.
func (f *Failing) Count(err error) {
	if err == nil {
		f.before, f.Failures = f.Failures, 0
		return
	}
	f.Failures++
}

// Ended is how the round ended that was counted: a failure when its text is new, a try
// that failed again when it is not, each with the moment of the next try, and the end of
// failures.
func (f *Failing) Ended(at, next time.Time, err error) []Event {
	if err == nil {
		if f.said == "" {
			return nil
		}
		f.said = ""
		return []Event{event(RoundsSucceed, at, Event{Details: []Detail{{"after_failures", f.before}}})}
	}
	tries := []Detail{{"failures", f.Failures}, {"next_try", next.UTC().Format(time.RFC3339)}}
	if f.said == err.Error() {
		return []Event{event(RoundRetried, at, Event{Reason: f.said, Details: tries})}
	}
	f.said = err.Error()
	return []Event{event(RoundFailed, at, Event{Reason: f.said, Details: tries})}
}
