// Package codes holds the codes of what a plan says of a round, of what it leaves as it is
// and of what blocks a change, each with its page.
package codes

import (
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
)

// The codes of what is said of a round as a whole, and of what is left as it is.
const (
	NotIncluded    code.Code = "plan/not-included"
	Endless        code.Code = "plan/never-taken-back"
	Unread         code.Code = "plan/unread"
	Settling       code.Code = "plan/settling"
	Incomplete     code.Code = "plan/incomplete"
	AnotherAccount code.Code = "plan/another-account"
	TokenOwner     code.Code = "plan/token-owner"
	ClockDoubted   code.Code = "plan/clock-doubted"
	Narrowed       code.Code = "plan/narrowed"
	NoGrants       code.Code = "plan/no-grants"
	NoGrantKnown   code.Code = "plan/no-grant-known"
	Unavailable    code.Code = "plan/unavailable"
	TurnsUntold    code.Code = "plan/turns-untold"
	OtherOrder     code.Code = "plan/other-order"
	GuardsKept     code.Code = "plan/guards-kept"
)

// The codes of what is left as it is.
const (
	ExtraUnnamed      code.Code = "extra/not-named"
	ExtraRuleFailed   code.Code = "extra/rule-failed"
	ExtraUnmanaged    code.Code = "extra/fixed-base-role"
	ExtraOverride     code.Code = "extra/former-override"
	Implied           code.Code = "implied/membership"
	Protected         code.Code = "protected/policy"
	ProtectedOperator code.Code = "protected/operator"
)

// Pages explain the codes of this package.
var Pages = slices.Concat(roundPages, leftPages, blockedPages)

