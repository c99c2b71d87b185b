package check

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what this package finds.
const (
	codeDuplicateKey code.Code = "rego/duplicate-key"

	codeReservedPackage code.Code = "policy/reserved-package"
	codeRuleInTest      code.Code = "policy/rule-in-test"
	codeWrongForm       code.Code = "policy/rule-form"
	codeGuard           code.Code = "policy/guard"
	codeMisplacedRule   code.Code = "policy/misplaced-rule"
	codeLookalike       code.Code = "policy/lookalike-rule"
	codeRuleAsData      code.Code = "policy/rule-as-data"
	codeUnknownInput    code.Code = "policy/unknown-input"
	codeInputOfRisk     code.Code = "policy/input-of-risk"
	codeUnknownPath     code.Code = "policy/unknown-path"
	codeUnknownInField  code.Code = "policy/unknown-input-field"
	codePlainValue      code.Code = "policy/field-of-plain-value"
	codeUnknownColumn   code.Code = "policy/unknown-data-field"
	codeUnreadRule      code.Code = "policy/unread-rule"
	codeWith            code.Code = "policy/with-outside-test"
	codeTimeInRule      code.Code = "policy/time-in-rule"
	codeNameAsKey       code.Code = "policy/name-as-key"
	codeImpossibleValue code.Code = "policy/impossible-value"
	codeOtherSpelling   code.Code = "policy/other-spelling"
	codeTextAndRecord   code.Code = "policy/text-and-record"
	codeIDAmongValues   code.Code = "policy/id-among-values"
	codeArgumentOrder   code.Code = "policy/argument-order"
	codeBadLayout       code.Code = "policy/time-layout"
	codeKindInArgument  code.Code = "policy/kind-in-argument"

	codeSearch        code.Code = "speed/search"
	codeRepeatedIndex code.Code = "speed/repeated-index"
	codeListSearch    code.Code = "speed/list-search"
	codeKeyedRule     code.Code = "speed/keyed-rule"
)

