package daemon

import (
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Status is how a daemon stands, for health checks and metrics. Times are the
// account's.
type Status struct {
	// Rounds and Failures count the rounds since the start, and those of them that
	// failed.
	Rounds   int `json:"rounds"`
	Failures int `json:"failures"`
	// Ended is when the last round ended, Succeeded when the last good one did;
	// null before there was one.
	Ended     *time.Time `json:"ended"`
	Succeeded *time.Time `json:"succeeded"`
	// Error is the last round's; empty if it succeeded.
	Error string `json:"error"`
	// Boundary is the next moment at which desired access changes by itself; null
	// if none is known.
	Boundary *time.Time `json:"boundary"`
	// Still is when what waits for an edit to hold still is lowered; null if nothing
	// does.
	Still *time.Time `json:"edit_held_until"`
	// Revision is that of the policies in force in the last round that got so far.
	Revision string `json:"revision"`
	// Policies say where they are from.
	Policies []policies.Provenance `json:"policies"`
	// Broken says since when the policies as they stand are not in force, and why;
	// null if they are.
	Broken *events.Condition `json:"policies_broken"`
	// Suspended says since when nothing is lowered, and why; null if lowering is
	// allowed.
	Suspended *events.Condition `json:"lowering_suspended"`
	// Clock says since when the time can't be trusted, so that nothing is lowered
	// that depends on it, and why; null if it can.
	Clock *events.Condition `json:"clock_doubted"`
	// Fault says since when something can't be planned since this program is at
	// fault, and what; null if all can.
	Fault *events.Condition `json:"fault"`
	// Configuration says since when the configuration as it stands is not in
	// force, and why; null if it is.
	Configuration *events.Condition `json:"configuration_broken"`
	// Alarms are about edits of schedules that could not be brought to a good end, and
	// stand until the schedule is right again.
	Alarms []apply.EditAlarmed `json:"alarms"`
	// Paused is a person's decision that nothing is written; null if there is none.
	Paused *reconcile.Pause `json:"paused"`
	// Summary counts the last plan, and Findings its open findings by severity.
	Summary  plan.Summary   `json:"summary"`
	Findings map[string]int `json:"findings"`
	// Changes counts the writes since the start, Undone the changes that were tried
	// and did not come about.
	Changes []ChangeCount `json:"changes"`
	Undone  int           `json:"undone"`
	// Events counts the events since the start by their codes, for metrics alone.
	Events map[code.Code]int `json:"-"`
	// Coverage is that of the schedules whose on-calls the last plan depends on.
	// There may be hundreds, so it is for metrics alone.
	Coverage []Coverage `json:"-"`
}

// Coverage is how far a schedule is covered.
type Coverage struct {
	// Schedule is its id, and Name its name.
	Schedule, Name string
	// Share of the snapshot's window has somebody on call, from 0 to 1.
	Share float64
}

// coverage is that of the schedules that a plan depends on, by id.
func coverage(r *reconcile.Result) []Coverage {
	var all []Coverage
	if r.Expansion == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(r.Expansion.Uses().Schedules)) {
		if s, there := r.Snapshot.Schedules[id]; there {
			all = append(all, Coverage{Schedule: id, Name: s.Name, Share: s.Coverage / 100})
		}
	}
	return all
}

// ChangeCount counts the changes of one kind.
type ChangeCount struct {
	Cause  plan.Cause  `json:"cause"`
	Effect plan.Effect `json:"effect"`
	Count  int         `json:"count"`
}

// count counts an event.
func (s *Status) count(e events.Event) {
	if s.Events == nil {
		s.Events = map[code.Code]int{}
	}
	s.Events[e.Code]++
	switch e.Code {
	case events.AccessRaised:
		s.changed(e.Cause, plan.Raise)
	case events.AccessLowered:
		s.changed(e.Cause, plan.Lower)
	case events.ChangeFailed:
		s.Undone++
	}
}

// changed adds one change to the counts, which stay in a fixed order.
func (s *Status) changed(c plan.Cause, f plan.Effect) {
	i := slices.IndexFunc(s.Changes, func(n ChangeCount) bool { return n.Cause == c && n.Effect == f })
	if i < 0 {
		i = len(s.Changes)
		s.Changes = append(s.Changes, ChangeCount{Cause: c, Effect: f})
	}
	s.Changes[i].Count++
}

// stand takes over the conditions that last.
func (s *Status) stand(t *events.Told) {
	s.Broken, s.Suspended, s.Clock = t.Broken, t.Suspended, t.Clock
	s.Fault, s.Configuration = t.Fault, t.Configuration
	s.Alarms = append([]apply.EditAlarmed{}, t.Alarms...)
}

// clone is a copy that shares nothing that changes.
func (s *Status) clone() Status {
	c := *s
	c.Findings = maps.Clone(s.Findings)
	c.Events = maps.Clone(s.Events)
	c.Changes = slices.Clone(s.Changes)
	c.Coverage = slices.Clone(s.Coverage)
	c.Policies = append([]policies.Provenance{}, s.Policies...)
	return c
}

// Ready says that the daemon does all that it is there for: its last round
// succeeded, and no alarm stands.
func (s *Status) Ready() bool { return s.Succeeded != nil && s.Error == "" && len(s.Alarms) == 0 }
