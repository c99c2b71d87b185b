# METADATA
# title: Escalation policies
# custom: {pack: escalation}
package risk.escalation

# serving are the escalation policies of services.
serving contains policy if {
	some policy in input.escalation_policies
	count(policy.services) > 0
}

people(target) := {target.id} if target.type == "user"

people(target) := {id | some id in input.schedules[target.id].users} if target.type == "schedule"

reached(rule) := {id | some target in rule.targets; some id in people(target)}

# METADATA
# title: A level of an escalation policy has nobody
# description: Incidents pass it over. It looks like a level of safety and is none.
# custom:
#   rule: dutyward.empty-level
#   severity: high
#   remedy: put somebody on the level, or take it out
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.empty-level",
	"subject": $"escalation:#{policy.id}",
	"severity": "high",
	"message": sprintf("nobody is on level %d of %s", [i + 1, policy.name]),
} if {
	some policy in serving
	some i, rule in policy.rules
	count(reached(rule)) == 0
}

# METADATA
# title: An escalation policy has a single level
# description: If whoever is on call misses the page, it goes to nobody else.
# custom:
#   rule: dutyward.single-level
#   severity: medium
#   remedy: add a second level
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.single-level",
	"subject": $"escalation:#{policy.id}",
	"severity": "medium",
	"message": $"{policy.name} has a single level",
} if {
	some policy in serving
	count(policy.rules) == 1
}

# METADATA
# title: A level repeats the one before it
# description: It pages the same schedules and people again instead of somebody else.
# custom:
#   rule: dutyward.repeating-level
#   severity: medium
#   remedy: put somebody else on it, or let the policy repeat
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.repeating-level",
	"subject": $"escalation:#{policy.id}",
	"severity": "medium",
	"message": sprintf("level %d of %s pages the same as level %d", [i + 2, policy.name, i + 1]),
} if {
	some policy in serving
	some i, rule in policy.rules
	next := policy.rules[i + 1]
	count(rule.targets) > 0
	{t | some t in rule.targets} == {t | some t in next.targets}
}

# METADATA
# title: One person answers for a whole escalation policy
# description: All of its levels and schedules stand for the same person.
# custom:
#   rule: dutyward.policy-one-person
#   severity: high
#   remedy: add somebody else to a level
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.policy-one-person",
	"subject": $"escalation:#{policy.id}",
	"severity": "high",
	"message": $"{input.users[id].email} is the only one whom {policy.name} ever pages",
} if {
	some policy in serving
	all_reached := {id | some rule in policy.rules; some id in reached(rule)}
	count(all_reached) == 1
	some id in all_reached
	input.users[id]
}
