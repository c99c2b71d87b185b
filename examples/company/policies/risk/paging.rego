# METADATA
# title: Whether a page reaches somebody
# custom: {owner: dan.weber@acme.test}
package risk.paging

import data.dutyward

# METADATA
# title: People who are on call can be woken up
finding contains {
	"rule": "oncall-unreachable",
	"subject": $"user:#{id}",
	"resource": $"schedule:#{schedule.id}",
	"severity": "critical",
	"message": $"{input.users[id].name} takes turns on {schedule.name} and can be reached by e-mail alone",
	"remediation": "add a phone, SMS or push contact method with a rule for high urgency",
} if {
	some schedule in input.schedules
	some id in dutyward.rotation(schedule)
	not dutyward.can_be_paged(id)
}

# METADATA
# title: An escalation policy reaches more than one person
finding contains {
	"rule": "single-person",
	"subject": $"escalation:#{policy.id}",
	"severity": "high",
	"message": $"only {input.users[id].name} is ever paged on {policy.name}",
	"remediation": "add a second level",
} if {
	some policy in input.escalation_policies
	people := {person | some rule in policy.rules; some person in reached(rule)}
	count(people) == 1
	some id in people
}

reached(rule) := {id |
	some target in rule.targets
	some id in everybody(target)
}

everybody(target) := {target.id} if target.type == "user"

everybody(target) := dutyward.rotation(input.schedules[target.id]) if target.type == "schedule"

# METADATA
# title: Somebody is on call at every moment
finding contains {
	"rule": "gap",
	"subject": $"schedule:#{schedule.id}",
	"severity": "medium",
	"message": sprintf("%s has somebody on call %v%% of the time, and is the only target of level 1 of %s", [schedule.name, schedule.coverage, policy.name]),
	"remediation": "cover the gap, or add a schedule to the level",
} if {
	some policy in input.escalation_policies
	some target in policy.rules[0].targets
	count(policy.rules[0].targets) == 1
	target.type == "schedule"
	schedule := input.schedules[target.id]
	schedule.coverage < 100
}
