# METADATA
# title: Privileged access
# custom: {pack: access}
package risk.access

privileged contains id if {
	some id, user in input.users
	user.base_role in {"owner", "admin"}
}

# METADATA
# title: Somebody is global admin all the time
# description: A standing admin can change everybody's access and every setting at any moment, and so can whoever takes over their session. Admin for the time that a task needs leaves far less of it.
# custom:
#   rule: dutyward.permanent-admin
#   severity: high
#   remedy: grant admin with an `until`, or through a group that is on call; name the people who are to keep it in `risk.parameters.break_glass`
#   controls: {cis: "5.4, 6.8", soc2: CC6.3, iso27001: A.8.2}
finding contains {
	"rule": "dutyward.permanent-admin",
	"subject": $"user:#{id}",
	"resource": "account",
	"severity": "high",
	"message": $"{user.email} is global admin, and nothing ends it",
} if {
	some id, user in input.users
	user.base_role == "admin"
	not lower(user.email) in break_glass
	not ends(id)
}

break_glass := {lower(email) | some email in input.parameters.break_glass}

# The role ends by itself: it is granted until a time, or through whoever is on call.
ends(id) if {
	some grant in input.desired.grants
	grant.user == id
	grant.resource == "account"
	grant.role == "admin"
	grant.until
}

# METADATA
# title: More people are admins than the bound
# description: Each admin is a way into the whole account. Past a handful, nobody knows who they are and why.
# custom:
#   rule: dutyward.too-many-admins
#   severity: high
#   remedy: give managers of teams the rights they need there instead; or raise `risk.parameters.max_admins`
#   controls: {cis: "5.4", soc2: CC6.3, iso27001: A.8.2}
finding contains {
	"rule": "dutyward.too-many-admins",
	"subject": "account",
	"resource": "account",
	"severity": "high",
	"message": $"{count(privileged)} people are global admin or account owner, and the bound is {input.parameters.max_admins}",
} if {
	count(privileged) > input.parameters.max_admins
}

# METADATA
# title: A single person administers the account
# description: If they leave or can't sign in, nobody can add people, change roles or billing until PagerDuty's support has helped.
# custom:
#   rule: dutyward.single-admin
#   severity: medium
#   remedy: make a second person global admin
#   controls: {cis: "5.4", soc2: A1.2, iso27001: A.5.30}
finding contains {
	"rule": "dutyward.single-admin",
	"subject": "account",
	"resource": "account",
	"severity": "medium",
	"message": $"{input.users[id].email} alone administers the account",
} if {
	count(privileged) == 1
	some id in privileged
}

# METADATA
# title: Somebody has more than nearly all of their peers
# description: Peers are people of the same job title. Where five or more of them have the role measured and less than a fifth hold as much, the one who does is more often forgotten than meant.
# custom:
#   rule: dutyward.irregular-base-role
#   severity: medium
#   remedy: look whether it is meant; if not, set the base role that the peers have
#   controls: {cis: "5.1, 6.8", soc2: CC6.3, iso27001: A.5.18}
finding contains {
	"rule": "dutyward.irregular-base-role",
	"subject": $"user:#{id}",
	"resource": "account",
	"severity": "medium",
	"message": sprintf("%s has the base role %s, as %d of %d others with the job title %s do or more; %s has %s, for one", [user.email, user.base_role, alike, peers, user.job_title, input.users[peer].email, input.users[peer].base_role]),
} if {
	some id, user in input.users
	user.job_title != ""
	held := rank[user.base_role]
	held > 1
	peers := count(titled[user.job_title]) - 1
	peers >= 5
	alike := at_least[user.job_title][held] - 1
	alike * 5 < peers
	peer := example[user.job_title]
}

# titled are the people by their job title.
titled := {title: ids |
	some user in input.users
	title := user.job_title
	ids := {id | some id; input.users[id].job_title == title}
}

# at_least counts the people of a job title who have a base role of some rank or a higher one.
at_least := {title: counts |
	some title, ids in titled
	counts := {least: n |
		some least in {2, 3, 4}
		n := count([id | some id in ids; rank[input.users[id].base_role] >= least])
	}
}

# example is somebody of a job title who has no more than a responder.
example := {title: min(low) |
	some title, ids in titled
	low := {id | some id in ids; rank[input.users[id].base_role] < 2}
	count(low) > 0
}

rank := {"owner": 4, "admin": 3, "user": 2, "limited_user": 1, "observer": 0, "restricted_access": 0, "read_only_user": 0, "read_only_limited_user": 0}

# METADATA
# title: Somebody manages a team as nearly none of their peers does
# description: Peers are members of the same team with the same job title. Where there are five or more and less than a fifth of them are managers, the one who is stands out.
# custom:
#   rule: dutyward.irregular-team-role
#   severity: low
#   remedy: look whether it is meant; if not, set the role on the team that the peers have
#   controls: {cis: "6.8", soc2: CC6.3, iso27001: A.5.18}
finding contains {
	"rule": "dutyward.irregular-team-role",
	"subject": $"user:#{id}",
	"resource": $"team:#{team.id}",
	"severity": "low",
	"message": sprintf("%s is manager of %s, as %d of %d others with the job title %s on it are; %s is %s, for one", [input.users[id].email, team.name, count(alike), count(peers), input.users[id].job_title, input.users[peer].email, team.members[peer]]),
} if {
	some team in input.teams
	some id, role in team.members
	role == "manager"
	input.users[id].job_title != ""
	peers := {p | some p, _ in team.members; p != id; input.users[p].job_title == input.users[id].job_title}
	count(peers) >= 5
	alike := {p | some p in peers; team.members[p] == "manager"}
	count(alike) * 5 < count(peers)
	peer := min(peers - alike)
}

# METADATA
# title: A stakeholder or observer manages a team
# description: Their base role reads only, and the role on the team lets them change it. Reviews of base roles miss that.
# custom:
#   rule: dutyward.observer-manages
#   severity: medium
#   remedy: lower the role on the team, or give them the base role that fits
#   controls: {cis: "6.8", soc2: CC6.3, iso27001: A.8.2}
finding contains {
	"rule": "dutyward.observer-manages",
	"subject": $"user:#{id}",
	"resource": $"team:#{team.id}",
	"severity": "medium",
	"message": $"{input.users[id].email} has the base role {input.users[id].base_role} and is manager of {team.name}",
} if {
	some team in input.teams
	some id, role in team.members
	role == "manager"
	input.users[id].base_role in {"observer", "restricted_access"}
}
