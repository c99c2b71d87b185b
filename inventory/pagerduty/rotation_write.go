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
	_, made, err := c.netOf(ctx, was, e)
	if err != nil || made {
		return err
	}
	var answer struct {
		Rotation wireRotation `json:"rotation"`
	}
	r := request{method: http.MethodPost, pattern: "/v3/schedules/{}/rotations", ids: []string{was.ID}, body: map[string]any{}}
	switch err := c.send(ctx, r, &answer); {
	case err != nil && lost(err):
		return err // one that is empty has nobody on call
	case err != nil:
		return &RotationError{err}
	case answer.Rotation.ID == "":
		return unexpected(r)
	}
	err = c.send(ctx, request{
		method: http.MethodPost, pattern: "/v3/schedules/{}/rotations/{}/events", ids: []string{was.ID, answer.Rotation.ID},
		body: map[string]any{"event": eventBody(e)},
	}, nil)
	if err == nil {
		return nil
	}
	if lost(err) {
		if _, made, _ := c.netOf(ctx, was, e); made {
			return nil
		}
	}
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if again := c.write(cleaning, http.MethodDelete, "/v3/schedules/{}/rotations/{}", []string{was.ID, answer.Rotation.ID}, nil); again != nil {
		return fmt.Errorf("%w; the rotation #%s, made for it, could not be deleted: %w", err, answer.Rotation.ID, again)
	}
	return err
}

// deleteRotation deletes a rotation that addRotation made, if nothing else is in it
// by now; PagerDuty ends it now where its time has begun.
func (c *Client) deleteRotation(ctx context.Context, was inventory.Schedule, step oncall.Step) error {
	known := was
	if step.Rotation != "" { // it was there already, and is meant by its id
		known.Rotations = nil
		for _, r := range was.Rotations {
			if r.ID != step.Rotation {
				known.Rotations = append(known.Rotations, r)
			}
		}
	}
	id, there, err := c.netOf(ctx, known, *step.Event)
	if err != nil || !there {
		return err
	}
	err = c.write(ctx, http.MethodDelete, "/v3/schedules/{}/rotations/{}", []string{was.ID, id}, nil)
	if status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// netOf is the id of a rotation with an event alone in it that was not there
// before.
func (c *Client) netOf(ctx context.Context, was inventory.Schedule, e inventory.Event) (string, bool, error) {
	got, err := readList(ctx, c, list[wireRotation]{
		pattern: "/v3/schedules/{}/rotations", ids: []string{was.ID}, key: "rotations", uncounted: true,
		id: func(r wireRotation) string { return r.ID },
	})
	if err != nil {
		return "", false, err
	}
	var added inventory.Schedule
	for _, r := range got.items {
		if slices.ContainsFunc(was.Rotations, func(w inventory.Rotation) bool { return w.ID == r.ID }) {
			continue
		}
		events, err := c.events(ctx, was.ID, r.ID)
		if err != nil {
			return "", false, err
		}
		added.Rotations = append(added.Rotations, inventory.Rotation{ID: r.ID, Events: events})
	}
	r, found := oncall.NetOf(added, was, e)
	return r.ID, found, nil
}
