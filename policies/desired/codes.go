package desired

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what keeps statements from becoming access on an account.
const (
	CodeNotFound  code.Code = "name/not-found"
	codeNoAccount code.Code = "name/no-account"
	codeAmbiguous code.Code = "name/ambiguous"
	CodeReused    code.Code = "name/reused"
	codeRenamed   code.Code = "name/renamed"
	codeUnread    code.Code = "name/unread"
	codeNoLevel   code.Code = "name/no-level"

	codeNoLayer        code.Code = "name/no-layer"
	codeAmbiguousLayer code.Code = "name/ambiguous-layer"
	codeNoWeights      code.Code = "oncall/no-weights"
	codeNotPeople      code.Code = "name/not-people"

	codeTooLong      code.Code = "access/too-long"
	codeDisputed     code.Code = "oncall/disputed"
	codeBeyondWindow code.Code = "oncall/beyond-window"

	CodeFault code.Code = "program/fault"
)

// Pages explain the codes of this package.
var Pages = code.Pages{
	{
		Code: CodeNotFound, Account: true,
		Title:   "Nothing in PagerDuty has this name or id",
		Means:   "A policy names a team, schedule, escalation policy or service that the account does not have.",
		Why:     "What the policy says about it has no effect; nothing is taken away for it (S12). A finding about it is about nothing, and no waiver of it holds.",
		Do:      "Correct the name. Names are compared exactly; an id stands behind '#'.",
		Example: "team:Payment  # team:Payments",
	},
	{
		Code: codeNoAccount, Account: true,
		Title:   "A limit, protection, finding or waiver names somebody who has no account",
		Means:   "No PagerDuty user has the e-mail address.",
		Why:     "It limits, protects, flags or excuses nobody. The address may be misspelt.",
		Do:      "Correct the address, or delete the statement.",
		Example: "protect contains {\"principal\": \"user:anne@acme.com\", …}  # ann@acme.com",
	},
	{
		Code: codeAmbiguous, Account: true,
		Title:   "Several things have this name",
		Means:   "PagerDuty has more than one thing of the kind with the name.",
		Why:     "Which one is meant cannot be determined, so none of them is changed (S10).",
		Do:      "Name the one you mean by id, or rename the others.",
		Example: "team:Payments  # team:#PABC123",
	},
	{
		Code: codeNoWeights, Account: true,
		Title:   "A shift-based schedule can't carry weights",
		Means:   "A grant of turns on an event of a shift-based schedule has a weight of more than 1.",
		Why:     "PagerDuty does not say that an event may list somebody several times, and an event has one length of turn for all. So everybody has one turn within a cycle there, whatever the weight.",
		Do:      "Make the schedule layer-based in PagerDuty, where a person can stand on a layer several times; or give the person an event of their own. Then take the weight out of this grant.",
		Example: "{\"resource\": \"schedule:Follow the sun\", \"role\": \"rotation\", \"weight\": 2, …}",
	},
	{
		Code: CodeReused, Account: true,
		Title:   "A name means another thing than before",
		Means:   "Since the last round the name has passed to something with another id.",
		Why:     "Access must not move to another team because of a rename, so neither is changed (S11).",
		Do:      "If the new one is meant, say so with dutyward confirm; otherwise correct the policy.",
		Example: "dutyward confirm team:Payments --reason \"split in two, the new one keeps the name\"",
	},
	{
		Code: codeRenamed, Account: true,
		Title:   "A thing was renamed in PagerDuty",
		Means:   "Nothing has the name any more, and what had it has another name now.",
		Why:     "The policy still means it, but names must match, so it is left as it is (S11, S12).",
		Do:      "Write the new name in the policy.",
		Example: "team:Payments  # team:Payments EU",
	},
	{
		Code: codeUnread, Account: true,
		Title:   "A name was not read",
		Means:   "The list in which it would stand could not be read completely.",
		Why:     "It may exist, so nothing follows from its absence.",
		Do:      "Look at what the snapshot is missing; the next round may read it.",
		Example: "schedule:Payments while PagerDuty answers 500 to /schedules",
	},
	{
		Code: codeNoLevel, Account: true,
		Title:   "An escalation policy has no such level",
		Means:   "The reference names a level beyond the last.",
		Why:     "Nobody is on call there, so it stands for nobody.",
		Do:      "Correct the level.",
		Example: "escalation@3:Payments where the policy has two levels  # escalation@2:Payments",
	},
	{
		Code: codeNoLayer, Account: true,
		Title:   "A schedule has no such layer or rotation",
		Means:   "None that has not ended has the name.",
		Why:     "The statement has no effect, and the layer that may be meant is left alone.",
		Do:      "Use one of the names that the message lists.",
		Example: "{…, \"resource\": \"schedule:Payments\", \"role\": \"rotation\", \"layer\": \"Nights\"}",
	},
	{
		Code: codeAmbiguousLayer, Account: true,
		Title:   "A schedule has several layers or rotations, and the policy does not say which",
		Means:   "\"layer\" is absent, or several share the name.",
		Why:     "Which one is meant cannot be determined, so the schedule is left as it is.",
		Do:      "Name one in \"layer\", by name or as #id.",
		Example: "{…, \"role\": \"rotation\", \"layer\": \"#PLAYER1\"}",
	},
	{
		Code: codeNotPeople, Account: true,
		Title:   "A reference cannot stand for people",
		Means:   "The kind of reference has no members.",
		Why:     "Who is meant cannot be determined.",
		Do:      "Use user, group, team, rotation, oncall or escalation.",
		Example: "service:Checkout  # escalation:Checkout",
	},
	{
		Code: codeTooLong, Account: true,
		Title:   "Temporary access would last too long",
		Means:   "The time until its end is longer than access.longest allows.",
		Why:     "The operator has set the bound. The statement gives nothing, and what it would give is left as it is.",
		Do:      "Choose an earlier until, or have the bound raised.",
		Example: "access: {longest: 2160h}",
	},
	{
		Code: codeDisputed, Account: true,
		Title:   "Who is on call is in dispute",
		Means:   "PagerDuty's final schedule, its list of on-calls and our rendering of the layers do not agree.",
		Why:     "Access that follows from the shift would go to the wrong person, so it is left as it is (S21, S22).",
		Do:      "Wait for the next round; if it lasts, compare the schedule in PagerDuty with its layers.",
		Example: "the final schedule says Ann, PagerDuty's on-calls say Ben",
	},
	{
		Code: codeBeyondWindow, Account: true,
		Title:   "Shifts beyond the snapshot are needed",
		Means:   "A lead or lag, or a group that keeps its last member, reaches beyond the shifts that were read.",
		Why:     "Who is in the group cannot be determined.",
		Do:      "Raise window.ahead_days or window.back_days, or shorten the lead or lag.",
		Example: "window: {back_days: 14}",
	},
	{
		Code: CodeFault, Account: true,
		Title:   "Internal error",
		Means:   "The fault is in this program, neither in the account nor in the policies.",
		Why:     "What it concerns is left as it is; everything else goes on.",
		Do:      "Please report it, with the message.",
		Example: "index out of range (shift.go:42)",
	},
}
