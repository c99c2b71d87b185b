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

type customShiftBody struct {
	Start       optional[string] `json:"start_time"`
	End         optional[string] `json:"end_time"`
	Assignments optional[[]struct {
		Type   string     `json:"type"`
		Member memberBody `json:"member"`
	}] `json:"assignments"`
}

func (b customShiftBody) place(a *account, _ *schedule, id string) (inventory.CustomShift, v3Invalid) {
	x := inventory.CustomShift{ID: id}
	if !b.Start.Given || !b.End.Given || !b.Assignments.Given {
		return x, v3Refused("custom_shift", "start_time, end_time and assignments are required")
	}
	errs := b.apply(a, &x)
	return x, errs
}

// change brings everything into a shift to come, and only the end into one that
// has started.
func (b customShiftBody) change(a *account, _ *schedule, x *inventory.CustomShift, now time.Time) v3Invalid {
	if !x.Start.After(now) && (b.Start.Given || b.Assignments.Given) {
		return v3Refused("custom_shift", "Only end_time can be modified once the shift has started")
	}
	return b.apply(a, x)
}

func (b customShiftBody) apply(a *account, x *inventory.CustomShift) v3Invalid {
	if errs := applyV3Span("custom_shift", b.Start, b.End, &x.Start, &x.End); errs != nil {
		return errs
	}
	if !b.Assignments.Given {
		return nil
	}
	if len(b.Assignments.Value) != 1 {
		return v3Refused("custom_shift.assignments", "must have exactly one assignment")
	}
	user, errs := b.Assignments.Value[0].Member.resolve(a, "custom_shift.assignments")
	x.User = user
	return errs
}
