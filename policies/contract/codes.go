package contract

import "github.com/dutyward/dutyward/inventory/code"

// The codes of what can be wrong with an element of a rule.
const (
	CodeUnknownField      code.Code = "policy/unknown-field"
	CodeMissingField      code.Code = "policy/missing-field"
	codeReservedField     code.Code = "policy/reserved-field"
	codeUnfitField        code.Code = "policy/unfit-field"
	codeNotAnObject       code.Code = "policy/not-an-object"
	codeWrongType         code.Code = "policy/wrong-type"
	codeEmptyText         code.Code = "policy/empty-text"
	codeTooLong           code.Code = "policy/too-long"
	codeUndefinedTemplate code.Code = "policy/undefined-template"
	codeBadReference      code.Code = "policy/bad-reference"
	codeWrongKind         code.Code = "policy/wrong-kind"
	CodeIDAsName          code.Code = "policy/id-as-name"
	codeGroupName         code.Code = "policy/group-name"
	codeUnknownRole       code.Code = "policy/unknown-role"
	codeUnknownValue      code.Code = "policy/unknown-value"
	CodeBadTime           code.Code = "policy/bad-time"
	codeBadDuration       code.Code = "policy/bad-duration"
	CodeUnknownZone       code.Code = "policy/unknown-time-zone"
	codeEmptyWindow       code.Code = "policy/empty-window"
	CodeOverrideBounds    code.Code = "policy/override-bounds"
	codeUnboundedProtect  code.Code = "policy/protects-everything"
)

