package events

import "time"

// Reading is what a round read, and what that cost.
type Reading struct {
	At time.Time
	// Trigger is what made the round due.
	Trigger string
	// Kind is how much was read.
	Kind string
	// Requests were sent to PagerDuty.
	Requests int
}

func (r Reading) details() []Detail {
	return []Detail{{"why", r.Trigger}, {"read", r.Kind}, {"requests", r.Requests}}
}

// Read is a round that read the account.
func Read(r Reading) Event {
	return event(AccountRead, r.At, Event{Details: r.details()})
}

// HandedOff is a round that made the changes of a moment at which access changed by
// itself, and how long after it.
func HandedOff(r Reading, due time.Time, delay time.Duration) Event {
	return event(Handoff, r.At, Event{
		Details: append(r.details(), Detail{"at", due}, Detail{"delay", delay.Round(time.Millisecond).String()}),
	})
}

// ReadInFull is a round for which a part might have been enough, and why it was not.
func ReadInFull(at time.Time, trigger, why string) Event {
	return event(FullRefresh, at, Event{Details: []Detail{{"why", trigger}}, Reason: why})
}

// Waiting is that something is lowered only once the account was read in full.
func Waiting(at time.Time, why string) Event {
	return event(LoweringWaits, at, Event{Reason: why})
}

// Polling is how often on-calls are looked at, when that begins to be more rarely than
// configured.
func (t *Told) Polling(at time.Time, requests int, interval, configured time.Duration) []Event {
	was := t.slowed
	t.slowed = interval > configured
	if !t.slowed || was {
		return nil
	}
	return []Event{event(PollingSlowed, at, Event{Details: []Detail{
		{"requests", requests}, {"interval", interval.Round(time.Second).String()}, {"configured", configured.String()},
	}})}
}

// Unrecorded is a change that was found by reading that part of the account again, and
// that the audit trail should have had.
func Unrecorded(at time.Time, what string) Event {
	return event(UnrecordedChange, at, Event{Reason: what})
}

// Auditing is whether the audit trail can be read, when that begins not to be so; why is
// empty if it can.
func (t *Told) Auditing(at time.Time, why string) []Event {
	was := t.noAudit
	t.noAudit = why
	if why == "" || was != "" {
		return nil
	}
	return []Event{event(NoAuditTrail, at, Event{Reason: why})}
}
