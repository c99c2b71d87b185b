package plan

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what holds a change.
const (
	HoldSuspended        code.Code = "hold/suspended"
	HoldEditSettling     code.Code = "hold/edit-settling"
	HoldClock            code.Code = "hold/clock"
	HoldUnwitnessed      code.Code = "hold/unwitnessed"
	HoldHidingOverride   code.Code = "hold/hiding-override"
	HoldVoidedOverride   code.Code = "hold/voided-override"
	HoldFight            code.Code = "hold/fight"
	HoldEmptying         code.Code = "hold/emptying"
	HoldEmptyingRotation code.Code = "hold/emptying-rotation"
	HoldBurst            code.Code = "hold/burst"
	HoldReplacing        code.Code = "hold/replacing"
	HoldFrozen           code.Code = "hold/frozen"
	HoldMovedTurn        code.Code = "hold/moved-turn"
	HoldRefusedEdit      code.Code = "hold/refused-edit"
	HoldDisplacedTurns   code.Code = "hold/displaced-turns"
	HoldManyJoins        code.Code = "hold/many-joins"
	HoldPaging           code.Code = "hold/paging"
)

// Pages explain what holds a change.
var Pages = code.Pages{
	{
		Code: HoldSuspended, Account: true,
		Title:   "Nothing is lowered in this round",
		Means:   "Something that decides about lowerings is unknown: the snapshot is incomplete, a rule erred, a protection or an operator can't be resolved, or the state is of another account.",
		Why:     "What is unknown might be the reason to keep the access (S5, S6, S12, S20).",
		Do:      "Fix what the plan's suspended says. The change resumes automatically after that.",
		Example: "lowering is suspended: the snapshot is incomplete: team Payments (403)",
	},
	{
		Code: HoldEditSettling, Account: true,
		Title:   "An edit of the policies has not settled yet",
		Means:   "Policies or configuration were edited a moment ago, and the edit newly lowers this.",
		Why:     "A file that is saved halfway reads as if much were not wanted any more (S37).",
		Do:      "Wait, commit the edit, or release the change.",
		Example: "an edit made 2026-03-02 09:00:00 UTC, which must stay unchanged until 09:01:00",
	},
	{
		Code: HoldClock, Account: true,
		Title:   "The time can't be trusted",
		Means:   "PagerDuty's clock and this machine's disagree, or PagerDuty's went back.",
		Why:     "What ends by the one clock may not have ended by the other (S31).",
		Do:      "Set the clock right. The change resumes automatically once the clocks agree.",
		Example: "PagerDuty's clock went back: it says 09:00 UTC, and said 11:00 UTC in the last round",
	},
	{
		Code: HoldUnwitnessed, Account: true,
		Title:   "It is unknown whether a raise is still this program's",
		Means:   "This program raised somebody's role, and nobody watched since: a person may have given the role permanently.",
		Why:     "Taking it back could undo that person's decision (S4).",
		Do:      "Grant the role if it is meant, or release the change.",
		Example: "no round was made since 2026-03-01 09:00 UTC",
	},
	{
		Code: HoldHidingOverride, Account: true,
		Title:   "An override would hide one that a person made",
		Means:   "On a layer-based schedule the override that is made last wins.",
		Why:     "Other people's overrides are theirs (S24).",
		Do:      "Wait until theirs is over, have it taken away, or release the change.",
		Example: "ann@acme.com's override from 09:00 to 17:00 UTC on the same schedule",
	},
	{
		Code: HoldVoidedOverride, Account: true,
		Title:   "An edit of turns would void somebody's override",
		Means:   "The override replaces somebody who would have no turn there any more.",
		Why:     "Other people's overrides are theirs (S24).",
		Do:      "Wait until it is over, or release the change and create the override again.",
		Example: "bob@acme.com's override in place of ann@acme.com, who leaves the rotation",
	},
	{
		Code: HoldFight, Account: true,
		Title:   "Others keep reversing this change",
		Means:   "It was made three times within an hour and is due again.",
		Why:     "Two programs that disagree would go on forever, and change somebody's access each time (S27).",
		Do:      "Find out who else sets it, let only one program manage it, and release the change.",
		Example: "a Terraform run that sets the role back every ten minutes",
	},
	{
		Code: HoldEmptying, Account: true,
		Title:   "A team would lose everybody",
		Means:   "No rule puts anybody on the team any more, or only for shifts or a while.",
		Why:     "A renamed group or an emptied file looks like this (S3).",
		Do:      "State `empty` for the team if it is meant, or release the change.",
		Example: "no rule puts anybody on team:Payments any more",
	},
	{
		Code: HoldEmptyingRotation, Account: true,
		Title:   "A layer or event would lose everybody",
		Means:   "No rule gives anybody turns on it any more.",
		Why:     "Nobody would be paged. It is never left without anybody (S3, S25), whatever is released.",
		Do:      "Grant somebody turns there, or end it in PagerDuty.",
		Example: "no rule gives anybody turns on layer Day of schedule:Payments any more",
	},
	{
		Code: HoldBurst, Account: true,
		Title:   "More would change in a day than is usual",
		Means:   "The lowerings of one cause, or its raises to admin or manager, exceed a limit on how many are made in 24 hours.",
		Why:     "A mistake in the policies or in a directory changes many at once (S26).",
		Do:      "Look at each, and release those that are meant; or set the limit that the message names (`limits` in the configuration).",
		Example: "60 lowerings planned, of which 10 are allowed (limits.lowerings)",
	},
	{
		Code: HoldFrozen, Account: true,
		Title:   "Changes are frozen for a time",
		Means:   "A freeze of the configuration holds, and the change has one of its causes.",
		Why:     "In some times nothing is to move but what is foreseen: handoffs, ends, and leavers (S41).",
		Do:      "Wait for its end, or release the change.",
		Example: "freezes.year-end holds until 2027-01-03 00:00 UTC: nobody is there to fix it",
	},
	{
		Code: HoldReplacing, Account: true,
		Title:   "Raises in its place are held",
		Means:   "A limit holds raises on the same resource; the people who would come may be in place of those who would go.",
		Why:     "Else those who go would leave before those who replace them may come (S26).",
		Do:      "Release the raises, and it goes on with them; or release it alone.",
		Example: "limits.managers holds raises on team:Payments, which may be in its place",
	},
	{
		Code: HoldMovedTurn, Account: true,
		Title:   "Somebody's next turn would move",
		Means:   "A rotation that gets longer or shorter moves the turns of those who stay.",
		Why:     "People plan their days by their next turn (S23).",
		Do:      "Give somebody else turns there in the same plan, who takes them over, or release the change.",
		Example: "ann@acme.com's next turn would begin 2026-03-09 09:00 UTC instead of 2026-03-16",
	},
	{
		Code: HoldDisplacedTurns, Account: true,
		Title:   "Many later turns of others would move",
		Means:   "A rotation gets longer or shorter, and more turns of people who neither join nor leave would move, fall away or be new within eight weeks than edits.displaced_turns allows. Their next turns stay.",
		Why:     "People arrange their weeks around their turns, and a longer or shorter cycle moves all that follow (S23).",
		Do:      "Let each newcomer take over the turns of somebody who leaves in the same plan, or an empty slot: then nobody else's turn moves. Or put them on a layer or event of their own. If the turns are to move, release the changes, or raise edits.displaced_turns.",
		Example: "36 turns of 7 others would move on schedule Payments within 8 weeks, and edits.displaced_turns allows 30: ann@acme.com from 2026-03-09 09:00 UTC, ...",
	},
	{
		Code: HoldPaging, Account: true,
		Title:   "An edit of turns or an override would leave incidents unanswered",
		Means:   "With it, incidents of high urgency of some escalation policy would meet nobody, notify nobody, send e-mail alone or make no device ring within 15 minutes, at a time at which they do not now; or for a tenth longer than now, over the next 90 days.",
		Why:     "Whoever takes a turn must wake up for it (S47). The proof is that of `dutyward paging`.",
		Do:      "Have who joins set up a phone, SMS or push notification rule for high urgency, put somebody else there, or release the change.",
		Example: "high-urgency incidents on escalation policy Payments would reach people by e-mail alone from 2026-03-09 09:00 UTC to 2026-03-16 09:00 UTC (bob@acme.com): in the next 90 days 720 h of that or worse, now 0 min",
	},
	{
		Code: HoldManyJoins, Account: true,
		Title:   "Many people would join a rotation at once",
		Means:   "More people would join one layer or event, beyond those who take over from somebody who leaves, than edits.joins allows.",
		Why:     "A rule that reaches too many people looks like this, and everybody who is on call already would have their later turns moved (S23).",
		Do:      "Look at who would join and by which rule. If all of them are meant, release the changes, or raise edits.joins.",
		Example: "43 people more would take turns on layer Day of schedule Payments, and edits.joins allows 5",
	},
	{
		Code: HoldRefusedEdit, Account: true,
		Title:   "PagerDuty refused this edit of a schedule",
		Means:   "The same edit was tried a while ago and refused, and nothing of it is left.",
		Why:     "Trying it every minute would change nothing (S32). It is retried less and less often.",
		Do:      "Fix what PagerDuty complained about, or release the change to try it now.",
		Example: "refused twice, last at 09:00 UTC: 400 Invalid rotation",
	},
}
