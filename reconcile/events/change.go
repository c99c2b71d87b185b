package events

import (
	"cmp"
	"maps"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// named is something in the account, by the plan's name for it.
func named(p *plan.Plan, ref inventory.Ref) Named {
	if ref.IsZero() {
		return Named{}
	}
	name := cmp.Or(p.Names[ref.String()], ref.String())
	if ref.Kind == inventory.KindUser {
		name = strings.TrimPrefix(name, "user:")
	}
	return Named{Ref: ref, Name: name}
}

// change is an event about a change.
func change(p *plan.Plan, c plan.Change) Event {
	return Event{
		User: named(p, inventory.ByID(inventory.KindUser, c.User)), Resource: named(p, c.Resource),
		Before: c.Before, After: c.After, Cause: c.Cause,
	}
}

// Step is what became of a change, unless it was skipped. One that did not come about is
// reported loudly again only for another reason, and quietly each time.
func (t *Told) Step(at time.Time, p *plan.Plan, s apply.Step) []Event {
	if s.Outcome == nil || s.Outcome.Status == apply.Skipped {
		return nil
	}
	e := change(p, s.Change)
	var all []Event
	if why := s.Outcome.Alarm; why != "" {
		all = t.alarm(at, why, e)
	}
	if !s.Outcome.Status.Succeeded() {
		return append(all, t.failed(at, e, s))
	}
	delete(t.failures, s.Change.ID)
	if !s.Outcome.Wrote {
		return all
	}
	return append(all, made(at, e, s.Change))
}

// made is a change that was made.
func made(at time.Time, e Event, c plan.Change) Event {
	e.Reason = c.Reason
	if c.Until != nil {
		e.Until = *c.Until
	}
	if c.Effect == plan.Lower {
		return event(AccessLowered, at, e)
	}
	return event(AccessRaised, at, e)
}

// Made is a change that was made, from the record of it: names are those of its plan.
func Made(names map[string]string, o apply.Outcome) Event {
	return made(o.At, change(&plan.Plan{Names: names}, o.Change), o.Change)
}

// failed is a change that did not come about.
func (t *Told) failed(at time.Time, e Event, s apply.Step) Event {
	o := s.Outcome
	e.Reason, e.Details = o.Why, []Detail{{"status", string(o.Status)}}
	why := o.Why
	if o.Waits { // each try makes a rotation of its own, whose id is in the path
		why = o.Answer()
	}
	if t.failures[s.Change.ID] == why || apply.Unaccepted(o.Err()) { // that ends the round, whose error says it
		e.Severity = Debug
		return event(ChangeFailed, at, e)
	}
	if t.failures == nil {
		t.failures = map[string]string{}
	}
	t.failures[s.Change.ID] = why
	return event(ChangeFailed, at, e)
}

// forget forgets the failures of changes that are not due any more.
func (t *Told) forget(p *plan.Plan) {
	due := map[string]bool{}
	for _, c := range p.Changes {
		due[c.ID] = true
	}
	for _, h := range p.Held {
		due[h.ID] = due[h.ID] || h.Code == plan.HoldRefusedEdit // its failure is not reported again with each try
	}
	maps.DeleteFunc(t.failures, func(id, _ string) bool { return !due[id] })
}

// held is what waits for a person. What waits only for something to be fixed is reported
// with that.
func (t *Told) held(at time.Time, p *plan.Plan) []Event {
	var waiting, edited []plan.Held
	for _, h := range p.Held {
		switch {
		case h.Code == plan.HoldRefusedEdit: // the refusal was reported
		case h.Code == plan.HoldEditSettling:
			edited = append(edited, h)
		case h.Releasable:
			waiting = append(waiting, h)
		}
	}
	fresh, ended := news(&t.Held, keysOf(waiting))
	freshEdited, _ := news(&t.Edited, keysOf(edited))
	if !t.known {
		return nil // the digest counts them
	}
	all := t.edited(at, p, edited, freshEdited)
	for _, i := range fresh {
		h := waiting[i]
		if len(fresh) > burst {
			all = append(all, event(Held, at, Event{
				Title: "changes held until a person releases them", Details: []Detail{{"changes", len(fresh)}, {"first", h.ID}},
				Rule: h.Rule, Reason: h.Why, Remedy: "see `dutyward holds`",
			}))
			break
		}
		e := change(p, h.Change)
		e.Details = []Detail{{"hold", string(h.Code)}}
		e.Key, e.Rule, e.Reason, e.Remedy = h.ID, h.Rule, h.Why, h.Release
		if h.Acts != nil {
			e.Until = *h.Acts
		}
		all = append(all, event(Held, at, e))
	}
	if len(ended) > 0 {
		all = append(all, event(HeldEnded, at, Event{Details: []Detail{{"changes", len(ended)}}, Reason: some(ended)}))
	}
	return all
}

// edited is what an edit lowers once it held still.
func (t *Told) edited(at time.Time, p *plan.Plan, held []plan.Held, fresh []int) []Event {
	if len(fresh) == 0 {
		return nil
	}
	first := held[fresh[0]]
	e := Event{Details: []Detail{{"changes", len(fresh)}, {"first", first.ID}}}
	if len(fresh) == 1 {
		e = change(p, first.Change)
		e.Key = first.ID
	}
	e.Rule, e.Reason, e.Remedy = first.Rule, first.Why, "commit it, or see `dutyward holds`"
	if first.Acts != nil {
		e.Until = *first.Acts
	}
	return []Event{event(EditHeld, at, e)}
}

func keysOf(held []plan.Held) []string {
	var keys []string
	for _, h := range held {
		keys = append(keys, h.ID)
	}
	return keys
}
