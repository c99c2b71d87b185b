# METADATA
# title: People, teams and seats
# custom: {pack: people}
package risk.people

# METADATA
# title: A team has no manager
# description: Nobody on it can add members or change its schedules, and requests for access go to admins.
# custom:
#   rule: dutyward.team-without-manager
#   severity: low
#   remedy: make somebody manager of the team
#   controls: {cis: "6.1", soc2: CC6.2, iso27001: A.5.2}
finding contains {
	"rule": "dutyward.team-without-manager",
	"subject": $"team:#{id}",
	"severity": "low",
	"message": $"nobody is manager of {team.name}",
} if {
	some id, team in input.teams
	count(team.members) > 0
	not managed(team)
}

managed(team) if {
	some role in team.members
	role == "manager"
}

managed(team) if {
	some user, _ in team.members
	input.users[user].base_role in {"owner", "admin"}
}

# METADATA
# title: A team without members owns schedules or escalation policies
# description: Nobody looks after them.
# custom:
#   rule: dutyward.team-deserted
#   severity: medium
#   remedy: give the team members, or its schedules and policies to another
#   controls: {cis: "1.1", soc2: CC6.2, iso27001: A.5.9}
finding contains {
	"rule": "dutyward.team-deserted",
	"subject": $"team:#{id}",
	"severity": "medium",
	"message": $"{team.name} has no members, and owns schedules or escalation policies",
} if {
	some id, team in input.teams
	count(team.members) == 0
	owns(id)
}

owns(id) if {
	some schedule in input.schedules
	id in schedule.teams
}

owns(id) if {
	some policy in input.escalation_policies
	id in policy.teams
}

domain(user) := lower(split(user.email, "@")[1])

# The domains that are not strange: those of the parameters, or else those of a twentieth
# of the people or more.
domains := {lower(d) | some d in input.parameters.domains} if count(input.parameters.domains) > 0

domains := {d |
	some d, people in by_domain
	count(people) * 20 >= count(input.users)
} if {
	count(input.parameters.domains) == 0
}

# The addresses' domains, and the people of each.
domain_of := {id: domain(user) | some id, user in input.users}

by_domain := {d: ids |
	some d in domain_of
	ids := {id | some id; domain_of[id] == d}
}

# METADATA
# title: Somebody's address is of a strange domain
# description: Private and suppliers' addresses outlive a contract, and whoever owns the mailbox resets the password.
# custom:
#   rule: dutyward.strange-domain
#   severity: medium
#   remedy: change the address, remove the person, or add the domain to `risk.parameters.domains`
#   controls: {cis: "5.1", soc2: CC6.2, iso27001: A.5.16}
finding contains {
	"rule": "dutyward.strange-domain",
	"subject": $"user:#{id}",
	"severity": "medium",
	"message": $"{user.email} is of a domain that few or none of the others have",
} if {
	some id, user in input.users
	not domain_of[id] in domains
}

# METADATA
# title: An invitation is outstanding
# description: Whoever finds the mail can still accept it, and the person can't be paged by phone until they do.
# custom:
#   rule: dutyward.pending-invitation
#   severity: low
#   remedy: remind the person, or remove the account
#   controls: {cis: "5.3", soc2: CC6.2, iso27001: A.5.16}
finding contains {
	"rule": "dutyward.pending-invitation",
	"subject": $"user:#{id}",
	"severity": "low",
	"message": $"{user.email} has not accepted the invitation yet",
} if {
	some id, user in input.users
	user.invited
	not id in paged
}

# METADATA
# title: Somebody is to be paged who has not accepted their invitation
# description: They have not signed in yet, and no device of theirs is registered.
# custom:
#   rule: dutyward.invited-on-call
#   severity: high
#   remedy: have them accept the invitation, or take them off the rotation until then
#   controls: {cis: "17.5", soc2: CC7.3, iso27001: A.5.26}
finding contains {
	"rule": "dutyward.invited-on-call",
	"subject": $"user:#{id}",
	"severity": "high",
	"message": $"{user.email} may be paged and has not accepted the invitation yet",
} if {
	some id, user in input.users
	user.invited
	id in paged
}

paged contains id if {
	some schedule in input.schedules
	some id in schedule.users
}

paged contains target.id if {
	some policy in input.escalation_policies
	some rule in policy.rules
	some target in rule.targets
	target.type == "user"
}

# METADATA
# title: A seat is paid for that nothing needs
# description: The person has a full seat and is on no team, schedule or escalation policy.
# custom:
#   rule: dutyward.seat-unused
#   severity: low
#   remedy: make them a stakeholder, or remove the account
#   controls: {cis: "5.3", soc2: CC6.2, iso27001: A.5.18}
finding contains {
	"rule": "dutyward.seat-unused",
	"subject": $"user:#{id}",
	"severity": "low",
	"message": $"{user.email} has the base role {user.base_role} and is on no team, schedule or escalation policy",
} if {
	some id, user in input.users
	user.base_role in {"user", "limited_user"}
	count(user.teams) == 0
	not user.invited
	not id in paged
}

# METADATA
# title: Many seats are free
# description: They are paid for, and nobody has them.
# custom:
#   rule: dutyward.seats-free
#   severity: low
#   remedy: order fewer with the next renewal, or raise `risk.parameters.max_free_seats`
#   controls: {cis: "2.1", soc2: CC6.2, iso27001: A.5.9}
finding contains {
	"rule": "dutyward.seats-free",
	"subject": "account",
	"resource": "account",
	"severity": "low",
	"message": $"{license.available} seats of {license.name} are free, and the bound is {input.parameters.max_free_seats}",
} if {
	some license in input.licenses
	license.available > input.parameters.max_free_seats
}

# METADATA
# title: Two accounts are of one person
# description: They have the same name, and one of them is forgotten when the person leaves.
# custom:
#   rule: dutyward.twin-accounts
#   severity: low
#   remedy: remove one of the two
#   controls: {cis: "5.1", soc2: CC6.2, iso27001: A.5.16}
finding contains {
	"rule": "dutyward.twin-accounts",
	"subject": $"user:#{id}",
	"severity": "low",
	"message": $"{user.email} has the same name as {input.users[other].email}: {user.name}",
} if {
	some id, user in input.users
	some other in named[user.name]
	other < id
}

named := {name: ids |
	some user in input.users
	name := user.name
	ids := {id | some id; input.users[id].name == name}
}
