package oncall

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// OnCall is somebody on call on a level of an escalation policy, by way of a
// schedule or directly.
type OnCall = inventory.OnCall

// Escalation returns who is on call on a policy at t, on one level or, for
// level 0, on all: people on the policy directly always, and those on the
// schedules' shifts. A person is listed once a level and schedule, with the
// bounds of their shift. Sorted by level, then schedule (directly first), then
// user; empty for a policy the snapshot does not hold.
//
// It reads the shifts that the snapshot holds, so t must lie in
// Account.Window; for other moments put Render's shifts in their place.
func Escalation(snap *inventory.Snapshot, policyID string, level int, t time.Time) []OnCall {
	on := []OnCall{}
	for n, target := range targets(snap, policyID, level) {
		if target.Type == "user" {
			on = append(on, OnCall{User: target.ID, EscalationPolicy: policyID, Level: n})
			continue
		}
		for _, s := range longest(At(snap.Schedules[target.ID].Shifts, t)) {
			on = append(on, OnCall{
				User: s.User, Schedule: &target.ID, EscalationPolicy: policyID, Level: n,
				Start: &s.Start, End: &s.End,
			})
		}
	}
	schedule := func(o OnCall) string {
		if o.Schedule == nil {
			return ""
		}
		return *o.Schedule
	}
	order := func(x, y OnCall) int {
		return cmp.Or(cmp.Compare(x.Level, y.Level), cmp.Compare(schedule(x), schedule(y)), cmp.Compare(x.User, y.User))
	}
	slices.SortFunc(on, order)
	return slices.CompactFunc(on, func(x, y OnCall) bool { return order(x, y) == 0 })
}

// EscalationBoundary returns the first moment after the given one at which
// Escalation's answer may change, and false if the shifts know of none.
func EscalationBoundary(snap *inventory.Snapshot, policyID string, level int, after time.Time) (time.Time, bool) {
	var shifts []inventory.Shift
	for _, target := range targets(snap, policyID, level) {
		if target.Type == "schedule" {
			shifts = append(shifts, snap.Schedules[target.ID].Shifts...)
		}
	}
	return NextBoundary(shifts, after)
}

// targets goes through a policy's targets with the level each is on.
func targets(snap *inventory.Snapshot, policyID string, level int) func(yield func(int, inventory.Target) bool) {
	return func(yield func(int, inventory.Target) bool) {
		for i, rule := range snap.EscalationPolicies[policyID].Rules {
			if level != 0 && level != i+1 {
				continue
			}
			for _, t := range rule.Targets {
				if !yield(i+1, t) {
					return
				}
			}
		}
	}
}

// longest unites the shifts of each person: one who is on call twice over is so
// from the earlier start to the later end.
func longest(shifts []inventory.Shift) []inventory.Shift {
	without := slices.Clone(shifts)
	for i := range without {
		without[i].Origin = nil
	}
	return merge(without)
}
