# METADATA
# title: Whether incidents reach somebody
# custom: {pack: paging}
package risk.paging

# duty are the people who may be paged: by a schedule on an escalation policy of a
# service, or directly.
duty contains id if {
	some policy in input.escalation_policies
	count(policy.services) > 0
	some rule in policy.rules
	some target in rule.targets
	some id in people(target)
	input.users[id]
}

people(target) := {target.id} if target.type == "user"

people(target) := {id | some id in input.schedules[target.id].users} if target.type == "schedule"

waking := {"phone_contact_method", "sms_contact_method", "push_notification_contact_method", "whatsapp_contact_method"}

# high are the types by which somebody is notified of incidents of high urgency.
high(id) := {rule.contact |
	some rule in input.users[id].notification_rules
	rule.urgency == "high"
	not rule.blocked
}

all_channels := {"phone_contact_method", "sms_contact_method", "push_notification_contact_method", "email_contact_method"}

# METADATA
# title: Somebody is on call and nothing wakes them
# description: They take turns or stand on an escalation policy of a service, and no phone, SMS, WhatsApp or push rule for high urgency would reach them. The incident waits until the next level.
# custom:
#   rule: dutyward.unreachable
#   severity: critical
#   remedy: have them add a phone, SMS or push contact method with a rule for high urgency
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.unreachable",
	"subject": $"user:#{id}",
	"severity": "critical",
	"message": $"{input.users[id].email} may be paged, and no device of theirs rings for an incident of high urgency",
} if {
	some id in duty
	count(high(id) & waking) == 0
}

# METADATA
# title: "Never miss a page: somebody lacks one of push, e-mail, phone and SMS"
# description: PagerDuty's on-call readiness profile of this name asks for a high-urgency rule of each of the four.
# custom:
#   rule: dutyward.never-miss-a-page
#   severity: medium
#   remedy: have them set up the mobile app's template "Never Miss a Page"
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.never-miss-a-page",
	"subject": $"user:#{id}",
	"severity": "medium",
	"message": sprintf("%s has no rule for high urgency by %s", [input.users[id].email, concat(", ", [trim_suffix(c, "_contact_method") | some c in missing])]),
} if {
	"never-miss-a-page" in input.parameters.readiness
	some id in duty
	missing := all_channels - high(id)
	count(missing) > 0
}

# METADATA
# title: "Try every notification method: somebody has a contact method without a rule"
# description: PagerDuty's on-call readiness profile of this name asks for a high-urgency rule of every contact method.
# custom:
#   rule: dutyward.try-every-notification-method
#   severity: low
#   remedy: have them add a high-urgency rule for each contact method, or remove the method
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.try-every-notification-method",
	"subject": $"user:#{id}",
	"severity": "low",
	"message": sprintf("%s has contact methods that no rule for high urgency uses: %s", [input.users[id].email, concat(", ", [trim_suffix(c, "_contact_method") | some c in unused])]),
} if {
	"try-every-notification-method" in input.parameters.readiness
	some id in duty
	unused := {method.type | some method in input.users[id].contact_methods} - high(id)
	count(unused) > 0
}

# METADATA
# title: "More than email: somebody is notified by e-mail at most"
# description: PagerDuty's on-call readiness profile of this name asks for a high-urgency rule of push, phone or SMS.
# custom:
#   rule: dutyward.more-than-email
#   severity: high
#   remedy: have them add a push, phone or SMS rule for high urgency
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.more-than-email",
	"subject": $"user:#{id}",
	"severity": "high",
	"message": $"{input.users[id].email} has no rule for high urgency by push, phone or SMS",
} if {
	"more-than-email" in input.parameters.readiness
	some id in duty
	count(high(id) & (all_channels - {"email_contact_method"})) == 0
}

