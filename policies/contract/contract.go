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
	// makes makes statements of elements; nil where nothing reads them yet.
	makes maker
}

// Field is a field of a contract rule's elements.
type Field struct {
	Name     string
	Required bool
	Check    check
	// Number says that its value is a number; of all others it is a string.
	Number bool
	// Refused says why a field that will exist one day may not be used yet.
	Refused string
}

// Type is Rego's name of the type of its values.
func (f Field) Type() string {
	if f.Number {
		return "number"
	}
	return "string"
}

func need(name string, c check) Field { return Field{Name: name, Required: true, Check: c} }
func may(name string, c check) Field  { return Field{Name: name, Check: c} }

func number(name string, c check) Field { return Field{Name: name, Check: c, Number: true} }

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

// Contract is all that the program reads from policies. A rule stands in the file that
// says what its elements become.
var Contract = []ContractRule{grantRule, groupRule, memberRule, limitRule, protectRule, leaverRule, emptyRule, findingRule, waiveRule, holdRule, denyRule}

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
	"turns": "weight", "share": "weight", "position": "order", "rank": "order",
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
