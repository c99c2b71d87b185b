package pagerduty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

// wirePolicy is an escalation policy; the levels are go-pagerduty's.
type wirePolicy struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description *string        `json:"description"`
	NumLoops    int            `json:"num_loops"`
	Teams       []pd.APIObject `json:"teams"`
	Services    []pd.APIObject `json:"services"`
	Rules       []wireLevel    `json:"escalation_rules"`
}

// wireLevel is a level and how it is assigned, which is told where it is asked for.
type wireLevel struct {
	pd.EscalationRule
	Strategy wireStrategy `json:"escalation_rule_assignment_strategy"`
}

// wireStrategy is an object that names its type or, as the API description has it, the
// type alone.
type wireStrategy string

// UnmarshalJSON reads either form; what is neither is as if it were not there.
func (s *wireStrategy) UnmarshalJSON(data []byte) error {
	var whole struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(data, (*string)(s)) != nil && json.Unmarshal(data, &whole) == nil {
		*s = wireStrategy(whole.Type)
	}
	return nil
}

// policyQuery asks how each level is assigned.
var policyQuery = url.Values{"include[]": {"escalation_rule_assignment_strategies"}}

func (w wirePolicy) id() string { return w.ID }

// inventory errs if a target is neither a user nor a schedule.
func (w wirePolicy) inventory() (inventory.EscalationPolicy, error) {
	p := inventory.EscalationPolicy{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description),
		Teams: ids(w.Teams), Services: ids(w.Services), Repeat: w.NumLoops,
	}
	var unknown error
	for _, rule := range w.Rules {
		level := inventory.EscalationRule{DelayMinutes: int(rule.Delay), Strategy: cmp.Or(string(rule.Strategy), inventory.AssignToEveryone)}
		for _, t := range rule.Targets {
			switch plainType(t.Type) {
			case "user":
				level.Targets = append(level.Targets, inventory.Target{Type: "user", ID: t.ID})
			case "schedule", "schedule_v3":
				level.Targets = append(level.Targets, inventory.Target{Type: "schedule", ID: t.ID})
			default:
				unknown = fmt.Errorf("target %s is of a kind that is not known here: %s", t.ID, t.Type)
			}
		}
		p.Rules = append(p.Rules, level)
	}
	return p, unknown
}

func (r *reading) readEscalationPolicies(ctx context.Context) {
	const what = "escalation policies"
	l := list[wirePolicy]{
		pattern: "/escalation_policies", key: "escalation_policies", query: policyQuery,
		id: func(p wirePolicy) string { return p.ID }, progress: r.progress(what),
	}
	got, err := readOfTeams(ctx, r, l, func(p wirePolicy) string { return p.Name })
	if err != nil {
		r.miss(ctx, what, err)
	}
	r.policies = got.items
	for _, w := range got.items {
		p, err := w.inventory()
		if err != nil {
			r.miss(ctx, "escalation policy "+p.Name, err)
		}
		r.s.EscalationPolicies[p.ID] = p
	}
}

// wireOnCall is a row of /oncalls; go-pagerduty's type can't tell a null
// schedule.
type wireOnCall struct {
	User             pd.APIObject  `json:"user"`
	Schedule         *pd.APIObject `json:"schedule"`
	EscalationPolicy pd.APIObject  `json:"escalation_policy"`
	Level            int           `json:"escalation_level"`
	Start            *time.Time    `json:"start"`
	End              *time.Time    `json:"end"`
}

// key tells rows apart, which have no id.
func (w wireOnCall) key() string {
	schedule := ""
	if w.Schedule != nil {
		schedule = w.Schedule.ID
	}
	return fmt.Sprint(w.EscalationPolicy.ID, " ", w.Level, " ", schedule, " ", w.User.ID, " ", w.Start, " ", w.End)
}

func (w wireOnCall) inventory() inventory.OnCall {
	row := inventory.OnCall{
		User: w.User.ID, EscalationPolicy: w.EscalationPolicy.ID, Level: w.Level, Start: w.Start, End: w.End,
	}
	if w.Schedule != nil {
		row.Schedule = optional(w.Schedule.ID)
	}
	return row
}

func (w wireOnCall) lacks() string {
	switch {
	case w.User.ID == "":
		return "user"
	case w.EscalationPolicy.ID == "":
		return "escalation_policy"
	}
	return ""
}

// at says that the row holds at t.
func (w wireOnCall) at(t time.Time) bool {
	return (w.Start == nil || !t.Before(*w.Start)) && (w.End == nil || t.Before(*w.End))
}

// readOnCalls reads who is on call at the snapshot's time. PagerDuty lists what
// overlaps a range; what only touches it is left out here.
func (r *reading) readOnCalls(ctx context.Context) {
	const what = "on-calls"
	at := r.s.Account.TakenAt
	l := list[wireOnCall]{
		pattern: "/oncalls", key: "oncalls", id: wireOnCall.key, lacks: wireOnCall.lacks, progress: r.progress(what),
		query: url.Values{"since": {at.Format(time.RFC3339)}, "until": {at.Add(time.Second).Format(time.RFC3339)}},
	}
	got, err := readList(ctx, r.c, l)
	if err == nil && got.total > len(got.items) {
		b := beyond[wireOnCall]{c: r.c, l: l, filters: batches("escalation_policy_ids[]", slices.Sorted(maps.Keys(r.s.EscalationPolicies)))}
		got, err = b.read(ctx, got)
	}
	if err != nil {
		r.miss(ctx, what, err)
	}
	for _, w := range got.items {
		if w.at(at) {
			r.s.OnCalls = append(r.s.OnCalls, w.inventory())
		}
	}
}

// teamIDs are those of the teams read, sorted.
func (r *reading) teamIDs() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.s.Teams))
}
