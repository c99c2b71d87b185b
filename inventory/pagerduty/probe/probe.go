// Package probe looks, with reads alone, how PagerDuty answers on an account: what
// its documentation leaves open, and what answers hold that this program does not
// know. Its findings are statuses, numbers and names of members, and nobody's data.
package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Account is PagerDuty, asked with GET.
type Account interface {
	Ask(ctx context.Context, path string, query url.Values) (status int, header http.Header, body []byte, err error)
}

// Fact is one thing that was looked at.
type Fact struct {
	Name  string `json:"name"`
	Found string `json:"found"`
}

// Facts asks some fifteen times, and never writes. The error is of the context or of
// a connection; what PagerDuty refuses is a fact.
func Facts(ctx context.Context, a Account) ([]Fact, error) {
	p := &probe{ctx: ctx, account: a}
	p.token()
	p.pages()
	p.includes()
	p.shifts()
	p.plan()
	return p.facts, p.err
}

type probe struct {
	ctx     context.Context
	account Account
	facts   []Fact
	err     error
}

func (p *probe) found(name, format string, args ...any) {
	p.facts = append(p.facts, Fact{name, fmt.Sprintf(format, args...)})
}

// ask reads an answer; nil where there is none that is an object.
func (p *probe) ask(path string, query url.Values) (int, http.Header, map[string]any) {
	if p.err != nil {
		return 0, nil, nil
	}
	status, header, body, err := p.account.Ask(p.ctx, path, query)
	if err != nil {
		p.err = err
		return 0, nil, nil
	}
	var o map[string]any
	if json.Unmarshal(body, &o) != nil {
		o = nil
	}
	return status, header, o
}

// token looks whose the token is, and which headers tell of limits.
func (p *probe) token() {
	status, header, _ := p.ask("/users/me", nil)
	switch status {
	case http.StatusOK:
		p.found("token", "a user's: /users/me answers 200")
	default:
		p.found("token", "/users/me answers %d", status)
	}
	var there []string
	for _, name := range []string{"Date", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset", "Retry-After"} {
		if header.Get(name) != "" {
			there = append(there, strings.ToLower(name))
		}
	}
	p.found("headers", "%s", listed(there))
}

// pages looks where lists end.
func (p *probe) pages() {
	status, _, o := p.ask("/users", url.Values{"limit": {"1000"}, "total": {"true"}})
	p.found("limit of a page", "asked for 1000: status %d, limit %v", status, o["limit"])
	status, _, _ = p.ask("/users", url.Values{"limit": {"100"}, "offset": {"9901"}})
	p.found("ceiling of 10,000", "offset 9901 and limit 100: status %d", status)
	status, _, o = p.ask("/v3/schedules", url.Values{"limit": {"1000"}, "total": {"true"}})
	_, total := o["total"]
	p.found("list of shift-based schedules", "status %d, limit %v, has total: %t", status, o["limit"], total)
}

// includes looks what includes bring, and which members of things are not known here.
func (p *probe) includes() {
	_, _, o := p.ask("/users", url.Values{"limit": {"1"}, "include[]": {"contact_methods", "notification_rules", "teams"}})
	user := first(o["users"])
	p.found("members of users", "%s", unknown(user, users))
	p.found("contact methods included", "%s", wholeness(first(user["contact_methods"])))
	rule := first(user["notification_rules"])
	p.found("notification rules included", "%s; contact method has type %v", wholeness(rule), object(rule["contact_method"])["type"])
	_, _, o = p.ask("/teams", url.Values{"limit": {"1"}})
	p.found("members of teams", "%s", unknown(first(o["teams"]), teams))
	_, _, o = p.ask("/escalation_policies", url.Values{"limit": {"1"}})
	policy := first(o["escalation_policies"])
	p.found("members of escalation policies", "%s", unknown(policy, policies))
	p.found("assignment strategy without its include", "%s", shape(first(policy["escalation_rules"])["escalation_rule_assignment_strategy"]))
	status, _, o := p.ask("/escalation_policies", url.Values{"limit": {"1"}, "include[]": {"escalation_rule_assignment_strategies"}})
	rules := first(first(o["escalation_policies"])["escalation_rules"])
	p.found("assignment strategy with its include", "status %d, %s", status, shape(rules["escalation_rule_assignment_strategy"]))
	_, _, o = p.ask("/schedules", url.Values{"limit": {"1"}, "include[]": {"schedule_layers", "overrides_subschedule", "final_schedule"}})
	schedule := first(o["schedules"])
	p.found("members of layer-based schedules", "%s", unknown(schedule, layered))
	p.found("members of layers", "%s", unknown(first(schedule["schedule_layers"]), layers))
}

