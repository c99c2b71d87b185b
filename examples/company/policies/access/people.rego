# METADATA
# title: People and the company's teams
# description: What the roster says of each person.
# custom: {owner: dora.kiss@acme.test}
package access.people

# METADATA
# title: Everybody has the base role of the roster
grant contains {
	"principal": $"user:{person.email}",
	"resource": "account",
	"role": person.base_role,
	"source": $"people.yaml: {person.email}",
} if {
	some person in data.people
	person.base_role
}

# METADATA
# title: Everybody is on the teams of the roster
grant contains {
	"principal": $"user:{person.email}",
	"resource": $"team:{team}",
	"role": role,
	"source": $"people.yaml: {person.email}",
} if {
	some person in data.people
	some team, role in person.teams
}

group contains {"name": "contractors", "description": "People of partner companies"}

member contains {"group": "contractors", "principal": $"user:{person.email}"} if {
	some person in data.people
	person.contractor
}

# METADATA
# title: Contractors manage nothing
# custom: {owner: aaron.blum@acme.test}
limit contains {
	"principal": "group:contractors",
	"resource": "team:*",
	"at_most": "responder",
	"reason": "contractors manage nothing",
}

# METADATA
# title: Contractors have no access to production
# custom: {owner: aaron.blum@acme.test}
limit contains {
	"principal": "group:contractors",
	"resource": "group:production",
	"at_most": "none",
	"reason": "partner contracts exclude production",
}
