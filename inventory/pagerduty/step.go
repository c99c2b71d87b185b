package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// WriteStep carries out one step of a revision. was is the schedule as it was
// read for the plan. What the step concerns is read again: if it is already as
// the step would make it, nothing is written, so that a step may be repeated; if
// it is neither so nor as it was, the error is a *ConflictError.
func (c *Client) WriteStep(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	switch step.Does {
	case oncall.PutLayers:
		return c.PutLayers(ctx, was, step.Layers)
	case oncall.EndEvent:
		body := map[string]any{"effective_until": eventBody(*step.Event)["effective_until"]}
		return c.writeEvent(ctx, was, step, http.MethodPut, map[string]any{"event": body})
	case oncall.ReplaceEvent:
		return c.writeEvent(ctx, was, step, http.MethodPut, map[string]any{"event": eventBody(*step.Event)})
	case oncall.DeleteEvent:
		return c.writeEvent(ctx, was, step, http.MethodDelete, nil)
	case oncall.CreateEvent:
		return c.createEvent(ctx, was, step)
	case oncall.AddRotation:
		return c.addRotation(ctx, was, *step.Event)
	case oncall.DeleteRotation:
		return c.deleteRotation(ctx, was, step)
	}
	return fmt.Errorf("%q is not a step that can be written", step.Does)
}

// writeEvent changes or removes an event: of one in effect effective_until alone,
// for PagerDuty refuses everything else of it, changed or not. Source: OpenAPI,
// updateEvent; Terraform provider.
func (c *Client) writeEvent(ctx context.Context, was inventory.Schedule, step oncall.Step, method string, body any) error {
	fresh, err := c.events(ctx, was.ID, step.Rotation)
	if err != nil {
		return err
	}
	now := inventory.Schedule{Rotations: []inventory.Rotation{{ID: step.Rotation, Events: fresh}}}
	written := len(oncall.Remaining(now, []oncall.Step{step})) == 0
	if written && !step.Again {
		return nil
	}
	before, known := eventOf(was, step.Rotation, step.Event.ID)
	after, still := eventOf(now, step.Rotation, step.Event.ID)
	if !known || !still || !written && !oncall.SameEvent(before, after) {
		return &ConflictError{Schedule: was.Name, What: fmt.Sprintf("event %q", step.Event.Name)}
	}
	return c.write(ctx, method, "/v3/schedules/{}/rotations/{}/events/{}", []string{was.ID, step.Rotation, step.Event.ID}, body)
}

// createEvent makes an event, unless the rotation has it.
func (c *Client) createEvent(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	made := func() (bool, error) {
		fresh, err := c.events(ctx, was.ID, step.Rotation)
		now := inventory.Schedule{Rotations: []inventory.Rotation{{ID: step.Rotation, Events: fresh}}}
		return err == nil && len(oncall.Remaining(now, []oncall.Step{step})) == 0, err
	}
	if is, err := made(); is || err != nil {
		return err
	}
	err := c.send(ctx, request{
		method: http.MethodPost, pattern: "/v3/schedules/{}/rotations/{}/events", ids: []string{was.ID, step.Rotation},
		body: map[string]any{"event": eventBody(*step.Event)},
	}, nil)
	if err == nil || !lost(err) {
		return err
	}
	if is, _ := made(); is {
		return nil
	}
	return err
}

// events are the events of a rotation.
func (c *Client) events(ctx context.Context, schedule, rotation string) ([]inventory.Event, error) {
	got, err := readList(ctx, c, list[wireEvent]{
		pattern: "/v3/schedules/{}/rotations/{}/events", ids: []string{schedule, rotation}, key: "events", uncounted: true,
		id: func(e wireEvent) string { return e.ID },
	})
	if err != nil {
		return nil, err
	}
	s := inventory.Schedule{Rotations: []inventory.Rotation{{ID: rotation}}}
	for _, e := range got.items {
		s.Rotations[0].Events = append(s.Rotations[0].Events, e.inventory())
	}
	s.Normalize()
	return s.Rotations[0].Events, nil
}

func eventOf(s inventory.Schedule, rotation, event string) (inventory.Event, bool) {
	for _, r := range s.Rotations {
		i := slices.IndexFunc(r.Events, func(e inventory.Event) bool { return e.ID == event })
		if r.ID == rotation && i >= 0 {
			return r.Events[i], true
		}
	}
	return inventory.Event{}, false
}

func eventBody(e inventory.Event) map[string]any {
	zoned := func(t time.Time) map[string]string {
		return map[string]string{"date_time": stamp(t), "time_zone": e.TimeZone}
	}
	members := make([]map[string]string, len(e.Assignment.Members))
	for i, m := range e.Assignment.Members {
		members[i] = memberBody(m)
	}
	strategy := map[string]any{"type": e.Assignment.Type, "members": members}
	if e.Assignment.ShiftsPerMember != nil {
		strategy["shifts_per_member"] = *e.Assignment.ShiftsPerMember
	}
	body := map[string]any{
		"name": e.Name, "start_time": zoned(e.Start), "end_time": zoned(e.End),
		"effective_since": stamp(e.EffectiveSince), "effective_until": nil,
		"recurrence": e.Recurrence, "assignment_strategy": strategy,
	}
	if e.EffectiveUntil != nil {
		body["effective_until"] = stamp(*e.EffectiveUntil)
	}
	return body
}

// memberBody is a person, or nobody.
func memberBody(user *string) map[string]string {
	if user == nil {
		return map[string]string{"type": "empty_member"}
	}
	return map[string]string{"type": "user_member", "user_id": *user}
}
