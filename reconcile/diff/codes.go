package diff

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what is said of a round as a whole, and of what is left as it is.
const (
	codeIncomplete     code.Code = "plan/incomplete"
	codeAnotherAccount code.Code = "plan/another-account"
	codeTokenOwner     code.Code = "plan/token-owner"
	codeClockDoubted   code.Code = "plan/clock-doubted"
	codeNarrowed       code.Code = "plan/narrowed"
	codeNoGrants       code.Code = "plan/no-grants"
	codeNoGrantKnown   code.Code = "plan/no-grant-known"
	codeUnavailable    code.Code = "plan/unavailable"
	codeTurnsUntold    code.Code = "plan/turns-untold"
)

// Pages explain the codes of this package.
var Pages = code.Pages{
	{
		Code: codeIncomplete, Account: true,
		Title:   "The snapshot is incomplete",
		Means:   "Part of the account could not be read.",
		Why:     "What was not read might be the reason to keep access, so nothing is lowered in this round (S6).",
		Do:      "See what is missing with `dutyward doctor`. Lowering goes on by itself once the account is read whole.",
		Example: "the snapshot is incomplete: members of team Payments (403)",
	},
	{
		Code: codeAnotherAccount, Account: true,
		Title:   "The state is of another account",
		Means:   "None of the people whom the state knows is in this account.",
		Why:     "What this program did there says nothing about here, so nothing is lowered (S11).",
		Do:      "Name the state of this account in the configuration, or a new file.",
		Example: "state: staging.db in the configuration of production",
	},
	{
		Code: codeTokenOwner, Account: true,
		Title:   "Who owns the API token can't be told",
		Means:   "PagerDuty did not say to whom the token belongs.",
		Why:     "That person must never be changed, so nothing is lowered (S20).",
		Do:      "Wait for the next round, or see `dutyward doctor`.",
		Example: "GET /users/me answered 500",
	},
	{
		Code: codeClockDoubted, Account: true,
		Title:   "The time can't be trusted",
		Means:   "PagerDuty's clock and this machine's disagree, or PagerDuty's went back.",
		Why:     "Nothing is lowered that depends on the time (S31).",
		Do:      "Set the clock right.",
		Example: "PagerDuty's clock says 09:00 UTC, and this machine's 11:00 UTC",
	},
	{
		Code: codeNarrowed, Account: true,
		Title:   "The plan is narrowed to targets",
		Means:   "--target asked for some of the changes only.",
		Why:     "What else is due is left out of this plan.",
		Do:      "Nothing, if it was meant. Plan without --target to see the rest.",
		Example: "dutyward plan --target team:Payments",
	},
	{
		Code: codeNoGrants, Account: true,
		Title:   "The policies give nothing yet",
		Means:   "There is no grant statement.",
		Why:     "Nothing is planned. Findings are shown all the same.",
		Do:      "Add the first grant.",
		Example: `grant contains {"principal": "user:ann@acme.com", "resource": "team:A", "role": "manager"}`,
	},
	{
		Code: codeNoGrantKnown, Account: true,
		Title:   "No grant is known in this round",
		Means:   "The rules that give grants failed.",
		Why:     "What they would have given is not known, so nothing is planned.",
		Do:      "Correct the rules that the message names.",
		Example: "the grant rule at access.rego:12 failed",
	},
	{
		Code: codeUnavailable, Account: true,
		Title:   "Part of PagerDuty is not available",
		Means:   "The token or the account has no access to some endpoints.",
		Why:     "What they would say is missing from the policies' input.",
		Do:      "Nothing, if no policy needs it. Otherwise use a token that has access.",
		Example: "licenses",
	},
	{
		Code: codeTurnsUntold, Account: true,
		Title:   "The turns that would come can't be shown",
		Means:   "What is observed or held on a schedule could not be carried out as it is.",
		Why:     "The plan shows whose turns a decision is about, and here it can't.",
		Do:      "See why in the message, and correct it before you release the changes.",
		Example: "it would leave layer Day of schedule Weekly without anybody",
	},
}
