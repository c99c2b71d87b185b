package dutyward

# METADATA
# title: The members of a group now
# description: >-
#   The set of user ids in the group of that bare name, nested groups included,
#   as the member rules of the packages say at input.now; windows count, limits
#   do not. `packages` is data.access, or one of the packages below it, or a list
#   of such. Call it from a package outside `access`, or it asks for itself.
members(packages, group) := {id |
	some name in names
	some id in _in(elements, name) | _kept(elements, name)
} if {
	elements := _members_by_group(packages)
	names := _nested(elements, group)
}

_in(elements, name) := {id | some element, _ in object.get(elements, name, {}); some id in _people(element)}

# _kept is whoever was on call last by a member that says "keep-last", while
# nobody else is in the group, nor kept in one of its groups.
default _kept(_, _) := set()

_kept(elements, name) := _last_in(elements, name) if {
	count(_keeping(elements, name)) > 0
	within := _nested(elements, name) - {name}
	count({id | some part in within; some id in _last_in(elements, part)}) == 0
}

default _last_in(_, _) := set()

_last_in(elements, name) := {end.user |
	some element in keeping
	some end in _ended(element)
	end.at == last
} if {
	keeping := _keeping(elements, name)
	count(keeping) > 0
	inner := _nested(elements, name)
	count({id | some part in inner; some id in _in(elements, part)}) == 0
	last := max({end.at | some part in inner; some element, _ in object.get(elements, part, {}); some end in _ended(element)})
}

_keeping(elements, name) := {element |
	some element, _ in object.get(elements, name, {})
	element.when_empty == "keep-last"
}

# _ended are the shifts of an element that are over, with their lag, and were not
# when the element began to hold.
_ended(element) := {{"user": shift.user, "at": at} |
	some shift in _shifts(element)
	at := time.parse_rfc3339_ns(shift.end) + _span(element, "lag")
	at <= now
	_since(element) < at
}

default _since(_) := 0

_since(element) := _nanoseconds(element.from)

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

_people(element) := _on_duty(element) | {id | some target in _targets(element); target.type == "user"; id := target.id} if {
	[kind, _] := _split(element.principal)
	regex.match(`^(oncall|escalation)`, kind)
}

# _on_duty is who has a shift now, widened by the element's lead and lag.
_on_duty(element) := {shift.user |
	some shift in _shifts(element)
	time.parse_rfc3339_ns(shift.start) - _span(element, "lead") <= now
	now < time.parse_rfc3339_ns(shift.end) + _span(element, "lag")
}

_span(element, name) := time.parse_duration_ns(object.get(element, name, "0s"))

default _shifts(_) := set()

_shifts(element) := schedule(name).shifts if {
	[kind, name] := _split(element.principal)
	kind == "oncall"
}

_shifts(element) := {shift |
	some target in _targets(element)
	target.type == "schedule"
	some shift in input.schedules[target.id].shifts
} if {
	[kind, _] := _split(element.principal)
	startswith(kind, "escalation")
}

default _targets(_) := set()

_targets(element) := {target |
	some i, rule in _escalation_policy(name).rules
	_level(kind, i + 1)
	some target in rule.targets
} if {
	[kind, name] := _split(element.principal)
	startswith(kind, "escalation")
}

_level(kind, _) if kind == "escalation"

_level(kind, level) if kind == sprintf("escalation@%d", [level])

_split(reference) := [substring(reference, 0, i), substring(reference, i + 1, -1)] if {
	i := indexof(reference, ":")
	i > 0
}
