package pagerdutysim

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

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
