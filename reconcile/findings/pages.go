package findings

import "github.com/dutyward/dutyward/inventory/code"

// The codes of findings.
const (
	// Stated is what policies flag; its rule says which.
	Stated code.Code = "finding/stated"
	// Packed is what a pack of this program finds; its rule says which.
	Packed code.Code = "finding/pack"
	// BeyondLimit and LeaverRemains say that PagerDuty holds more than policies allow.
	BeyondLimit   code.Code = "finding/beyond-limit"
	LeaverRemains code.Code = "finding/leaver-remains"
	// AdminByFacts is of whoever is admin because of a schedule or team.
	AdminByFacts code.Code = "finding/admin-by-facts"

	fight                  code.Code = "finding/fight"
	staysRaised            code.Code = "finding/stays-raised"
	noLongerNamed          code.Code = "finding/no-longer-named"
	ruleFell               code.Code = "finding/rule-fell"
	renderingDiffers       code.Code = "finding/rendering-differs"
	onCallDeleted          code.Code = "finding/on-call-deleted"
	onCallGroupEmpty       code.Code = "finding/oncall-group-empty"
	onCallGroupWillBeEmpty code.Code = "finding/oncall-group-will-be-empty"
)

// Pages explain the codes of findings.
var Pages = code.Pages{
	{
		Code: Stated, Account: true,
		Title:   "A policy flags a risk",
		Means:   "A finding statement of the policies applies. Its rule names it.",
		Why:     "The author of the rule says so in the message.",
		Do:      "Follow the remediation, or accept the risk for a while with a waive statement.",
		Example: `finding contains {"rule": "team-of-one", "subject": "team:Payments", "severity": "low", "message": "only one person is on call"}`,
	},
	{
		Code: Packed, Account: true,
		Title:   "A pack of the program finds a risk",
		Means:   "A rule of one of the packs that look for risks in any account applies. Its rule names it, and docs/risk.md lists them all.",
		Why:     "`dutyward risk --explain RULE` says why it matters, how it is scored and which controls it is about.",
		Do:      "Follow the remediation; accept the risk for a while with a waive statement; or switch the rule off with `risk.without` in the configuration.",
		Example: "dutyward.single-level: Payments has a single level",
	},
	{
		Code: BeyondLimit, Account: true,
		Title:   "Somebody holds more than a limit allows",
		Means:   "A limit is on this person, and PagerDuty holds more. The rule is dutyward.beyond-limit.",
		Why:     "It is found whether or not the plan lowers it (S38): the lowering may be held, blocked or not enforced.",
		Do:      "Follow the remediation, which says what becomes of it in this plan.",
		Example: "bob@acme.com is manager on team:Payments, and a limit allows at most responder: contractors",
	},
	{
		Code: LeaverRemains, Account: true,
		Title:   "Somebody who has left is still there",
		Means:   "A leaver statement names a person who is still on a team or schedule, and the plan does not take them off. The rule is dutyward.leaver-remains.",
		Why:     "Whoever has left can still be paged or act (S17).",
		Do:      "Take them off in PagerDuty, or set a limit of none on them.",
		Example: "bob@acme.com has left (last day was Friday) and is still on team:Payments: no policy names this team",
	},
	{
		Code: fight, Account: true,
		Title:   "Another program reverses what this one does",
		Means:   "A change was made three times within an hour and reversed each time, so it is held. The rule is dutyward.fight.",
		Why:     "Two programs that disagree would go on forever, and change somebody's access each time (S27).",
		Do:      "Find out in PagerDuty's audit trail who else sets it, and let one of the two decide.",
		Example: "a Terraform run sets ann@acme.com back to responder every ten minutes",
	},
	{
		Code: staysRaised, Account: true,
		Title:   "A raised base role stays",
		Means:   "This program raised a base role, and no policy gives the person one any more. The rule is dutyward.stays-raised.",
		Why:     "Base roles without a grant are left alone (S4), so it stays raised until a person decides.",
		Do:      "Grant the base role that the person should have.",
		Example: "ann@acme.com was raised from user to admin, and the grant was deleted",
	},
	{
		Code: noLongerNamed, Account: true,
		Title:   "Policies no longer name a resource",
		Means:   "The last round's policies named it and these do not. The rule is dutyward.no-longer-named.",
		Why:     "Everybody keeps what they have there (S1), which may not be what was meant.",
		Do:      "Grant something there again, state `empty`, or take it out of `include` in the configuration.",
		Example: "the file with the grants on team:Payments was deleted",
	},
	{
		Code: ruleFell, Account: true,
		Title:   "A rule gives far less than before",
		Means:   "A rule that gave ten elements or more gives half as many or fewer. The rule is dutyward.rule-fell.",
		Why:     "A truncated roster or a renamed field looks like this, and is no error in Rego.",
		Do:      "Check its data. If it is meant, waive the finding or wait a day.",
		Example: "grant in access.people from 412 to 3",
	},
	{
		Code: AdminByFacts, Account: true,
		Title:   "Somebody is admin because of a schedule or team",
		Means:   "The base role admin follows from being on call, taking turns or being on a team. The rule is dutyward.admin-by-facts.",
		Why:     "Whoever can change the schedule or team can make themselves admin (S30).",
		Do:      "Give admin to named people, or to a group from a roster.",
		Example: `grant contains {"principal": "oncall:Payments Primary", "resource": "account", "role": "admin"}`,
	},
	{
		Code: renderingDiffers, Account: true,
		Title:   "A schedule renders differently than in PagerDuty",
		Means:   "The turns computed from the schedule's definition are not those that PagerDuty shows. The rule is dutyward.rendering-differs.",
		Why:     "Turns there can't be foreseen, so the schedule is not edited (S22).",
		Do:      "Report it with the schedule's JSON.",
		Example: "from 2026-03-09 09:00 UTC PagerDuty shows bob@acme.com, and not ann@acme.com",
	},
	{
		Code: onCallDeleted, Account: true,
		Title:   "A deleted person is on call",
		Means:   "Turns on a schedule or a level of an escalation policy belong to somebody who was deleted. The rule is dutyward.on-call-deleted.",
		Why:     "Nobody is paged then.",
		Do:      "Grant somebody turns there, or put somebody else there in PagerDuty.",
		Example: "turns on schedule Payments belong to #PUSER12, who was deleted",
	},
	{
		Code: onCallGroupEmpty, Account: true,
		Title:   "An on-call group is empty",
		Means:   "Nobody is on call by the schedules that make up a group. The rule is dutyward.oncall-group-empty.",
		Why:     "Nobody has the access that being on call needs.",
		Do:      "Put somebody on call, or say with when_empty what is to happen.",
		Example: `member contains {"group": "payments-oncall", "principal": "oncall:Payments", "when_empty": "keep-last"}`,
	},
	{
		Code: onCallGroupWillBeEmpty, Account: true,
		Title:   "An on-call group will be empty",
		Means:   "Within 14 days there is a time when nobody is on call by the schedules that make up a group. The rule is dutyward.oncall-group-will-be-empty.",
		Why:     "Nobody will have the access that being on call needs then.",
		Do:      "Put somebody on call before, or say with when_empty what is to happen.",
		Example: "group:payments-oncall will be empty from 2026-03-09 09:00 UTC until 2026-03-09 17:00 UTC",
	},
}
