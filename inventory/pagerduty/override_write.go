package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// AddOverride makes an override on a schedule of either kind and returns it with
// its id. was is the schedule as last read: where the answer was lost, an equal
// override that was not there before is the one that was made. On a shift-based
// schedule o names a rotation or a custom shift.
func (c *Client) AddOverride(ctx context.Context, was inventory.Schedule, o inventory.Override) (inventory.Override, error) {
	add := c.addLayeredOverride
	if was.Kind == inventory.ScheduleOfShifts {
		add = c.addShiftedOverride
	}
	made, err := add(ctx, was.ID, o)
	if err == nil || !lost(err) {
		return made, err
	}
	listed, again := c.overrides(ctx, was, around(o.Start, o.End))
	if again != nil {
		return inventory.Override{}, err
	}
	for _, is := range listed {
		if SameOverride(is, o) && !slices.ContainsFunc(was.Overrides, func(known inventory.Override) bool { return known.ID == is.ID }) {
			return is, nil
		}
	}
	return inventory.Override{}, err
}

// SameOverride says that two overrides differ in nothing but their ids.
func SameOverride(a, b inventory.Override) bool {
	return a.Start.Equal(b.Start) && a.End.Equal(b.End) && samePointer(a.User, b.User) &&
		samePointer(a.Replaces, b.Replaces) && samePointer(a.Rotation, b.Rotation) && samePointer(a.CustomShift, b.CustomShift)
}

func samePointer(a, b *string) bool { return text(a) == text(b) && (a == nil) == (b == nil) }

func (c *Client) overrides(ctx context.Context, was inventory.Schedule, w inventory.Window) ([]inventory.Override, error) {
	if was.Kind == inventory.ScheduleOfShifts {
		return c.shiftedOverrides(ctx, was.ID, w)
	}
	return c.layeredOverrides(ctx, was.ID, w)
}

// addLayeredOverride reads the status of the one override in the answer, which
// is 201 as a whole also where it was refused. Source: OpenAPI,
// createScheduleOverride.
func (c *Client) addLayeredOverride(ctx context.Context, schedule string, o inventory.Override) (inventory.Override, error) {
	if o.User == nil {
		return inventory.Override{}, fmt.Errorf("an override of a layer-based schedule needs somebody who takes over")
	}
	r := request{method: http.MethodPost, pattern: "/schedules/{}/overrides", ids: []string{schedule}, body: map[string]any{
		"overrides": []map[string]any{{"start": stamp(o.Start), "end": stamp(o.End), "user": reference(*o.User, "user_reference")}},
	}}
	var answer json.RawMessage
	if err := c.send(ctx, r, &answer); err != nil {
		return inventory.Override{}, err
	}
	type result struct {
		Status   int             `json:"status"`
		Errors   json.RawMessage `json:"errors"`
		Override wireOverride    `json:"override"`
	}
	var results []result
	var wrapped struct { // as PagerDuty's developer documentation shows it
		Overrides []wireOverride `json:"overrides"`
		Override  *wireOverride  `json:"override"`
	}
	switch bytes.TrimSpace(answer)[0] {
	case '[':
		_ = json.Unmarshal(answer, &results)
	default:
		_ = json.Unmarshal(answer, &wrapped)
		if wrapped.Override != nil {
			wrapped.Overrides = append(wrapped.Overrides, *wrapped.Override)
		}
		for _, made := range wrapped.Overrides {
			results = append(results, result{Status: http.StatusCreated, Override: made})
		}
	}
	switch {
	case len(results) == 1 && results[0].Status >= 400:
		return inventory.Override{}, &Error{Status: results[0].Status, Method: r.method, Endpoint: r.path(),
			Message: "the override was refused", Errors: sentences(results[0].Errors)}
	case len(results) != 1 || results[0].Override.ID == "":
		return inventory.Override{}, unexpected(r)
	}
	return results[0].Override.inventory(), nil
}

