package plan

import (
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
)

// The codes of what a plan says besides its changes.
const (
	CodeNotIncluded code.Code = "plan/not-included"
	CodeEndless     code.Code = "plan/never-taken-back"
	CodeUnread      code.Code = "plan/unread"
	CodeSettling    code.Code = "plan/settling"
)

// Pages explain the codes of this package.
var Pages = slices.Concat(planPages, holdPages, blockedPages)

var planPages = code.Pages{
	{
		Code: CodeNotIncluded, Account: true,
		Title:   "Policies name something that is not under management",
		Means:   "The policies would change access on a resource whose mode is unmanaged.",
		Why:     "Nothing is done there, though the policies ask for it.",
		Do:      "Include the resource in the configuration, or take it out of the policies.",
		Example: "manage: {teams: {include: [Payments]}} and a grant on team:Search",
	},
	{
		Code: CodeEndless, Account: true,
		Title:   "Temporary access would never be taken back",
		Means:   "A grant with an until is on a resource in the mode grant-only.",
		Why:     "Nothing is lowered there, so the access outlives its end.",
		Do:      "Put the resource in sync, or take the access back by hand when it ends.",
		Example: "modes: {\"team:Payments\": grant-only}",
	},
	{
		Code: CodeUnread, Account: true,
		Title:   "Part of the account could not be read",
		Means:   "PagerDuty did not answer for this resource or person.",
		Why:     "What is not known is neither raised nor lowered (S6).",
		Do:      "Look at what the snapshot is missing, with dutyward doctor.",
		Example: "/teams/P1/members answered 500",
	},
	{
		Code: CodeSettling, Account: true,
		Title:   "PagerDuty does not show yet what was written",
		Means:   "A change was made less than two minutes ago, or an edit is open, and the account reads otherwise.",
		Why:     "Acting on it could undo a change that just came about (S9).",
		Do:      "Wait for the next round.",
		Example: "written as manager less than two minutes ago and read back as responder",
	},
}
