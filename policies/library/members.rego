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

_people(element) := _shift_now(schedule(name).shifts, element) if {
	[kind, name] := _split(element.principal)
	kind == "oncall"
}

_people(element) := people | _shift_now(shifts, _unless(people, element)) if {
	[kind, name] := _split(element.principal)
	startswith(kind, "escalation")
	targets := [target |
		some i, rule in _escalation_policy(name).rules
		_level(kind, i + 1)
		some target in rule.targets
	]
	people := {target.id | some target in targets; target.type == "user"}
	shifts := [shift |
		some target in targets
		target.type == "schedule"
		some shift in input.schedules[target.id].shifts
	]
}

# _unless is an element that keeps nobody where people are on call all the time.
_unless(people, element) := element if count(people) == 0

_unless(people, element) := object.remove(element, ["when_empty"]) if count(people) > 0

_level(kind, _) if kind == "escalation"

_level(kind, level) if kind == sprintf("escalation@%d", [level])

# _shift_now is who has one of the shifts now, widened by the element's lead and
# lag; with "keep-last" a shift at whose end nobody is on call goes on until the
# next one starts.
_shift_now(shifts, element) := on | _kept(shifts, element, lead, lag) if {
	lead := _span(element, "lead")
	lag := _span(element, "lag")
	on := {shift.user |
		some shift in shifts
		time.parse_rfc3339_ns(shift.start) - lead <= now
		now < time.parse_rfc3339_ns(shift.end) + lag
	}
}

_span(element, name) := time.parse_duration_ns(object.get(element, name, "0s"))

_kept(_, element, _, _) := set() if object.get(element, "when_empty", "") != "keep-last"

_kept(shifts, element, lead, lag) := {last.user |
	some last in ended
	not _covered(shifts, last.end)
	last.start - lead <= now
} if {
	element.when_empty == "keep-last"
	spans := [{"user": shift.user, "start": time.parse_rfc3339_ns(shift.start), "end": time.parse_rfc3339_ns(shift.end)} | some shift in shifts]

	# Who took over before lag ago has ended what was kept until then.
	took_over := max({0} | {span.start | some span in spans; span.start + lag <= now})
	ended := [span | some span in spans; span.end <= now; span.end >= took_over]
}

_covered(shifts, t) if {
	some shift in shifts
	time.parse_rfc3339_ns(shift.start) <= t
	t < time.parse_rfc3339_ns(shift.end)
}

_split(reference) := [substring(reference, 0, i), substring(reference, i + 1, -1)] if {
	i := indexof(reference, ":")
	i > 0
}