func (c *Client) addShiftedOverride(ctx context.Context, schedule string, o inventory.Override) (inventory.Override, error) {
	body := map[string]any{
		"type": "override_shift", "start_time": stamp(o.Start), "end_time": stamp(o.End),
		"overridden_member": memberBody(o.Replaces), "overriding_member": memberBody(o.User),
	}
	if o.Rotation != nil {
		body["rotation_id"] = *o.Rotation
	}
	if o.CustomShift != nil {
		body["custom_shift_id"] = *o.CustomShift
	}
	r := request{method: http.MethodPost, pattern: "/v3/schedules/{}/overrides", ids: []string{schedule}, body: map[string]any{"overrides": []any{body}}}
	var answer struct {
		Overrides []wireShiftOverride `json:"overrides"`
	}
	if err := c.send(ctx, r, &answer); err != nil {
		return inventory.Override{}, err
	}
	if len(answer.Overrides) != 1 || answer.Overrides[0].ID == "" {
		return inventory.Override{}, unexpected(r)
	}
	return answer.Overrides[0].inventory(), nil
}

// RemoveOverride takes an override away; PagerDuty ends one under way now, and
// refuses for one that is over. A 404 says that it is gone.
func (c *Client) RemoveOverride(ctx context.Context, was inventory.Schedule, id string) error {
	pattern := "/schedules/{}/overrides/{}"
	if was.Kind == inventory.ScheduleOfShifts {
		pattern = "/v3/schedules/{}/overrides/{}"
	}
	err := c.write(ctx, http.MethodDelete, pattern, []string{was.ID, id}, nil)
	i := slices.IndexFunc(was.Overrides, func(o inventory.Override) bool { return o.ID == id })
	if i < 0 || !refusedRepetition(err) {
		return err
	}
	// An earlier attempt may have ended it now: then it is over.
	o := was.Overrides[i]
	listed, again := c.overrides(ctx, was, around(o.Start, o.End))
	for _, is := range listed {
		if is.ID == id && !is.End.Before(o.End) {
			return err
		}
	}
	if again != nil {
		return err
	}
	return nil
}

// AddCustomShift makes a custom shift on a shift-based schedule and returns it
// with its id; was is as for AddOverride.
func (c *Client) AddCustomShift(ctx context.Context, was inventory.Schedule, s inventory.CustomShift) (inventory.CustomShift, error) {
	r := request{method: http.MethodPost, pattern: "/v3/schedules/{}/custom_shifts", ids: []string{was.ID}, body: map[string]any{
		"custom_shifts": []map[string]any{{
			"type": "custom_shift", "start_time": stamp(s.Start), "end_time": stamp(s.End),
			"assignments": []map[string]any{{"type": "shift_assignment", "member": memberBody(s.User)}},
		}},
	}}
	var answer struct {
		Shifts []wireCustomShift `json:"custom_shifts"`
	}
	err := c.send(ctx, r, &answer)
	switch {
	case err == nil && (len(answer.Shifts) != 1 || answer.Shifts[0].ID == ""):
		return inventory.CustomShift{}, unexpected(r)
	case err == nil:
		return answer.Shifts[0].inventory(), nil
	case !lost(err):
		return inventory.CustomShift{}, err
	}
	listed, again := c.customShifts(ctx, was.ID, around(s.Start, s.End))
	if again != nil {
		return inventory.CustomShift{}, err
	}
	for _, is := range listed {
		known := slices.ContainsFunc(was.CustomShifts, func(k inventory.CustomShift) bool { return k.ID == is.ID })
		if !known && is.Start.Equal(s.Start) && is.End.Equal(s.End) && samePointer(is.User, s.User) {
			return is, nil
		}
	}
	return inventory.CustomShift{}, err
}

// RemoveCustomShift takes a custom shift away; PagerDuty ends one that has
// started now, and refuses for one that is over. A 404 says that it is gone.
func (c *Client) RemoveCustomShift(ctx context.Context, was inventory.Schedule, id string) error {
	err := c.write(ctx, http.MethodDelete, "/v3/schedules/{}/custom_shifts/{}", []string{was.ID, id}, nil)
	i := slices.IndexFunc(was.CustomShifts, func(s inventory.CustomShift) bool { return s.ID == id })
	if i < 0 || !refusedRepetition(err) {
		return err
	}
	s := was.CustomShifts[i]
	listed, again := c.customShifts(ctx, was.ID, around(s.Start, s.End))
	for _, is := range listed {
		if is.ID == id && !is.End.Before(s.End) {
			return err
		}
	}
	if again != nil {
		return err
	}
	return nil
}
