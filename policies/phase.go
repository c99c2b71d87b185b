package policies

// Phase is a stage of evaluation. The packages of that name, and those below
// it, are evaluated in it.
type Phase string

// The phases, in the order in which the input grows.
const (
	PhaseAccess Phase = "access" // sees the snapshot
	PhaseRisk   Phase = "risk"   // sees also input.desired and input.groups
	PhaseGuard  Phase = "guard"  // known, and refused until guards exist
)

// Phases are the roots under which contract rules may stand.
var Phases = []string{string(PhaseAccess), string(PhaseRisk), string(PhaseGuard)}

// Severities are those of findings, highest first.
var Severities = []string{"critical", "high", "medium", "low"}
