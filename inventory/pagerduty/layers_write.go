package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// PutLayers writes the layers of a layer-based schedule, lowest precedence
// first; one without id is new. was is the schedule as it was read for the plan.
//
// The schedule is read again: if its layers are already as they are to be,
// nothing is written; if they are neither so nor as they were, the error is a
// *ConflictError. All else of the schedule is sent back as just read. A layer
// that is new is not made twice: where the answer was lost, the schedule is read
// instead of repeating.
func (c *Client) PutLayers(ctx context.Context, was inventory.Schedule, layers []inventory.Layer) error {
	fresh, err := c.readForWriting(ctx, was.ID)
	if err != nil {
		return err
	}
	want := oncall.Step{Does: oncall.PutLayers, Layers: layers}
	switch {
	case fresh.has(want):
		return nil
	case !fresh.unchangedSince(was):
		return &ConflictError{Schedule: was.Name, What: "its layers or time zone"}
	}
	r := request{
		method: http.MethodPut, pattern: "/schedules/{}", ids: []string{was.ID}, body: fresh.with(layers),
		once: slices.ContainsFunc(layers, func(l inventory.Layer) bool { return l.ID == "" }),
	}
	err = c.send(ctx, r, nil)
	if err == nil || !lost(err) {
		return err
	}
	fresh, again := c.readForWriting(ctx, was.ID)
	if again == nil && fresh.has(want) {
		return nil
	}
	return err
}

// asRead is a layer-based schedule for sending back.
type asRead struct {
	fields map[string]any
	layers map[string]map[string]any // by id
	s      inventory.Schedule
}

func (c *Client) readForWriting(ctx context.Context, id string) (asRead, error) {
	var answer json.RawMessage
	if _, err := c.getKey(ctx, "/schedules/{}", []string{id}, nil, "schedule", &answer); err != nil {
		return asRead{}, err
	}
	read := asRead{layers: map[string]map[string]any{}}
	var typed wireLayered
	var raw struct {
		Layers []map[string]any `json:"schedule_layers"`
	}
	for _, into := range []any{&read.fields, &raw, &typed} {
		d := json.NewDecoder(bytes.NewReader(answer))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			return asRead{}, &Error{Status: http.StatusOK, Method: http.MethodGet, Endpoint: "/schedules/" + id, cause: err,
				Message: fmt.Sprintf("the answer is not in the form that PagerDuty documents: %v", err)}
		}
	}
	if typed.ID != id || raw.Layers == nil {
		return asRead{}, lacking("/schedules/{}", id, "schedule_layers")
	}
	for _, l := range raw.Layers {
		id, _ := l["id"].(string)
		read.layers[id] = l
	}
	read.s = typed.inventory(inventory.Window{})
	read.s.Normalize()
	return read, nil
}

func (r asRead) has(step oncall.Step) bool {
	return len(oncall.Remaining(r.s, []oncall.Step{step})) == 0
}

func (r asRead) unchangedSince(was inventory.Schedule) bool { return oncall.SameDefinition(r.s, was) }

// computed are the fields of a schedule that PagerDuty computes. Sending users
// back makes it refuse. Source: PagerDuty public-support-scripts,
// user_deprovision.py; OpenAPI, Schedule.
var computed = []string{"final_schedule", "overrides_subschedule", "escalation_policies", "users", "next_oncall_for_user", "id", "self", "html_url", "summary"}

// with is the body of a PUT: the schedule as read, with these layers, in the
// order in which PagerDuty expects them, the reverse of that of its answers.
func (r asRead) with(layers []inventory.Layer) map[string]any {
	fields := map[string]any{}
	for name, value := range r.fields {
		if !slices.Contains(computed, name) {
			fields[name] = value
		}
	}
	bodies := make([]map[string]any, len(layers))
	for i, l := range layers {
		bodies[i] = layerBody(l)
		for name, value := range r.layers[l.ID] {
			if name == "rendered_schedule_entries" || name == "rendered_coverage_percentage" {
				continue
			}
			if _, ours := bodies[i][name]; !ours || r.keeps(l, name) {
				bodies[i][name] = value
			}
		}
	}
	fields["schedule_layers"] = bodies
	return map[string]any{"schedule": fields}
}

// keeps says that of a layer nothing changes in the named list, so that it is
// sent back as it was read.
func (r asRead) keeps(l inventory.Layer, name string) bool {
	for _, is := range r.s.Layers {
		if is.ID == l.ID {
			return name == "users" && slices.Equal(is.Users, l.Users) || name == "restrictions"
		}
	}
	return false
}

// layerBody is a layer as PagerDuty is sent it: in UTC, since a virtual start
// with an offset read back shifted, and with an explicit end, since only null
// takes one away. Source: Terraform provider, issue 659, PRs 257 and 460.
func layerBody(l inventory.Layer) map[string]any {
	users := make([]map[string]any, len(l.Users))
	for i, id := range l.Users {
		users[i] = map[string]any{"user": reference(id, "user_reference")}
	}
	restrictions := make([]map[string]any, len(l.Restrictions))
	for i, x := range l.Restrictions {
		restrictions[i] = map[string]any{"type": x.Type, "start_time_of_day": x.StartTime, "duration_seconds": x.DurationSeconds}
		if x.StartDay != nil {
			restrictions[i]["start_day_of_week"] = *x.StartDay
		}
	}
	body := map[string]any{
		"name": l.Name, "start": stamp(l.Start), "end": nil, "rotation_virtual_start": stamp(l.VirtualStart),
		"rotation_turn_length_seconds": l.TurnSeconds, "users": users, "restrictions": restrictions,
	}
	if l.End != nil {
		body["end"] = stamp(*l.End)
	}
	if l.ID != "" {
		body["id"] = l.ID
	}
	return body
}

func reference(id, kind string) map[string]string { return map[string]string{"id": id, "type": kind} }