var roundPages = code.Pages{
	{
		Code: NotIncluded, Account: true,
		Title:   "Policies name something that is not under management",
		Means:   "The policies would change access on a resource whose mode is unmanaged.",
		Why:     "Nothing is done there, though the policies ask for it.",
		Do:      "Include the resource in the configuration, or take it out of the policies.",
		Example: "manage: {teams: {include: [Payments]}} and a grant on team:Search",
	},
	{
		Code: Endless, Account: true,
		Title:   "Temporary access would never be taken back",
		Means:   "A grant with an until is on a resource in the mode grant-only.",
		Why:     "Nothing is lowered there, so the access outlives its end.",
		Do:      "Put the resource in sync, or take the access back by hand when it ends.",
		Example: "modes: {\"team:Payments\": grant-only}",
	},
	{
		Code: Unread, Account: true,
		Title:   "Part of the account could not be read",
		Means:   "PagerDuty did not answer for this resource or person.",
		Why:     "What is not known is neither raised nor lowered (S6).",
		Do:      "Look at what the snapshot is missing, with dutyward doctor.",
		Example: "/teams/P1/members answered 500",
	},
	{
		Code: Settling, Account: true,
		Title:   "PagerDuty does not show yet what was written",
		Means:   "A change was made less than two minutes ago, or an edit is open, and the account shows something else.",
		Why:     "Acting on it could undo a change that just came about (S9).",
		Do:      "Wait for the next round.",
		Example: "written as manager less than two minutes ago and read back as responder",
	},

	{
		Code: Incomplete, Account: true,
		Title:   "The snapshot is incomplete",
		Means:   "Part of the account could not be read.",
		Why:     "What was not read might be the reason to keep access, so nothing is lowered in this round (S6).",
		Do:      "See what is missing with `dutyward doctor`. Lowering resumes automatically once the whole account is read.",
		Example: "the snapshot is incomplete: members of team Payments (403)",
	},
	{
		Code: AnotherAccount, Account: true,
		Title:   "The state is of another account",
		Means:   "None of the people whom the state knows is in this account.",
		Why:     "What this program did there says nothing about here, so nothing is lowered (S11).",
		Do:      "Name the state of this account in the configuration, or a new file.",
		Example: "state: staging.db in the configuration of production",
	},
	{
		Code: TokenOwner, Account: true,
		Title:   "The owner of the API token is unknown",
		Means:   "PagerDuty did not say to whom the token belongs.",
		Why:     "That person must never be changed, so nothing is lowered (S20).",
		Do:      "Wait for the next round, or see `dutyward doctor`.",
		Example: "GET /users/me answered 500",
	},
	{
		Code: GuardsKept, Account: true,
		Title:   "Former limits or freezes stay in force for a while",
		Means:   "The configuration was saved without limits, freezes or bounds of edits that it had, or with looser ones.",
		Why:     "A file that an editor or a tool saved halfway looks just like that, and what the guards hold would be made at once. The former ones hold until the file has been so for ten times run.settle, or is committed to git as it is (S41).",
		Do:      "If it is meant, nothing: it counts then. Otherwise put the keys back.",
		Example: "freezes.year-end, which the configuration had until 12:04 and has no more",
	},
	{
		Code: OtherOrder, Account: true,
		Title:   "Turns come in another order than policies ask for",
		Means:   "Grants of turns on a layer or event say by order who comes before whom, and those who take turns there come in another order.",
		Why:     "The order is for those who join: whoever takes turns already keeps their place, for any other would move somebody's next turn (S23). Nothing else waits for it.",
		Do:      "Reorder the people in PagerDuty if it matters, agreed with those whose turns move, or take order out of the policy.",
		Example: "order: 1 for Bob and order: 2 for Ann, where Ann joined before Bob",
	},
	{
		Code: ClockDoubted, Account: true,
		Title:   "The time can't be trusted",
		Means:   "PagerDuty's clock and this machine's disagree, or PagerDuty's went back.",
		Why:     "Nothing is lowered that depends on the time (S31).",
		Do:      "Set the clock right.",
		Example: "PagerDuty's clock says 09:00 UTC, and this machine's 11:00 UTC",
	},
	{
		Code: Narrowed, Account: true,
		Title:   "The plan is narrowed to targets",
		Means:   "--target asked for some of the changes only.",
		Why:     "What else is due is left out of this plan.",
		Do:      "Nothing, if it was meant. Plan without --target to see the rest.",
		Example: "dutyward plan --target team:Payments",
	},
	{
		Code: NoGrants, Account: true,
		Title:   "The policies give nothing yet",
		Means:   "There is no grant statement.",
		Why:     "Nothing is planned. Findings are shown all the same.",
		Do:      "Add the first grant.",
		Example: `grant contains {"principal": "user:ann@acme.com", "resource": "team:A", "role": "manager"}`,
	},
	{
		Code: NoGrantKnown, Account: true,
		Title:   "No grant is known in this round",
		Means:   "The rules that give grants failed.",
		Why:     "What they would have given is not known, so nothing is planned.",
		Do:      "Correct the rules that the message names.",
		Example: "the grant rule at access.rego:12 failed",
	},
	{
		Code: Unavailable, Account: true,
		Title:   "Part of PagerDuty is not available",
		Means:   "The token or the account has no access to some endpoints.",
		Why:     "What they would say is missing from the policies' input.",
		Do:      "Nothing, if no policy needs it. Otherwise use a token that has access.",
		Example: "licenses",
	},
	{
		Code: TurnsUntold, Account: true,
		Title:   "The turns that would come can't be shown",
		Means:   "What is held or not enforced on a schedule could not be carried out as it is.",
		Why:     "The plan shows whose turns a decision is about, and here it can't.",
		Do:      "See why in the message, and correct it before you release the changes.",
		Example: "it would leave layer Day of schedule Weekly without anybody",
	},
}

