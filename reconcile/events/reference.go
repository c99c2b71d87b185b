package events

import (
	"fmt"
	"strings"
)

// fields are the keys of an event's JSON form with what they mean.
var fields = []struct{ key, means string }{
	{"version", "the version of this form: 1"},
	{"code", "what kind of event it is: a code from the table below"},
	{"severity", "`debug`, `info`, `warning` or `error`"},
	{"at", "when it happened, by the account's clock"},
	{"sentence", "the event on one line, for a person"},
	{"title", "what happened, in a few words: the message in the log"},
	{"user", "whose access it is about: a [name](#names), or null"},
	{"resource", "what the access is to, or what a finding is about: a [name](#names), or null"},
	{"subject", "the subject of a finding: a [name](#names), or null"},
	{"schedule", "the schedule that an alarm is about: a [name](#names), or null"},
	{"before", "the role that was there, or `none`; empty if the event is about no change"},
	{"after", "the role that is there then, or `none`"},
	{"cause", "why the change is due now, as in the [plan](plan.md#change)"},
	{"key", "the key of a held change, for `dutyward release`"},
	{"rule", "the rule that holds a change, or that found a risk"},
	{"reason", "why, in one or more sentences; may have several lines"},
	{"since", "when the condition began, or null"},
	{"until", "when what the event is about ends on its own, or null"},
	{"remedy", "what a person can do; may be empty"},
	{"details", "an object of numbers, texts and lists of texts that events of this code alone have"},
}

// Reference describes the JSON form of events and lists their kinds, as Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Events\n\n" +
		"`dutyward run` says what happens as events. The log has one line for each that is not `debug`, with `title` as the message and `code` among the attributes.\n\n" +
		"This is an event as JSON. Within a version keys may be added; none is removed and none changes its meaning. Every key is always present. Times are RFC 3339 in UTC.\n\n" +
		"| key | meaning |\n| --- | --- |\n")
	for _, f := range fields {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.key, f.means)
	}
	b.WriteString("\n## Names\n\n| key | meaning |\n| --- | --- |\n" +
		"| `ref` | the reference by PagerDuty id: `user:#PUSER12` |\n" +
		"| `name` | what people call it: a user's email address, `team:Payments` |\n" +
		"\n## Kinds\n\n| code | severity | title |\n| --- | --- | --- |\n")
	for _, p := range Pages.Sorted() {
		k := kinds[p.Code]
		fmt.Fprintf(&b, "| [%s](codes.md#%s) | %s | %s |\n", p.Code, strings.ReplaceAll(string(p.Code), "/", ""), k.severity, k.title)
	}
	b.WriteString("\n## As CloudEvents\n\n" +
		"Receivers get each event as a [CloudEvent](https://cloudevents.io) 1.0 in JSON, with the form above as `data`; see [events](../events.md).\n\n" +
		"| attribute | meaning |\n| --- | --- |\n" +
		"| `id` | the event's own, the same in each delivery, also as `webhook-id` |\n" +
		"| `source` | `dutyward/` and the account's name in the configuration |\n" +
		"| `type` | `dutyward.` and the code without `event/`: `dutyward.access-raised` |\n" +
		"| `subject` | the reference, by PagerDuty id, of what it is about (a resource, else a schedule, a finding's subject or a user), or `account`: events of one subject arrive in their order |\n" +
		"| `time` | when it happened, by the account's clock |\n" +
		"\nOther systems of this kind have other names for some:\n\n" +
		"| their name | ours |\n| --- | --- |\n" +
		"| `USER_ADDED_TO_RESOURCE` | `dutyward.access-raised` with `before` `none` |\n" +
		"| `USER_REMOVED_FROM_RESOURCE` | `dutyward.access-lowered` with `after` `none` |\n" +
		"| `USER_ADDED_TO_GROUP`, `USER_REMOVED_FROM_GROUP` | `dutyward.member-added`, `dutyward.member-removed` |\n" +
		"| `RESOURCE_ADDED`, `RESOURCE_REMOVED` | `dutyward.resource-added`, `dutyward.resource-removed` |\n" +
		"\n## When\n")
	b.WriteString("\nA condition that lasts is an event when it begins, when its reason changes and when it ends, also across a restart. When more than five begin at once they are one event. " +
		"`event/round` is `info` where the round did something or counts differently from the one before, and `event/first-round` is `warning` where something is held or found.\n")
	return b.String()
}
