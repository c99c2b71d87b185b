package codes

import "github.com/dutyward/dutyward/inventory/code"

// leftPages explain why something is left as it is.
var leftPages = code.Pages{
	{
		Code: ExtraUnnamed, Account: true,
		Title:   "No policy names this resource",
		Means:   "PagerDuty holds access on a team, layer or event that no grant, limit or empty statement names.",
		Why:     "What policies don't name is not lowered (S1).",
		Do:      "Grant what is meant there. From then on whoever has no grant is lowered.",
		Example: "ann@acme.com is responder on team:Search, and no policy names this team",
	},
	{
		Code: ExtraRuleFailed, Account: true,
		Title:   "A rule failed that may name this resource",
		Means:   "No policy is known to name it, and a rule that might have failed in this round.",
		Why:     "What the rule would have said is not known, so nothing is lowered.",
		Do:      "Correct the rule: the plan's errors say where it is.",
		Example: "the grant rule at access.rego:12 failed",
	},
	{
		Code: ExtraUnmanaged, Account: true,
		Title:   "The base role fixes the roles on teams",
		Means:   "Somebody with a base role such as owner or admin is on a team without a grant.",
		Why:     "PagerDuty gives them the same access on each team, so their roles there are not managed (S13).",
		Do:      "Nothing, or give them another base role.",
		Example: "team roles of an admin are not managed",
	},
	{
		Code: ExtraOverride, Account: true,
		Title:   "An override that was asked for stays",
		Means:   "This program made an override, and no policy names the schedule's overrides any more.",
		Why:     "What policies don't name is not lowered (S1). It ends at its own end time.",
		Do:      "Delete it in PagerDuty, if it is not meant.",
		Example: "the file with the schedule's override grants was deleted",
	},
	{
		Code: Implied, Account: true,
		Title:   "PagerDuty gives this on its own",
		Means:   "Whoever is on a schedule or escalation policy of a team is on the team, too.",
		Why:     "It can't be taken away on the team (S17).",
		Do:      "Take them off the schedule or escalation policy first.",
		Example: "ann@acme.com takes turns on schedule Payments Primary, which is team:Payments'",
	},
	{
		Code: Protected, Account: true,
		Title:   "A protect statement keeps this",
		Means:   "Policies ask for something else, and a protection says that it stays as it is.",
		Why:     "A protection beats grants and limits (S12).",
		Do:      "Nothing, or end the protection.",
		Example: `protect contains {"principal": "user:ann@acme.com", "reason": "on parental leave"}`,
	},
	{
		Code: ProtectedOperator, Account: true,
		Title:   "This program's operators are never changed",
		Means:   "Policies ask to change the token's user, the acting user or an operator.",
		Why:     "Nobody could correct the mistake (S20).",
		Do:      "Change them in PagerDuty, or take them out of the policies.",
		Example: "operators: [ops@acme.com] and a grant that lowers ops@acme.com",
	},
}
