package policies

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
)

// Phase is a stage of evaluation. The packages of that name, and those below
// it, are evaluated in it.
type Phase string

// The phases, in the order in which the input grows.
const (
	PhaseAccess Phase = "access" // sees the snapshot
	PhaseRisk   Phase = "risk"   // sees also input.desired and input.groups
	phaseGuard  Phase = "guard"  // known, and refused until guards exist
)

// phases are the roots under which contract rules may stand.
var phases = []string{string(PhaseAccess), string(PhaseRisk), string(phaseGuard)}

// contractRule is a rule that the program reads.
type contractRule struct {
	name  string
	phase Phase
	// fields are in the order in which messages list them.
	fields []field
	// whole checks what several fields make up together.
	whole func(e element) []complaint
}

// field is a field of a contract rule's elements.
type field struct {
	name     string
	required bool
	check    check
	// refused says why a field that will exist one day may not be used yet.
	refused string
}

func need(name string, c check) field { return field{name: name, required: true, check: c} }
func may(name string, c check) field  { return field{name: name, check: c} }

// The kinds of reference that stand in the fields.
var (
	principalKinds = []inventory.Kind{
		inventory.KindUser, inventory.KindGroup, inventory.KindOnCall,
		inventory.KindEscalation, inventory.KindRotation, inventory.KindTeam,
	}
	resourceKinds = []inventory.Kind{inventory.KindAccount, inventory.KindTeam, inventory.KindSchedule}
	limitKinds    = []inventory.Kind{
		inventory.KindAccount, inventory.KindTeam, inventory.KindSchedule, inventory.KindGroup,
	}
	emptyKinds   = []inventory.Kind{inventory.KindTeam, inventory.KindSchedule}
	userKind     = []inventory.Kind{inventory.KindUser}
	subjectKinds = []inventory.Kind{
		inventory.KindAccount, inventory.KindUser, inventory.KindGroup, inventory.KindTeam,
		inventory.KindSchedule, inventory.KindEscalation, inventory.KindService,
	}
)

var severities = []string{"critical", "high", "medium", "low"}

// contract is all that the program reads from policies.
var contract = []contractRule{
	{name: "grant", phase: PhaseAccess, whole: wholeGrant, fields: []field{
		need("principal", reference(principalKinds)), need("resource", reference(resourceKinds)), need("role", grantRole),
		may("from", moment), may("until", moment), may("layer", words),
		may("replaces", reference(userKind)), may("reason", words), may("source", words),
	}},
	{name: "group", phase: PhaseAccess, fields: []field{
		need("name", groupName), may("description", anyText), may("owner", anyText),
		{name: "visibility", refused: "not implemented in this version: nothing shows it yet, so leave it out"},
	}},
	{name: "member", phase: PhaseAccess, whole: wholeMember, fields: []field{
		need("group", groupName), need("principal", reference(principalKinds)),
		may("from", moment), may("until", moment), may("lead", duration), may("lag", duration),
		may("when_empty", oneOf("when_empty", []string{KeepLast, LeaveEmpty})),
	}},
	{name: "limit", phase: PhaseAccess, fields: []field{
		need("principal", reference(principalKinds)), need("resource", wildcard(limitKinds)),
		need("at_most", limitRole), need("reason", words),
	}},
	{name: "protect", phase: PhaseAccess, whole: wholeProtect, fields: []field{
		may("principal", reference(principalKinds)), may("resource", reference(resourceKinds)),
		may("role", protectRole), may("until", moment), need("reason", words),
	}},
	{name: "leaver", phase: PhaseAccess, fields: []field{
		need("principal", reference(userKind)), need("reason", words), may("since", moment),
	}},
	{name: "empty", phase: PhaseAccess, whole: wholeEmpty, fields: []field{
		need("resource", reference(emptyKinds)), need("reason", words), may("layer", words),
	}},
	{name: "finding", phase: PhaseRisk, fields: []field{
		need("rule", words), need("subject", reference(subjectKinds)), need("severity", oneOf("severity", severities)),
		need("message", words), may("resource", reference(subjectKinds)), may("remediation", anyText),
	}},
	{name: "waive", phase: PhaseRisk, fields: []field{
		need("rule", words), need("subject", reference(subjectKinds)), need("reason", words),
		need("until", moment), may("resource", reference(subjectKinds)),
	}},
	{name: "hold", phase: phaseGuard, fields: []field{need("message", words), may("changes", nil)}},
	{name: "deny", phase: phaseGuard, fields: []field{need("message", words), may("changes", nil)}},
}

// lookalikes are names that authors write when they mean a contract rule.
var lookalikes = map[string]string{
	"grants": "grant", "groups": "group", "members": "member", "limits": "limit",
	"protects": "protect", "protected": "protect", "protection": "protect", "protections": "protect",
	"leavers": "leaver", "empties": "empty", "findings": "finding", "waives": "waive",
	"waiver": "waive", "waivers": "waive", "holds": "hold", "denies": "deny",
}

// aliases are field names that authors write when they mean another.
var aliases = map[string]string{
	"on": "resource", "object": "resource", "target": "resource", "team": "resource", "schedule": "resource",
	"user": "principal", "who": "principal", "subject": "principal", "email": "principal", "person": "principal",
	"on_empty": "when_empty", "if_empty": "when_empty", "when_gap": "when_empty", "on_gap": "when_empty", "keep_last": "when_empty", "gap": "when_empty",
	"level": "role", "access": "role", "max": "at_most", "max_role": "at_most",
	"expires": "until", "expiry": "until", "end": "until", "to": "until", "ends": "until",
	"start": "from", "begin": "from", "starts": "from", "since": "from",
	"why": "reason", "because": "reason", "comment": "reason", "justification": "reason",
	"title": "message", "msg": "message", "text": "message", "id": "rule", "code": "rule",
	"priority": "severity", "fix": "remediation", "desc": "description",
}

// contractNamed is the contract rule of that name.
func contractNamed(name string) (*contractRule, bool) {
	i := slices.IndexFunc(contract, func(r contractRule) bool { return r.name == name })
	if i < 0 {
		return nil, false
	}
	return &contract[i], true
}

// contractNames are the names of the rules read in a phase.
func contractNames(phase Phase) []string {
	var names []string
	for _, r := range contract {
		if r.phase == phase {
			names = append(names, r.name)
		}
	}
	return names
}

func (r *contractRule) field(name string) (field, bool) {
	i := slices.IndexFunc(r.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return r.fields[i], true
}
