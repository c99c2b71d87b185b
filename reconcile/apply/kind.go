package apply

import (
	"context"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// kind is how changes of one kind of access are carried out. Each asks of the account
// only what it needs.
type kind interface {
	// unit are the changes that are made in one piece of work with the ith, itself
	// included, by position.
	unit(changes []plan.Change, i int) []int
	// lane names what is changed by one unit at a time; empty if any may go beside it.
	lane(c plan.Change) string
	// carryOut looks, and writes where PagerDuty holds what the plan saw (S8). It errs
	// if the record could not be kept.
	carryOut(ctx context.Context, x *run, unit []plan.Change) ([]Outcome, error)
	// settle says what became of a unit that an earlier run left open, as far as that can
	// be known now, and brings to an end what stands half done. What it can say counts
	// even if it errs.
	settle(ctx context.Context, x *recovery, in Intent) (Result, error)
}

// Account is what a plan is carried out on, in PagerDuty's own words: what each kind of
// access asks for. It is used from several goroutines at once.
type Account interface {
	Users
	Teams
	Rotations
	Overrides
}

// kindsOf are the kinds that can be carried out.
func kindsOf(a Account, l *look) map[plan.Kind]kind {
	return map[plan.Kind]kind{
		plan.BaseRole: &baseRoles{account: a, look: l, users: map[string]*userRead{}},
		plan.TeamRole: &teamRoles{account: a, look: l, teams: map[string]*teamRead{}},
		plan.Rotation: rotations{a, l},
		plan.Override: overrides{a, l},
	}
}

// alone is the unit of what is made by itself.
func alone(i int) []int { return []int{i} }

// laneOf is the lane of a schedule: its turns and its overrides are written one after
// another.
func laneOf(schedule inventory.Ref) string { return schedule.String() }
