package pagerdutysim

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

type v3OverrideBody struct {
	Rotation    string               `json:"rotation_id"`
	CustomShift string               `json:"custom_shift_id"`
	Start       optional[string]     `json:"start_time"`
	End         optional[string]     `json:"end_time"`
	Overridden  optional[memberBody] `json:"overridden_member"`
	Overriding  optional[memberBody] `json:"overriding_member"`
}

// place makes a new override of the body, which names both members, and exactly
// one of a rotation and a custom shift. Source: OpenAPI, createOverrides.
func (b v3OverrideBody) place(a *account, c *schedule, id string) (inventory.Override, v3Invalid) {
	o := inventory.Override{ID: id}
	if !b.Start.Given || !b.End.Given || !b.Overridden.Given || !b.Overriding.Given {
		return o, v3Refused("override", "start_time, end_time, overridden_member and overriding_member are required")
	}
	if (b.Rotation == "") == (b.CustomShift == "") {
		return o, v3Refused("override", "exactly one of rotation_id and custom_shift_id is required")
	}
	switch {
	case b.Rotation != "":
		if !slices.ContainsFunc(c.Rotations, func(x inventory.Rotation) bool { return x.ID == b.Rotation }) {
			return o, v3Refused("override.rotation_id", "Rotation not found")
		}
		o.Rotation = &b.Rotation
	default:
		if !slices.ContainsFunc(c.CustomShifts, func(x inventory.CustomShift) bool { return x.ID == b.CustomShift }) {
			return o, v3Refused("override.custom_shift_id", "Custom shift not found")
		}
		o.CustomShift = &b.CustomShift
	}
	replaces, errs := b.Overridden.Value.resolve(a, "override.overridden_member")
	if errs != nil {
		return o, errs
	}
	o.Replaces = replaces
	errs = b.apply(a, &o)
	return o, errs
}

// change changes times and who stands in, never who is replaced.
func (b v3OverrideBody) change(a *account, _ *schedule, o *inventory.Override, _ time.Time) v3Invalid {
	if b.Overridden.Given {
		return v3Refused("override.overridden_member", "cannot be changed")
	}
	return b.apply(a, o)
}

// apply brings what may change later into o.
func (b v3OverrideBody) apply(a *account, o *inventory.Override) v3Invalid {
	if errs := applyV3Span("override", b.Start, b.End, &o.Start, &o.End); errs != nil {
		return errs
	}
	if !b.Overriding.Given {
		return nil
	}
	user, errs := b.Overriding.Value.resolve(a, "override.overriding_member")
	o.User = user
	return errs
}
