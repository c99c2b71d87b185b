package policies

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what is found in policies as they stand, and on an account again.
const (
	CodeUndeclaredGroup code.Code = "policy/undeclared-group"
	CodeCircularGroups  code.Code = "policy/circular-groups"
	CodeCircularGrant   code.Code = "policy/circular-grant"
	CodePointlessUntil  code.Code = "policy/pointless-until"
	CodeDuplicateGroup  code.Code = "policy/duplicate-group"
	CodeUnusedGroup     code.Code = "policy/unused-group"

	CodeUnknownIgnore code.Code = "ignore/unknown-code"
	CodeIdleIgnore    code.Code = "ignore/unused"
)

// Pages explain the codes of problems that several rooms share.
var Pages = code.Pages{
	{
		Code: CodeUndeclaredGroup, Account: true,
		Title: "A group is used that no rule declares",
		Means: "A grant, member, limit or protection names a group for which there is no group rule.",
		Why:   "Nobody can be in such a group, and it may be a misspelling of one that matters. On an account nothing is lowered for it until it is declared.",
		Do:    "Correct the name, or declare the group.",
		Example: `group contains {"name": "payments-oncall"}
member contains {"group": "payment-oncall", "principal": "user:ann@acme.com"}   # misspelt
member contains {"group": "payments-oncall", "principal": "user:ann@acme.com"}  # declared`,
	},
	{
		Code: CodeCircularGroups, Account: true,
		Title: "Groups contain one another",
		Means: "Following a group's members leads back to the group itself.",
		Why:   "Who is in such groups cannot be determined, so nothing is lowered that they reach.",
		Do:    "Remove one of the member statements of the circle that the message shows.",
		Example: `member contains {"group": "a", "principal": "group:b"}
member contains {"group": "b", "principal": "group:a"}  # remove this one`,
	},
	{
		Code: CodeCircularGrant, Account: true,
		Title: "A grant follows from itself",
		Means: "The grant gives people a team or schedule because they are on that team or schedule already, directly or through other grants.",
		Why:   "It adds nobody and keeps nobody: nothing else says that these people belong there (S34).",
		Do:    "State who belongs there by another rule, from data or by name.",
		Example: `grant contains {"principal": "team:Payments", "resource": "team:Payments", "role": "manager"}   # gives nothing
grant contains {"principal": "group:payments", "resource": "team:Payments", "role": "manager"}`,
	},
	{
		Code: CodePointlessUntil, Account: true,
		Title: "An until has no effect",
		Means: "Another grant gives the same role on the same resource without an end.",
		Why:   "Access that looks temporary is permanent.",
		Do:    "Remove one of the two grants.",
		Example: `grant contains {"principal": "user:ann@acme.com", "resource": "team:A", "role": "manager"}  # permanent
grant contains {"principal": "user:ann@acme.com", "resource": "team:A", "role": "manager", "until": "2027-01-01T00:00:00Z"}`,
	},
	{
		Code: CodeDuplicateGroup, Account: true,
		Title: "A group is declared twice",
		Means: "Two group rules declare a group of the same name.",
		Why:   "Only one description and owner is shown, and two teams may each believe that the group is theirs.",
		Do:    "Keep one declaration. Members may be added from any file.",
		Example: `group contains {"name": "core", "owner": "ann@acme.com"}
group contains {"name": "core", "owner": "ben@acme.com"}  # remove`,
	},
	{
		Code: CodeUnusedGroup, Account: true,
		Title: "Nothing uses a group",
		Means: "A group is declared, and no grant, member, limit or protection names it.",
		Why:   "Its members get nothing from it. Often the grant is missing or misspells the name.",
		Do:    "Grant the group something, or delete it.",
		Example: `group contains {"name": "core"}
grant contains {"principal": "group:core", "resource": "team:Core", "role": "manager"}  # missing`,
	},
	{
		Code:    CodeUnknownIgnore,
		Title:   "An ignore names no code",
		Means:   "A comment or the configuration ignores a code that does not exist, or none.",
		Why:     "It has no effect. It may be misspelt, or the code is gone with a newer version.",
		Do:      "Correct the code, or delete the ignore.",
		Example: "# dutyward:ignore policy/unused-groups  # policy/unused-group",
	},
	{
		Code:    CodeIdleIgnore,
		Title:   "An ignore ignores nothing",
		Means:   "There is no warning of the code at that line, or in these files.",
		Why:     "What it was for is fixed, and it would hide the next one. Errors cannot be ignored.",
		Do:      "Delete it, or move it to the line of the warning or the line above.",
		Example: "# dutyward:ignore policy/unused-group  the grant comes with the migration",
	},
}

// PacksRoot is what origins call the directory of the packs of risks that are part of this
// program.
const PacksRoot = "packs"