// The codes of what blocks a change.
const (
	BlockedOwner          code.Code = "blocked/owner"
	BlockedRemoval        code.Code = "blocked/removal"
	BlockedStakeholder    code.Code = "blocked/stakeholder"
	BlockedAbility        code.Code = "blocked/missing-ability"
	BlockedNoSeat         code.Code = "blocked/no-seat"
	BlockedTeamFull       code.Code = "blocked/team-full"
	BlockedTooManyTeams   code.Code = "blocked/too-many-teams"
	BlockedRequires       code.Code = "blocked/requires"
	BlockedCircle         code.Code = "blocked/circle"
	BlockedNotTargeted    code.Code = "blocked/not-targeted"
	BlockedUnsupported    code.Code = "blocked/unsupported"
	BlockedNoPart         code.Code = "blocked/nothing-to-take-turns-on"
	BlockedRendering      code.Code = "blocked/rendering-differs"
	BlockedEdit           code.Code = "blocked/edit"
	BlockedNobodyLeft     code.Code = "blocked/nobody-left"
	BlockedTooManyPeople  code.Code = "blocked/too-many-people"
	BlockedDesertedPart   code.Code = "blocked/deserted-layer"
	BlockedTooManyEvents  code.Code = "blocked/too-many-events"
	BlockedDeletedPerson  code.Code = "blocked/deleted-person"
	BlockedNobodyReplaced code.Code = "blocked/nobody-replaced"
	BlockedNoGap          code.Code = "blocked/no-gap"
)

