package inventory

// PartKind is a kind of part of an account that is read at one go.
type PartKind string

// The parts of an account. Of members and shifts each team and each shift-based
// schedule is a part of its own.
const (
	PartPeople   PartKind = "people"
	PartTeams    PartKind = "teams"
	PartMembers  PartKind = "members"
	PartLayers   PartKind = "layer-based schedules"
	PartListed   PartKind = "shift-based schedules" // which there are
	PartShifts   PartKind = "shift-based schedule"  // one of them
	PartPolicies PartKind = "escalation policies"
	PartServices PartKind = "services, abilities and licenses"
)

// Part is a part of an account that is read again on top of an earlier snapshot.
type Part struct {
	Kind PartKind
	// ID is the team's or schedule's; empty where there is one part of the kind.
	ID string
}

// Recorded says that PagerDuty's audit trail records what changes in the part. It does
// not record accepted invitations, overrides, turns, levels, and whom a schedule or policy
// puts on a team. Source: PagerDuty's knowledge base, "Audit Trail Reporting".
func (p Part) Recorded() bool { return p.Kind == PartTeams || p.Kind == PartMembers }