// Pages explain the codes of this package.
var Pages = code.Pages{
	{
		Code:    codeDuplicateKey,
		Title:   "A key stands twice in one object of Rego",
		Means:   "An object that is written out has the same key two times.",
		Why:     "Rego keeps one of the two values, silently.",
		Do:      "Keep one.",
		Example: "grant contains {\"principal\": \"user:a@acme.com\", \"principal\": \"user:b@acme.com\", …}  # two grants",
	},
	{
		Code:    codeReservedPackage,
		Title:   "A policy is in the library's package",
		Means:   "The package is dutyward, or below it.",
		Why:     "That is where the embedded library is.",
		Do:      "Choose another name. An exported copy of the library belongs outside the policy roots.",
		Example: "package dutyward.ours  # package ours",
	},
	{
		Code:    codeRuleInTest,
		Title:   "A contract rule stands in a test file",
		Means:   "Files that end in _test.rego are not evaluated.",
		Why:     "The rule gives nothing.",
		Do:      "Move it to another file.",
		Example: "grant contains {…} in access/oncall_test.rego",
	},
	{
		Code:    codeWrongForm,
		Title:   "A contract rule has another form than contains",
		Means:   "The rule is a single value, a function, an object or a default.",
		Why:     "What several rules and packages say is united, so each adds elements to a set.",
		Do:      "Write NAME contains {…} if ….",
		Example: "grant := {…}  # grant contains {…}",
	},
	{
		Code:    codeGuard,
		Title:   "Guard rules are not implemented",
		Means:   "hold and deny are reserved for a later version.",
		Why:     "Nothing would be held or denied.",
		Do:      "State what nobody may have as a limit, and what nobody may touch as a protect.",
		Example: "deny contains {\"message\": \"no contractors\"}  # limit contains {\"principal\": \"group:contractors\", …}",
	},
	{
		Code:    codeMisplacedRule,
		Title:   "A contract rule stands in a package where it is not read",
		Means:   "Each contract rule is read in access or risk packages only.",
		Why:     "The rule gives nothing.",
		Do:      "Move it, or rename it if it is a helper.",
		Example: "package acces.oncall  # package access.oncall",
	},
	{
		Code:    codeLookalike,
		Title:   "A rule's name is nearly that of a contract rule",
		Means:   "A rule such as grants or memeber stands where contract rules are read.",
		Why:     "Nothing reads it.",
		Do:      "Correct the name; a helper needs a name that is less alike.",
		Example: "grants contains {…}  # grant contains {…}",
	},
	{
		Code:    codeRuleAsData,
		Title:   "A data document has the name of a contract rule",
		Means:   "Data stands at a path such as data.access.grant.",
		Why:     "Statements are read from rules, never from data.",
		Do:      "Write a rule that gives the rows.",
		Example: "grant contains row if some row in data.grants",
	},
	{
		Code:    codeUnknownInput,
		Title:   "The input has no such key",
		Means:   "A policy reads a top-level key of input that never exists.",
		Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
		Do:      "Use one of the keys that the message lists.",
		Example: "input.user  # input.users",
	},
	{
		Code:    codeInputOfRisk,
		Title:   "An access rule reads what access rules make",
		Means:   "input.desired and input.groups exist for risk packages only.",
		Why:     "They are the result of the access rules.",
		Do:      "Move the rule to a risk package, or read the groups' sources instead.",
		Example: "package access.x reading input.desired  # package risk.x",
	},
	{
		Code:    codeUnknownPath,
		Title:   "A path of data exists nowhere",
		Means:   "There is neither a rule nor a document at the path.",
		Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
		Do:      "Correct the path, or add the document, even an empty one.",
		Example: "some p in data.peple  # data.people",
	},
	{
		Code:    codeUnknownInField,
		Title:   "The input never has this field",
		Means:   "The record has other fields, by the types that the program itself uses.",
		Why:     "Rego takes it as undefined, and the rule gives nothing, silently.",
		Do:      "Use one of the fields that the message lists.",
		Example: "u.mail  # u.email",
	},
	{
		Code:    codePlainValue,
		Title:   "A field of something that has no fields",
		Means:   "The value is a string, number or list, and the policy reads a field of it.",
		Why:     "It is undefined, and the rule gives nothing, silently.",
		Do:      "Use the value itself, or go through the list.",
		Example: "u.teams[id].role  # u.teams[id] is the role",
	},
	{
		Code:    codeUnknownColumn,
		Title:   "No row of the data has this field",
		Means:   "The policy reads a field of a data document that none of its rows has.",
		Why:     "The rule gives nothing as long as no row has it.",
		Do:      "Correct the name. If rows may have it one day, name it in a schema of the document.",
		Example: "p.squad  # p.team",
	},
	{
		Code:    codeUnreadRule,
		Title:   "Nothing reads a rule",
		Means:   "The rule has a name by which other programs ask OPA for decisions, such as allow.",
		Why:     "Policies are not asked request by request here, so the rule has no effect.",
		Do:      "State who has what with grant, member and limit.",
		Example: "allow if …  # grant contains {…} if …",
	},
	{
		Code:    codeWith,
		Title:   "with stands outside a test",
		Means:   "An expression replaces input or data.",
		Why:     "It asks about another account than the one that is planned.",
		Do:      "Keep with to files that end in _test.rego.",
		Example: "x if data.access.grant with input as {…}",
	},
	{
		Code:    codeTimeInRule,
		Title:   "A rule compares times where the element could say them",
		Means:   "A grant, member or protect rule reads the current time, or who is on call now.",
		Why:     "The plan cannot know in advance when the access ends, so forecasts miss it and expiry is noticed late.",
		Do:      "Give the element \"from\" and \"until\", or the principal oncall:SCHEDULE.",
		Example: "grant contains {…} if dutyward.within(p.from, p.until)  # grant contains {…, \"from\": p.from, \"until\": p.until}",
	},
	{
		Code:    codeNameAsKey,
		Title:   "A name is used where the input has ids",
		Means:   "The keys of input.users, input.teams and so on are PagerDuty ids.",
		Why:     "Nothing is found, and the rule gives nothing, silently.",
		Do:      "Look it up by name with the library.",
		Example: "input.teams.Payments  # dutyward.team(\"Payments\")",
	},
	{
		Code:    codeImpossibleValue,
		Title:   "A comparison with a value that never occurs",
		Means:   "The field has one of a few values in PagerDuty, and this is none of them.",
		Why:     "The comparison never holds, and the rule gives nothing, silently.",
		Do:      "Use one of the values that the message lists.",
		Example: "u.base_role == \"manager\"  # \"user\", which PagerDuty's pages call Manager",
	},
	{
		Code:    codeOtherSpelling,
		Title:   "A comparison with a value that the data spells differently",
		Means:   "No row has the text, and some have one that differs in case, spaces or a letter.",
		Why:     "The comparison never holds, and the rule gives nothing, silently.",
		Do:      "Write it as the data does.",
		Example: "p.team == \"payments\"  # \"Payments\"",
	},
	{
		Code:    codeTextAndRecord,
		Title:   "A text is compared with a whole record",
		Means:   "A user, team or schedule of the input is an object, never a string.",
		Why:     "The comparison never holds, and the rule gives nothing, silently.",
		Do:      "Compare one of the record's fields, or look it up by id.",
		Example: "\"ann@acme.com\" in input.users  # dutyward.user(\"ann@acme.com\")",
	},
	{
		Code:    codeIDAmongValues,
		Title:   "An id is looked for among a map's values",
		Means:   "in goes through the values of a map; the ids are its keys.",
		Why:     "It is never found, and the rule gives nothing, silently.",
		Do:      "Look it up by key.",
		Example: "u.id in team.members  # team.members[u.id]",
	},
	{
		Code:    codeArgumentOrder,
		Title:   "The arguments of a function seem to be swapped",
		Means:   "What is written out stands where the other value is expected.",
		Why:     "The function is false or undefined, and the rule gives nothing, silently.",
		Do:      "Swap them as the message shows.",
		Example: "startswith(\"p\", name)  # startswith(name, \"p\")",
	},
	{
		Code:    codeBadLayout,
		Title:   "A time layout is not written as Go writes it",
		Means:   "Layouts are an example: 2 January 2006, 15:04:05.",
		Why:     "No time would parse.",
		Do:      "Write the layout with the parts of that date.",
		Example: "time.parse_ns(\"YYYY-MM-DD\", d)  # \"2006-01-02\"",
	},
	{
		Code:    codeKindInArgument,
		Title:   "A function of the library gets a kind before the name",
		Means:   "The function knows the kind already.",
		Why:     "Nothing has such a name.",
		Do:      "Give the name alone.",
		Example: "dutyward.team(\"team:Payments\")  # dutyward.team(\"Payments\")",
	},
	{
		Code:    codeSearch,
		Title:   "A collection is searched for each row of another",
		Means:   "For each row of one collection, all of the other is gone through.",
		Why:     "The work grows with the square: ten thousand people are a hundred million steps.",
		Do:      "Look the row up, as the message shows.",
		Example: "some p in data.people; some u in input.users; u.email == p.email  # u := dutyward.user(p.email)",
	},
	{
		Code:    codeRepeatedIndex,
		Title:   "An index is built again and again",
		Means:   "An object comprehension that does not depend on where it stands is evaluated for each row.",
		Why:     "The work grows with the square.",
		Do:      "Make it a rule of its own, which is evaluated once.",
		Example: "by_email := {u.email: u | some u in input.users}",
	},
	{
		Code:    codeListSearch,
		Title:   "A long list is searched for each row",
		Means:   "x in list goes through the list each time.",
		Why:     "The work grows with the square.",
		Do:      "Make it a set, in which membership is looked up.",
		Example: "names := [p.name | some p in data.people]  # {p.name | some p in data.people}",
	},
	{
		Code:    codeKeyedRule,
		Title:   "A rule is evaluated again for each key",
		Means:   "The rule gives its keys one by one and is asked for single ones. OPA evaluates its body for each.",
		Why:     "The work grows with the square.",
		Do:      "Make it one object or set, and look the key up there.",
		Example: "by_email[u.email] := u if some u in input.users  # by_email := {u.email: u | some u in input.users}",
	},
}
