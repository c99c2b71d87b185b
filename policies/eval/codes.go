package eval

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what evaluation finds.
const (
	codeNoRules       code.Code = "policy/no-rules"
	codeExpiredWaiver code.Code = "policy/expired-waiver"
	codeFailed        code.Code = "rule/failed"
	codeInDoubt       code.Code = "rule/in-doubt"
	codeBadElements   code.Code = "rule/bad-elements"
	codeLeftOut       code.Code = "rule/left-out"
	codeUndefinedHead code.Code = "rule/undefined-head"
	codeIdleRows      code.Code = "policy/idle-rows"
)

// Pages explain the codes of this package.
var Pages = code.Pages{
	{
		Code:    codeNoRules,
		Title:   "The policies hold no rule that is read",
		Means:   "No access or risk package has a contract rule.",
		Why:     "The policies say nothing, which is rarely meant.",
		Do:      "Check the package names and the files' endings.",
		Example: "package access.payments",
	},
	{
		Code: codeExpiredWaiver, Account: true,
		Title:   "A waiver has ended",
		Means:   "Its \"until\" has passed.",
		Why:     "The finding is open again.",
		Do:      "Extend it with a reason, or delete it.",
		Example: "waive contains {\"rule\": \"no-phone\", …, \"until\": \"2026-01-01T00:00:00Z\"}",
	},
	{
		Code: codeFailed, Account: true,
		Title:   "A rule failed while it was evaluated",
		Means:   "A function in it failed, such as one that parses a time, or the rule gave two values at once.",
		Why:     "What the rule would have given is unknown, so nothing is lowered until it is corrected.",
		Do:      "Correct the value or the rule at the place shown.",
		Example: "time.parse_rfc3339_ns(p.until) where a row has \"until\": \"tomorrow\"",
	},
	{
		Code: codeInDoubt, Account: true,
		Title:   "Everything that a rule gave is dropped, for it may be wrong",
		Means:   "A function failed under not, in a comprehension or the like, where undefined makes more elements, not fewer.",
		Why:     "The rule could give access that it should not.",
		Do:      "Correct the failure that is reported with it.",
		Example: "grant contains {…} if not expired(p)  # expired fails on a bad date",
	},
	{
		Code: codeBadElements, Account: true,
		Title:   "A rule gave elements that are not valid",
		Means:   "The rule was evaluated, and some of what came out breaks the contract.",
		Why:     "These elements are dropped, and nothing is lowered while there are any.",
		Do:      "Correct the problems that are reported one by one.",
		Example: "grant contains {…, \"role\": p.role}  # a row has the role \"admin\"",
	},
	{
		Code: codeLeftOut, Account: true,
		Title:   "A rule is left out for a while",
		Means:   "Evaluating it did not end within its bounds, and it is not tried again until the policies or the data change.",
		Why:     "Other rules go on; nothing is lowered meanwhile.",
		Do:      "Make the rule faster. dutyward check shows what takes the square of the account's size.",
		Example: "a search of all users for each row of a large document",
	},
	{
		Code: codeUndefinedHead, Account: true,
		Title: "The conditions of a rule hold, and its head is undefined",
		Means: "Something in what the rule gives has no value, such as a field that one row of the data lacks, or a look-up that does not know a row's word.",
		Why:   "Rego gives one element fewer and says nothing, so a person would lose access by a slip in the data. What the rule would have given is unknown, and nothing is lowered until it is corrected.",
		Do:    "Correct the row. If the rule is only for rows that have the value, name it among the conditions, or have another rule for `not p.until`.",
		Example: `grant contains {"principal": $"user:{p.email}", "resource": "team:A", "role": p.role} if some p in data.people  # a row has rolle: manager
grant contains {"principal": $"user:{p.email}", "resource": "team:A", "role": p.role} if { some p in data.people; p.role }  # only for those with a role`,
	},
	{
		Code: codeIdleRows, Account: true,
		Title:   "Rows of the data give nothing",
		Means:   "Rules go over the rows of a document, and for some rows the conditions of none of them hold.",
		Why:     "That may be meant, as for an exception that has ended. It is also how a row with another spelling or type than the rule expects vanishes.",
		Do:      "Look at the condition and the row that are shown. Nothing needs to be done where it is meant.",
		Example: `grant contains {…} if { some p in data.people; p.site == "Berlin" }  # one row has the site "berlin"`,
	},
}
