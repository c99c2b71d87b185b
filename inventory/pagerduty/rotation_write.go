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

// RotationError says that PagerDuty makes no further rotation on a schedule, which
// says nothing of an event in a rotation that there is.
type RotationError struct{ Err error }

func (e *RotationError) Error() string { return e.Err.Error() }
func (e *RotationError) Unwrap() error { return e.Err }

// Roomless marks it for those who can do without.
func (e *RotationError) Roomless() bool { return true }

// wireRotation is a rotation in a list, which may be without its events. Source:
// OpenAPI, listRotations.
type wireRotation struct {
	ID string `json:"id"`
}

// addRotation makes a rotation with an event alone in it, unless there is one that
// was not there before. Where the event is refused, the rotation goes again.
func (c *Client) addRotation(ctx context.Context, was inventory.Schedule, e inventory.Event) error {
	added, err := c.addedRotations(ctx, was)
	if err != nil {
		return err
	}
	if _, made := oncall.NetOf(added, was, e); made {
		return nil
	}
	id, err := c.makeRotation(ctx, was, added)
	if err != nil {
		return err
	}
	err = c.send(ctx, request{
		method: http.MethodPost, pattern: "/v3/schedules/{}/rotations/{}/events", ids: []string{was.ID, id},
		body: map[string]any{"event": eventBody(e)},
	}, nil)
	if err == nil {
		return nil
	}
	if lost(err) {
		if added, again := c.addedRotations(ctx, was); again == nil {
			if _, made := oncall.NetOf(added, was, e); made {
				return nil
			}
		}
	}
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if again := c.write(cleaning, http.MethodDelete, "/v3/schedules/{}/rotations/{}", []string{was.ID, id}, nil); again != nil {
		return &LeftoverError{fmt.Errorf("%w; the rotation #%s, made for it, could not be deleted: %w", err, id, again)}
	}
	return err
}

// LeftoverError says that a rotation is left in which there is nothing.
type LeftoverError struct{ Err error }

func (e *LeftoverError) Error() string { return e.Err.Error() }
func (e *LeftoverError) Unwrap() error { return e.Err }

// Leftover marks it for those who clear up later.
func (e *LeftoverError) Leftover() bool { return true }

// makeRotation makes an empty rotation. Where the answer was lost, it is the one
// that was not among those added before.
func (c *Client) makeRotation(ctx context.Context, was, before inventory.Schedule) (string, error) {
	var answer struct {
		Rotation wireRotation `json:"rotation"`
	}
	r := request{method: http.MethodPost, pattern: "/v3/schedules/{}/rotations", ids: []string{was.ID}, body: map[string]any{}}
	err := c.send(ctx, r, &answer)
	switch {
	case err == nil && answer.Rotation.ID == "":
		return "", unexpected(r)
	case err == nil:
		return answer.Rotation.ID, nil
	case !lost(err):
		return "", &RotationError{err}
	}
	added, again := c.addedRotations(ctx, was)
	if again != nil {
		return "", err
	}
	for _, r := range added.Rotations {
		known := slices.ContainsFunc(before.Rotations, func(b inventory.Rotation) bool { return b.ID == r.ID })
		if !known && len(r.Events) == 0 {
			return r.ID, nil
		}
	}
	return "", err
}

// deleteRotation deletes a rotation that addRotation made, if nothing else is in it
// by now; PagerDuty ends it now where its time has begun.
func (c *Client) deleteRotation(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	if step.Event == nil {
		return c.deleteEmptyRotation(ctx, was.ID, step.Rotation)
	}
	known := was
	if step.Rotation != "" { // it was there already, and is meant by its id
		known.Rotations = nil
		for _, r := range was.Rotations {
			if r.ID != step.Rotation {
				known.Rotations = append(known.Rotations, r)
			}
		}
	}
	added, err := c.addedRotations(ctx, known)
	if err != nil {
		return err
	}
	net, there := oncall.NetOf(added, known, *step.Event)
	if !there {
		return nil
	}
	err = c.write(ctx, http.MethodDelete, "/v3/schedules/{}/rotations/{}", []string{was.ID, net.ID}, nil)
	if status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// deleteEmptyRotation deletes a rotation, if there is nothing in it.
func (c *Client) deleteEmptyRotation(ctx context.Context, schedule, id string) error {
	events, err := c.events(ctx, schedule, id)
	if err == nil && len(events) == 0 {
		err = c.write(ctx, http.MethodDelete, "/v3/schedules/{}/rotations/{}", []string{schedule, id}, nil)
	}
	if status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// addedRotations are the rotations of a schedule that were not there before.
func (c *Client) addedRotations(ctx context.Context, was inventory.Schedule) (inventory.Schedule, error) {
	added := inventory.Schedule{ID: was.ID}
	got, err := readList(ctx, c, list[wireRotation]{
		pattern: "/v3/schedules/{}/rotations", ids: []string{was.ID}, key: "rotations", uncounted: true,
		id: func(r wireRotation) string { return r.ID },
	})
	if err != nil {
		return added, err
	}
	for _, r := range got.items {
		if slices.ContainsFunc(was.Rotations, func(w inventory.Rotation) bool { return w.ID == r.ID }) {
			continue
		}
		events, err := c.events(ctx, was.ID, r.ID)
		if err != nil {
			return added, err
		}
		added.Rotations = append(added.Rotations, inventory.Rotation{ID: r.ID, Events: events})
	}
	return added, nil
}

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
