package reconcile

import (
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/check"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/source"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// The codes of what is found in policies once their plan is known.
const (
	codeNotEvaluated  code.Code = "policy/not-evaluated"
	codeIdleLimit     code.Code = "policy/idle-limit"
	codeIdleWaiver    code.Code = "policy/idle-waiver"
	codeNearlyAccount code.Code = "name/nearly-an-account"
	codeLongLead      code.Code = "oncall/long-lead"
	codeGivesNothing  code.Code = "policy/gives-nothing"
	codeReachesMost   code.Code = "policy/reaches-most"
	codeOtherLetters  code.Code = "name/other-letters"
	codeIdlePattern   code.Code = "name/pattern-matches-nothing"
)

// pages explain the codes of this package.
var pages = code.Pages{
	{
		Code: codeNotEvaluated, Account: true,
		Title:   "The policies could not be evaluated",
		Means:   "They did not end within their bounds of time or memory, or gave too many elements.",
		Why:     "Nothing is planned with them.",
		Do:      "Make the rule faster, or raise the bound under evaluation.",
		Example: "evaluation: {time_limit: 60s}",
	},
	{
		Code: codeReachesMost, Account: true,
		Title:   "A rule reaches most of the account",
		Means:   "A grant makes most people admin, or manager of one team, or a limit leaves most people nothing anywhere, or takes away all that is granted where it applies.",
		Why:     "It is likely that a condition is missing, or that it holds for everybody.",
		Do:      "Look at the rule's conditions. Ignore the code at the rule if it is meant.",
		Example: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"account\", \"role\": \"admin\"} if some u in input.users",
	},
	{
		Code: codeOtherLetters, Account: true,
		Title:   "An address is compared in other letters than the account has",
		Means:   "A rule compares addresses letter by letter, and the data has one of the account in capitals or with spaces that cannot be seen.",
		Why:     "The two are never equal for Rego. Under not, that gives access which was to be kept from somebody.",
		Do:      "Write the address as the account has it, or compare lower(u.email) with lower(…).",
		Example: "not u.email in data.blocked.emails  # where blocked has Kim@Acme.com",
	},
	{
		Code: codeIdlePattern, Account: true,
		Title:   "A text in a condition matches nothing in the account as it is written",
		Means:   "A rule asks for a title, a name or an address that nothing has, and would match if it were written in other letters, without an anchor or with its two sides swapped.",
		Why:     "The condition never holds, and the rule gives nothing, silently. Under not, it always holds.",
		Do:      "Write what the message suggests.",
		Example: "regex.match(\"^SENIOR\", u.job_title)  # regex.match(`(?i)^SENIOR`, u.job_title)",
	},
	{
		Code: codeIdleLimit, Account: true,
		Title:   "A limit limits nobody",
		Means:   "Its principal is a group that has no members now.",
		Why:     "It may rely on data that has changed, or on a misspelt name.",
		Do:      "Check the group's members, or delete the limit.",
		Example: "limit contains {\"principal\": \"group:contractors\", …} while nobody is in the group",
	},
	{
		Code: codeIdleWaiver, Account: true,
		Title:   "A waiver waives nothing",
		Means:   "There is no finding of that rule about that subject.",
		Why:     "The risk may be gone, or the rule's name is misspelt and the finding still open.",
		Do:      "Correct the name, or delete the waiver.",
		Example: "waive contains {\"rule\": \"oncall-unreachable\", \"subject\": \"user:ann@acme.com\", …}",
	},
	{
		Code: codeLongLead, Account: true,
		Title:   "A lead or lag is longer than the shifts",
		Means:   "A member joins the group earlier before a shift, or stays in it longer behind, than the longest shift of the schedule lasts.",
		Why:     "They would have the group's access throughout somebody else's shift. Hours may stand where minutes are meant.",
		Do:      "Correct the unit, such as \"15m\". If it is meant, ignore the warning in its line.",
		Example: "\"lead\": \"15h\"  # \"15m\"",
	},
	{
		Code: codeNearlyAccount, Account: true,
		Title:   "An address nearly is that of an account",
		Means:   "A policy names an address that nobody has, and one person whom no policy names differs by a letter or two.",
		Why:     "It is likely a slip, and the person does not get what was meant for them.",
		Do:      "Correct the address.",
		Example: "user:ann.smiht@acme.com  # user:ann.smith@acme.com",
	},
	{
		Code: codeGivesNothing, Account: true,
		Title:   "A rule gives nothing on this account",
		Means:   "The grant or member rule was evaluated and gave no element, nor did any other of its kind in the package.",
		Why:     "A condition may never hold. It may also simply not be the day for it.",
		Do:      "Check the rule's conditions against the data and the account.",
		Example: "grant contains {…} if data.freeze.active",
	},
}

// Pages explain every code, in their order.
func Pages() code.Pages {
	return slices.Concat(policies.Pages, contract.Pages, source.Pages, check.Pages, eval.Pages, desired.Pages, plan.Pages, findings.Pages, codes.Pages, events.Pages, pages).Sorted()
}