// blockedPages explain what blocks a change.
var blockedPages = code.Pages{
	{
		Code: BlockedOwner, Account: true,
		Title:   "The account owner's role can't be changed",
		Means:   "Policies or a limit ask for another role of the account's owner.",
		Why:     "PagerDuty changes it in its own pages only.",
		Do:      "Make somebody else the owner in PagerDuty, or take the person out of the rule.",
		Example: `a limit of "user" on everybody, the owner included`,
	},
	{
		Code: BlockedRemoval, Account: true,
		Title:   "Nobody is removed from the account for lack of a role",
		Means:   "A limit leaves a person no base role at all.",
		Why:     "Taking an account away is another step than taking a role away (S4).",
		Do:      "Remove the person in PagerDuty, or say in the limit which base role is allowed.",
		Example: `limit contains {…, "resource": "account", "at_most": "none"}`,
	},
	{
		Code: BlockedStakeholder, Account: true,
		Title:   "Stakeholders can't hold this",
		Means:   "The person is a stakeholder, or is to become one while on call.",
		Why:     "PagerDuty lets stakeholders neither be on call nor hold a role on a team.",
		Do:      "Grant a base role such as limited_user, or take the person off the schedule first.",
		Example: "a grant of team:Payments to somebody whose base role is read_only_user",
	},
	{
		Code: BlockedAbility, Account: true,
		Title:   "The account's plan does not include this",
		Means:   "The role needs an ability that the account lacks.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Add stakeholder seats to the account's plan, or grant another base role.",
		Example: "read_only_user on an account without read_only_users",
	},
	{
		Code: BlockedNoSeat, Account: true,
		Title:   "No seat is free",
		Means:   "No license of the account with a free seat allows the role.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Free a seat or buy one, or grant another base role.",
		Example: "no seat is free on license Full User, which user needs",
	},
	{
		Code: BlockedTeamFull, Account: true,
		Title:   "The team is full",
		Means:   "The team has as many members as PagerDuty allows.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Take somebody off the team, or split it.",
		Example: "the team has 500 members",
	},
	{
		Code: BlockedTooManyTeams, Account: true,
		Title:   "The person is on too many teams",
		Means:   "The person is on as many teams as PagerDuty allows.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Take them off a team.",
		Example: "ann@acme.com is on 400 teams",
	},
	{
		Code: BlockedRequires, Account: true,
		Title:   "It needs a change that is not made",
		Means:   "Another change must come first, and that one is held, blocked, not enforced or not targeted.",
		Why:     "Without the other, PagerDuty would refuse this one, or somebody would be without cover (S16).",
		Do:      "Resolve the other change first.",
		Example: "it needs ann@acme.com from none to responder on team:Payments, which is held",
	},
	{
		Code: BlockedCircle, Account: true,
		Title:   "Changes wait for one another",
		Means:   "A change needs others that need it.",
		Why:     "None of them could come first.",
		Do:      "Report it with the plan's JSON.",
		Example: "it and what it needs wait for one another",
	},
	{
		Code: BlockedNotTargeted, Account: true,
		Title:   "It needs a change that is not targeted",
		Means:   "The plan was narrowed, and leaves out what this change needs.",
		Why:     "Half of it would leave others with other turns, or lower more than was asked for.",
		Do:      "Target the other change as well.",
		Example: "dutyward plan --target team:Payments",
	},
	{
		Code: BlockedUnsupported, Account: true,
		Title:   "This version does not carry it out",
		Means:   "The policies state something that is read and shown, and not made yet.",
		Why:     "The plan says what would be due.",
		Do:      "Nothing: a later version carries it out.",
		Example: `leaver contains {"user": "ann@acme.com", …}`,
	},
	{
		Code: BlockedNoPart, Account: true,
		Title:   "The schedule has nothing to take turns on",
		Means:   "The schedule has no layer or event that has not ended.",
		Why:     "Hours and lengths of turns are set in PagerDuty.",
		Do:      "Make a layer or event on it in PagerDuty.",
		Example: "schedule Payments has no layer to take turns on that has not ended",
	},
	{
		Code: BlockedRendering, Account: true,
		Title:   "The turns of the schedule can't be foreseen",
		Means:   "The schedule renders differently here than in PagerDuty, or not at all.",
		Why:     "A change could move other people's turns unseen (S22).",
		Do:      "See the finding dutyward.rendering-differs, and make the change in PagerDuty until it is fixed.",
		Example: "schedule Payments renders differently here than in PagerDuty, first on 2026-03-02",
	},
	{
		Code: BlockedEdit, Account: true,
		Title:   "The rotation can't be changed like that",
		Means:   "The turns can't be revised as the policies ask.",
		Why:     "Nothing of the edit is made, so that nobody's turns are half changed.",
		Do:      "Change the rotation in PagerDuty.",
		Example: "an event whose members are not in turns",
	},
	{
		Code: BlockedNobodyLeft, Account: true,
		Title:   "A layer or event would have nobody",
		Means:   "The last who takes turns there would leave it.",
		Why:     "Nobody would be paged (S25).",
		Do:      "Grant somebody turns on it, or end it in PagerDuty.",
		Example: "it would leave layer Day of schedule Payments without anybody",
	},
	{
		Code: BlockedTooManyPeople, Account: true,
		Title:   "Too many people for one rotation",
		Means:   "The rotation would have more people than PagerDuty allows.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Grant turns to fewer people.",
		Example: "a grant of turns to a group of the whole company",
	},
	{
		Code: BlockedDesertedPart, Account: true,
		Title:   "A layer has nobody who is there",
		Means:   "All who are on a layer were deleted, and layers are written together.",
		Why:     "PagerDuty takes no change of a schedule that names such people.",
		Do:      "Put somebody on that layer in PagerDuty, or grant turns on it.",
		Example: "layer Night has turns of #P1, who was deleted",
	},
	{
		Code: BlockedTooManyEvents, Account: true,
		Title:   "The rotation has too many events",
		Means:   "An event is replaced by its successor, and the rotation can't take another one.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Wait until an event has ended, or delete one that is to come.",
		Example: "a rotation with as many events as PagerDuty allows",
	},
	{
		Code: BlockedDeletedPerson, Account: true,
		Title:   "A layer names somebody who was deleted",
		Means:   "A layer that is not edited has turns of a person who was deleted, and layers are written together.",
		Why:     "PagerDuty takes no change of a schedule that names such people.",
		Do:      "Take them off that layer in PagerDuty, or let somebody join it, who takes over their turns.",
		Example: `layer "Night" has turns of #P1, who was deleted`,
	},
	{
		Code: BlockedNobodyReplaced, Account: true,
		Title:   "Nobody is there to be replaced",
		Means:   "The person whom an override replaces has no turns in its window.",
		Why:     "There is nothing that it could take the place of.",
		Do:      "Name somebody who has, or leave `replaces` out to fill a gap.",
		Example: `"replaces": "user:ann@acme.com" in a week that is not hers`,
	},
	{
		Code: BlockedNoGap, Account: true,
		Title:   "Somebody is on call in the window already",
		Means:   "An override without `replaces` on a shift-based schedule, where somebody is on call.",
		Why:     "There an override replaces somebody, and only a gap can be filled without.",
		Do:      "Say in `replaces` whom it replaces, or narrow it to the gap.",
		Example: "ann@acme.com is on call on schedule Follow from 09:00 UTC",
	},
}
