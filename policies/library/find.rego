package dutyward

# METADATA
# title: A person
# description: >-
#   The user (as in input.users) of an e-mail address, in any case, or of a
#   PagerDuty id, with or without '#'. Undefined if there is none; an error if
#   several share the address.
user(key) := input.users[trim_prefix(key, "#")]

user(key) := _one("user", key, _users_by_email[lower(key)])

# METADATA
# title: A team
# description: >-
#   The team (as in input.teams) of exactly that name, or of '#' and a PagerDuty
#   id. Undefined if there is none; an error if several share the name.
team(key) := input.teams[substring(key, 1, -1)] if startswith(key, "#")

else := _one("team", key, _teams_by_name[key]) if _teams_by_name[key]

else := input.teams[key]

# METADATA
# title: A schedule
# description: >-
#   The schedule (as in input.schedules) of exactly that name, or of '#' and a
#   PagerDuty id. Undefined if there is none; an error if several share the name.
schedule(key) := input.schedules[substring(key, 1, -1)] if startswith(key, "#")

else := _one("schedule", key, _schedules_by_name[key]) if _schedules_by_name[key]

else := input.schedules[key]

_escalation_policy(key) := input.escalation_policies[substring(key, 1, -1)] if startswith(key, "#")

else := _one("escalation policy", key, _escalation_policies_by_name[key])

_one(_, _, found) := thing if {
	count(found) == 1
	some thing in found
}

_one(kind, key, found) := _error(sprintf("%d things of kind %s are called %q (#%s): name the one you mean by id", [
	count(found), kind, key, concat(", #", sort(object.keys(found))),
])) if {
	count(found) > 1
}

# The indexes map a name to the things that have it, by id. They are complete
# rules: a partial object would be evaluated anew for each key. A union of
# objects, unlike an object comprehension, lets several things share a name.
_users_by_email := object.union_n([{lower(u.email): {id: u}} | some id, u in input.users])

_teams_by_name := object.union_n([{t.name: {id: t}} | some id, t in input.teams])

_schedules_by_name := object.union_n([{s.name: {id: s}} | some id, s in input.schedules])

_escalation_policies_by_name := object.union_n([{p.name: {id: p}} | some id, p in input.escalation_policies])
