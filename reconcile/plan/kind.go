package plan

import (
	"cmp"
	"encoding/json"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies/desired"
)

// Kind says what sort of access a change is about.
type Kind string

// The kinds.
const (
	// BaseRole is a person's base role on the account.
	BaseRole Kind = "base_role"
	// TeamRole is membership of a team, with a role there.
	TeamRole Kind = "team_role"
	// Rotation is turns on a layer or event of a schedule.
	Rotation Kind = "rotation"
	// Override is an override or custom shift on a schedule.
	Override Kind = "override"
	// Deprovision is taking an account away. It is shown, and not carried out yet.
	Deprovision Kind = "deprovision"
)

// KindOf is the kind of access that a pair is about. Of a resource that no kind is about
// it is named like that resource's kind, which no table of kinds holds: it is taken for
// no other, and a plan that is to give it errs.
func KindOf(pair desired.Pair) Kind {
	if kind, ok := kindsOn[on{pair.Resource.Kind, pair.Layer != ""}]; ok {
		return kind
	}
	return Kind(pair.Resource.Kind)
}

// on is what access is to: a kind of resource, or a part of one.
type on struct {
	resource inventory.Kind
	part     bool
}

// kindsOn are the kinds by what they are to.
var kindsOn = map[on]Kind{
	{inventory.KindAccount, false}:  BaseRole,
	{inventory.KindTeam, false}:     TeamRole,
	{inventory.KindSchedule, true}:  Rotation,
	{inventory.KindSchedule, false}: Override,
}

// OnSchedule says that changes of the kind are about a schedule.
func (k Kind) OnSchedule() bool { return k == Rotation || k == Override }

// UnmarshalJSON reads a plan. What was saved before changes had kinds gets them, and
// what was saved in former words is read in today's.
func (p *Plan) UnmarshalJSON(text []byte) error {
	type plain Plan
	if err := json.Unmarshal(text, (*plain)(p)); err != nil {
		return err
	}
	if err := p.fillFormer(text); err != nil {
		return err
	}
	for _, list := range [][]Change{p.Changes, p.Unenforced} {
		for i := range list {
			list[i].fillKind()
		}
	}
	for i := range p.Blocked {
		p.Blocked[i].fillKind()
	}
	for i := range p.Held {
		p.Held[i].fillKind()
		p.Held[i].fillCode()
	}
	return nil
}

// fillKind tells the kind of a change that was saved before changes had kinds.
func (c *Change) fillKind() {
	switch {
	case c.Kind != "":
	case c.Action == ActionDeprovision:
		c.Kind = Deprovision
	case c.Resource.Kind == inventory.KindSchedule && c.Override == nil:
		c.Kind = Rotation
	default:
		c.Kind = KindOf(c.Pair())
	}
}

// heldBy is why a rule of the semantics held changes, before that had codes.
var heldBy = map[string]code.Code{
	"S3": HoldEmptying, "S4": HoldUnwitnessed, "S23": HoldMovedTurn, "S24": HoldHidingOverride,
	"S26": HoldBurst, "S27": HoldFight, "S31": HoldClock, "S32": HoldRefusedEdit, "S37": HoldEditSettling,
}

// fillCode tells why a change was held that was saved before that had codes.
func (h *Held) fillCode() {
	if h.Code != "" {
		return
	}
	h.Code = cmp.Or(heldBy[h.Rule], HoldSuspended)
	if h.Code == HoldEmptying && h.Kind == Rotation {
		h.Code = HoldEmptyingRotation
	}
	h.Releasable = h.Code != HoldSuspended && h.Code != HoldClock && h.Code != HoldEmptyingRotation
}
