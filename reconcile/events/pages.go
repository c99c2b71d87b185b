package events

import (
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
)

// Pages explain the codes of events.
var Pages = slices.Concat(pagesOfRounds, pagesOfConditions, pagesOfProcesses)

// pagesOfRounds explain what rounds do.
var pagesOfRounds = code.Pages{
	{
		Code: AccessRaised, Account: true,
		Title:   "Access was given or raised",
		Means:   "Somebody has more than before on a resource: a role where there was none, or a higher one.",
		Why:     "It is what the policies ask for; cause and reason say why now.",
		Do:      "Nothing. `dutyward explain` says which rules gave it.",
		Example: "ann@acme.com on team:Payments from none to responder: on call until 2026-03-20 18:00 UTC",
	},
	{
		Code: AccessLowered, Account: true,
		Title:   "Access was taken away or lowered",
		Means:   "Somebody has less than before on a resource: no role, or a lower one.",
		Why:     "It is what the policies ask for; cause and reason say why now.",
		Do:      "Nothing, if it was meant. Otherwise correct the policies, or see `dutyward revert`.",
		Example: "ann@acme.com on team:Payments from responder to none: no rule gives it",
	},
	{
		Code: ChangeFailed, Account: true,
		Title:   "A change was not made",
		Means:   "PagerDuty refused the change, did not answer, or holds something other than the plan saw.",
		Why:     "The account is not as the policies say. It is tried again.",
		Do:      "Read the reason. A conflict resolves itself with the next round; a refusal names what has to change.",
		Example: "ann@acme.com on team:Payments from none to responder: PagerDuty answered 403",
	},
	{
		Code: Held, Account: true,
		Title:   "A change waits for a person",
		Means:   "A safeguard holds a change back, such as one that would take access from many people at once.",
		Why:     "It is not made until somebody agrees to it.",
		Do:      "Look at it with `dutyward holds`, then `dutyward release KEY`, or correct the policies.",
		Example: "ann@acme.com on team:Payments from responder to none: 40 of 50 people would lose access",
	},
	{
		Code: HeldEnded, Account: true,
		Title:   "Changes are no longer held",
		Means:   "They were released, or are no longer due.",
		Why:     "Released ones are made in this round.",
		Do:      "Nothing.",
		Example: "Held no longer (changes 1)",
	},
	{
		Code: EditHeld, Account: true,
		Title:   "What an edit takes away waits",
		Means:   "The policies or the configuration were edited, and what the edit takes away waits until the files have not changed for a while.",
		Why:     "An edit that is saved halfway would otherwise take access from people.",
		Do:      "Commit the edit, or wait until the time that the event names.",
		Example: "changes 3: the policies changed at 10:02",
	},
	{
		Code: FindingBegan, Account: true,
		Title:   "A risk was found",
		Means:   "A rule of the policies, or a built-in one, found a risk that was not there before.",
		Why:     "The severity is the rule's.",
		Do:      "Do what the remedy says, or accept the risk with a waiver.",
		Example: "rosa@acme.com on schedule:Night: can be reached by email alone",
	},
	{
		Code: FindingEnded, Account: true,
		Title:   "Risks are gone",
		Means:   "What rules found before is no longer there, or was waived.",
		Why:     "Nothing is left to do about it.",
		Do:      "Nothing.",
		Example: "Findings are gone (findings 2)",
	},
	{
		Code: Expiring, Account: true,
		Title:   "Temporary access ends soon",
		Means:   "Access that was given until some moment ends within access.warn_before.",
		Why:     "Whoever still needs it would lose it then.",
		Do:      "Extend it in the policies or their data if it is still needed.",
		Example: "ann@acme.com on team:Payments until 2026-03-20 18:00 UTC",
	},
	{
		Code: FirstRound, Account: true,
		Title:   "The first round on this state",
		Means:   "There was no round before, so that everything that stands now is summed up once.",
		Why:     "From here on only what begins or ends is an event.",
		Do:      "Look at what is held and at the findings.",
		Example: "First round (due 14, done 14, held 1)",
	},
	{
		Code: RoundEnded, Account: true,
		Title:   "A round ended",
		Means:   "It read the account, made a plan and did what was due.",
		Why:     "The numbers are those of the plan; it is told loudly only if they changed.",
		Do:      "Nothing.",
		Example: "Round (due 2, done 2, findings 5)",
	},
	{
		Code: RoundFailed, Account: true,
		Title:   "A round failed",
		Means:   "It could not read the account, evaluate the policies, or make all its changes.",
		Why:     "Nothing more happens until a round succeeds. It is tried again by itself, ever more rarely, at least every ten minutes.",
		Do:      "Read the error: it says what was tried and what to do.",
		Example: "The round failed: PagerDuty can't be reached",
	},
	{
		Code: RoundsSucceed, Account: true,
		Title:   "Rounds succeed again",
		Means:   "A round succeeded after some that failed.",
		Why:     "What was due meanwhile is done.",
		Do:      "Nothing.",
		Example: "Rounds succeed again (after failures 3)",
	},
	{
		Code: RoundIncomplete, Account: true,
		Title:   "The round could not do everything",
		Means:   "A rule failed on this account, or something could not be planned. All else was done.",
		Why:     "What is affected stays as it is.",
		Do:      "Correct what the problem names.",
		Example: "policies/access/more.rego:3: to_number: invalid syntax",
	},
	{
		Code: RoundComplete, Account: true,
		Title:   "The errors are resolved",
		Means:   "The last round did everything that it was asked to.",
		Why:     "Nothing is left over.",
		Do:      "Nothing.",
		Example: "Errors resolved",
	},
	{
		Code: Handoff, Account: true,
		Title:   "Access followed a handoff",
		Means:   "Shifts began or ended, and the changes that follow from it are made.",
		Why:     "The delay is the time from that moment to the last write.",
		Do:      "Nothing. A delay of minutes is worth a look at the request budget.",
		Example: "Handed over: delay 1.2s",
	},
	{
		Code: AccountRead, Account: true,
		Title:   "The account was read",
		Means:   "A round read the account in full or in part.",
		Why:     "It says how many requests that took.",
		Do:      "Nothing.",
		Example: "Read the account (requests 42)",
	},
	{
		Code: FullRefresh, Account: true,
		Title:   "The account is read in full",
		Means:   "A part might have been enough for this round, and was not.",
		Why:     "It takes more requests and more time.",
		Do:      "Nothing, unless it happens at every handoff: then the reason says why.",
		Example: "schedule PDEF456 is mentioned since",
	},
	{
		Code: LoweringWaits, Account: true,
		Title:   "Something is lowered only after a full refresh",
		Means:   "A round that read in part can't be sure that somebody should lose access.",
		Why:     "The next round, which is due at once, reads the account in full and decides.",
		Do:      "Nothing.",
		Example: "the policies read services of the account, which only a whole reading tells",
	},
	{
		Code: PollingSlowed, Account: true,
		Title:   "On-calls are polled more slowly than configured",
		Means:   "Polling as often as configured would take more than a tenth of PagerDuty's request budget.",
		Why:     "Overrides that people make in PagerDuty are noticed later.",
		Do:      "Raise the interval in the configuration, or put schedules on escalation policies: these are cheaper to poll.",
		Example: "interval 2m0s, configured 30s",
	},
}
