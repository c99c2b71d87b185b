// Package contract is the table of the rules that policies are made of: the fields
// of their elements, what may stand in each, and the statement that an element
// becomes.
package contract

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// ContractRule is a rule that the program reads.
type ContractRule struct {
	Name  string
	Phase policies.Phase
	// Fields are in the order in which messages list them.
	Fields []Field
	// whole checks what several fields make up together.
	whole func(e Element) []Complaint
}

// Field is a field of a contract rule's elements.
type Field struct {
	Name     string
	Required bool
	Check    check
	// Refused says why a field that will exist one day may not be used yet.
	Refused string
}

func need(name string, c check) Field { return Field{Name: name, Required: true, Check: c} }
func may(name string, c check) Field  { return Field{Name: name, Check: c} }

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

// Contract is all that the program reads from policies.
var Contract = []ContractRule{
	{Name: "grant", Phase: policies.PhaseAccess, whole: wholeGrant, Fields: []Field{
		need("principal", reference(principalKinds)), need("resource", reference(resourceKinds)), need("role", grantRole),
		may("from", Moment), may("until", Moment), may("layer", words),
		may("replaces", reference(userKind)), may("reason", words), may("source", words),
	}},
	{Name: "group", Phase: policies.PhaseAccess, Fields: []Field{
		need("name", groupName), may("description", anyText), may("owner", anyText),
		{Name: "visibility", Refused: "not supported in this version: nothing shows it yet, so leave it out"},
	}},
	{Name: "member", Phase: policies.PhaseAccess, whole: wholeMember, Fields: []Field{
		need("group", groupName), need("principal", reference(principalKinds)),
		may("from", Moment), may("until", Moment), may("lead", duration), may("lag", duration),
		may("when_empty", oneOf("when_empty", []string{policies.KeepLast, policies.LeaveEmpty})),
	}},
	{Name: "limit", Phase: policies.PhaseAccess, Fields: []Field{
		need("principal", reference(principalKinds)), need("resource", wildcard(limitKinds)),
		need("at_most", limitRole), need("reason", words),
	}},
	{Name: "protect", Phase: policies.PhaseAccess, whole: wholeProtect, Fields: []Field{
		may("principal", reference(principalKinds)), may("resource", reference(resourceKinds)),
		may("role", protectRole), may("until", Moment), need("reason", words),
	}},
	{Name: "leaver", Phase: policies.PhaseAccess, Fields: []Field{
		need("principal", reference(userKind)), need("reason", words), may("since", Moment),
	}},
	{Name: "empty", Phase: policies.PhaseAccess, whole: wholeEmpty, Fields: []Field{
		need("resource", reference(emptyKinds)), need("reason", words), may("layer", words),
	}},
	{Name: "finding", Phase: policies.PhaseRisk, Fields: []Field{
		need("rule", words), need("subject", reference(subjectKinds)), need("severity", oneOf("severity", policies.Severities)),
		need("message", words), may("resource", reference(subjectKinds)), may("remediation", anyText),
	}},
	{Name: "waive", Phase: policies.PhaseRisk, Fields: []Field{
		need("rule", words), need("subject", reference(subjectKinds)), need("reason", words),
		need("until", Moment), may("resource", reference(subjectKinds)),
	}},
	{Name: "hold", Phase: policies.PhaseGuard, Fields: []Field{need("message", words), may("changes", nil)}},
	{Name: "deny", Phase: policies.PhaseGuard, Fields: []Field{need("message", words), may("changes", nil)}},
}

// Lookalikes are names that authors write when they mean a contract rule.
var Lookalikes = map[string]string{
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

// ContractNamed is the contract rule of that name.
func ContractNamed(name string) (*ContractRule, bool) {
	i := slices.IndexFunc(Contract, func(r ContractRule) bool { return r.Name == name })
	if i < 0 {
		return nil, false
	}
	return &Contract[i], true
}

// ContractNames are the names of the rules read in a phase.
func ContractNames(phase policies.Phase) []string {
	var names []string
	for _, r := range Contract {
		if r.Phase == phase {
			names = append(names, r.Name)
		}
	}
	return names
}

// Field is the field of that name, if the rule has it.
func (r *ContractRule) Field(name string) (Field, bool) {
	i := slices.IndexFunc(r.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return r.Fields[i], true
}