// shifts looks at a shift-based schedule, if there is one.
func (p *probe) shifts() {
	_, _, o := p.ask("/v3/schedules", url.Values{"limit": {"1"}})
	id, _ := first(o["schedules"])["id"].(string)
	if id == "" {
		p.found("shift-based schedules", "none that this token can read")
		return
	}
	_, _, o = p.ask("/v3/schedules/"+url.PathEscape(id), nil)
	schedule := object(o["schedule"])
	rotation := first(schedule["rotations"])
	event := first(rotation["events"])
	p.found("members of shift-based schedules", "%s", unknown(schedule, shifted))
	p.found("members of rotations", "%s", unknown(rotation, rotations))
	p.found("members of events", "%s", unknown(event, events))
	status, _, _ := p.ask("/schedules/"+url.PathEscape(id), nil)
	p.found("layer-based read of a shift-based schedule", "status %d", status)
}

// plan looks what the account's plan and the token's scopes let be read.
func (p *probe) plan() {
	for _, path := range []string{"/abilities", "/audit/records", "/licenses", "/services", "/oncalls"} {
		status, _, _ := p.ask(path, url.Values{"limit": {"1"}})
		p.found("GET "+path, "status %d", status)
	}
}

// first is the first object of a list, without members where there is none.
func first(v any) map[string]any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return object(list[0])
	}
	return nil
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// unknown names the members of a thing that this program does not know.
func unknown(thing map[string]any, known []string) string {
	if thing == nil {
		return "there is none to look at"
	}
	var names []string
	for name := range thing {
		if !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return "unknown here: " + listed(names)
}

// wholeness says whether something included is whole, or a reference.
func wholeness(thing map[string]any) string {
	kind, _ := thing["type"].(string)
	switch {
	case thing == nil:
		return "there is none to look at"
	case strings.HasSuffix(kind, "_reference"):
		return "a reference"
	}
	return "whole"
}

func shape(v any) string {
	switch v.(type) {
	case nil:
		return "absent"
	case string:
		return "text"
	case map[string]any:
		return "an object"
	}
	return "another kind of value"
}

// head are the members that things have in common.
var head = []string{"id", "type", "summary", "self", "html_url", "name", "description", "teams"}

// What is known of each kind of thing.
var (
	users = slices.Concat(head, []string{"email", "time_zone", "color", "avatar_url", "billed", "role", "invitation_sent", "job_title",
		"created_via_sso", "contact_methods", "notification_rules", "coordinated_incidents", "http_cal_url", "web_cal_url", "license"})
	teams    = slices.Concat(head, []string{"default_role", "parent"})
	policies = slices.Concat(head, []string{"escalation_rules", "services", "num_loops", "on_call_handoff_notifications", "privilege"})
	layered  = slices.Concat(head, []string{"time_zone", "users", "escalation_policies", "schedule_layers", "overrides_subschedule", "final_schedule"})
	layers   = []string{"id", "name", "start", "end", "rotation_virtual_start", "rotation_turn_length_seconds", "users", "restrictions",
		"rendered_schedule_entries", "rendered_coverage_percentage"}
	shifted   = slices.Concat(head, []string{"time_zone", "escalation_policies", "rotations", "final_schedule"})
	rotations = []string{"id", "type", "events", "self"}
	events    = []string{"id", "type", "name", "start_time", "end_time", "effective_since", "effective_until", "recurrence", "assignment_strategy", "self"}
)
