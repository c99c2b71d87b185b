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
