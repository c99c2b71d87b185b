package dutyward

# METADATA
# title: What packages ask for now
# description: >-
#   The grants that the grant, member and limit rules of the packages come to at
#   input.now: one person each, groups expanded, limits applied, and of several
#   roles on one resource the highest. Each is an object in a grant's own words,
#   {"principal": "user:ann@acme.com", "resource": "team:Payments", "role":
#   "manager"}, and of a rotation or override also with its layer, where it has
#   one. team: and rotation: mean those of the account as it is; limits on groups
#   count for the group they name. `packages` is as in members. Call it from a
#   package outside `access`, or it asks for itself.
desired(packages) := {grant |
	some target, roles in asked
	role := _capped(caps, target, _highest(roles))
	role != "none"
	grant := object.union(
		{"principal": concat("", ["user:", input.users[target[0]].email]), "resource": target[1], "role": role},
		{"layer": layer | some layer in [target[2]]; layer != ""},
	)
} if {
	elements := _members_by_group(packages)
	caps := object.union_n([{[id, on]: {l.at_most: true}} |
		some l in _said(packages, "limit")
		on := _limited(l.resource)
		some id in _whom(elements, {}, l.principal)
	])
	asked := object.union_n([{[id, _resource(g.resource), object.get(g, "layer", "")]: {g.role: true}} |
		some g in _said(packages, "grant")
		_member_now(g)
		some id in _whom(elements, caps, g.principal)
	])
}

# _said is what the packages' rules of a name say.
_said(packages, name) := {element |
	[path, elements] := walk(packages)
	path[count(path) - 1] == name
	is_set(elements)
	some element in elements
}

# _whom is the people of a principal, without those whom a limit keeps out of
# the group that it names.
_whom(elements, caps, principal) := {id |
	some name in _nested(elements, group)
	some element, _ in object.get(elements, name, {})
	some id in _people(element)
	object.get(caps, [[id, principal]], {}) == {}
	object.get(caps, [[id, "group:*"]], {}) == {}
} if {
	startswith(principal, "group:")
	group := trim_prefix(principal, "group:")
}

_whom(_, _, principal) := _people({"principal": principal}) if not startswith(principal, "group:")

# _resource is a resource by name.
_resource(resource) := resource if resource == "account"

_resource(resource) := concat("", ["team:", team(name).name]) if {
	[kind, name] := _split(resource)
	kind == "team"
}

_resource(resource) := concat("", ["schedule:", schedule(name).name]) if {
	[kind, name] := _split(resource)
	kind == "schedule"
}

# _limited is a limit's resource in the same words.
_limited(resource) := resource if endswith(resource, ":*")

_limited(resource) := resource if startswith(resource, "group:")

_limited(resource) := _resource(resource) if not endswith(resource, ":*")

# _roles are all roles, highest first on each kind of resource.
_roles := [
	"admin", "user", "limited_user", "manager", "responder", "observer", "restricted_access",
	"read_only_user", "read_only_limited_user", "rotation", "override", "none",
]

_rank := {role: i | some i, role in _roles}

_highest(roles) := _roles[min([_rank[role] | some role, _ in roles])]

# _capped is a role taken down to what the limits on a person allow.
_capped(caps, target, role) := _roles[max([_rank[r] | some r in allowed])] if {
	[id, resource, _] := target
	allowed := {role} | {at_most |
		some on in {resource, concat("", [split(resource, ":")[0], ":*"])}
		some at_most, _ in object.get(caps, [[id, on]], {})
	}
}
