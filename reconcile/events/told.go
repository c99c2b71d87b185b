package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Told is what was reported and still holds, so that nothing is reported twice. Its JSON form is
// what the next process needs to know (S28). Its methods return what happened, and
// remember that they did.
type Told struct {
	// Paused says that writing is paused.
	Paused bool `json:"paused"`
	// Errors is what the last plan could not do, as one text.
	Errors string `json:"errors"`
	// Held are the keys of the changes that wait for a person.
	Held map[string]bool `json:"held"`
	// Edited are the keys of the lowerings that wait for an edit to hold still.
	Edited map[string]bool `json:"edited"`
	// Findings are the keys of the open findings.
	Findings map[string]bool `json:"findings"`
	// Expiring is the access that was said to end soon.
	Expiring map[string]bool `json:"expiring"`
	// Groups are the members of the groups, by name: ids of users, sorted; nil if none were
	// reported yet.
	Groups map[string][]string `json:"groups,omitempty"`
	// Resources are the names of PagerDuty's teams and schedules, by reference; nil if none
	// were reported yet.
	Resources map[string]string `json:"resources,omitempty"`
	// Broken says since when the policies as they stand are not in force.
	Broken *Condition `json:"policies_broken"`
	// Suspended says since when nothing is lowered.
	Suspended *Condition `json:"lowering_suspended"`
	// Clock says since when the time can't be trusted.
	Clock *Condition `json:"clock_doubted"`
	// Alarms are those that stand.
	Alarms []apply.EditAlarmed `json:"alarms"`

	// Fault says since when this program is at fault. This one and all that follows is
	// the process's own.
	Fault *Condition `json:"-"`
	// Configuration says since when the configuration as it stands is not in force.
	Configuration *Condition `json:"-"`

	// known says that a round was reported, by this process or one before.
	known bool
	// summary is that of the last round that was reported.
	summary *plan.Summary
	// failures are why changes did not come about, by their keys.
	failures map[string]string
	// alarmed are the texts of alarms that were reported.
	alarmed map[string]bool
	// open are the sentences about edits that are not at an end.
	open map[string]bool
	// panicked is the last panic.
	panicked string
	// unkept is why this could not be kept.
	unkept string
	// slowed says that polling is slower than configured.
	slowed bool
	// noAudit is why the audit trail can't be read; empty if it can.
	noAudit string
}

// Condition is a state that lasts.
type Condition struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// Known says that a round was reported, by this process or one before.
func (t *Told) Known() bool { return t.known }

// Recall takes over what the process before this one reported.
func (t *Told) Recall(text []byte) error {
	before := Told{Fault: t.Fault, Configuration: t.Configuration, known: true, alarmed: t.alarmed, open: t.open, failures: t.failures, panicked: t.panicked, unkept: t.unkept, slowed: t.slowed}
	if err := json.Unmarshal(text, &before); err != nil {
		return fmt.Errorf("what was reported before this start can't be read: %w", err)
	}
	*t = before
	return nil
}

// Keeping is what came of keeping this for the next process: an event when that fails
// for another reason than before.
func (t *Told) Keeping(at time.Time, err error) []Event {
	why := ""
	if err != nil {
		why = err.Error()
	}
	was := t.unkept
	if t.unkept = why; why == "" || why == was {
		return nil
	}
	return []Event{event(NotRemembered, at, Event{Reason: why})}
}

// event completes an event with what its kind has.
func event(c code.Code, at time.Time, e Event) Event {
	k := kinds[c]
	e.Code, e.At = c, at
	if e.Severity == "" {
		e.Severity = k.severity
	}
	if e.Title == "" {
		e.Title = k.title
	}
	return e
}

// condition is a state that lasts: an event when it begins, when its reason changes and
// when it ends, which is with an empty reason.
func condition(state **Condition, at time.Time, why string, begins, ends code.Code) []Event {
	was := *state
	switch {
	case why == "" && was != nil:
		*state = nil
		return []Event{event(ends, at, Event{Since: was.Since})}
	case why == "", was != nil && was.Why == why:
		return nil
	case was == nil:
		*state = &Condition{Since: at.UTC(), Why: why}
		return []Event{event(begins, at, Event{Reason: why})}
	}
	*state = &Condition{Since: was.Since, Why: why}
	return []Event{event(begins, at, Event{Reason: why, Since: was.Since})}
}

// burst is how many conditions that begin at once are reported one by one; more are one
// event (S28).
const burst = 5

// news are the indices of the keys that were not there before, and those that are gone,
// sorted. The keys take the place of those before.
func news(before *map[string]bool, keys []string) (fresh []int, ended []string) {
	now := map[string]bool{}
	for i, k := range keys {
		if !now[k] && !(*before)[k] {
			fresh = append(fresh, i)
		}
		now[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(*before)) {
		if !now[k] {
			ended = append(ended, k)
		}
	}
	*before = now
	return fresh, ended
}

// some are the first of many, as one text.
func some(texts []string) string {
	if more := len(texts) - burst; more > 0 {
		return strings.Join(texts[:burst], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(texts, "; ")
}
