package dutyward

# METADATA
# title: The members of a group now
# description: >-
#   The set of user ids in the group of that bare name, nested groups included,
#   as the member rules of the packages say at input.now; windows count, limits
#   do not. `packages` is data.access, or one of the packages below it, or a list
#   of such. Call it from a package outside `access`, or it asks for itself.
members(packages, group) := {id |
	some name in _nested(elements, group)
	some element, _ in object.get(elements, name, {})
	some id in _people(element)
} if {
	elements := _members_by_group(packages)
}

# _members_by_group is the elements, as keys, of all member rules that hold now,
# by group.
_members_by_group(packages) := object.union_n([{element.group: {element: true}} |
	[path, elements] := walk(packages)
	path[count(path) - 1] == "member"
	is_set(elements)
	some element in elements
	_member_now(element)
])

_member_now(element) if within(object.get(element, "from", null), object.get(element, "until", null))

_nested(elements, group) := graph.reachable({name: subgroups |
	some name, members in elements
	subgroups := {trim_prefix(m.principal, "group:") | some m, _ in members; startswith(m.principal, "group:")}
}, {group}) | {group}

_people(element) := {user(name).id} if {
	[kind, name] := _split(element.principal)
	kind == "user"
}

_people(element) := {id | some id, _ in team(name).members} if {
	[kind, name] := _split(element.principal)
	kind == "team"
}

_people(element) := rotation(name) if {
	[kind, name] := _split(element.principal)
	kind == "rotation"
}

_people(element) := _shift_now(schedule(name), element) if {
	[kind, name] := _split(element.principal)
	kind == "oncall"
}

_people(element) := {id |
	some i, rule in _escalation_policy(name).rules
	_level(kind, i + 1)
	some target in rule.targets
	some id in _target(target, element)
} if {
	[kind, name] := _split(element.principal)
	startswith(kind, "escalation")
}

_level(kind, _) if kind == "escalation"

_level(kind, level) if kind == sprintf("escalation@%d", [level])

_target(target, _) := {target.id} if target.type == "user"

_target(target, element) := _shift_now(input.schedules[target.id], element) if target.type == "schedule"

# _shift_now is who has a shift now, widened by the element's lead and lag.
_shift_now(s, element) := {shift.user |
	some shift in s.shifts
	time.parse_rfc3339_ns(shift.start) - lead <= now
	now < time.parse_rfc3339_ns(shift.end) + lag
} if {
	lead := time.parse_duration_ns(object.get(element, "lead", "0s"))
	lag := time.parse_duration_ns(object.get(element, "lag", "0s"))
}

_split(reference) := [substring(reference, 0, i), substring(reference, i + 1, -1)] if {
	i := indexof(reference, ":")
	i > 0
}
