package decide

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Holds are the changes that need a decision. Its JSON form is what
// `holds` prints for programs; every key is present.
type Holds struct {
	// AsOf is when it was planned, Round the recorded round; 0 for a plan that was
	// not recorded.
	AsOf  time.Time `json:"as_of"`
	Round int64     `json:"round"`
	Held  []Hold    `json:"held"`
	// Unconfirmed say of names that mean something else than in earlier rounds:
	// what they reach is unknown until a person confirms them (S11).
	Unconfirmed []string `json:"unconfirmed"`
	// Alarms are about edits of schedules that could not be brought to a good end,
	// and stand.
	Alarms []apply.EditAlarmed `json:"alarms"`

	// Plan is the plan that holds them.
	Plan *plan.Plan `json:"-"`
}

// Hold is one held change.
type Hold struct {
	plan.Held
	// Released is when a person let it through, which the next round carries out;
	// null if nobody did.
	Released *time.Time `json:"released"`
	// ReleasedBy is who that was; empty if nobody, or if it was not recorded.
	ReleasedBy string `json:"released_by"`
}

// NewHolds are the changes that a plan holds, with what was released since, and the
// alarms that stand.
func NewHolds(p *plan.Plan, round int64, asOf time.Time, released map[string]plan.Release, alarms []apply.EditAlarmed) *Holds {
	h := &Holds{AsOf: asOf, Round: round, Held: []Hold{}, Unconfirmed: []string{}, Alarms: append([]apply.EditAlarmed{}, alarms...), Plan: p}
	for _, u := range p.Unknown {
		if u.Code == desired.CodeReused && !slices.Contains(h.Unconfirmed, u.Reason) {
			h.Unconfirmed = append(h.Unconfirmed, u.Reason)
		}
	}
	for _, held := range p.Held {
		one := Hold{Held: held}
		if r, ok := released[held.ID]; ok && !r.At.Before(asOf.Truncate(time.Second)) {
			one.Released, one.ReleasedBy = &r.At, r.Actor
		}
		h.Held = append(h.Held, one)
	}
	return h
}
