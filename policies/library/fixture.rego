# METADATA
# title: Accounts for tests
# description: Small accounts in the form of input, for `with input as`.
package dutyward.fixture

# METADATA
# title: An account for a test
# description: >-
#   A whole input document from a few words; all of spec is optional. `now` is the
#   time ("2026-11-23T12:00:00Z" if absent). `users` maps e-mail addresses to
#   fields as in input.users, e.g. {"ann@acme.com": {"base_role": "admin"}}; an
#   array or set of addresses does too. `teams` maps names to the roles of their
#   members by e-mail address. `schedules` maps names to those on call, as an
#   array of addresses (on call from a day before now to a day after) or as
#   fields of input.schedules, whose users and shifts may use addresses.
#   `escalation_policies` maps names to levels, each an array of addresses and of
#   names of schedules. `services` maps names to the name of their escalation
#   policy, or to fields of input.services, such as {"status": "critical"}. Ids are e-mail addresses and names, so that a test can be read;
#   `account` adds fields to input.account.
account(spec) := {
	"account": object.union(
		{
			"name": "test", "region": "us", "taken_at": now, "abilities": [], "complete": true,
			"missing": [], "unavailable": [], "deleted_users": 0,
			"window": {"since": _shifted(now, -7), "until": _shifted(now, 35)},
		},
		object.get(spec, "account", {}),
	),
	"now": now,
	"users": {email: _user(email, fields, teams) | some email, fields in users},
	"teams": teams,
	"schedules": {name: _schedule(name, fields, now) | some name, fields in object.get(spec, "schedules", {})},
	"escalation_policies": {name: _policy(name, levels, spec) | some name, levels in object.get(spec, "escalation_policies", {})},
	"services": {name: _service(name, policy) | some name, policy in object.get(spec, "services", {})},
	"licenses": object.get(spec, "licenses", {}),
	"on_calls": object.get(spec, "on_calls", []),
} if {
	now := object.get(spec, "now", "2026-11-23T12:00:00Z")
	users := _users(object.get(spec, "users", {}))
	teams := {name: _team(name, fields) | some name, fields in object.get(spec, "teams", {})}
}

_users(users) := users if is_object(users)

_users(users) := {email: {} | some email in users} if not is_object(users)

_user(email, fields, teams) := object.union(
	{
		"id": email, "name": split(email, "@")[0], "email": email, "base_role": "limited_user",
		"job_title": "", "time_zone": "Etc/UTC", "description": "", "invited": false,
		"teams": {name: team.members[email] | some name, team in teams},
		"contact_methods": [], "notification_rules": [], "license": null,
	},
	fields,
)

# A team is given by its members' roles, or by fields of which members is one.
_team(name, fields) := object.union(
	{"id": name, "name": name, "description": "", "parent": null, "default_role": "manager", "members": {}},
	_team_fields(fields),
)

_team_fields(fields) := fields if is_object(fields.members)

_team_fields(fields) := {"members": fields} if not is_object(object.get(fields, "members", null))

_schedule(name, fields, now) := object.union(
	{
		"id": name, "name": name, "description": "", "kind": "layers", "time_zone": "Etc/UTC",
		"teams": [], "escalation_policies": [], "users": [], "layers": [], "rotations": [],
		"custom_shifts": [], "overrides": [], "shifts": [], "coverage": 100,
	},
	_schedule_fields(fields, now),
)

_schedule_fields(fields, _) := fields if is_object(fields)

_schedule_fields(emails, now) := {
	"users": sort(emails),
	"layers": [{
		"id": "Layer 1", "name": "Layer 1", "start": _shifted(now, -365), "end": null,
		"virtual_start": _shifted(now, -365), "turn_seconds": 604800, "users": emails, "restrictions": [],
	}],
	"shifts": [shift |
		some email in sort(emails)
		shift := {
			"user": email, "start": _shifted(now, -1), "end": _shifted(now, 1),
			"origin": {"kind": "layer", "id": "Layer 1"},
		}
	],
} if {
	is_array(emails)
}

_policy(name, levels, spec) := {
	"id": name, "name": name, "description": "", "teams": [], "repeat": 0,
	"services": sort({service | some service, of in object.get(spec, "services", {}); _policy_of(of) == name}),
	"rules": [{"delay_minutes": 30, "strategy": "assign_to_everyone", "targets": [_target(target) | some target in level]} | some level in levels],
}

_target(target) := {"type": "user", "id": target} if contains(target, "@")

_target(target) := {"type": "schedule", "id": target} if not contains(target, "@")

_policy_of(policy) := policy if is_string(policy)

_policy_of(fields) := object.get(fields, "escalation_policy", "") if is_object(fields)

_service(name, given) := object.union(
	{
		"id": name, "name": name, "description": "", "escalation_policy": _policy_of(given), "teams": [],
		"status": "active", "urgency": {"during_support_hours": "high", "outside_support_hours": "high"},
		"support_hours": null, "raised_at_support_hours": false, "maintenance": [],
	},
	_service_fields(given),
)

_service_fields(fields) := fields if is_object(fields)

_service_fields(policy) := {} if is_string(policy)

_shifted(t, days) := time.format([time.add_date(time.parse_rfc3339_ns(t), 0, 0, days), "UTC", "RFC3339"])