# METADATA
# title: "Must include phone: somebody has no phone rule"
# description: PagerDuty's on-call readiness profile of this name asks for a high-urgency rule by phone. Phones let calls of known numbers through when they are silent.
# custom:
#   rule: dutyward.must-include-phone
#   severity: medium
#   remedy: have them add a phone rule for high urgency
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.must-include-phone",
	"subject": $"user:#{id}",
	"severity": "medium",
	"message": $"{input.users[id].email} has no rule for high urgency by phone",
} if {
	"must-include-phone" in input.parameters.readiness
	some id in duty
	not "phone_contact_method" in high(id)
}

# METADATA
# title: At times nobody is on call on any level
# description: PagerDuty makes no incident at all then. Whatever breaks is not even recorded.
# custom:
#   rule: dutyward.paging-no-incident
#   severity: critical
#   remedy: put somebody on call at those times, or a person directly on the last level; `dutyward paging` lists them
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.paging-no-incident",
	"subject": $"service:#{hole.service}",
	"severity": "critical",
	"message": $"{name(hole)} makes no incident {hole.when}: nobody is on call on any level",
} if {
	some hole in input.paging
	hole.kind == "no-incident"
}

name(hole) := input.services[hole.service].name

# METADATA
# title: At times an incident notifies nobody
# description: It is assigned to people who have no notification rule for its urgency, and stays silent.
# custom:
#   rule: dutyward.paging-silence
#   severity: critical
#   remedy: have them add notification rules for that urgency; `dutyward paging` lists the times
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.paging-silence",
	"subject": $"service:#{hole.service}",
	"severity": "critical",
	"message": $"incidents of {hole.urgency} urgency on {name(hole)} notify nobody {hole.when}{hole.who}",
} if {
	some hole in input.paging
	hole.kind == "silence"
}

# METADATA
# title: At times an incident sends e-mail alone
# description: No device rings on any level of the escalation policy.
# custom:
#   rule: dutyward.paging-email-only
#   severity: high
#   remedy: have somebody on each level add a phone, SMS or push rule; `dutyward paging` lists the times
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.paging-email-only",
	"subject": $"service:#{hole.service}",
	"severity": "high",
	"message": $"incidents of {hole.urgency} urgency on {name(hole)} send e-mail alone {hole.when}{hole.who}",
} if {
	some hole in input.paging
	hole.kind == "email-only"
	hole.urgency == "high"
}

# METADATA
# title: At times the first device rings late
# description: The first level can't be reached in time, and the next comes later than the bound.
# custom:
#   rule: dutyward.paging-late
#   severity: medium
#   remedy: shorten the first level's time or its people's delays, or raise `risk.parameters.page_within_minutes`
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.paging-late",
	"subject": $"service:#{hole.service}",
	"severity": "medium",
	"message": $"incidents of {hole.urgency} urgency on {name(hole)} make no device ring for {hole.first_minutes} min {hole.when}{hole.who}",
} if {
	some hole in input.paging
	hole.kind == "late"
	hole.urgency == "high"
}

# METADATA
# title: At times an incident escalates to whom it has paged already
# description: Two levels in a row stand for the same person, so that the second is none.
# custom:
#   rule: dutyward.paging-same-person
#   severity: medium
#   remedy: put somebody else on the second level or schedule; `dutyward paging` lists the times
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.paging-same-person",
	"subject": $"service:#{hole.service}",
	"severity": "medium",
	"message": $"level {hole.level} of {name(hole)}'s escalation policy pages the same person again {hole.when}{hole.who}",
} if {
	some hole in input.paging
	hole.kind == "same-person"
	hole.urgency == "high"
}

# METADATA
# title: A service's incidents never escalate
# description: Incidents of low urgency stay with whoever is assigned first, and nobody else hears of them.
# custom:
#   rule: dutyward.paging-never-escalates
#   severity: low
#   remedy: have low urgency raised when support hours begin, or set the service to high urgency
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.paging-never-escalates",
	"subject": $"service:#{hole.service}",
	"severity": "low",
	"message": $"incidents on {name(hole)} are of low urgency {hole.when}, and never escalate",
} if {
	some hole in input.paging
	hole.kind == "never-escalates"
}
