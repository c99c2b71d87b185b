# METADATA
# title: On-call schedules
# custom: {pack: schedules}
package risk.schedules

# used are the schedules that page somebody for a service.
used contains id if {
	some policy in input.escalation_policies
	count(policy.services) > 0
	some rule in policy.rules
	some target in rule.targets
	target.type == "schedule"
	id := target.id
}

# METADATA
# title: A schedule has gaps
# description: In a gap the escalation policy goes on to its next level at once, and if there is none nobody hears of an incident.
# custom:
#   rule: dutyward.schedule-gap
#   severity: medium
#   remedy: cover the gap with a layer, an event or an override
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.schedule-gap",
	"subject": $"schedule:#{id}",
	"severity": "medium",
	"message": sprintf("%s has somebody on call %v%% of the time", [input.schedules[id].name, input.schedules[id].coverage]),
} if {
	some id in alone
	input.schedules[id].coverage < 100
	count(input.schedules[id].users) > 0
}

# alone are the schedules that have a level to themselves: of those that share one, each
# may cover a part of the day.
alone contains id if {
	some policy in input.escalation_policies
	count(policy.services) > 0
	some rule in policy.rules
	count(rule.targets) == 1
	rule.targets[0].type == "schedule"
	id := rule.targets[0].id
}

# METADATA
# title: One person is on call all the time
# description: They never rest, and are the only one who can answer.
# custom:
#   rule: dutyward.schedule-one-person
#   severity: high
#   remedy: add others to the rotation
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.schedule-one-person",
	"subject": $"schedule:#{id}",
	"severity": "high",
	"message": $"{input.users[user].email} alone takes turns on {input.schedules[id].name}",
} if {
	some id in used
	input.schedules[id].users = [user]
}

# METADATA
# title: A schedule has nobody on it
# description: It stands on an escalation policy of a service and pages nobody.
# custom:
#   rule: dutyward.schedule-empty
#   severity: high
#   remedy: add people, or take the schedule off the escalation policy
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.schedule-empty",
	"subject": $"schedule:#{id}",
	"severity": "high",
	"message": $"nobody takes turns on {input.schedules[id].name}, which escalation policies page",
} if {
	some id in used
	count(input.schedules[id].users) == 0
}

# METADATA
# title: Somebody's turn is too long
# description: Whoever is on call for weeks on end answers worse, and leaves.
# custom:
#   rule: dutyward.long-duty
#   severity: medium
#   remedy: shorten the turns, or raise `risk.parameters.max_turn_days`
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.long-duty",
	"subject": $"user:#{user}",
	"resource": $"schedule:#{id}",
	"severity": "medium",
	"message": sprintf("%s is on call on %s for %d days without a break, and the bound is %d", [input.users[user].email, input.schedules[id].name, max(long), input.parameters.max_turn_days]),
} if {
	some id in used
	count(input.schedules[id].users) > 1
	some user in input.schedules[id].users
	input.users[user]
	long := {days |
		some shift in input.schedules[id].shifts
		shift.user == user
		days := floor((time.parse_rfc3339_ns(shift.end) - time.parse_rfc3339_ns(shift.start)) / 86400000000000)
		days > input.parameters.max_turn_days
	}
	count(long) > 0
}

# METADATA
# title: Somebody is on call for too many schedules at once
# description: Two incidents at a time reach one person, and one of the two waits.
# custom:
#   rule: dutyward.doubled-duty
#   severity: medium
#   remedy: have somebody else take one of the turns, or raise `risk.parameters.max_schedules_at_once`
#   controls: {cis: "17.4", soc2: CC7.3, iso27001: A.5.24}
finding contains {
	"rule": "dutyward.doubled-duty",
	"subject": $"user:#{user}",
	"severity": "medium",
	"message": sprintf("%s is on call on %d schedules at once: %s", [input.users[user].email, count(at_once), concat(", ", sort([input.schedules[id].name | some id in at_once]))]),
} if {
	some user, turns in turns_of
	input.users[user]
	count({turn[0] | some turn in turns}) > input.parameters.max_schedules_at_once
	crowded := {at |
		some [_, at, _] in turns
		count(on_at(turns, at)) > input.parameters.max_schedules_at_once
	}
	count(crowded) > 0
	at_once := on_at(turns, min(crowded))
}

# turns_of are everybody's turns on the schedules used: schedule, start and end.
turns_of := {user: turns |
	some id in used
	some shift in input.schedules[id].shifts
	user := shift.user
	turns := {[other, turn.start, turn.end] |
		some other in used
		some turn in input.schedules[other].shifts
		turn.user == user
	}
}

on_at(turns, at) := {id |
	some [id, start, end] in turns
	start <= at
	end > at
}

# METADATA
# title: Somebody never gets a turn
# description: They stand on a layer whose turns go all the way round within the weeks that the snapshot shows, and are never on call. A higher layer hides them.
# custom:
#   rule: dutyward.never-on-call
#   severity: low
#   remedy: take them off the layer, or the layer above out of the way
#   controls: {cis: "5.3", soc2: CC6.3, iso27001: A.5.18}
finding contains {
	"rule": "dutyward.never-on-call",
	"subject": $"user:#{user}",
	"resource": $"schedule:#{id}",
	"severity": "low",
	"message": $"{input.users[user].email} is on layer {layer.name} of {input.schedules[id].name} and never gets a turn",
} if {
	some id, schedule in input.schedules
	some layer in schedule.layers
	not ended(layer)
	layer.start <= input.account.window.since
	window := time.parse_rfc3339_ns(input.account.window.until) - time.parse_rfc3339_ns(input.account.window.since)
	(layer.turn_seconds * count(layer.users)) * 1000000000 <= window
	some user in layer.users
	input.users[user]
	not on_call(schedule, user)
}

ended(layer) if {
	layer.end != null
	layer.end <= input.now
}

on_call(schedule, user) if {
	some shift in schedule.shifts
	shift.user == user
}
