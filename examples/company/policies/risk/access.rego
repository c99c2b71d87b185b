# METADATA
# title: Who has too much
# custom: {owner: aaron.blum@acme.test}
package risk.access

import data.dutyward

admins := {id | some id, user in input.users; user.base_role in {"owner", "admin"}}

# METADATA
# title: Admins are few, and not one alone
finding contains {
	"rule": "number-of-admins",
	"subject": "account",
	"severity": "medium",
	"message": sprintf("%d people are admins; two to five are sensible", [count(admins)]),
} if {
	not count(admins) in {2, 3, 4, 5}
}

# METADATA
# title: Contractors manage no team
finding contains {
	"rule": "contractor-manages",
	"subject": $"user:#{id}",
	"resource": $"team:#{team}",
	"severity": "high",
	"message": $"{input.users[id].name}, a contractor, manages {input.teams[team].name}",
} if {
	some id, _ in input.groups.contractors.members
	some team, role in input.users[id].teams
	role == "manager"
}

# METADATA
# title: Invitations are accepted
finding contains {
	"rule": "invitation-open",
	"subject": $"user:#{id}",
	"severity": "low",
	"message": $"{user.name} has not accepted the invitation",
} if {
	some id, user in input.users
	user.invited
}

# METADATA
# title: Legacy billing is being switched off
waive contains {
	"rule": "single-person",
	"subject": "escalation:Legacy Billing",
	"reason": "switched off in May; Ivo answers until then",
	"until": "2026-05-31T00:00:00Z",
}
