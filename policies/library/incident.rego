package dutyward

# METADATA
# title: Whether a service has an open incident
# description: >-
#   True while an incident of the service is triggered or acknowledged; undefined
#   otherwise. It is as of the snapshot: PagerDuty tells it with the account, not
#   ahead. The service is given by name, by '#' and id, or as in input.services. An
#   error if there is none, if several share the name, or if the services could not
#   be read: access does not end for what is not known.
in_incident(service) if _service(service).status in {"critical", "warning"}

_service(s) := s if is_object(s)

_service(key) := _found_service(key, _services_called(key)) if is_string(key)

_services_called(key) := {id: s | id := substring(key, 1, -1); s := input.services[id]} if startswith(key, "#")

_services_called(key) := object.get(_services_by_name, key, {}) if not startswith(key, "#")

_found_service(key, found) := _one("service", key, found) if count(found) > 0

_found_service(key, found) := _error(sprintf("no service is called %q: name one that exists", [key])) if {
	count(found) == 0
	not "services" in input.account.unavailable
}

_found_service(_, found) := _error("the services of the account could not be read, so whether one has an incident is not known") if {
	count(found) == 0
	"services" in input.account.unavailable
}

_services_by_name := object.union_n([{s.name: {id: s}} | some id, s in input.services])

# METADATA
# title: Who the first levels of an escalation policy reach now
# description: >-
#   The set of user ids that are on call now on the first `levels` levels of the
#   escalation policy, people and schedules alike. The policy is given by name, by
#   '#' and id, or as in input.escalation_policies. Undefined if there is none; an
#   error if several share the name. Where a rule only grants access to them, the
#   principals escalation@1:NAME, escalation@2:NAME are better: a plan knows in
#   advance when they change.
first_levels(policy, levels) := people | {user |
	some id in schedules
	some user in on_call_at(input.schedules[id], input.now)
} if {
	rules := array.slice(_policy(policy).rules, 0, levels)
	people := {target.id | some rule in rules; some target in rule.targets; target.type == "user"}
	schedules := {target.id | some rule in rules; some target in rule.targets; target.type == "schedule"}
}

_policy(p) := p if is_object(p)

_policy(key) := _escalation_policy(key) if is_string(key)

# METADATA
# title: Whether a person takes turns on a schedule
# description: >-
#   True if the person is in rotation(schedule), on call now or not; undefined
#   otherwise. The person is given as in user, or as in input.users, the schedule as
#   in on_call_at.
takes_turns(person, schedule) if _person(person).id in rotation(schedule)