// Pages explain the codes of elements.
var Pages = code.Pages{
	{
		Code:    CodeUnknownField,
		Title:   "An element has a field that its rule does not know",
		Means:   "The object that a rule gives has a key which is none of the rule's fields.",
		Why:     "It is usually a misspelling, and what it was meant to say would be ignored.",
		Do:      "Use one of the fields that the message lists.",
		Example: "member contains {\"group\": \"core\", \"principle\": \"user:ann@acme.com\"}  # principal",
	},
	{
		Code:    CodeMissingField,
		Title:   "An element lacks a required field",
		Means:   "The object that a rule gives has no value for a field that the rule needs.",
		Why:     "What it says is incomplete, so it is refused as a whole.",
		Do:      "Add the field.",
		Example: "grant contains {\"principal\": \"group:core\", \"resource\": \"team:Core\"}  # \"role\" is missing",
	},
	{
		Code:    codeReservedField,
		Title:   "A field is reserved for a later version",
		Means:   "The field is part of the contract, and this version does nothing with it.",
		Why:     "A field without effect would read as if it had one.",
		Do:      "Leave it out.",
		Example: "group contains {\"name\": \"core\", \"visibility\": \"public\"}  # remove \"visibility\"",
	},
	{
		Code:    codeUnfitField,
		Title:   "A field does not go with the others",
		Means:   "The field only makes sense with another role, or with another kind of principal or resource.",
		Why:     "It would be ignored, and the author expects it to matter.",
		Do:      "Remove the field, or change the one that it depends on.",
		Example: "grant contains {\"principal\": \"group:core\", \"resource\": \"team:Core\", \"role\": \"manager\", \"layer\": \"L1\"}  # \"layer\" is for rotations",
	},
	{
		Code:    codeNotAnObject,
		Title:   "An element is not an object",
		Means:   "The rule gives a string, list or number where an object with fields is expected.",
		Why:     "Nothing says what the value stands for.",
		Do:      "Give an object.",
		Example: "grant contains \"user:ann@acme.com\"  # grant contains {\"principal\": \"user:ann@acme.com\", …}",
	},
	{
		Code:    codeWrongType,
		Title:   "A field is not a string",
		Means:   "The field has a number, list, object, boolean or null.",
		Why:     "All fields of all rules are strings; anything else is likely another value than the one meant.",
		Do:      "Give a string, or leave the field out where there is none.",
		Example: "member contains {\"group\": \"core\", \"principal\": \"oncall:A\", \"lead\": 15}  # \"15m\"",
	},
	{
		Code:    codeEmptyText,
		Title:   "A required text is empty",
		Means:   "The field is an empty string, or only spaces.",
		Why:     "The text is shown to people as the reason or the name of something.",
		Do:      "Write the text.",
		Example: "protect contains {\"principal\": \"user:ann@acme.com\", \"reason\": \"\"}  # say why",
	},
	{
		Code:    codeTooLong,
		Title:   "A text is too long",
		Means:   "A field's name or value is longer than 16 KiB.",
		Why:     "Texts of policies are shown to people, kept in the state, and sent to PagerDuty.",
		Do:      "Shorten it. A very long value is usually a whole document by mistake.",
		Example: "grant contains {…, \"reason\": json.marshal(data.people)}  # the row alone: person.reason",
	},
	{
		Code:    codeUndefinedTemplate,
		Title:   "A template string has no value",
		Means:   "An expression inside a template string was undefined, so the string holds \"<undefined>\".",
		Why:     "The name in it is not the one that was meant.",
		Do:      "Test the expression in the rule's body first.",
		Example: "principal := $\"user:{p.email}\"  # with p.email before it, rows without an address give nothing",
	},
	{
		Code:    codeBadReference,
		Title:   "A reference is not well-formed",
		Means:   "A principal, resource or subject is not kind:name or kind:#id.",
		Why:     "It names nothing.",
		Do:      "Write it as the message suggests.",
		Example: "\"principal\": \"ann@acme.com\"  # \"user:ann@acme.com\"",
	},
	{
		Code:    codeWrongKind,
		Title:   "A reference is of a kind that cannot stand there",
		Means:   "The reference names, for example, a schedule where people are expected.",
		Why:     "The field has no meaning for that kind.",
		Do:      "Use one of the kinds that the message lists.",
		Example: "\"principal\": \"schedule:Payments\"  # \"oncall:Payments\": whoever is on call there",
	},
	{
		Code:    CodeIDAsName,
		Title:   "A name looks like a PagerDuty id",
		Means:   "The part after the colon has the form of an id, without '#' before it.",
		Why:     "It is looked up as a name, and nothing has that name.",
		Do:      "Put '#' before an id.",
		Example: "\"resource\": \"team:PABC123\"  # \"team:#PABC123\"",
	},
	{
		Code:    codeGroupName,
		Title:   "A group's name is not valid",
		Means:   "The name has a kind before it, is empty, has a line break, or begins with '#'.",
		Why:     "Others refer to the group by this name, as group:NAME.",
		Do:      "Use the bare name.",
		Example: "group contains {\"name\": \"group:core\"}  # \"core\"",
	},
	{
		Code:    codeUnknownRole,
		Title:   "A role does not exist on that kind of resource",
		Means:   "The account, teams and schedules each have roles of their own, and this is none of them.",
		Why:     "PagerDuty would refuse it.",
		Do:      "Use one of the roles that the message lists.",
		Example: "{\"resource\": \"team:Core\", \"role\": \"admin\"}  # \"manager\", \"responder\" or \"observer\"",
	},
	{
		Code:    codeUnknownValue,
		Title:   "A field has a value that it does not know",
		Means:   "The field takes one of a few words, and this is none of them.",
		Why:     "It would have no effect.",
		Do:      "Use one of the words that the message lists.",
		Example: "{\"rule\": \"no-phone\", \"severity\": \"urgent\", …}  # \"high\"",
	},
	{
		Code:    CodeBadTime,
		Title:   "A time is not in a form that is read",
		Means:   "The text is not a date with a time and an offset or the name of a zone, it is out of range, or it is a local time that the clocks skip or show twice.",
		Why:     "When access begins or ends must not depend on a guess.",
		Do:      "Write date, time and offset, or a local time with its zone.",
		Example: "\"until\": \"2026-12-01\"  # \"2026-12-01T00:00:00Z\" or \"2026-12-01 00:00 Europe/Berlin\"",
	},
	{
		Code:    codeBadDuration,
		Title:   "A length of time is not valid",
		Means:   "The text is not a number with a unit, or it is negative.",
		Why:     "A shift would be widened by something else than meant.",
		Do:      "Write hours, minutes or seconds: \"1h30m\".",
		Example: "\"lead\": \"15\"  # \"15m\"",
	},
	{
		Code:    CodeUnknownZone,
		Title:   "A time zone does not exist",
		Means:   "The name is not in the IANA time zone database.",
		Why:     "The rule would fail when it is evaluated.",
		Do:      "Use a name such as Europe/Berlin, or UTC.",
		Example: "dutyward.local(\"Berlin\")  # dutyward.local(\"Europe/Berlin\")",
	},
	{
		Code:    codeEmptyWindow,
		Title:   "A window ends before it begins",
		Means:   "\"until\" is not after \"from\".",
		Why:     "The statement would never be in force.",
		Do:      "Correct one of the two.",
		Example: "{…, \"from\": \"2026-12-02T00:00:00Z\", \"until\": \"2026-12-01T00:00:00Z\"}",
	},
	{
		Code:    CodeOverrideBounds,
		Title:   "An override lacks a bound",
		Means:   "A grant of the role override has no \"from\" or no \"until\".",
		Why:     "Overrides in PagerDuty have both a start and an end.",
		Do:      "Add the missing one.",
		Example: "{\"principal\": \"user:ann@acme.com\", \"resource\": \"schedule:A\", \"role\": \"override\", \"from\": …, \"until\": …}",
	},
	{
		Code:    codeUnboundedProtect,
		Title:   "A protection names neither a principal nor a resource",
		Means:   "A protect element has a reason alone.",
		Why:     "It would protect everything from every change.",
		Do:      "Say whom or what it protects.",
		Example: "protect contains {\"resource\": \"team:Core\", \"reason\": \"migration until Friday\"}",
	},
}
