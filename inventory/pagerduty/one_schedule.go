package pagerduty

import (
	"context"
	"net/http"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Schedule reads one schedule of either kind, whole, as a snapshot with that
// window holds it. An error is an *Error, with the status 404 if PagerDuty says
// that there is no such schedule, or a *CountError.
func (c *Client) Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	wire, _, err := c.layered(ctx, id, w)
	var s inventory.Schedule
	switch {
	case err == nil:
		s, err = c.wholeLayered(ctx, wire, w)
	case status(err) == http.StatusNotFound || saysShiftBased(err):
		s, err = c.wholeShifted(ctx, id, w)
	}
	if err != nil {
		return inventory.Schedule{}, err
	}
	s.Normalize()
	return s, nil
}

func (c *Client) wholeLayered(ctx context.Context, wire wireLayered, w inventory.Window) (inventory.Schedule, error) {
	s := wire.inventory(w)
	if len(wire.Overrides.Entries) == 0 {
		return s, nil
	}
	var err error
	s.Overrides, err = c.layeredOverrides(ctx, wire.ID, w)
	return s, err
}

func (c *Client) wholeShifted(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	s, err := c.shifted(ctx, id, w)
	if err != nil {
		return s, err
	}
	if s.Overrides, err = c.shiftedOverrides(ctx, id, w); err != nil {
		return s, err
	}
	s.CustomShifts, err = c.customShifts(ctx, id, w)
	return s, err
}

// PreviewSchedule has PagerDuty render a layer-based schedule with the layers of
// s, without keeping it: the final schedule over a window, overrides aside. It is
// the second judge of an edit.
func (c *Client) PreviewSchedule(ctx context.Context, s inventory.Schedule, w inventory.Window) ([]inventory.Shift, error) {
	layers := make([]map[string]any, len(s.Layers))
	for i, l := range s.Layers {
		layers[i] = layerBody(l)
	}
	query := boundsOf(w)
	var answer struct {
		Schedule wireLayered `json:"schedule"`
	}
	r := request{method: http.MethodPost, pattern: "/schedules/preview", query: query, harmless: true, body: map[string]any{
		"schedule": map[string]any{"type": "schedule", "name": s.Name, "time_zone": s.TimeZone, "schedule_layers": layers},
	}}
	if err := c.send(ctx, r, &answer); err != nil {
		return nil, err
	}
	shifts := answer.Schedule.inventory(w)
	shifts.Normalize()
	return shifts.Shifts, nil
}

// stamp is a moment as PagerDuty is told it: UTC and whole seconds.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// around is a window that holds a span, for looking for what lies there.
func around(start, end time.Time) inventory.Window {
	return inventory.Window{Since: start.UTC().Add(-time.Minute), Until: end.UTC().Add(time.Minute)}
}
