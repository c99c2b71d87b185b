package events

import (
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Round is a round that made a plan.
type Round struct {
	At time.Time
	// Trigger is what made it due.
	Trigger  string
	Plan     *plan.Plan
	Snapshot *inventory.Snapshot
	// Groups are those of the policies, by name; nil if they are not known.
	Groups map[string]desired.Group
	// ClockDoubt says why the time can't be trusted; empty if it can.
	ClockDoubt string
	// Counts are of the changes that were carried out.
	Counts apply.Counts
	// Settled counts the writes of an earlier run of which it is known now what became
	// of them.
	Settled int
	// Failed says that the round failed.
	Failed bool
}

// Round is what began and ended with a round, and the round itself: loudly if it did
// something or its plan counts differently from the one before.
func (t *Told) Round(r Round) []Event {
	p := r.Plan
	all := slices.Concat(
		condition(&t.Suspended, r.At, strings.Join(desired.Messages(p.Suspended), "; "), LoweringSuspended, LoweringResumed),
		condition(&t.Clock, r.At, r.ClockDoubt, ClockDoubted, ClockTrusted),
		condition(&t.Fault, r.At, strings.Join(p.Faults(), "; "), FaultBegan, FaultEnded),
		t.errors(r.At, p),
		t.held(r.At, p),
		t.findings(r.At, p, r.Snapshot),
		t.expiring(r.At, p),
		t.members(r),
		t.resources(r),
	)
	if r.Settled > 0 {
		all = append(all, event(WritesSettled, r.At, Event{Details: []Detail{{"writes", r.Settled}}}))
	}
	t.forget(p)
	return append(all, t.summed(r))
}

// errors are what the round could not do.
func (t *Told) errors(at time.Time, p *plan.Plan) []Event {
	var texts []string
	for _, e := range p.Errors {
		if !slices.Contains(texts, e.Message) { // once, however many rules it befalls
			texts = append(texts, e.Message)
		}
	}
	text := strings.Join(texts, "; ")
	was := t.Errors
	t.Errors = text
	switch text {
	case was:
		return nil
	case "":
		return []Event{event(RoundComplete, at, Event{})}
	}
	return []Event{event(RoundIncomplete, at, Event{Details: []Detail{{"errors", len(texts)}}, Reason: text})}
}

// summed is the round in numbers.
func (t *Told) summed(r Round) Event {
	s, was := r.Plan.Summary, t.summary
	t.summary = &s
	if !t.known {
		t.known = true
		return digest(r)
	}
	e := Event{Details: []Detail{
		{"why", r.Trigger}, {"due", s.Raise + s.Lower}, {"done", r.Counts.Done}, {"held", s.Held}, {"blocked", s.Blocked},
		{"unknown", s.Unknown}, {"unenforced", s.Unenforced}, {"extra", s.Extra}, {"findings", s.Findings},
	}}
	if !r.Failed && (r.Counts != (apply.Counts{}) || was == nil || *was != s) {
		e.Severity = Info
	}
	return event(RoundEnded, r.At, e)
}

// digest is the first round of all (S28): what stands now is not reported again, what begins
// or ends from here on is.
func digest(r Round) Event {
	s := r.Plan.Summary
	e := Event{Details: append([]Detail{
		{"due", s.Raise + s.Lower}, {"done", r.Counts.Done}, {"held", s.Held}, {"blocked", s.Blocked},
		{"unknown", s.Unknown}, {"unenforced", s.Unenforced}, {"extra", s.Extra},
	}, bySeverity(r.Plan)...)}
	var findings []string
	for _, f := range r.Plan.Findings {
		if f.Waived == nil {
			findings = append(findings, f.Severity+": "+f.Message)
		}
	}
	if keys := keysOf(r.Plan.Held); len(keys)+len(findings) > 0 {
		e.Details = append(e.Details, Detail{"key", some(keys)})
		e.Severity, e.Reason = Warning, some(findings)
	}
	return event(FirstRound, r.At, e)
}
